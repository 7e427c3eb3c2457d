package queue_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/usercode/tag"
)

// realClock is the time package, for what talks to a real peer.
type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// launcher stands in for code servers' processes: every start comes out of
// starts, and ends as the test says.
type launcher struct {
	starts chan host.StartRequest

	mu sync.Mutex
	// hangs are locations whose calls last until their context ends, or the channel is closed.
	hangs   map[string]chan struct{}
	outcome func(host.StartRequest) (host.StartOutcome, error)
	state   host.WorkerState
	err     error
	killed  []host.RunID
}

func (l *launcher) Start(ctx context.Context, r host.StartRequest) (host.StartOutcome, error) {
	l.mu.Lock()
	outcome := l.outcome
	l.mu.Unlock()
	if l.hung(ctx, r.Job.Location) {
		return host.StartOutcome{}, ctx.Err()
	}
	out, err := host.StartOutcome{}, error(nil)
	if outcome != nil {
		out, err = outcome(r)
	}
	l.starts <- r
	return out, err
}

func (l *launcher) Cancel(_ context.Context, _ string, id host.RunID, _ uint32, _ time.Duration, _ bool) (host.WorkerState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.killed = append(l.killed, id)
	return l.state, l.err
}

func (l *launcher) Attempt(ctx context.Context, location string, _ host.RunID, _ uint32) (host.WorkerState, error) {
	if l.hung(ctx, location) {
		return host.WorkerState{}, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.err
}

// hung waits while calls at the location hang, and tells that ctx ended meanwhile.
func (l *launcher) hung(ctx context.Context, location string) bool {
	l.mu.Lock()
	hangs := l.hangs[location]
	l.mu.Unlock()
	if hangs == nil {
		return false
	}
	select {
	case <-ctx.Done():
		return true
	case <-hangs:
		return false
	}
}

// hang lets calls at a location hang until release.
func (l *launcher) hang(location string) (release func()) {
	hangs := make(chan struct{})
	l.set(func() { l.hangs = map[string]chan struct{}{location: hangs} })
	return func() { close(hangs) }
}

func (l *launcher) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func refuse(reason string) func(host.StartRequest) (host.StartOutcome, error) {
	return func(host.StartRequest) (host.StartOutcome, error) {
		return host.StartOutcome{Refusal: &host.StartRefusal{Reason: reason, Message: "because of the test"}}, nil
	}
}

// fixture is a queue over a real store and a real workspace with a real peer.
type fixture struct {
	t        testing.TB
	path     string
	peer     *hosttest.Peer
	clock    *hosttest.Clock
	launcher *launcher
	// workers stands in for launcher, if a test gives it.
	workers host.Launcher

	feed      *host.Feed
	store     *boltstore.Store
	workspace *workspace.Workspace
	sessions  *attempt.Sessions
	queue     *queue.Queue
	changed   chan struct{}
	holds     atomic.Bool
	// heldLocation is held alone.
	heldLocation atomic.Value
	// patience is how long runs wait for their code, in ns.
	patience atomic.Int64
	// full tells that the disk of the store is.
	full      atomic.Bool
	limit     int
	feedLimit int
	requests  int
	// seam is the store as the queue sees it.
	seam *seam
}

// seam is a real store with moments at which a test lets others act.
type seam struct {
	host.Store

	reads        atomic.Int64
	beforeUpdate func(host.RunID)
	afterOpen    func() error
}

func (s *seam) Run(ctx context.Context, id host.RunID) (host.Run, error) {
	s.reads.Add(1)
	return s.Store.Run(ctx, id)
}

func (s *seam) UpdateRun(ctx context.Context, id host.RunID, change func(*host.Run) ([][]byte, error)) (host.Run, error) {
	if s.beforeUpdate != nil {
		s.beforeUpdate(id)
	}
	return s.Store.UpdateRun(ctx, id, change)
}

func (s *seam) OpenRuns(ctx context.Context) ([]host.Run, error) {
	runs, err := s.Store.OpenRuns(ctx)
	if s.afterOpen != nil && err == nil {
		err = s.afterOpen()
	}
	return runs, err
}

// newFixture opens everything but does not start the queue.
func newFixture(t testing.TB, limit int) *fixture {
	t.Helper()
	return newFixtureOf(t, limit, "etl")
}

// newFixtureOf has several locations, all at one peer.
func newFixtureOf(t testing.TB, limit int, locations ...string) *fixture {
	t.Helper()
	f := &fixture{
		t: t, path: filepath.Join(t.TempDir(), "data"), limit: limit,
		peer: hosttest.Start(t, hosttest.Current()), clock: hosttest.NewClock(),
		launcher: &launcher{starts: make(chan host.StartRequest, 1000), state: host.WorkerState{Phase: host.WorkerRunning}},
	}
	var err error
	var configs []host.LocationConfig
	for _, name := range locations {
		configs = append(configs, host.LocationConfig{Name: name, Address: f.peer.Address()})
	}
	f.workspace, err = workspace.New(workspace.Options{
		Locations:     configs,
		Clock:         realClock{},
		ProbeInterval: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	changes := f.workspace.Watch()
	if err := f.workspace.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { changes.Close(); f.workspace.Stop() })
	for _, name := range locations {
		f.awaitLocation(changes, name, host.LocationReady)
	}
	f.changed = make(chan struct{}, 1)
	f.open()
	t.Cleanup(f.close)
	return f
}

func (f *fixture) awaitLocation(changes *workspace.Subscription, name string, want host.LocationState) {
	f.t.Helper()
	for {
		l, err := f.workspace.Location(name)
		if err != nil {
			f.t.Fatal(err)
		}
		if l.State == want {
			return
		}
		select {
		case <-changes.Ready():
			changes.Take()
		case <-f.t.Context().Done():
			f.t.Fatalf("the location is %s, want %s", l.State, want)
		}
	}
}

func (f *fixture) open() {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	f.feed = &host.Feed{}
	workers := f.workers
	if workers == nil {
		workers = f.launcher
	}
	var err error
	f.store, err = boltstore.Open(f.path, &boltstore.Options{
		Clock: f.clock, Logger: log, OnChange: f.feed.Publish,
		Free: func(string) (uint64, error) { return map[bool]uint64{false: 1 << 40}[f.full.Load()], nil },
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.sessions = attempt.New(attempt.Options{Store: f.store, Launcher: workers, Clock: f.clock, Logger: log})
	if err := f.sessions.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.seam = &seam{Store: f.store}
	planner := launch.NewPlanner(f.workspace, f.store, partition.NewSource(f.store, f.clock, log))
	f.queue = queue.New(queue.Options{
		Store: f.seam, Feed: f.feed, Planner: planner, Launcher: workers,
		Sessions: f.sessions, CodeChanged: f.changed, Clock: f.clock, Logger: log, MaxInProgress: f.limit,
		Holds: func(location string) string {
			if f.holds.Load() || f.heldLocation.Load() == location {
				return "held by the test"
			}
			return planner.Hold(location)
		},
		WaitForCode: func(string) time.Duration { return time.Duration(f.patience.Load()) },
	})
	if f.feedLimit > 0 {
		f.queue.LimitFeed(f.feedLimit)
	}
}

func (f *fixture) start() *fixture {
	f.t.Helper()
	if err := f.queue.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return f
}

func (f *fixture) close() {
	f.queue.Stop()
	f.sessions.Stop()
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// submit queues a run of the sample's job with tags.
func (f *fixture) submit(tags ...string) host.Run {
	f.t.Helper()
	return f.submitJob("my_job_with_tags", tags...)
}

func (f *fixture) submitJob(job string, tags ...string) host.Run {
	f.t.Helper()
	f.requests++
	r := launch.Request{RequestID: fmt.Sprintf("request-of-the-test-%d", f.requests), Job: job}
	for i := 0; i < len(tags); i += 2 {
		r.Tags = append(r.Tags, tag.Tag{Key: tags[i], Value: tags[i+1]})
	}
	run, err := f.queue.Submit(f.t.Context(), r)
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// started returns the next start that the launcher is asked for.
func (f *fixture) started() host.StartRequest {
	f.t.Helper()
	select {
	case r := <-f.launcher.starts:
		return r
	case <-time.After(20 * time.Second):
		f.t.Fatal("no start within 20 s")
		return host.StartRequest{}
	}
}

// startedLater lets time pass, a tick of the queue after the other, until the launcher is asked for a start.
func (f *fixture) startedLater() host.StartRequest {
	for len(f.launcher.starts) == 0 {
		f.tick()
	}
	return f.started()
}

// await waits until the run has the status.
func (f *fixture) await(id host.RunID, want host.RunStatus) host.Run {
	f.t.Helper()
	return f.awaitRun(id, func(r *host.Run) bool { return r.Status == want })
}

func (f *fixture) awaitRun(id host.RunID, ok func(*host.Run) bool) host.Run {
	f.t.Helper()
	subs := f.feed.SubscribeRun(id)
	defer subs.Close()
	for {
		run, err := f.store.Run(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		if ok(&run) {
			return run
		}
		select {
		case <-subs.Ready():
			subs.Take()
		case <-time.After(20 * time.Second):
			f.t.Fatalf("after 20 s the run is %s attempt %d (%s)", run.Status, run.Attempt, run.StatusReason)
		}
	}
}

// end makes a run final, as its worker's report would.
func (f *fixture) end(id host.RunID) {
	f.t.Helper()
	_, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		return nil, r.Become(host.Failure, "", f.clock.Now())
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// tick lets the queue's loop look once more: it waits until somebody waits for a tick, and lets that pass.
func (f *fixture) tick() {
	f.t.Helper()
	if err := f.clock.Await(f.t.Context(), time.Second); err != nil {
		f.t.Fatal(err)
	}
}
