package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// failing is an op's function that fails so many times and then answers v.
func failing(times int, v any) runFunc {
	return func(ctx context.Context, _ []any) (any, error) {
		if n := spec.ExecutionFrom(ctx).OpAttempt; n <= times {
			return nil, fmt.Errorf("failure %d", n)
		}
		return v, nil
	}
}

func retried(n *spec.Node, r spec.Retry) *spec.Node {
	n.Op.Retry = &r
	return n
}

func limited(n *spec.Node, d time.Duration) *spec.Node {
	n.Op.Timeout = d
	return n
}

func full() float64 { return 0 }

func TestRetryWaitsAndStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		a := attempt(
			retried(place("flaky", failing(2, 7)), spec.Retry{Max: 3, Delay: 10 * time.Second, Backoff: 2000}),
			place("reads", func(_ context.Context, in []any) (any, error) { return in[0], nil }, "flaky"),
			place("other", constant(1)),
		)
		a.Job.MaxConcurrent = 1
		got := map[string]any{}
		r, _ := execute(t, t.Context(), a, Options{Random: full, Limit: 9, Output: func(path string, v any) { got[path] = v }})
		wantStory(t, r, "run_started",
			"flaky op_started", "flaky op_finished FAILURE again in 10s",
			"other op_started", "other op_finished SUCCESS", // while flaky waits, it takes no place
			"flaky op_started", "flaky op_finished FAILURE again in 20s",
			"flaky op_started", "flaky op_finished SUCCESS",
			"reads op_started", "reads op_finished SUCCESS", "run_finished SUCCESS")
		if want := map[string]any{"flaky": 7, "reads": 7, "other": 1}; !reflect.DeepEqual(got, want) {
			t.Errorf("outputs: got %v, want %v", got, want)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("it took %v, want 30s", took)
		}
		var said []string
		for _, ev := range r.events {
			if ev.GetOpPath() == "flaky" {
				said = append(said, ev.GetMessage())
			}
		}
		want := []string{
			"Started attempt 1 of 4", "Failed in attempt 1 of 4, the next starts in 10s: failure 1",
			"Started attempt 2 of 4", "Failed in attempt 2 of 4, the next starts in 20s: failure 2",
			"Started attempt 3 of 4", "Ended well after 0s, in attempt 3 of 4",
		}
		if !reflect.DeepEqual(said, want) {
			t.Errorf("messages: got %q\nwant %q", said, want)
		}
	})
}

func TestTheLastFailureCounts(t *testing.T) {
	a := attempt(retried(place("bad", failing(9, 0)), spec.Retry{Max: 2}), place("below", constant(1), "bad"))
	r, finished := execute(t, t.Context(), a, Options{})
	wantStory(t, r, "run_started", "bad op_started", "bad op_finished FAILURE again in 0s", "bad op_started", "bad op_finished FAILURE again in 0s",
		"bad op_started", "bad op_finished FAILURE", "below op_finished SKIPPED", "run_finished FAILURE")
	if got := finished.GetFailure().GetMessage(); got != "op bad: failure 3" {
		t.Errorf("failure of the run: got %q", got)
	}
}

