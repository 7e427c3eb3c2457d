package backfill_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/usercode/tag"
)

var daily = host.JobName{Location: "here", Repository: "tutorial", Job: "daily"}

// launcher stands in for servers: each says that it has ended the worker.
type launcher struct{ host.Launcher }

func (launcher) Cancel(context.Context, string, host.RunID, uint32, time.Duration, bool) (host.WorkerState, error) {
	return host.WorkerState{}, nil
}

// code stands in for a workspace and a planner: a job with static partitions.
type code struct {
	mu sync.Mutex
	// keys of the partitions; gone is the error of a job that cannot be had.
	keys []string
	gone error
	// failed are partitions for which user code fails, refused those that cannot be planned.
	failed  map[string]string
	refused map[string]error
	// calls counts how often user code was asked, most is for how many partitions at a time.
	calls, most int
}

func keys(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("p%05d", i))
	}
	return keys
}

func newCode(n int) *code {
	return &code{keys: keys(n), failed: map[string]string{}, refused: map[string]error{}}
}

func (c *code) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

func (c *code) find(string) (host.JobName, *host.Partitions, *partition.Set, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone != nil {
		return daily, nil, nil, c.gone
	}
	p := &host.Partitions{Name: "days", Dimensions: []host.PartitionDimension{{Name: "days", Static: c.keys}}}
	set, err := partition.NewSource(nil, hosttest.NewClock(), nil).Of(daily, p)
	return daily, p, set, err
}

func (c *code) partitionRuns(_ context.Context, _ host.JobName, keys []string) ([]host.PartitionRun, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone != nil {
		return nil, c.gone
	}
	c.calls, c.most = c.calls+1, max(c.most, len(keys))
	runs := make([]host.PartitionRun, len(keys))
	for i, key := range keys {
		runs[i] = host.PartitionRun{ConfigYAML: "day: " + key, Err: c.failed[key]}
	}
	return runs, nil
}

func (c *code) preview(_ context.Context, r launch.Request) (*launch.Plan, error) {
	return &launch.Plan{Job: daily, Tags: tagsOf(r)}, nil
}

func tagsOf(r launch.Request) []tag.Tag {
	return tag.Merge(r.Tags, tag.List{tag.System(tag.KeyPartition, r.Partition), tag.System(tag.KeyBackfill, r.Source.Backfill)})
}

// submit queues a run as a queue does.
func (c *code) submit(ctx context.Context, store host.Store, now time.Time, r launch.Request) (host.Run, error) {
	if run, err := store.RunOfRequest(ctx, r.RequestID); err == nil || host.CodeOf(err) != host.NotFound {
		return run, err
	}
	c.mu.Lock()
	err := c.refused[r.Partition]
	c.mu.Unlock()
	if err != nil {
		return host.Run{}, err
	}
	n := newRun(r.RequestID, now)
	n.Run.Tags, n.Run.ConfigYAML = tagsOf(r), r.PartitionRun.ConfigYAML
	run, _, err := store.CreateRun(ctx, n)
	return run, err
}

func newRun(requestID string, now time.Time) host.NewRun {
	return host.NewRun{RequestID: requestID, Run: host.Run{
		ID: host.RunID(uuid.Must(uuid.NewV7()).String()), Job: daily, Status: host.Queued, OpPaths: []string{"a"}, CreatedAt: now,
	}}
}

// fixture is a Runner over a real store and a real queue, which is not started.
type fixture struct {
	t      testing.TB
	path   string
	clock  *hosttest.Clock
	code   *code
	feed   *host.Feed
	store  *boltstore.Store
	seam   *seam
	runner *backfill.Runner
}

func newFixture(t testing.TB, partitions int) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "data"), clock: hosttest.NewClock(), code: newCode(partitions)}
	f.open()
	t.Cleanup(func() { f.close() })
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	f.feed = &host.Feed{}
	var err error
	// The store has a clock of its own: who waits on f.clock is a backfill.
	f.store, err = boltstore.Open(f.path, &boltstore.Options{Clock: hosttest.NewClock(), Logger: log, OnChange: f.feed.Publish})
	if err != nil {
		f.t.Fatal(err)
	}
	f.seam = &seam{Store: f.store, down: make(chan struct{})}
	f.runner = backfill.New(backfill.Options{
		Store: f.seam, Feed: f.feed, Find: f.code.find, PartitionRuns: f.code.partitionRuns, Preview: f.code.preview,
		Submit: func(ctx context.Context, r launch.Request) (host.Run, error) {
			return f.code.submit(ctx, f.seam, f.clock.Now(), r)
		},
		Cancel: newQueue(f.seam, f.clock, log).CancelRuns, Clock: f.clock, Logger: log,
	})
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

// all asks for a backfill of all partitions.
func all(open int) backfill.Request {
	return backfill.Request{
		ID: "request-" + uuid.NewString(), Job: "daily", Selection: partition.Selection{All: true}, MaxOpenRuns: open, By: "ada",
		Tags: []tag.Tag{{Key: "why", Value: "test"}},
	}
}

