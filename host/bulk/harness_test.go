package bulk_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/bulk"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// launcher stands in for servers: each says that it has ended the worker.
type launcher struct{ host.Launcher }

func (launcher) Cancel(context.Context, string, host.RunID, uint32, time.Duration, bool) (host.WorkerState, error) {
	return host.WorkerState{}, nil
}

// fixture is a Runner over a real store and a real queue, which is not started. What launches children stands in for a
// planner.
type fixture struct {
	t      testing.TB
	path   string
	clock  *hosttest.Clock
	store  *boltstore.Store
	seam   *seam
	runner *bulk.Runner
	// batch is how many runs a batch has; 0 means as many as ever.
	batch int
	// refuses are runs that cannot be executed again; beforeSubmit is called before any is, if it is set.
	refuses      map[host.RunID]error
	beforeSubmit func()
}

func newFixture(t testing.TB, batch int) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "data"), clock: hosttest.NewClock(), batch: batch, refuses: map[host.RunID]error{}}
	f.open()
	t.Cleanup(func() { f.close() })
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	var err error
	// The store has a clock of its own: who waits on f.clock is an action.
	if f.store, err = boltstore.Open(f.path, &boltstore.Options{Clock: hosttest.NewClock(), Logger: log}); err != nil {
		f.t.Fatal(err)
	}
	f.seam = &seam{Store: f.store, down: make(chan struct{})}
	q := newQueue(f.seam, f.clock, log)
	f.runner = bulk.New(bulk.Options{Store: f.seam, Cancel: q.CancelRuns, Submit: f.submit, Clock: f.clock, Logger: log})
	if f.batch > 0 {
		f.runner.LimitBatches(f.batch)
	}
}

// newQueue is a queue that is not started.
func newQueue(store host.Store, clock host.Clock, log *slog.Logger) *queue.Queue {
	return queue.New(queue.Options{
		Store: store, Clock: clock, Logger: log,
		Holds:       func(string) string { return "" },
		WaitForCode: func(string) time.Duration { return 0 },
		Launcher:    launcher{},
		Sessions:    attempt.New(attempt.Options{Store: store, Clock: clock, Logger: log}),
	})
}

// submit makes a child, unless the test has something against it.
func (f *fixture) submit(ctx context.Context, r launch.Request) (host.Run, error) {
	if f.beforeSubmit != nil {
		f.beforeSubmit()
	}
	if err := f.refuses[r.Reexecution.Parent]; err != nil {
		return host.Run{}, err
	}
	return submitTo(ctx, f.seam, r, f.clock.Now())
}

// submitTo makes a child as a queue does, for a parent that has ended.
func submitTo(ctx context.Context, store host.Store, r launch.Request, now time.Time) (host.Run, error) {
	if run, err := store.RunOfRequest(ctx, r.RequestID); err == nil {
		return run, nil
	}
	parent, err := store.Run(ctx, r.Reexecution.Parent)
	if err != nil {
		return host.Run{}, err
	}
	if !parent.Status.Final() {
		return host.Run{}, &host.Error{Code: host.Conflict, Reason: "RUN_NOT_FINAL", Message: "it has not ended"}
	}
	if parent.Status == host.Success && r.Reexecution.Strategy == reexecution.FromFailure {
		return host.Run{}, &host.Error{Code: host.Conflict, Reason: reexecution.ReasonNothingFailed, Message: "nothing failed"}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return host.Run{}, err
	}
	run, _, err := store.CreateRun(ctx, host.NewRun{
		RequestID: r.RequestID,
		Run: host.Run{
			ID: host.RunID(id.String()), Job: parent.Job, Status: host.Queued, Tags: parent.Tags, Parent: parent.ID, Root: parent.ID,
			CreatedAt: now,
		},
	})
	return run, err
}

func (f *fixture) start() *fixture {
	f.t.Helper()
	if err := f.runner.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return f
}

func (f *fixture) close() {
	f.t.Helper()
	f.runner.Stop()
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// restart is a host that comes back.
func (f *fixture) restart() {
	f.t.Helper()
	f.close()
	f.open()
	f.start()
}

func newID(t testing.TB) host.RunID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Error(err)
	}
	return host.RunID(id.String())
}

