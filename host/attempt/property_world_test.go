package attempt_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// handClock stands still; nobody ever waits on it.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (*handClock) After(time.Duration) <-chan time.Time { return nil }

func (c *handClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// seam is the store as the host has it: between two calls anything may happen, and after a crash there is no answer.
type seam struct {
	host.Store

	w *world
}

var errCrashed = errors.New("the host crashed")

// answered ends a call whose work is done.
func answered[T any](s *seam, v T, err error) (T, error) {
	s.w.meanwhile()
	if s.w.crashed {
		return *new(T), errCrashed
	}
	return v, err
}

func (s *seam) Run(ctx context.Context, id host.RunID) (host.Run, error) {
	if s.w.crashed {
		return host.Run{}, errCrashed
	}
	run, err := s.Store.Run(ctx, id)
	return answered(s, run, err)
}

func (s *seam) UpdateRun(ctx context.Context, id host.RunID, change func(*host.Run) ([][]byte, error)) (host.Run, error) {
	if s.w.crashed {
		return host.Run{}, errCrashed
	}
	run, err := s.Store.UpdateRun(ctx, id, change)
	return answered(s, run, err)
}

func (s *seam) AppendEvents(ctx context.Context, id host.RunID, b host.EventBatch) (uint64, error) {
	if s.w.crashed {
		return 0, errCrashed
	}
	last, err := s.Store.AppendEvents(ctx, id, b)
	return answered(s, last, err)
}

func (s *seam) LastSeq(ctx context.Context, id host.RunID, n uint32) (uint64, error) {
	if s.w.crashed {
		return 0, errCrashed
	}
	last, err := s.Store.LastSeq(ctx, id, n)
	return answered(s, last, err)
}

// attemptOf names an attempt.
type attemptOf struct {
	run     host.RunID
	attempt uint32
}

// committed is what the store told of its commits, on its own goroutine.
type committed struct {
	mu     sync.Mutex
	known  map[host.RunID]host.Run
	grants map[attemptOf]string // the process that the run named
	faults []string
}

// observe holds every commit to the table.
func (c *committed) observe(change host.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	run, before := change.Run, c.known[change.Run.ID]
	fault := func(format string, args ...any) {
		c.faults = append(c.faults, fmt.Sprintf("run %s: ", run.ID)+fmt.Sprintf(format, args...))
	}
	if change.Deleted {
		if !before.Status.Final() {
			fault("deleted while %s", before.Status)
		}
		return
	}
	// Whom nobody granted anything is canceled in one step of two.
	quickly := before.Status == host.Starting && run.Status == host.Canceled
	if before.Status != "" && before.Status != run.Status && !before.Status.CanBecome(run.Status) && !quickly {
		fault("%s became %s", before.Status, run.Status)
	}
	if run.Attempt != before.Attempt && (run.Attempt != before.Attempt+1 || before.Current.WorkerID != "") {
		fault("attempt %d of worker %q was followed by attempt %d", before.Attempt, before.Current.WorkerID, run.Attempt)
	}
	if id := run.Current.WorkerID; id != "" {
		key := attemptOf{run.ID, run.Attempt}
		if had := c.grants[key]; had != "" && had != id {
			fault("attempt %d was granted to %s and to %s", run.Attempt, had, id)
		}
		c.grants[key] = id
	}
	c.known[run.ID] = run
}

func (c *committed) takeFaults() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults
}

// simRun is a run, with the secret of its current attempt.
type simRun struct {
	id      host.RunID
	deleted bool
}

// process is a worker process, from its start on.
type process struct {
	id      string
	run     *simRun
	attempt uint32
	token   string
	dead    bool
	// granted: its user code runs. over: it has made its last event.
	granted, over bool
	made          [][]byte
	// acked is what it was told to be stored.
	acked   uint64
	streams []*stream
}

// stream is one of a process, as both sides see it.
type stream struct {
	*attempt.Session

	welcomed, canceled, ended bool
}

func (w *world) process(id string) *process {
	for _, p := range w.processes {
		if p.id == id {
			return p
		}
	}
	return nil
}

// someRun picks a run that the store has in one of the statuses; nil when there is none.
func (w *world) someRun(statuses ...host.RunStatus) (*simRun, host.Run) {
	var fit []*simRun
	var runs []host.Run
	for _, r := range w.runs {
		run, err := w.store.Run(w.ctx, r.id)
		for _, s := range statuses {
			if err == nil && run.Status == s {
				fit, runs = append(fit, r), append(runs, run)
			}
		}
	}
	if len(fit) == 0 {
		return nil, host.Run{}
	}
	i := rapid.IntRange(0, len(fit)-1).Draw(w.t, "run")
	return fit[i], runs[i]
}

