package queue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/launch"
)

// Options of a Queue. All are required unless they name a default.
type Options struct {
	Store    host.Store
	Feed     *host.Feed
	Planner  *launch.Planner
	Launcher host.Launcher
	Sessions *attempt.Sessions
	// Holds says why runs of a location stay queued without being tried, for people: it has not been heard of yet since
	// the host's start, or all its servers drain. It is empty when they may start. Default: Planner.Hold.
	Holds func(location string) (why string)
	// WaitForCode is how long a run of a location may wait for its code before it fails; 0 means for ever.
	// Default: Planner.WaitForCode.
	WaitForCode func(location string) time.Duration
	// CodeChanged gets a value when definitions, the state or the policies of a location changed.
	CodeChanged <-chan struct{}
	Clock       host.Clock
	Logger      *slog.Logger
	// MaxInProgress is the most runs in progress at a time; -1 means no limit, 0 that nothing starts.
	MaxInProgress int
	// Limits hold beside it. Default: none.
	Limits []host.Limit
	// StartLease is how long a worker has to say hello. Default 180 s.
	StartLease time.Duration
}

// tick is how often leases and back-offs are looked at.
const tick = time.Second

// feedLimit is how many changed runs may wait to be taken in before all are read again.
const feedLimit = 4096

// Queue holds the runs that are not final and starts them. All methods may be
// called concurrently.
type Queue struct {
	o    Options
	subs *host.Subscription
	// feedLimit is the const of that name, except in tests.
	feedLimit int
	// nudge wakes the loop after a start has ended.
	nudge chan struct{}

	mu     sync.Mutex
	open   map[host.RunID]*entry
	ready  readyRuns
	paused bool
	// total is the limit of all runs, slots those of the other limits.
	total *slot
	slots slots
	// starting are the entries whose start is under way, by location.
	starting map[string]map[*entry]struct{}
	// fullUntil is until when nothing is started because the store could not write.
	fullUntil time.Time
	// stale is set while the picture lacks changes that were lost.
	stale bool
	// recheck is set when waiting runs are to be looked at again, rechecking while a goroutine does.
	recheck, rechecking bool
	// checked is when they were looked at last, restUntil until when they are left alone after that.
	checked, restUntil time.Time
	// started is when the queue was, expired when runs that wait were last compared with their limits.
	started, expired time.Time
	// pauses are those of locations that start nothing, by name.
	pauses map[string]*pause

	starts sync.WaitGroup
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// New returns a Queue that has not started.
func New(o Options) *Queue {
	if o.StartLease == 0 {
		o.StartLease = 180 * time.Second
	}
	if o.Holds == nil {
		o.Holds = o.Planner.Hold
	}
	if o.WaitForCode == nil {
		o.WaitForCode = o.Planner.WaitForCode
	}
	return &Queue{
		o: o, feedLimit: feedLimit, nudge: make(chan struct{}, 1),
		open: map[host.RunID]*entry{}, ready: readyRuns{}, pauses: map[string]*pause{},
		total: newTotal(o.MaxInProgress), slots: slots{limits: o.Limits, used: map[slotKey]*slot{}}, starting: map[string]map[*entry]struct{}{},
	}
}

// Start reads the open runs and begins to start what is due. Runs that were
// being started when the host stopped get a new lease: their worker may be on its way.
func (q *Queue) Start(ctx context.Context) error {
	q.subs = q.o.Feed.Subscribe(q.feedLimit)
	q.started = q.o.Clock.Now()
	if err := q.reread(ctx); err != nil {
		q.subs.Close()
		return fmt.Errorf("read the queue: %w", err)
	}
	ctx, q.cancel = context.WithCancel(context.WithoutCancel(ctx))
	q.done.Go(func() { q.loop(ctx) })
	return nil
}

// Stop ends the loop and waits for starts under way. Queued runs stay queued.
// It may be called twice and before Start.
func (q *Queue) Stop() {
	if q.cancel == nil {
		return
	}
	q.cancel()
	q.done.Wait()
	q.starts.Wait()
	q.subs.Close()
}

func (q *Queue) loop(ctx context.Context) {
	for {
		if err := q.runOnce(ctx, q.o.Clock.Now()); err != nil && ctx.Err() == nil {
			q.o.Logger.Error("queue", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-q.subs.Ready():
		case <-q.nudge:
		case <-q.o.CodeChanged:
			q.mu.Lock()
			q.recheck = true
			q.mu.Unlock()
		case <-q.o.Clock.After(tick):
		}
	}
}

// wake makes the loop look again.
func (q *Queue) wake() {
	select {
	case q.nudge <- struct{}{}:
	default:
	}
}

// runOnce takes in what changed, ends leases that are over, looks again at runs
// that wait for code, fails those that waited too long, and starts what is due
// at now.
func (q *Queue) runOnce(ctx context.Context, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	// From here on mu is held: a start that ends meanwhile stays busy, and so goes
	// on to take its slot, until what it has changed is in the picture.
	for !q.takeIn(now) {
		q.mu.Unlock()
		err := q.reread(ctx)
		q.mu.Lock()
		if err != nil {
			return err
		}
	}
	q.watchStarts(ctx, now)
	q.recheckWaiting(ctx, now)
	q.expireWaiting(ctx, now)
	q.dispatch(ctx, now)
	return nil
}

// takeIn brings the picture up to date, and answers whether it is. The caller holds mu.
func (q *Queue) takeIn(now time.Time) bool {
	changes, lost := q.subs.Take()
	if lost {
		q.stale = true
	}
	if q.stale {
		return false
	}
	for i := range changes {
		q.absorb(&changes[i].Run, changes[i].Deleted, now)
	}
	return true
}

// reread makes the picture anew from the store.
func (q *Queue) reread(ctx context.Context) error {
	runs, err := q.o.Store.OpenRuns(ctx)
	damage, err := host.DamageIn(err)
	if err != nil {
		return err
	}
	if damage != nil {
		q.o.Logger.Error("runs that are not final cannot be read; they are left out and keep as they are", "runs", len(damage), "error", damage)
	}
	now := q.o.Clock.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	still := make(map[host.RunID]bool, len(runs))
	for i := range runs {
		still[runs[i].ID] = true
		q.absorb(&runs[i], false, now)
	}
	for id, e := range q.open {
		if !still[id] {
			q.leave(e)
		}
	}
	q.recheck, q.stale = true, false
	return nil
}

// Status is how the queue stands.
type Status struct {
	// MaxInProgress is the limit; -1 means none.
	MaxInProgress int
	// InProgress and Queued count open runs; WAITING_FOR_CODE counts as queued.
	InProgress, Queued int
}

// Status returns how the queue stands.
func (q *Queue) Status() Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.status()
}

// status is Status for who holds mu.
func (q *Queue) status() Status {
	s := Status{MaxInProgress: q.total.limit.AtMost}
	for e := range q.total.holders {
		if e.status.InProgress() {
			s.InProgress++
		}
	}
	s.Queued = len(q.open) - s.InProgress
	return s
}
