package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// drawnOp is an op with a policy and what each of its attempts does; those after the script end well.
type drawnOp struct {
	name     string
	needs    []int
	script   []string // error, hopeless, panic, late, deaf
	takes    time.Duration
	retry    *spec.Retry
	priority int
}

const drawnTimeout = 5 * time.Second

var errHopeless = errors.New("hopeless")

// model is how the op ends when all that it needs ended well, and after how many attempts.
func (o *drawnOp) model() (attempts int, ends workerv1.Outcome) {
	for i, what := range o.script {
		again := o.retry != nil && i < o.retry.Max && (what == "error" || what == "late")
		if !again {
			return i + 1, workerv1.Outcome_OUTCOME_FAILURE
		}
	}
	return len(o.script) + 1, workerv1.Outcome_OUTCOME_SUCCESS
}

// drawnRun is a job of such ops and what happened to it.
type drawnRun struct {
	ops      []*drawnOp
	limit    int
	cancelAt time.Duration // 0: never
	active   atomic.Int32  // functions that run, without those left behind
	mu       sync.Mutex
	peak     int32 // the most of them at a time
	events   *recorder
	began    time.Time
}

func drawRun(t *rapid.T) *drawnRun {
	run := &drawnRun{limit: rapid.IntRange(1, 4).Draw(t, "max_concurrent"), events: &recorder{}}
	for i := range rapid.IntRange(1, 10).Draw(t, "ops") {
		o := &drawnOp{name: fmt.Sprint("n", i), priority: rapid.IntRange(-1, 1).Draw(t, "priority")}
		for j := range i {
			if rapid.IntRange(0, 3).Draw(t, "needs") == 0 {
				o.needs = append(o.needs, j)
			}
		}
		if rapid.IntRange(0, 2).Draw(t, "fails") == 0 {
			o.script = rapid.SliceOfN(rapid.SampledFrom([]string{"error", "error", "late", "hopeless", "panic", "deaf"}), 1, 3).Draw(t, "script")
		}
		o.takes = time.Duration(rapid.IntRange(0, 4000).Draw(t, "takes in ms")) * time.Millisecond
		if rapid.Bool().Draw(t, "retries") {
			o.retry = &spec.Retry{
				Max:   rapid.IntRange(1, 3).Draw(t, "max"),
				Delay: time.Duration(rapid.IntRange(0, 3000).Draw(t, "delay in ms")) * time.Millisecond, Backoff: 2000, Jitter: 500,
				When: func(err error) bool { return !errors.Is(err, errHopeless) },
			}
		}
		run.ops = append(run.ops, o)
	}
	if rapid.IntRange(0, 3).Draw(t, "is canceled") == 0 {
		run.cancelAt = time.Duration(rapid.IntRange(1, 20_000).Draw(t, "cancel in ms")) * time.Millisecond
	}
	return run
}