// run adds a run with a status and tags, key and value by turns.
func (f *fixture) run(status host.RunStatus, tags ...string) host.Run {
	f.t.Helper()
	id := newID(f.t)
	n := host.NewRun{RequestID: "request-" + string(id), Run: host.Run{
		ID: id, Job: host.JobName{Location: "here", Repository: "tutorial", Job: "my_job"}, Status: host.Queued, CreatedAt: f.clock.Now(),
	}}
	for i := 0; i < len(tags); i += 2 {
		n.Run.Tags = append(n.Run.Tags, tag.Tag{Key: tags[i], Value: tags[i+1], Origin: tag.OriginLaunch})
	}
	run, _, err := f.store.CreateRun(f.t.Context(), n)
	if err != nil {
		f.t.Fatal(err)
	}
	if status == host.Queued {
		return run
	}
	return f.become(run.ID, status)
}

func (f *fixture) become(id host.RunID, status host.RunStatus) host.Run {
	f.t.Helper()
	run, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		r.Status, r.Attempt = status, 1
		if status.Final() {
			r.EndedAt = f.clock.Now()
		}
		return nil, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

func (f *fixture) get(id host.RunID) host.Run {
	f.t.Helper()
	run, err := f.store.Run(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// request asks for an action on the runs that a selector selects.
func (f *fixture) request(where string, a host.BulkAction) bulk.Request {
	f.t.Helper()
	e, err := selector.Parse(where, host.RunSchema(), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return bulk.Request{ID: "request-" + string(newID(f.t)), Action: a, Where: e.Bind(f.clock.Now()), By: "ada"}
}

func (f *fixture) begin(q bulk.Request) host.Bulk {
	f.t.Helper()
	b, err := f.runner.Begin(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// await waits until an action has ended.
func (f *fixture) await(id string) host.Bulk {
	f.t.Helper()
	return f.awaitThat(id, func(b *host.Bulk) bool { return b.Ended() })
}

func (f *fixture) awaitThat(id string, ok func(*host.Bulk) bool) host.Bulk {
	f.t.Helper()
	for {
		changed := f.runner.Changed(id)
		b, err := f.store.Bulk(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		if ok(&b) {
			return b
		}
		select {
		case <-changed:
		case <-f.t.Context().Done():
			f.t.Fatalf("bulk action %+v", b)
		}
	}
}

// wantCounts checks what became of an action.
func wantCounts(t testing.TB, b host.Bulk, state host.BulkState, selected, changed, passedOver, failed uint64) {
	t.Helper()
	if b.State != state || b.Selected != selected || b.Changed != changed || b.PassedOver != passedOver || b.Failed != failed {
		t.Errorf("the action is %s with %d selected, %d changed, %d passed over, %d failed; want %s with %d, %d, %d, %d",
			b.State, b.Selected, b.Changed, b.PassedOver, b.Failed, state, selected, changed, passedOver, failed)
	}
}

// notes counts the host's events of a kind that a run has.
func (f *fixture) notes(id host.RunID, kind string) (n int) {
	f.t.Helper()
	events, err := f.store.HostEvents(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range events {
		var event workerv1.Event
		if err := proto.Unmarshal(e.Data, &event); err != nil {
			f.t.Fatal(err)
		}
		if event.GetKind() == kind {
			n++
		}
	}
	return n
}

// children counts the runs whose parent is id.
func (f *fixture) children(id host.RunID) (n int) {
	f.t.Helper()
	page, err := f.store.Runs(f.t.Context(), nil, 0, 1<<20)
	if err != nil || page.Next > 0 {
		f.t.Fatalf("Runs = next %d, %v", page.Next, err)
	}
	for i := range page.Runs {
		if page.Runs[i].Parent == id {
			n++
		}
	}
	return n
}

var prod = host.BulkAction{Kind: host.BulkTag, Set: []tag.Tag{{Key: "env", Value: "prod"}}, Remove: []string{"draft"}}
