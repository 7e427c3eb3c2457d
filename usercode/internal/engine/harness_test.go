package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type runFunc = func(ctx context.Context, inputs []any) (any, error)

// constant is an op's function that answers v.
func constant(v any) runFunc {
	return func(context.Context, []any) (any, error) { return v, nil }
}

// place makes a node of an op whose inputs a, b, … come from the given nodes.
func place(name string, run runFunc, from ...string) *spec.Node {
	op := &spec.Op{Name: name, Run: run, Outputs: []spec.Port{{Name: spec.ResultPort}}}
	n := &spec.Node{Name: name, Op: op}
	for i, f := range from {
		port := string(rune('a' + i))
		op.Inputs = append(op.Inputs, spec.Port{Name: port})
		n.Inputs = append(n.Inputs, spec.Input{Port: port, Value: wireFrom(f)})
	}
	return n
}

// wireFrom is the wire from a node's result; "in:x" is the graph's own input x.
func wireFrom(source string) spec.Value {
	if port, ok := strings.CutPrefix(source, "in:"); ok {
		return spec.Value{Sources: []spec.Source{{Port: port}}}
	}
	return spec.Value{Sources: []spec.Source{{Node: source, Port: spec.ResultPort}}}
}

func after(n *spec.Node, names ...string) *spec.Node {
	n.After = names
	return n
}

func attempt(nodes ...*spec.Node) Attempt {
	return Attempt{
		RunID: "0190", Attempt: 1, Repository: "tests",
		Job: &spec.Job{Name: "job", Graph: &spec.Graph{Name: "job", Nodes: nodes}},
	}
}

// recorder is a sink. It checks what holds for every attempt.
type recorder struct {
	mu     sync.Mutex
	events []*workerv1.Event
	seen   chan *workerv1.Event // when not nil
}

func (r *recorder) sink(ev *workerv1.Event) {
	r.mu.Lock()
	r.events = append(r.events, ev)
	r.mu.Unlock()
	if r.seen != nil {
		r.seen <- ev
	}
}

// story is one line for each event.
func (r *recorder) story() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []string
	for _, ev := range r.events {
		line := ev.GetKind()
		if ev.GetOpPath() != "" {
			line = ev.GetOpPath() + " " + line
		}
		switch {
		case ev.GetOpFinished() != nil:
			line += " " + outcome(ev.GetOpFinished().GetOutcome())
			if ev.GetOpFinished().GetRetryAfter() != nil {
				line += " again in " + ev.GetOpFinished().GetRetryAfter().AsDuration().String()
			}
		case ev.GetRunFinished() != nil:
			line += " " + outcome(ev.GetRunFinished().GetOutcome())
		case ev.GetLog() != nil:
			line += " " + ev.GetMessage()
		}
		lines = append(lines, line)
	}
	return lines
}

func outcome(o workerv1.Outcome) string { return strings.TrimPrefix(o.String(), "OUTCOME_") }

// finishedOf is the last op_finished of an op.
func (r *recorder) finishedOf(t *testing.T, path string) *workerv1.OpFinished {
	t.Helper()
	for _, ev := range slices.Backward(r.events) {
		if ev.GetOpPath() == path && ev.GetOpFinished() != nil {
			return ev.GetOpFinished()
		}
	}
	t.Fatalf("no op_finished of %s in %q", path, r.story())
	return nil
}

// execute runs the attempt and checks what holds for every one.
func execute(t *testing.T, ctx context.Context, a Attempt, opts Options) (*recorder, *workerv1.RunFinished) { //nolint:revive // t first
	t.Helper()
	r := &recorder{}
	finished := Run(ctx, a, r.sink, opts)
	r.check(t)
	return r, finished
}

func (r *recorder) check(t rapid.TB) {
	t.Helper()
	if len(r.events) == 0 || r.events[len(r.events)-1].GetRunFinished() == nil {
		t.Fatalf("the last event is not run_finished: %q", r.story())
	}
	ended := map[string]bool{}
	started := map[string]bool{}
	attempts := map[string]uint32{} // that failed and were followed by another
	for i, ev := range r.events {
		path := ev.GetOpPath()
		switch {
		case ev.GetTime() == nil || ev.GetKind() == "":
			t.Errorf("event %d has no time or kind: %v", i, ev)
		case ev.GetRunFinished() != nil && i != len(r.events)-1:
			t.Errorf("run_finished is event %d of %d", i, len(r.events))
		case ev.GetOpStarted() != nil && (started[path] || ended[path]), ev.GetOpFinished() != nil && ended[path]:
			t.Errorf("event %d repeats: %v", i, ev)
		case (ev.GetOpStarted() != nil || ev.GetOpFinished() != nil) && ev.GetOpAttempt() != attempts[path]+1:
			t.Errorf("event %d is of attempt %d, want %d: %v", i, ev.GetOpAttempt(), attempts[path]+1, ev)
		case ev.GetOpFinished().GetRetryAfter() != nil && !started[path]:
			t.Errorf("event %d tries again what never started: %v", i, ev)
		}
		if ev.GetOpFinished().GetRetryAfter() != nil {
			attempts[path]++
			started[path] = false
			continue
		}
		started[path] = started[path] || ev.GetOpStarted() != nil
		ended[path] = ended[path] || ev.GetOpFinished() != nil
	}
}

func wantStory(t *testing.T, r *recorder, want ...string) {
	t.Helper()
	if got := r.story(); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("events:\n got %q\nwant %q", got, want)
	}
}
