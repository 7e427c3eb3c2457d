package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestRunPassesValuesAlong(t *testing.T) {
	a := attempt(
		place("one", constant(1)),
		place("two", constant(2), "one"),
		place("sum", func(_ context.Context, in []any) (any, error) { return in[0].(int) + in[1].(int), nil }, "one", "two"),
	)
	outputs := map[string]any{}
	r, finished := execute(t, t.Context(), a, Options{Output: func(path string, output any) { outputs[path] = output }})
	if finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS || finished.GetFailure() != nil {
		t.Errorf("got %v, want success", finished)
	}
	if want := map[string]any{"one": 1, "two": 2, "sum": 3}; !reflect.DeepEqual(outputs, want) {
		t.Errorf("outputs: got %v, want %v", outputs, want)
	}
	wantStory(t, r, "run_started", "one op_started", "one op_finished SUCCESS", "two op_started", "two op_finished SUCCESS",
		"sum op_started", "sum op_finished SUCCESS", "run_finished SUCCESS")
	if got := r.events[0].GetRunStarted().GetOps(); got != 3 {
		t.Errorf("run_started.ops: got %d, want 3", got)
	}
}

func TestRunTellsTheOpWhoItIs(t *testing.T) {
	var got *spec.Execution
	a := attempt(place("op", func(ctx context.Context, _ []any) (any, error) {
		got = spec.ExecutionFrom(ctx)
		return nil, nil
	}))
	a.Tags = tag.List{{Key: "team", Value: "data"}}
	execute(t, t.Context(), a, Options{})
	if got == nil || got.OpPath != "op" || got.Logger == nil ||
		!reflect.DeepEqual(got.Run, spec.Run{ID: "0190", Attempt: 1, Job: "job", Repository: "tests", Tags: a.Tags}) {
		t.Errorf("execution: got %+v", got)
	}
}