func TestWhatIsNotTriedAgain(t *testing.T) {
	hopeless := errors.New("no such table")
	panics := spec.Retry{Max: 3, When: func(error) bool { panic("when") }}
	chosen := spec.Retry{Max: 3, When: func(err error) bool { return !errors.Is(err, hopeless) }}
	for name, c := range map[string]struct {
		run    runFunc
		retry  spec.Retry
		reason string
		text   string
	}{
		"Panic":      {func(context.Context, []any) (any, error) { panic("bug") }, spec.Retry{Max: 3}, "panic", "panic: bug"},
		"Chosen":     {func(context.Context, []any) (any, error) { return nil, fmt.Errorf("load: %w", hopeless) }, chosen, "error", "load: no such table"},
		"WhenPanics": {func(context.Context, []any) (any, error) { return nil, hopeless }, panics, "panic", "Retry.When: panic: when"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := execute(t, t.Context(), attempt(retried(place("op", c.run), c.retry)), Options{})
			wantStory(t, r, "run_started", "op op_started", "op op_finished FAILURE", "run_finished FAILURE")
			f := r.finishedOf(t, "op").GetFailure()
			if f.GetReason() != c.reason || f.GetMessage() != c.text {
				t.Errorf("got %v", f)
			}
			if said := r.events[2].GetMessage(); !strings.HasPrefix(said, "Failed in attempt 1 of 4, not tried again: ") {
				t.Errorf("message: got %q", said)
			}
			if name == "WhenPanics" && !reflect.DeepEqual(f.GetCauses(), []string{"no such table"}) {
				t.Errorf("causes: got %q, want what the op returned", f.GetCauses())
			}
		})
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errors.New("canceled by ada")) })
		began := time.Now()
		a := attempt(retried(place("flaky", failing(9, 0)), spec.Retry{Max: 3, Delay: time.Hour}))
		r, _ := execute(t, ctx, a, Options{Random: full})
		wantStory(t, r, "run_started", "flaky op_started", "flaky op_finished FAILURE again in 1h0m0s", "flaky op_finished CANCELED", "run_finished CANCELED")
		if took := time.Since(began); took != time.Minute {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAnOpThatIsCanceledIsNotTriedAgain(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := attempt(retried(place("op", func(context.Context, []any) (any, error) { cancel(); return nil, errors.New("killed") }), spec.Retry{Max: 3}))
	r, _ := execute(t, ctx, a, Options{})
	wantStory(t, r, "run_started", "op op_started", "op op_finished CANCELED", "run_finished CANCELED")
}

func TestTimeoutEndsTheContext(t *testing.T) {
	for name, c := range map[string]struct {
		run    runFunc
		causes []string
	}{
		"PassesItOn": {func(ctx context.Context, _ []any) (any, error) { <-ctx.Done(); return nil, ctx.Err() }, nil},
		"Cause":      {func(ctx context.Context, _ []any) (any, error) { <-ctx.Done(); return nil, context.Cause(ctx) }, nil},
		"OwnWords": {func(ctx context.Context, _ []any) (any, error) {
			<-ctx.Done()
			return nil, errors.New("signal: killed")
		}, []string{"signal: killed"}},
		"LateResult": {func(ctx context.Context, _ []any) (any, error) { <-ctx.Done(); return 1, nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var heard error
				policy := spec.Retry{Max: 1, Delay: time.Second, When: func(err error) bool { heard = err; return errors.Is(err, context.DeadlineExceeded) }}
				a := attempt(limited(retried(place("slow", c.run), policy), time.Minute))
				r, finished := execute(t, t.Context(), a, Options{Random: full})
				wantStory(t, r, "run_started", "slow op_started", "slow op_finished FAILURE again in 1s", "slow op_started", "slow op_finished FAILURE", "run_finished FAILURE")
				f := r.finishedOf(t, "slow").GetFailure()
				if f.GetReason() != "timeout" || f.GetMessage() != "not done within its time-out of 1m0s" || !slices.Equal(f.GetCauses(), c.causes) {
					t.Errorf("failure: got %v", f)
				}
				if took := time.Since(began); took != 2*time.Minute+time.Second || heard == nil || finished.GetFailure().GetReason() != "op_failure" {
					t.Errorf("it took %v, When was asked about %v, the run: %v", took, heard, finished)
				}
			})
		})
	}
}

func TestTimeoutLeavesADeafOpBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, release := time.Now(), make(chan struct{})
		deaf := func(ctx context.Context, in []any) (any, error) {
			<-release
			spec.ExecutionFrom(ctx).Logger.Info("back")
			return in[0], nil
		}
		a := attempt(
			place("source", constant(1)),
			limited(retried(place("deaf", deaf, "source"), spec.Retry{Max: 5}), time.Minute),
			place("below", constant(1), "deaf"),
			place("other", func(context.Context, []any) (any, error) {
				took := time.Since(began)
				close(release)
				<-time.After(time.Second) // virtual: the other one ends meanwhile
				return took, nil
			}, "source"),
		)
		a.Job.MaxConcurrent = 1
		var took any
		r, finished := execute(t, t.Context(), a, Options{Random: full, Output: func(_ string, v any) { took = v }})
		wantStory(t, r, "run_started", "source op_started", "source op_finished SUCCESS", "deaf op_started",
			"deaf op_finished FAILURE", "below op_finished SKIPPED", "other op_started", "deaf log back", "other op_finished SUCCESS", "run_finished FAILURE")
		if took != time.Minute+timeoutGrace {
			t.Errorf("the place was free after %v", took)
		}
		f := r.finishedOf(t, "deaf").GetFailure()
		if f.GetReason() != "timeout" || !strings.Contains(f.GetMessage(), "left behind; it is not tried again") || finished.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE {
			t.Errorf("got %v", f)
		}
	})
}

