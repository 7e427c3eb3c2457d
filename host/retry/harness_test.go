package retry_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/retry"
	"github.com/penstock-run/penstock/host/store/boltstore"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

var errCrashed = errors.New("the host crashed")

// seam is a real store that crashes with a call: before it does anything, or before it answers.
type seam struct {
	host.Store

	mu      sync.Mutex
	calls   int
	crashAt int
	unsaid  bool
	crashed bool
}

// around runs a call, unless the host has crashed, and perhaps crashes it.
func around[T any](s *seam, call func() (T, error)) (T, error) {
	s.mu.Lock()
	s.calls++
	now := s.calls == s.crashAt
	s.crashed = s.crashed || now && !s.unsaid
	down := s.crashed
	s.crashed = s.crashed || now
	s.mu.Unlock()
	if down {
		return *new(T), errCrashed
	}
	v, err := call()
	if now {
		return *new(T), errCrashed
	}
	return v, err
}

func (s *seam) Run(ctx context.Context, id host.RunID) (host.Run, error) {
	return around(s, func() (host.Run, error) { return s.Store.Run(ctx, id) })
}

func (s *seam) RunsToRetry(ctx context.Context) ([]host.Run, error) {
	return around(s, func() ([]host.Run, error) { return s.Store.RunsToRetry(ctx) })
}

func (s *seam) UpdateRun(ctx context.Context, id host.RunID, change func(*host.Run) ([][]byte, error)) (host.Run, error) {
	return around(s, func() (host.Run, error) { return s.Store.UpdateRun(ctx, id, change) })
}

func (s *seam) CreateRun(ctx context.Context, n host.NewRun) (run host.Run, created bool, err error) {
	run, err = around(s, func() (host.Run, error) {
		run, made, err := s.Store.CreateRun(ctx, n)
		created = made
		return run, err
	})
	return run, created, err
}

// fixture is a Retrier over a real store. What queues runs stands in for a queue and its planner.
type fixture struct {
	t       *testing.T
	path    string
	clock   *hosttest.Clock
	feed    *host.Feed
	store   *boltstore.Store
	seam    *seam
	retrier *retry.Retrier
	// refuse may refuse a launch.
	refuse func(launch.Request) error
	// wait is how long runs may wait for their code.
	wait time.Duration

	mu       sync.Mutex
	requests []launch.Request
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "data"), clock: hosttest.NewClock()}
	f.open(0, false)
	t.Cleanup(f.close)
	return f
}

// open opens the store and a Retrier that crashes with the call of that number.
func (f *fixture) open(crashAt int, unsaid bool) {
	f.t.Helper()
	f.feed = &host.Feed{}
	var err error
	f.store, err = boltstore.Open(f.path, &boltstore.Options{Clock: f.clock, OnChange: f.feed.Publish})
	if err != nil {
		f.t.Fatal(err)
	}
	f.seam = &seam{Store: f.store, crashAt: crashAt, unsaid: unsaid}
	f.retrier = f.another()
}

func (f *fixture) another() *retry.Retrier {
	return retry.New(retry.Options{
		Store: f.seam, Feed: f.feed, Submit: f.submit, Clock: f.clock, Logger: slog.New(slog.DiscardHandler),
		WaitForCode: func(string) time.Duration { return f.wait },
	})
}

func (f *fixture) close() {
	f.retrier.Stop()
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// submit queues the child that a request asks for.
func (f *fixture) submit(ctx context.Context, r launch.Request) (host.Run, error) {
	f.mu.Lock()
	f.requests = append(f.requests, r)
	refuse := f.refuse
	f.mu.Unlock()
	if run, err := f.seam.RunOfRequest(ctx, r.RequestID); err == nil || host.CodeOf(err) != host.NotFound {
		return run, err
	}
	if refuse != nil {
		if err := refuse(r); err != nil {
			return host.Run{}, err
		}
	}
	parent, err := f.seam.Run(ctx, r.Reexecution.Parent)
	if err != nil {
		return host.Run{}, err
	}
	n := f.newRun(tag.Merge(parent.Tags, tag.List{tag.System(tag.KeyRetryNumber, strconv.Itoa(r.Reexecution.RetryNumber))})...)
	n.RequestID, n.Run.Parent, n.Run.Root = r.RequestID, parent.ID, parent.ID
	run, _, err := f.seam.CreateRun(ctx, n)
	return run, err
}

func (f *fixture) newRun(tags ...tag.Tag) host.NewRun {
	id := uuid.Must(uuid.NewV7()).String()
	return host.NewRun{RequestID: "request-" + id, Run: host.Run{
		ID: host.RunID(id), Job: host.JobName{Location: "l", Repository: "r", Job: "j"}, Status: host.Queued,
		Tags: tags, OpPaths: []string{"a"}, CreatedAt: f.clock.Now(),
	}}
}

// failed stores a run that failed, with tags given as keys and values.
func (f *fixture) failed(pairs ...string) host.Run {
	f.t.Helper()
	var tags []tag.Tag
	for i := 0; i < len(pairs); i += 2 {
		tags = append(tags, tag.Tag{Key: pairs[i], Value: pairs[i+1], Origin: tag.OriginLaunch})
	}
	run, _, err := f.store.CreateRun(f.t.Context(), f.newRun(tag.Merge(tags)...))
	if err != nil {
		f.t.Fatal(err)
	}
	return f.fail(run.ID)
}

// fail lets a run fail.
func (f *fixture) fail(id host.RunID) host.Run {
	f.t.Helper()
	run, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		for _, next := range []host.RunStatus{host.Starting, host.Started} {
			if err := r.Become(next, "", f.clock.Now()); err != nil {
				return nil, err
			}
		}
		return nil, r.Fail(host.FailureOp, "it broke", f.clock.Now())
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// round lets the Retrier, which began, look once.
func (f *fixture) round() {
	f.t.Helper()
	if err := f.retrier.RunOnce(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// begun is the fixture with a Retrier that runs by rounds.
func (f *fixture) begun() *fixture {
	f.t.Helper()
	if err := f.retrier.Begin(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return f
}

// children are the runs whose parent it is.
func (f *fixture) children(id host.RunID) (children []host.Run) {
	f.t.Helper()
	page, err := f.store.Runs(f.t.Context(), nil, 0, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, run := range page.Runs {
		if run.Parent == id {
			children = append(children, run)
		}
	}
	return children
}

func (f *fixture) run(id host.RunID) host.Run {
	f.t.Helper()
	run, err := f.store.Run(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// notes are the messages of a run's notes of a kind.
func (f *fixture) notes(id host.RunID, kind string) (all []string) {
	f.t.Helper()
	list, err := f.store.Events(f.t.Context(), id, host.Cursor{}, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range list {
		var event workerv1.Event
		if err := proto.Unmarshal(e.Data, &event); err != nil {
			f.t.Fatal(err)
		}
		if event.GetKind() == kind {
			all = append(all, event.GetMessage())
		}
	}
	return all
}
