package explain_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/explain"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

type realClock struct{}

func (realClock) Now() time.Time                         { return time.Now() }
func (realClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// launcher stands in for the processes of code servers. Every start comes out of starts.
type launcher struct {
	starts chan host.StartRequest

	mu      sync.Mutex
	outcome host.StartOutcome
	err     error
	state   host.WorkerState
}

func (l *launcher) Start(_ context.Context, r host.StartRequest) (host.StartOutcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starts <- r
	return l.outcome, l.err
}

func (l *launcher) Cancel(context.Context, string, host.RunID, uint32, time.Duration, bool) (host.WorkerState, error) {
	return host.WorkerState{}, nil
}

func (l *launcher) Attempt(context.Context, string, host.RunID, uint32) (host.WorkerState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.err
}

// fixture is a queue and sessions over a real store, a real workspace and a peer. Their clock stands still.
type fixture struct {
	t         *testing.T
	peer      *hosttest.Peer
	clock     *hosttest.Clock
	launcher  *launcher
	feed      *host.Feed
	store     *boltstore.Store
	workspace *workspace.Workspace
	changes   *workspace.Subscription
	sessions  *attempt.Sessions
	queue     *queue.Queue
	changed   chan struct{}
	explainer *explain.Explainer
	requests  int
	held      string
	patience  time.Duration
	tokens    map[host.RunID]string
}

// flow is a job of several ops: first → inner.a → inner.b → last, two at a time.
func flow() hosttest.Behavior {
	b := hosttest.Current()
	d := hosttest.Nested("flow")
	d.MaxConcurrent = 2
	b.Repositories = []hosttest.Repository{{Name: "tutorial", Jobs: []hosttest.Job{{Definition: d}, {Definition: hosttest.OneOp("plain")}}}}
	return b
}

func newFixture(t *testing.T, limit int) *fixture {
	t.Helper()
	f := &fixture{
		t: t, peer: hosttest.Start(t, flow()), clock: hosttest.NewClock(), feed: &host.Feed{},
		launcher: &launcher{starts: make(chan host.StartRequest, 100), state: host.WorkerState{Phase: host.WorkerRunning, Handle: "pid 7"}},
		changed:  make(chan struct{}, 1), tokens: map[host.RunID]string{},
	}
	log := slog.New(slog.DiscardHandler)
	var err error
	f.workspace, err = workspace.New(workspace.Options{
		Locations: []host.LocationConfig{{Name: "etl", Address: f.peer.Address()}},
		Clock:     realClock{}, ProbeInterval: 20 * time.Millisecond,
	})
	f.must(err)
	f.changes = f.workspace.Watch()
	f.must(f.workspace.Start(t.Context()))
	t.Cleanup(func() { f.changes.Close(); f.workspace.Stop() })
	f.awaitLocation(func(l workspace.Location) bool { return l.State == host.LocationReady })
	f.store, err = boltstore.Open(filepath.Join(t.TempDir(), "data"), &boltstore.Options{Clock: f.clock, Logger: log, OnChange: f.feed.Publish})
	f.must(err)
	f.sessions = attempt.New(attempt.Options{Store: f.store, Launcher: f.launcher, Clock: f.clock, Logger: log})
	f.must(f.sessions.Start(t.Context()))
	planner := launch.NewPlanner(f.workspace, f.store, partition.NewSource(f.store, f.clock, log))
	f.queue = queue.New(queue.Options{
		Store: f.store, Feed: f.feed, Planner: planner, Launcher: f.launcher, Sessions: f.sessions,
		CodeChanged: f.changed, Clock: f.clock, Logger: log, MaxInProgress: limit,
		Holds:       func(string) string { return f.held },
		WaitForCode: func(string) time.Duration { return f.patience },
	})
	f.explainer = explain.New(explain.Options{
		Store: f.store, Queue: f.queue, Sessions: f.sessions, Planner: planner, Launcher: f.launcher, Clock: f.clock,
	})
	t.Cleanup(func() {
		f.queue.Stop()
		f.sessions.Stop()
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) start() *fixture {
	f.t.Helper()
	f.must(f.queue.Start(f.t.Context()))
	return f
}

func (f *fixture) awaitLocation(ok func(workspace.Location) bool) {
	f.t.Helper()
	for {
		l, err := f.workspace.Location("etl")
		f.must(err)
		if ok(l) {
			return
		}
		select {
		case <-f.changes.Ready():
			f.changes.Take()
		case <-time.After(20 * time.Second):
			f.t.Fatalf("after 20 s the location is %+v", l)
		}
	}
}

func (f *fixture) submit(job string, tags ...string) host.RunID {
	f.t.Helper()
	f.requests++
	r := launch.Request{RequestID: fmt.Sprintf("request-of-the-test-%d", f.requests), Job: job}
	for i := 0; i < len(tags); i += 2 {
		r.Tags = append(r.Tags, tag.Tag{Key: tags[i], Value: tags[i+1]})
	}
	run, err := f.queue.Submit(f.t.Context(), r)
	f.must(err)
	return run.ID
}

// started waits until the launcher is asked for the run's worker.
func (f *fixture) started(id host.RunID) {
	f.t.Helper()
	select {
	case r := <-f.launcher.starts:
		if r.Run != id {
			f.t.Fatalf("run %s was started, want %s", r.Run, id)
		}
		f.tokens[id] = r.Token
	case <-time.After(20 * time.Second):
		f.t.Fatal("no start within 20 s")
	}
}

// await waits until the run is as wanted.
func (f *fixture) await(id host.RunID, ok func(*host.Run) bool) host.Run {
	f.t.Helper()
	subs := f.feed.SubscribeRun(id)
	defer subs.Close()
	for {
		run, err := f.store.Run(f.t.Context(), id)
		f.must(err)
		if ok(&run) {
			return run
		}
		select {
		case <-subs.Ready():
			subs.Take()
		case <-time.After(20 * time.Second):
			f.t.Fatalf("after 20 s the run is %s: %s", run.Status, run.StatusReason)
		}
	}
}

func is(s host.RunStatus) func(*host.Run) bool {
	return func(r *host.Run) bool { return r.Status == s }
}

// running starts a run and attaches its worker, which reports the events.
func (f *fixture) running(job string, events ...*workerv1.Event) (host.RunID, *attempt.Session) {
	f.t.Helper()
	id := f.submit(job, "penstock/max_runtime", "2h")
	f.started(id)
	run := f.await(id, is(host.Starting))
	s, err := f.sessions.Attach(f.t.Context(), f.tokens[id], &workerv1.Hello{
		RunId: string(id), Attempt: run.Attempt, WorkerId: "w-" + string(id), WantGrant: true, Handle: "pid 7",
		DefinitionDigest: run.StartedFrom.Definition[:],
	})
	f.must(err)
	f.await(id, is(host.Started))
	f.report(s, 1, events...)
	return id, s
}

// report sends events of a worker, the first with the number.
func (f *fixture) report(s *attempt.Session, first uint64, events ...*workerv1.Event) {
	f.t.Helper()
	if len(events) == 0 {
		return
	}
	b := &workerv1.EventBatch{FirstSeq: first}
	for _, e := range events {
		e.Time = timestamppb.New(f.clock.Now())
		data, err := proto.Marshal(e)
		f.must(err)
		b.Events = append(b.Events, data)
	}
	f.must(s.Receive(f.t.Context(), &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{Events: b}}))
}

func opStarted(path string, attempt uint32) *workerv1.Event {
	return &workerv1.Event{Kind: "op_started", OpPath: path, OpAttempt: attempt, Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}}
}

func opFinished(path string, attempt uint32, outcome workerv1.Outcome, why string, retry time.Duration) *workerv1.Event {
	end := &workerv1.OpFinished{Outcome: outcome}
	if why != "" {
		end.Failure = &workerv1.Failure{Reason: "error", Message: why}
	}
	if retry > 0 {
		end.RetryAfter = durationpb.New(retry)
	}
	return &workerv1.Event{Kind: "op_finished", OpPath: path, OpAttempt: attempt, Detail: &workerv1.Event_OpFinished{OpFinished: end}}
}

func logged(message string) *workerv1.Event {
	return &workerv1.Event{Kind: "log", Message: message, Detail: &workerv1.Event_Log{Log: &workerv1.LogRecord{}}}
}

// explain explains the run.
func (f *fixture) explain(id host.RunID) *explained {
	f.t.Helper()
	e, err := f.explainer.Run(f.t.Context(), id)
	f.must(err)
	return &explained{t: f.t, Explanation: e}
}

type explained struct {
	*explain.Explanation

	t *testing.T
}

func (e *explained) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", e.Run.Status, e.Summary)
	for _, r := range e.Reasons {
		fmt.Fprintf(&b, "  %s blocks=%t op=%q since=%v until=%v runs=%v\n    %s\n    %s\n", r.Code, r.Blocks, r.OpPath, r.Since, r.Until, r.Runs, r.Message, r.Remedy)
	}
	return b.String()
}

// reason is the rule of the code, about the op if one is given.
func (e *explained) reason(code, op string) explain.Reason {
	e.t.Helper()
	for _, r := range e.Reasons {
		if r.Code == code && (op == "" || r.OpPath == op) {
			return r
		}
	}
	e.t.Fatalf("there is no %s %s in\n%s", code, op, e)
	return explain.Reason{}
}

// want compares a rule, and demands that exactly the codes block.
func (e *explained) want(code string, blocks bool, message string) explain.Reason {
	e.t.Helper()
	r := e.reason(code, "")
	if r.Blocks != blocks || !strings.Contains(r.Message, message) {
		e.t.Errorf("%s is blocks=%t %q, want %t %q in\n%s", code, r.Blocks, r.Message, blocks, message, e)
	}
	return r
}

func (e *explained) lacks(code string) {
	e.t.Helper()
	for _, r := range e.Reasons {
		if r.Code == code {
			e.t.Errorf("there is a %s in\n%s", code, e)
		}
	}
}

func (e *explained) summary(want string) {
	e.t.Helper()
	if !strings.Contains(e.Summary, want) {
		e.t.Errorf("the summary lacks %q:\n%s", want, e)
	}
}