func (f *fixture) begin(q backfill.Request) host.Backfill {
	f.t.Helper()
	b, err := f.runner.Begin(f.t.Context(), q)
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// awaitThat waits until a backfill is as is wanted.
func (f *fixture) awaitThat(id string, ok func(*host.Backfill, *backfill.Progress) bool) (host.Backfill, backfill.Progress) {
	f.t.Helper()
	watch := f.runner.Watch(id)
	defer watch.Close()
	for {
		b, p, err := f.runner.Get(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		if ok(&b, &p) {
			return b, p
		}
		select {
		case <-watch.Ready():
			watch.Take()
		case <-f.t.Context().Done():
			f.t.Fatalf("backfill %s: %s, %+v", id, b.State, p)
		}
	}
}

func (f *fixture) awaitEnd(id string) (host.Backfill, backfill.Progress) {
	f.t.Helper()
	return f.awaitThat(id, func(b *host.Backfill, _ *backfill.Progress) bool { return b.State.Final() })
}

// awaitOpen waits until that many of its runs are queued.
func (f *fixture) awaitOpen(id string, n int) {
	f.t.Helper()
	f.awaitThat(id, func(_ *host.Backfill, p *backfill.Progress) bool { return p.Counts[host.Queued] == uint64(n) })
}

// runs are the runs of a backfill with the tag of it, oldest first.
func (f *fixture) runs(id string) []host.Run {
	f.t.Helper()
	runs, err := runsOf(f.t.Context(), f.store, id)
	if err != nil {
		f.t.Fatal(err)
	}
	return runs
}

func runsOf(ctx context.Context, store host.Store, id string) ([]host.Run, error) {
	var runs []host.Run
	for before, more := uint64(0), true; more; {
		page, err := store.Runs(ctx, selector.TagIs(tag.KeyBackfill, id), before, 1000)
		if err != nil {
			return nil, err
		}
		runs = append(runs, page.Runs...)
		before, more = page.Next, page.Next > 0
	}
	slices.Reverse(runs)
	return runs, nil
}

// become ends a run, or moves it on; a failed one is retried by itself when its tags say so.
func become(ctx context.Context, store host.Store, id host.RunID, status host.RunStatus, now time.Time) error {
	_, err := store.UpdateRun(ctx, id, func(r *host.Run) ([][]byte, error) {
		if r.Status.Final() {
			return nil, nil
		}
		r.Attempt = 1
		if r.Status == host.Queued {
			r.Status = host.Started
		}
		if status == host.Failure {
			return nil, r.Fail(host.FailureOp, "it broke", now)
		}
		r.Status, r.EndedAt = status, now
		return nil, nil
	})
	return err
}

func (f *fixture) become(id host.RunID, status host.RunStatus) {
	f.t.Helper()
	if err := become(f.t.Context(), f.store, id, status, f.clock.Now()); err != nil {
		f.t.Fatal(err)
	}
}

// endOpen ends every open run as how says.
func (f *fixture) endOpen(how func(key string) host.RunStatus) (n int) {
	f.t.Helper()
	open, err := f.store.OpenRuns(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range open {
		key, _ := open[i].Tag(tag.KeyPartition)
		f.become(open[i].ID, how(key))
	}
	return len(open)
}

// drain ends runs until the backfill has ended.
func (f *fixture) drain(id string, how func(key string) host.RunStatus) (host.Backfill, backfill.Progress) {
	f.t.Helper()
	return f.awaitThat(id, func(b *host.Backfill, _ *backfill.Progress) bool {
		f.endOpen(how)
		return b.State.Final()
	})
}

func well(string) host.RunStatus { return host.Success }

// retryOf launches the automatic retry of a run, and tells so on it.
func (f *fixture) retryOf(id host.RunID) host.Run {
	f.t.Helper()
	run, err := f.store.Run(f.t.Context(), id)
	if err != nil || !run.RetryDue {
		f.t.Fatalf("run %s: retry due is %t, %v", id, run.RetryDue, err)
	}
	r := launch.RetryOf(&run, run.RetryNumber()+1)
	n := newRun(r.RequestID, f.clock.Now())
	key, _ := run.Tag(tag.KeyPartition)
	n.Run.Parent, n.Run.Root = run.ID, run.ID
	if run.Root != "" {
		n.Run.Root = run.Root
	}
	n.Run.Tags = tag.Merge(tag.List{
		{Key: tag.KeyMaxRetries, Value: "5", Origin: tag.OriginLaunch}, tag.System(tag.KeyPartition, key),
		tag.System(tag.KeyRetryNumber, strconv.Itoa(run.RetryNumber()+1)),
	})
	child, _, err := f.store.CreateRun(f.t.Context(), n)
	if err == nil {
		_, err = f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
			r.RetryDue = false
			return nil, nil
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return child
}

// wantOnce checks that each partition has one run of each round in which it was launched.
func wantOnce(t testing.TB, runs []host.Run, times map[string]int) {
	t.Helper()
	got := map[string]int{}
	for i := range runs {
		key, _ := runs[i].Tag(tag.KeyPartition)
		got[key]++
	}
	for key, n := range times {
		if got[key] != n {
			t.Errorf("partition %s has %d runs, want %d", key, got[key], n)
		}
	}
	if len(got) > len(times) {
		t.Errorf("runs of %d partitions, want %d", len(got), len(times))
	}
}

func once(keys []string) map[string]int {
	times := map[string]int{}
	for _, key := range keys {
		times[key] = 1
	}
	return times
}
