package sensor_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/sensor"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/usercode/tag"
)

// fixture is a Watcher over a real store. What prepares runs stands in for a queue and its planner.
type fixture struct {
	t       testing.TB
	path    string
	clock   *hosttest.Clock
	code    *code
	runs    *host.Feed
	store   *boltstore.Store
	watcher *sensor.Watcher
	log     *lines
	// refuse may refuse a run.
	refuse func(launch.Request) error
}

// newFixture is at 2026-11-22 10:00 UTC.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "data"), clock: hosttest.NewClock(), code: newCode(), log: &lines{}}
	f.open()
	t.Cleanup(f.close)
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	f.runs = &host.Feed{}
	var err error
	if f.store, err = boltstore.Open(f.path, &boltstore.Options{Clock: f.clock, OnChange: f.runs.Publish}); err != nil {
		f.t.Fatal(err)
	}
	f.watcher = f.another()
}

func (f *fixture) another() *sensor.Watcher { return f.over(f.store) }

// over is a Watcher over a store that may fail.
func (f *fixture) over(store sensor.Store) *sensor.Watcher {
	metrics, err := automation.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		f.t.Fatal(err)
	}
	return sensor.New(sensor.Options{
		Store: store, Runs: f.runs, Code: f.code, CodeChanged: f.code.changed, Prepare: f.prepare,
		Turns: automation.NewTurns(), Feed: &automation.Feed{}, Metrics: metrics, Clock: f.clock, Logger: slog.New(slog.NewTextHandler(f.log, nil)),
		Jitter: func() float64 { return 0.5 },
	})
}