// someProcess picks one that lives.
func (w *world) someProcess(ok func(*process) bool) *process {
	var fit []*process
	for _, p := range w.processes {
		if !p.dead && ok(p) {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	return fit[rapid.IntRange(0, len(fit)-1).Draw(w.t, "process")]
}

// someStream picks a process and one of its streams, perhaps not the newest.
func (w *world) someStream() (*process, *stream) {
	p := w.someProcess(func(p *process) bool { return len(p.streams) > 0 })
	if p == nil {
		return nil, nil
	}
	return p, p.streams[rapid.IntRange(0, len(p.streams)-1).Draw(w.t, "stream")]
}

// Start is of a launcher: the queue does not start anything here.
func (*world) Start(context.Context, host.StartRequest) (host.StartOutcome, error) {
	return host.StartOutcome{}, errors.New("the test starts workers itself")
}

// Cancel kills, unless the launcher is out of reach.
func (w *world) Cancel(_ context.Context, _ string, id host.RunID, n uint32, _ time.Duration, _ bool) (host.WorkerState, error) {
	if !w.quiet && rapid.IntRange(0, 3).Draw(w.t, "launcher") == 3 {
		return host.WorkerState{}, errors.New("out of reach")
	}
	for _, p := range w.processes {
		if p.run.id == id && p.attempt == n {
			p.dead = true
		}
	}
	return host.WorkerState{Phase: host.WorkerEnded}, nil
}

// Attempt says whether a process lives.
func (w *world) Attempt(_ context.Context, _ string, id host.RunID, n uint32) (host.WorkerState, error) {
	state := host.WorkerState{Phase: host.WorkerUnknown}
	for _, p := range w.processes {
		switch {
		case p.run.id != id || p.attempt != n:
		case !p.dead:
			return host.WorkerState{Phase: host.WorkerRunning}, nil
		default:
			state.Phase = host.WorkerEnded
		}
	}
	return state, nil
}

// deliver brings to the process what its stream holds.
func (w *world) deliver(p *process, s *stream) {
	out, last := s.Take()
	for _, m := range out {
		switch {
		case m.GetWelcome() != nil:
			s.welcomed = true
			p.acked = max(p.acked, m.GetWelcome().GetAckedSeq())
		case m.GetGrant() != nil:
			w.granted(p, m.GetGrant().GetRun())
		case m.GetAck() != nil:
			p.acked = max(p.acked, m.GetAck().GetSeq())
		case m.GetCancel() != nil:
			s.canceled = true
		case m.GetDenied() != nil && p.granted:
			p.over = true // its user code is told to end, and says no more
		}
	}
	if last {
		s.ended = true
		p.closeStream(s)
	}
}

// granted lets user code start.
func (w *world) granted(p *process, spec *workerv1.RunSpec) {
	w.mu.Lock()
	named := w.grants[attemptOf{p.run.id, p.attempt}]
	w.mu.Unlock()
	if named != p.id || spec.GetRunId() != string(p.run.id) || spec.GetAttempt() != p.attempt {
		w.t.Fatalf("%s of attempt %d of %s was granted attempt %d of %s, which names %s",
			p.id, p.attempt, p.run.id, spec.GetAttempt(), spec.GetRunId(), named)
	}
	for _, other := range w.processes {
		if other != p && other.run == p.run && other.attempt == p.attempt && other.granted {
			w.t.Fatalf("attempt %d of %s runs in %s and in %s", p.attempt, p.run.id, other.id, p.id)
		}
	}
	p.granted = true
}

func (p *process) closeStream(s *stream) {
	s.Close()
	for i := range p.streams {
		if p.streams[i] == s {
			p.streams = append(p.streams[:i:i], p.streams[i+1:]...)
			return
		}
	}
}

// resultOf is what an event says of the run's end; "" when it says nothing.
func resultOf(data []byte) host.RunStatus {
	var e workerv1.Event
	switch {
	case proto.Unmarshal(data, &e) != nil || e.GetRunFinished() == nil:
		return ""
	case e.GetRunFinished().GetOutcome() == workerv1.Outcome_OUTCOME_SUCCESS:
		return host.Success
	default:
		return host.Failure
	}
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}