// TestTimeoutAndReturnAtOneMoment has the function return at the very end of what it was given. Either may be first; the
// end of the first attempt's time must not end the second.
func TestTimeoutAndReturnAtOneMoment(t *testing.T) {
	seen := map[int]bool{}
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			brink := func(ctx context.Context, _ []any) (any, error) {
				if spec.ExecutionFrom(ctx).OpAttempt == 1 {
					<-time.After(time.Minute + timeoutGrace)
					return nil, errors.New("at last")
				}
				<-time.After(time.Second)
				return 1, nil
			}
			r, finished := execute(t, t.Context(), attempt(limited(retried(place("op", brink), spec.Retry{Max: 1}), time.Minute)), Options{})
			want, attempts := workerv1.Outcome_OUTCOME_FAILURE, 0
			for _, ev := range r.events {
				if ev.GetOpStarted() != nil {
					attempts++
				}
			}
			if attempts == 2 {
				want = workerv1.Outcome_OUTCOME_SUCCESS
			}
			if seen[attempts] = true; finished.GetOutcome() != want {
				t.Errorf("%v after %d attempts: %q", finished.GetOutcome(), attempts, r.story())
			}
		})
	}
	if !seen[2] {
		t.Error("the function was never first, so nothing was checked")
	}
}

func TestTimeoutOfAnOpThatIsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := attempt(limited(place("op", func(context.Context, []any) (any, error) { <-time.After(time.Minute); return 1, nil }), time.Hour))
		if _, finished := execute(t, t.Context(), a, Options{}); finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
			t.Errorf("got %v", finished)
		}
	})
}

func TestPriorityOrdersWhatIsReady(t *testing.T) {
	urgent, idle, below := place("urgent", constant(1)), place("idle", constant(1)), place("below", constant(1), "normal")
	urgent.Op.Priority, idle.Op.Priority, below.Op.Priority = 5, -1, 9
	a := attempt(idle, place("normal", constant(1)), place("normal_2", constant(1)), urgent, below)
	r, _ := execute(t, t.Context(), a, Options{Limit: 1})
	var started []string
	for _, line := range r.story() {
		if name, ok := strings.CutSuffix(line, " op_started"); ok {
			started = append(started, name)
		}
	}
	if want := []string{"urgent", "normal", "below", "normal_2", "idle"}; !reflect.DeepEqual(started, want) {
		t.Errorf("order: got %q, want %q", started, want)
	}
}

func TestFailReplacesTheFunction(t *testing.T) {
	calls := 0
	a := attempt(retried(place("op", func(context.Context, []any) (any, error) { calls++; return 1, nil }), spec.Retry{Max: 2}))
	r, _ := execute(t, t.Context(), a, Options{Fail: func(path string, attempt int) error {
		if path == "op" && attempt == 1 {
			return errors.New("injected")
		}
		return nil
	}})
	wantStory(t, r, "run_started", "op op_started", "op op_finished FAILURE again in 0s", "op op_started", "op op_finished SUCCESS", "run_finished SUCCESS")
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

// TestTimeOutCountsTheFunctionAlone has the time of an attempt run out while the host takes what it has written: after its
// function has returned, well or not.
func TestTimeOutCountsTheFunctionAlone(t *testing.T) {
	a := attempt(limited(retried(place("op", func(ctx context.Context, in []any) (any, error) {
		e := spec.ExecutionFrom(ctx)
		fmt.Fprintln(e.Reports.Output(1), "something")
		return failing(1, 2)(ctx, in)
	}), spec.Retry{Max: 1}), time.Hour))
	opts := Options{}.withDefaults()
	p, err := newPlan(a.Job.Graph, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var s *schedule
	timed := 0
	emit := &emitter{now: opts.Now, sink: func(ev *workerv1.Event) {
		step := s.job.steps[0]
		switch {
		case ev.GetOpStarted() != nil && step.timer != nil:
			t.Error("the time runs before the function does")
		case ev.GetCaptured() != nil && step.returned.Load(): // else it is sent while the function runs
			timed++
			s.send(func() { s.wake(t.Context(), step, int(ev.GetOpAttempt())) })
		}
	}}
	s = newSchedule(p, emit, opts)
	s.outlet = newOutlet(emit, nil, nil)
	defer s.outlet.close()
	s.execution = func(path string, attempt int) *spec.Execution {
		return &spec.Execution{OpPath: path, OpAttempt: attempt, Reports: s.newReports(path, attempt)}
	}
	if finished := s.run(t.Context()); timed == 0 || finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
		t.Errorf("%d times late: %v", timed, finished)
	}
}