func (f *fixture) close() {
	f.watcher.Stop()
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// begun is the fixture with a Watcher that runs by rounds.
func (f *fixture) begun() *fixture {
	f.t.Helper()
	if err := f.watcher.Begin(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return f
}

// restart stops the host, lets time pass, and starts it again.
func (f *fixture) restart(after time.Duration) {
	f.t.Helper()
	f.close()
	f.clock.Advance(after)
	f.open()
	f.begun().round()
}

// round lets the Watcher look at what is due, and at what changed since.
func (f *fixture) round() {
	f.t.Helper()
	for again := true; again; {
		select {
		case <-f.code.changed:
			f.watcher.Poke()
		default:
		}
		f.watcher.RunOnce(f.t.Context())
		again = f.watcher.Rest() == 0
	}
}

// pass lets time pass as the loop sees it: it looks at each moment at which it would wake up.
func (f *fixture) pass(d time.Duration) {
	f.t.Helper()
	for d > 0 {
		step := min(max(f.watcher.Rest(), time.Millisecond), d)
		f.clock.Advance(step)
		d -= step
		f.round()
	}
}

// prepare makes a run of a request, as Queue.Prepare.
func (f *fixture) prepare(_ context.Context, r launch.Request) (host.NewRun, error) {
	if f.refuse != nil {
		if err := f.refuse(r); err != nil {
			return host.NewRun{}, err
		}
	}
	return newRun(r.RequestID, r.Job, f.clock.Now(), tag.KeySensor, r.Source.Sensor, tag.KeyTick, r.Source.Tick), nil
}

// newRun makes a run with system tags, given as keys and values.
func newRun(request, job string, now time.Time, pairs ...string) host.NewRun {
	name, _ := host.ParseJobName(job)
	var tags []tag.Tag
	for i := 0; i < len(pairs); i += 2 {
		tags = tag.Merge(tags, tag.List{tag.System(pairs[i], pairs[i+1])})
	}
	return host.NewRun{RequestID: request, Run: host.Run{
		ID: host.RunID(uuid.Must(uuid.NewV7()).String()), Job: name, Status: host.Queued, OpPaths: []string{"a"}, CreatedAt: now, Tags: tags,
	}}
}

// ended stores a run of a job that ended, with tags.
func (f *fixture) ended(job string, status host.RunStatus, tags ...tag.Tag) host.Run {
	f.t.Helper()
	n := newRun(uuid.NewString(), job, f.clock.Now())
	n.Run.Tags = tag.Merge(tags)
	run, _, err := f.store.CreateRun(f.t.Context(), n)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.end(run.ID, status)
}

// canceled stores many runs that were canceled.
func (f *fixture) canceled(n int) {
	f.t.Helper()
	ids := make([]host.RunID, n)
	var all sync.WaitGroup
	for i := range ids {
		run := newRun(uuid.NewString(), "l/r/j", f.clock.Now())
		ids[i] = run.Run.ID
		all.Go(func() {
			if _, _, err := f.store.CreateRun(f.t.Context(), run); err != nil {
				f.t.Error(err)
			}
		})
	}
	all.Wait()
	if _, err := f.store.UpdateRuns(f.t.Context(), host.Request{}, ids, func(r *host.Run) ([][]byte, error) {
		return nil, r.Become(host.Canceled, "", f.clock.Now())
	}); err != nil {
		f.t.Fatal(err)
	}
}

// end lets a run end.
func (f *fixture) end(id host.RunID, status host.RunStatus) host.Run {
	f.t.Helper()
	run, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		for _, next := range []host.RunStatus{host.Starting, host.Started} {
			if err := r.Become(next, "", f.clock.Now()); err != nil {
				return nil, err
			}
		}
		if status == host.Failure {
			return nil, r.Fail(host.FailureOp, "it broke", f.clock.Now())
		}
		return nil, r.Become(status, "", f.clock.Now())
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// settle says that the retry of a run is not due any more; child makes it.
func (f *fixture) settle(run *host.Run, child bool) (retry host.Run) {
	f.t.Helper()
	if child {
		n := newRun(uuid.NewString(), run.Job.String(), f.clock.Now(), tag.KeyParentRun, string(run.ID), tag.KeyRetryNumber, strconv.Itoa(run.RetryNumber()+1))
		n.Run.Parent, n.Run.Root = run.ID, run.ID
		for _, t := range run.Tags {
			if t.Origin == tag.OriginLaunch {
				n.Run.Tags = tag.Merge(n.Run.Tags, tag.List{t})
			}
		}
		if run.Root != "" {
			n.Run.Root = run.Root
		}
		var err error
		if retry, _, err = f.store.CreateRun(f.t.Context(), n); err != nil {
			f.t.Fatal(err)
		}
	}
	if _, err := f.store.UpdateRun(f.t.Context(), run.ID, func(r *host.Run) ([][]byte, error) {
		r.RetryDue = false
		return nil, nil
	}); err != nil {
		f.t.Fatal(err)
	}
	return retry
}

func launchTag(key, value string) tag.Tag {
	return tag.Tag{Key: key, Value: value, Origin: tag.OriginLaunch}
}

// ticks are those of a sensor, oldest first.
func (f *fixture) ticks(name string) []host.Tick {
	f.t.Helper()
	page, err := f.store.Ticks(f.t.Context(), named(name), nil, time.Time{}, 10_000)
	if err != nil || !page.Next.IsZero() {
		f.t.Fatalf("Ticks = next %s, %v", page.Next, err)
	}
	slices.Reverse(page.Ticks)
	return page.Ticks
}

// want compares the ticks of a sensor with what each should be: "SUCCESS run", "SKIPPED 3".
func (f *fixture) want(name string, want ...string) {
	f.t.Helper()
	var got []string
	for _, tick := range f.ticks(name) {
		text := string(tick.Status)
		if tick.Count > 1 {
			text += fmt.Sprintf(" %d", tick.Count)
		}
		for _, r := range tick.Runs {
			text += " " + r.RunKey
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		f.t.Fatalf("the ticks of %s are\n  %s\nwant\n  %s\nlog:\n%s", name, strings.Join(got, "\n  "), strings.Join(want, "\n  "), f.log)
	}
}

func (f *fixture) record(name string) host.Automation {
	f.t.Helper()
	records, err := f.store.Automations(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for _, a := range records {
		if a.Name == named(name) {
			return a
		}
	}
	return host.Automation{}
}

func (f *fixture) standing(name string) automation.Standing { return f.watcher.Standing(named(name)) }

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