func TestRunRunsReadyOpsSideBySide(t *testing.T) {
	left, right := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) runFunc {
		return func(ctx context.Context, _ []any) (any, error) {
			close(mine)
			select {
			case <-other:
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	_, finished := execute(t, t.Context(), attempt(place("left", meet(left, right)), place("right", meet(right, left))), Options{Limit: 2})
	if finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
		t.Errorf("got %v", finished)
	}
}

func TestRunKeepsTheLimitAndTheOrderPlaced(t *testing.T) {
	var nodes []*spec.Node
	var want []string
	for i := range 5 {
		name := fmt.Sprintf("op%d", i)
		nodes = append(nodes, place(name, constant(nil)))
		want = append(want, name+" op_started", name+" op_finished SUCCESS")
	}
	r, _ := execute(t, t.Context(), attempt(nodes...), Options{Limit: 1})
	wantStory(t, r, append(append([]string{"run_started"}, want...), "run_finished SUCCESS")...)
}

func TestFailureTakesOnlyDescendantsAlong(t *testing.T) {
	deep := errors.New("no such table")
	a := attempt(
		place("bad", func(context.Context, []any) (any, error) { return nil, fmt.Errorf("load orders: %w", deep) }),
		place("good", constant(1)),
		place("below_bad", constant(1), "bad"),
		place("below_both", constant(1), "below_bad", "good"),
		place("below_good", constant(1), "good"),
		after(place("after_bad", constant(1)), "bad"),
	)
	r, finished := execute(t, t.Context(), a, Options{Limit: 1})
	wantStory(t, r, "run_started", "bad op_started", "bad op_finished FAILURE",
		"below_bad op_finished SKIPPED", "below_both op_finished SKIPPED", "after_bad op_finished SKIPPED",
		"good op_started", "good op_finished SUCCESS", "below_good op_started", "below_good op_finished SUCCESS", "run_finished FAILURE")
	failure := r.finishedOf(t, "bad").GetFailure()
	if failure.GetReason() != "error" || failure.GetMessage() != "load orders: no such table" || !reflect.DeepEqual(failure.GetCauses(), []string{"no such table"}) {
		t.Errorf("failure of the op: got %v", failure)
	}
	if got := r.finishedOf(t, "below_both").GetFailure(); got.GetReason() != "upstream" || !strings.Contains(got.GetMessage(), "op bad failed") {
		t.Errorf("failure of a skipped op: got %v", got)
	}
	if got := finished.GetFailure(); got.GetReason() != "op_failure" || got.GetMessage() != "op bad: load orders: no such table" {
		t.Errorf("failure of the run: got %v", got)
	}
}

func TestSeveralFailuresAreSummedUp(t *testing.T) {
	fail := func(context.Context, []any) (any, error) { return nil, errors.Join(errors.New("x"), errors.New("y")) }
	r, finished := execute(t, t.Context(), attempt(place("a", fail), place("b", fail)), Options{Limit: 1})
	if got := finished.GetFailure().GetMessage(); got != "2 ops failed: a, b" {
		t.Errorf("message: got %q", got)
	}
	if got := r.finishedOf(t, "a").GetFailure().GetCauses(); !reflect.DeepEqual(got, []string{"x", "y"}) {
		t.Errorf("causes of a joined error: got %q", got)
	}
}

func explode() { panic(fmt.Errorf("boom: %w", errors.New("fuse"))) }

func TestPanicIsAFailureOfItsOp(t *testing.T) {
	a := attempt(
		place("bomb", func(context.Context, []any) (any, error) { explode(); return nil, nil }),
		place("other", constant(1)),
	)
	r, finished := execute(t, t.Context(), a, Options{Limit: 1})
	f := r.finishedOf(t, "bomb").GetFailure()
	if f.GetReason() != "panic" || f.GetMessage() != "panic: boom: fuse" || !reflect.DeepEqual(f.GetCauses(), []string{"fuse"}) {
		t.Errorf("failure: got %v", f)
	}
	if first, _, _ := strings.Cut(f.GetStack(), "\n"); !strings.Contains(first, "engine.explode(") {
		t.Errorf("the stack starts with %q, want the function that panicked:\n%s", first, f.GetStack())
	}
	if strings.Contains(f.GetStack(), "engine.(*schedule).invoke(") || strings.Contains(f.GetStack(), "debug.Stack") {
		t.Errorf("the stack shows the engine:\n%s", f.GetStack())
	}
	if r.finishedOf(t, "other").GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS || finished.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE {
		t.Errorf("other branch or run: %q", r.story())
	}
}

type spiteful struct{}

func (spiteful) Error() string { panic("no text") }
func (spiteful) Unwrap() error { panic("no cause") }

func TestHostileFunctionsEndAsFailures(t *testing.T) {
	combine := place("combine", constant(1), "source")
	combine.Inputs[0].Combine = func([]any) any { panic("set failed") }
	for name, node := range map[string]*spec.Node{
		"Goexit":          place("op", func(context.Context, []any) (any, error) { runtime.Goexit(); return nil, nil }),
		"ErrorPanics":     place("op", func(context.Context, []any) (any, error) { return nil, spiteful{} }),
		"PanicsWithError": place("op", func(context.Context, []any) (any, error) { panic(spiteful{}) }),
		"CombinePanics":   combine,
	} {
		t.Run(name, func(t *testing.T) {
			r, finished := execute(t, t.Context(), attempt(place("source", constant(1)), node), Options{})
			f := r.finishedOf(t, node.Name)
			if f.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE || f.GetFailure().GetMessage() == "" || finished.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE {
				t.Errorf("got %v", f)
			}
		})
	}
}

func TestRunRejectsBadConfig(t *testing.T) {
	a := attempt(place("op", constant(1)))
	a.ConfigJSON = []byte(`{"config": {"report": {}}}`)
	r, finished := execute(t, t.Context(), a, Options{})
	wantStory(t, r, "run_finished FAILURE")
	if f := finished.GetFailure(); f.GetReason() != "config" || !strings.Contains(f.GetMessage(), "config.report") {
		t.Errorf("got %v", f)
	}
}

func TestRejectIsOneEvent(t *testing.T) {
	r := &recorder{}
	Reject(r.sink, nil, "definition_changed", "the job differs")
	wantStory(t, r, "run_finished FAILURE")
}

func TestHugeFailuresFitIntoAnEvent(t *testing.T) {
	huge := strings.Repeat("x\xff", 1<<20)
	var many []error
	for range 100 {
		many = append(many, errors.New(huge), nil)
	}
	for name, run := range map[string]runFunc{
		"Error": func(context.Context, []any) (any, error) { return nil, fmt.Errorf("%s: %w", huge, joined(many)) },
		"Panic": func(context.Context, []any) (any, error) { panic(fmt.Errorf("%s: %w", huge, joined(many))) },
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := execute(t, t.Context(), attempt(place("op", run)), Options{})
			for _, ev := range r.events {
				if b, err := proto.Marshal(ev); err != nil || len(b) > maxEventBytes {
					t.Errorf("event %s: %d bytes, %v", ev.GetKind(), len(b), err)
				}
			}
			if n := len(r.finishedOf(t, "op").GetFailure().GetCauses()); n != maxCauses {
				t.Errorf("%d causes, want %d", n, maxCauses)
			}
		})
	}
}

// joined is an error with holes among its causes, as an author may write one.
type joined []error

func (joined) Error() string     { return "joined" }
func (j joined) Unwrap() []error { return j }
