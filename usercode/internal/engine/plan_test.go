package engine

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

func add(_ context.Context, in []any) (any, error) { return in[0].(int) + in[1].(int), nil }

// nested is a graph of two inputs that answers x + y, and the first input as it is when pass.
func nested(name string, from ...string) *spec.Node {
	g := &spec.Graph{
		Name:    "adder",
		Inputs:  []spec.Port{{Name: "x"}, {Name: "y"}},
		Nodes:   []*spec.Node{place("add", add, "in:x", "in:y"), place("audit", constant(nil))},
		Outputs: []spec.GraphOutput{{Port: spec.Port{Name: spec.ResultPort}, Value: wireFrom("add")}},
	}
	n := &spec.Node{Name: name, Graph: g}
	for i, f := range from {
		n.Inputs = append(n.Inputs, spec.Input{Port: g.Inputs[i].Name, Value: wireFrom(f)})
	}
	return n
}

func TestNestedGraphsAreLaidFlat(t *testing.T) {
	a := attempt(
		place("one", constant(1)),
		place("two", constant(2)),
		nested("first", "one", "two"),
		nested("second", "first", "two"),
		after(place("last", constant(nil)), "second"),
	)
	outputs := map[string]any{}
	r, _ := execute(t, t.Context(), a, Options{Limit: 1, Output: func(p string, v any) { outputs[p] = v }})
	want := map[string]any{"one": 1, "two": 2, "first.add": 3, "first.audit": nil, "second.add": 5, "second.audit": nil, "last": nil}
	if !reflect.DeepEqual(outputs, want) {
		t.Errorf("outputs: got %v, want %v", outputs, want)
	}
	story := r.story()
	if at := len(story) - 3; story[at] != "last op_started" {
		t.Errorf("an op after a graph starts when all of the graph has ended: %q", story)
	}
}

func TestGraphWaitsAsAWhole(t *testing.T) {
	a := attempt(place("one", constant(1)), place("gate", constant(nil)), after(nested("graph", "one", "one"), "gate"))
	p, err := newPlan(a.Job.Graph, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	for _, o := range p.ops {
		if path := o.path.render(nil); strings.HasPrefix(path, "graph.") {
			waits++
			if len(o.needs) == 0 || p.root.steps[o.needs[len(o.needs)-1].slot].op.Name != "gate" {
				t.Errorf("%s does not wait for gate", path)
			}
		}
	}
	if waits == 0 {
		t.Error("nothing is in the graph")
	}
}

func TestInputPassedThroughAGraph(t *testing.T) {
	through := &spec.Node{Name: "through", Inputs: []spec.Input{{Port: "x", Value: wireFrom("one")}}, Graph: &spec.Graph{
		Name: "through", Inputs: []spec.Port{{Name: "x"}}, Nodes: []*spec.Node{place("inner", constant(nil))},
		Outputs: []spec.GraphOutput{{Port: spec.Port{Name: spec.ResultPort}, Value: wireFrom("in:x")}},
	}}
	var got any
	read := place("read", func(_ context.Context, in []any) (any, error) { got = in[0]; return nil, nil }, "through")
	execute(t, t.Context(), attempt(place("one", constant("as it was")), through, read), Options{})
	if got != "as it was" {
		t.Errorf("got %v", got)
	}
}

func TestCombinedInputs(t *testing.T) {
	var got []any
	collect := place("collect", func(_ context.Context, in []any) (any, error) { got = in; return nil, nil }, "a", "none")
	list := func(sources []any) any { return append([]any{"list"}, sources...) }
	collect.Inputs[0].Value = spec.Value{Combine: list, Sources: []spec.Source{{Node: "b", Port: spec.ResultPort}, {Node: "a", Port: spec.ResultPort}}}
	collect.Inputs[1].Value = spec.Value{Combine: list}
	execute(t, t.Context(), attempt(place("a", constant(1)), place("b", constant(2)), collect), Options{})
	if want := []any{[]any{"list", 2, 1}, []any{"list"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOpPathsSelect(t *testing.T) {
	nodes := []*spec.Node{place("a", constant(1)), place("b", constant(1), "a"), after(place("c", constant(1)), "b")}
	for name, c := range map[string]struct {
		paths []string
		want  []string
	}{
		"Some":        {[]string{"a", "b"}, []string{"run_started", "a op_started", "a op_finished SUCCESS", "b op_started", "b op_finished SUCCESS", "run_finished SUCCESS"}},
		"OrderLapses": {[]string{"c"}, []string{"run_started", "c op_started", "c op_finished SUCCESS", "run_finished SUCCESS"}},
		"ErrNoInput":  {[]string{"b"}, []string{"run_finished FAILURE"}},
		"ErrNoSuchOp": {[]string{"a", "zebra"}, []string{"run_finished FAILURE"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := attempt(nodes...)
			a.OpPaths = c.paths
			r, finished := execute(t, t.Context(), a, Options{Limit: 1})
			wantStory(t, r, c.want...)
			if strings.HasPrefix(name, "Err") && (finished.GetFailure().GetReason() != "op_selection" || finished.GetFailure().GetMessage() == "") {
				t.Errorf("failure: got %v", finished.GetFailure())
			}
		})
	}
}
