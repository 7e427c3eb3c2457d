package attempt

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Options of Sessions. Store, Launcher, Clock and Logger are required.
type Options struct {
	Store    host.Store
	Launcher host.Launcher
	Clock    host.Clock
	Logger   *slog.Logger
	// Feed tells of tags that were edited, so that a limit on the time of a run acts from then on. Default: it acts when
	// the host is started again, and one that was raised or taken away at once.
	Feed *host.Feed
	// Heartbeat is how often a worker that has nothing to report says that it lives. Default 10 s.
	Heartbeat time.Duration
	// LostAfter is the silence after which a worker is lost. Default 60 s.
	LostAfter time.Duration
	// CancelGrace is the time that user code has to end when it is cancelled. Default 30 s.
	CancelGrace time.Duration
}

// withDefaults fills what is zero.
func (o Options) withDefaults() Options {
	if o.Heartbeat == 0 {
		o.Heartbeat = 10 * time.Second
	}
	if o.LostAfter == 0 {
		o.LostAfter = 60 * time.Second
	}
	if o.CancelGrace == 0 {
		o.CancelGrace = 30 * time.Second
	}
	return o
}

// Sessions are the workers of all runs that were granted and are not final.
// All methods may be called concurrently.
type Sessions struct {
	o Options

	mu      sync.Mutex
	live    map[host.RunID]*liveRun
	stopped bool
	// full is when the store last refused what a worker said, because its disk was full.
	full time.Time
	// pools has a mutex of its own, which is taken while mu is held.
	pools *pools
	// edits tells of runs that changed; nil without a Feed.
	edits  *host.Subscription
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// liveRun is what is known in memory of a run whose worker was granted. All but
// location and attempt is guarded by Sessions.mu, unless it says otherwise.
type liveRun struct {
	location string
	attempt  uint32
	// heard is when the worker last said something, or when this host started.
	heard time.Time
	// asked is when the launcher was last asked for the process.
	asked time.Time
	// unrepaired is set when its end may be stored, while the store would not take it into the run.
	unrepaired bool
	// deciding is set while a goroutine finds out what became of the worker.
	deciding bool
	// session is the worker's stream, nil while there is none.
	session *Session
	// cancel is set once the run is asked to end; killAt is when the grace is over.
	cancel *cancelOrder
	killAt time.Time
	// overAt is when it has taken as long as runtime, the most that its tags allow; both are zero without such a tag.
	overAt  time.Time
	runtime time.Duration
	// tagging is held while tags that its user code adds are given to the run; it alone is not guarded by Sessions.mu.
	tagging sync.Mutex
	tags    tagBudget
}

// New returns Sessions that have not started.
func New(o Options) *Sessions {
	return &Sessions{o: o.withDefaults(), live: map[host.RunID]*liveRun{}, pools: newPools(o.Clock)}
}

// Start finds the runs that were live when the host stopped, ends those whose
// last event says so, and begins to watch for lost workers. It must return
// before the first Attach.
func (s *Sessions) Start(ctx context.Context) error {
	if s.o.Feed != nil {
		s.edits = s.o.Feed.Subscribe(feedLimit)
	}
	runs, err := s.o.Store.OpenRuns(ctx)
	if _, err = host.DamageIn(err); err != nil { // the queue tells of damaged ones
		return fmt.Errorf("read the runs that are in progress: %w", err)
	}
	for i := range runs {
		run := &runs[i]
		if run.Current.WorkerID == "" || (run.Status != host.Started && run.Status != host.Canceling) {
			continue
		}
		if err := s.repair(ctx, run); host.ReasonOf(err) == host.ReasonDamaged {
			// What its worker said last cannot be read, nor will anything more of it be stored: it ends by its silence.
			s.o.Logger.Error("events of a run that is in progress cannot be read", "run", run.ID, "error", err)
			s.follow(run, nil)
		} else if host.ReasonOf(err) == host.ReasonFull {
			s.follow(run, nil)
			_ = s.noteFull(run.ID, err) // its end is written when that can be
		} else if err != nil {
			return fmt.Errorf("repair run %s: %w", run.ID, err)
		}
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() { s.watch(ctx) })
	return nil
}

// Stop tells every worker to come back later and waits for what runs inside.
// Sessions end when their streams do. It may be called twice and before Start.
func (s *Sessions) Stop() {
	s.mu.Lock()
	s.stopped = true
	for _, l := range s.live {
		if l.session != nil {
			l.session.out.goAway()
		}
	}
	s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
	s.done.Wait()
	if s.edits != nil {
		s.edits.Close()
	}
}

// follow notes that the run's worker was granted, or was when the host stopped.
func (s *Sessions) follow(run *host.Run, session *Session) (replaced *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[run.ID]
	if l == nil || l.attempt != run.Attempt {
		l = &liveRun{location: run.Job.Location, attempt: run.Attempt}
		l.limit(run, s.o.Clock.Now())
		if session == nil {
			l.mayReport(s.o.Clock.Now())
		}
		s.live[run.ID] = l
	}
	l.heard = s.o.Clock.Now()
	if run.Status == host.Canceling && l.cancel == nil {
		l.order(s.o.CancelGrace, run.Current.Forced, run.StatusReason, l.heard)
	}
	if session == nil {
		s.pools.expect(run.ID)
		return nil
	}
	replaced, l.session = l.session, session
	if l.cancel != nil {
		session.out.cancel(*l.cancel)
	}
	if s.stopped {
		session.out.goAway()
	}
	return replaced
}

// heard notes that the session's worker lives, and whether something that it
// said is being worked on.
func (s *Sessions) heard(session *Session, receiving bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session.receiving = receiving
	if l := s.live[session.run]; l != nil && l.session == session {
		l.heard = s.o.Clock.Now()
	}
}

// leave notes that the session's stream has ended.
func (s *Sessions) leave(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[session.run]; l != nil && l.session == session {
		l.session = nil
	}
}

// forget drops a run that is final, and ends its stream with a denial unless
// the worker itself reported the end.
func (s *Sessions) forget(id host.RunID, reported bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[id]
	delete(s.live, id)
	s.pools.forget(id)
	if l != nil && l.session != nil && !reported {
		l.session.out.deny(overDenial())
	}
}

// slotsOf takes in which slots of pools a worker has that has attached.
func (s *Sessions) slotsOf(session *Session, said *workerv1.Slots) {
	s.withSession(session, func() { s.pools.attached(session, said) })
}

// slotsSaid takes in what a worker says of its slots later.
func (s *Sessions) slotsSaid(session *Session, said *workerv1.Slots) error {
	if err := checkSlots(said); err != nil {
		return err
	}
	s.withSession(session, func() { s.pools.said(session, said) })
	return nil
}

// withSession calls do if the session is that of its run, which is not over: what others say counts no more, and would
// never be given back.
func (s *Sessions) withSession(session *Session, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[session.run]; l != nil && l.session == session {
		do()
	}
}