// function does what the script says.
func (run *drawnRun) function(o *drawnOp, release <-chan struct{}) runFunc {
	return func(ctx context.Context, _ []any) (any, error) {
		what := "ok"
		if n := spec.ExecutionFrom(ctx).OpAttempt; n <= len(o.script) {
			what = o.script[n-1]
		}
		if what == "deaf" {
			<-release
			return 1, nil
		}
		now := run.active.Add(1)
		defer run.active.Add(-1)
		run.mu.Lock()
		run.peak = max(run.peak, now)
		run.mu.Unlock()
		if what == "late" {
			<-ctx.Done()
			if ctx.Err() == context.DeadlineExceeded {
				return 1, nil // too late, though it says that all is well
			}
			return nil, ctx.Err()
		}
		select {
		case <-time.After(o.takes):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		switch what {
		case "error":
			return nil, errors.New("drawn")
		case "hopeless":
			return nil, errHopeless
		case "panic":
			panic("drawn")
		}
		return 1, nil
	}
}

// execute runs it in virtual time.
func (run *drawnRun) execute() *workerv1.RunFinished {
	run.began = time.Now()
	release, abandon := make(chan struct{}), make(chan struct{})
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if run.cancelAt > 0 {
		defer time.AfterFunc(run.cancelAt, cancel).Stop()
		defer time.AfterFunc(run.cancelAt+30*time.Second, func() { close(abandon) }).Stop()
	}
	var nodes []*spec.Node
	for _, o := range run.ops {
		var from []string
		for _, j := range o.needs {
			from = append(from, run.ops[j].name)
		}
		n := limited(place(o.name, run.function(o, release), from...), drawnTimeout)
		n.Op.Retry, n.Op.Priority = o.retry, o.priority
		nodes = append(nodes, n)
	}
	a := attempt(nodes...)
	a.Job.MaxConcurrent = run.limit
	return Run(ctx, a, run.events.sink, Options{Abandon: abandon})
}

// TestAnySchedule draws jobs with policies and checks every event against what they allow, and the ends against a model.
func TestAnySchedule(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		run := drawRun(rt)
		var finished *workerv1.RunFinished
		synctest.Test(t, func(*testing.T) { finished = run.execute() })
		run.events.check(rt)
		ends, attempts := run.checkEvents(rt)
		if peak := int(run.peak); peak > run.limit {
			rt.Errorf("%d functions ran at a time, the limit is %d", peak, run.limit)
		}
		canceled := false
		failed := false
		for i, o := range run.ops {
			got := ends[o.name]
			wantAttempts, want := o.model()
			if slices.ContainsFunc(o.needs, func(j int) bool {
				e := ends[run.ops[j].name]
				return e == workerv1.Outcome_OUTCOME_FAILURE || e == workerv1.Outcome_OUTCOME_SKIPPED
			}) {
				wantAttempts, want = 0, workerv1.Outcome_OUTCOME_SKIPPED
			}
			failed = failed || got == workerv1.Outcome_OUTCOME_FAILURE
			if got == workerv1.Outcome_OUTCOME_CANCELED && run.cancelAt > 0 {
				canceled = true
				if attempts[o.name] > wantAttempts && want != workerv1.Outcome_OUTCOME_SKIPPED {
					rt.Errorf("n%d started %d times, the model %d: %q", i, attempts[o.name], wantAttempts, run.events.story())
				}
				continue
			}
			if got != want || attempts[o.name] != wantAttempts {
				rt.Errorf("n%d ended as %v after %d attempts, want %v after %d: %q", i, got, attempts[o.name], want, wantAttempts, run.events.story())
			}
		}
		want := workerv1.Outcome_OUTCOME_SUCCESS
		switch {
		case canceled:
			want = workerv1.Outcome_OUTCOME_CANCELED
		case failed:
			want = workerv1.Outcome_OUTCOME_FAILURE
		}
		if finished.GetOutcome() != want {
			rt.Errorf("the run ended as %v, want %v: %q", finished.GetOutcome(), want, run.events.story())
		}
	})
}

// checkEvents goes through the events in their order, and answers how each op ended and how often it started.
func (run *drawnRun) checkEvents(t *rapid.T) (ends map[string]workerv1.Outcome, attempts map[string]int) {
	ends, attempts = map[string]workerv1.Outcome{}, map[string]int{}
	byName := map[string]*drawnOp{}
	for _, o := range run.ops {
		byName[o.name] = o
	}
	ready := func(o *drawnOp) bool {
		return !slices.ContainsFunc(o.needs, func(j int) bool { return ends[run.ops[j].name] != workerv1.Outcome_OUTCOME_SUCCESS })
	}
	due := map[string]time.Time{}
	running := 0
	for _, ev := range run.events.events {
		path, at := ev.GetOpPath(), ev.GetTime().AsTime()
		switch d := ev.GetDetail().(type) {
		case *workerv1.Event_OpStarted:
			o := byName[path]
			for _, other := range run.ops {
				if ready(other) && attempts[other.name] == 0 && other.name != path && ends[other.name] == 0 && other.priority > o.priority {
					t.Errorf("%s started before %s, which is ready and has a higher priority: %q", path, other.name, run.events.story())
				}
			}
			if running++; running > run.limit {
				t.Errorf("%d ops run, the limit is %d: %q", running, run.limit, run.events.story())
			}
			attempts[path]++
			if !ready(o) || at.Before(due[path]) || run.cancelAt > 0 && at.After(run.began.Add(run.cancelAt)) {
				t.Errorf("%s started too early, or after the cancel: %q", path, run.events.story())
			}
		case *workerv1.Event_OpFinished:
			if attempts[path] == int(ev.GetOpAttempt()) {
				running--
			}
			if d.OpFinished.RetryAfter == nil {
				ends[path] = d.OpFinished.GetOutcome()
				continue
			}
			wait, longest := d.OpFinished.GetRetryAfter().AsDuration(), byName[path].retry.Wait(int(ev.GetOpAttempt()), 0)
			if wait > longest || wait < longest/2 {
				t.Errorf("%s waits %v, want %v to %v", path, wait, longest/2, longest)
			}
			due[path] = at.Add(wait)
		}
	}
	return ends, attempts
}
