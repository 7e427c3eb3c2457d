package wire

import (
	"testing"

	"google.golang.org/protobuf/proto"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// TestMapsAreConverted has a map in a map, lists of what instances yield, and an item that leaves its map.
func TestMapsAreConverted(t *testing.T) {
	from := func(node string) spec.Source { return spec.Source{Node: node, Port: spec.ResultPort} }
	one := func(s spec.Source) spec.Value { return spec.Value{Sources: []spec.Source{s}} }
	gather := func(m *spec.Map, v spec.Value) spec.Value {
		return one(spec.Source{Gather: &spec.Gather{Map: m, Value: v}})
	}
	outer := &spec.Map{Name: "a", Items: one(from("list"))}
	inner := &spec.Map{Name: "b", Parent: outer, Items: spec.Value{Sources: []spec.Source{from("a"), from("list")}, Combine: func([]any) any { return nil }}}
	both := func(v ...spec.Source) spec.Value {
		return spec.Value{Sources: v, Combine: func([]any) any { return nil }}
	}
	op := &spec.Op{Name: "op", Inputs: []spec.Port{{Name: "in"}}, Outputs: []spec.Port{{Name: spec.ResultPort}}}
	node := func(name string, m *spec.Map, v spec.Value) *spec.Node {
		return &spec.Node{Name: name, Op: op, Map: m, Inputs: []spec.Input{{Port: "in", Value: v}}}
	}
	body, err := JobDefinition(&spec.Job{Name: "job", Graph: &spec.Graph{
		Name: "job", Maps: []*spec.Map{outer, inner},
		Nodes: []*spec.Node{
			node("list", nil, spec.Value{Combine: func([]any) any { return nil }}),
			node("a", outer, one(spec.Source{ItemOf: outer})),
			node("b", inner, both(spec.Source{ItemOf: inner}, spec.Source{ItemOf: outer}, from("a"))),
			node("c", outer, gather(inner, both(from("b"), spec.Source{ItemOf: outer}))),
			node("end", nil, gather(outer, gather(inner, both(from("b"), spec.Source{ItemOf: inner}, spec.Source{ItemOf: outer})))),
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got usercodev1.JobDefinition
	if err := proto.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	wire := func(input, node string) *usercodev1.Wire {
		return &usercodev1.Wire{Input: input, FromNode: node, FromPort: spec.ResultPort}
	}
	item := func(of string) *usercodev1.Wire { return &usercodev1.Wire{Input: "in", ItemOf: of} }
	definition := func(name, in string, wires ...*usercodev1.Wire) *usercodev1.Node {
		return &usercodev1.Node{Name: name, Map: in, Definition: &usercodev1.Node_Op{Op: "op"}, Wires: wires}
	}
	want := &usercodev1.GraphDefinition{
		Name: "job",
		Maps: []*usercodev1.MapDefinition{
			{Name: "a", Items: []*usercodev1.Wire{wire("", "list")}},
			{Name: "b", Parent: "a", Items: []*usercodev1.Wire{wire("", "a"), wire("", "list")}},
		},
		Nodes: []*usercodev1.Node{
			definition("list", ""),
			definition("a", "a", item("a")),
			definition("b", "b", item("b"), item("a"), wire("in", "a")),
			definition("c", "a", wire("in", "b"), item("a")),
			// The items of b come from a and list, those of a from list.
			definition("end", "", wire("in", "b"), wire("in", "a"), wire("in", "list"), wire("in", "list")),
		},
	}
	if !proto.Equal(got.GetGraph(), want) {
		t.Errorf("got  %v\nwant %v", got.GetGraph(), want)
	}
}
