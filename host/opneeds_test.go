package host_test

import (
	"slices"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestNeeds(t *testing.T) {
	inner := &host.Graph{Name: "inner", Nodes: []host.Node{
		{Name: "a", Op: "op", Wires: []host.Wire{{Input: "in", FromPort: "in"}}},
		{Name: "b", Op: "op", Wires: []host.Wire{{Input: "in", FromNode: "a", FromPort: "result"}}},
	}}
	g := (&host.JobDefinition{Name: "j", Graph: host.Graph{Nodes: []host.Node{
		{Name: "first", Op: "op"},
		{Name: "other", Op: "op"},
		{Name: "inner", Graph: inner, Wires: []host.Wire{{Input: "in", FromNode: "first", FromPort: "result"}}, After: []string{"other"},
			Outputs: []host.GraphOutput{{Port: "out", FromNode: "b", FromPort: "result"}}},
		{Name: "last", Op: "op", Wires: []host.Wire{
			{Input: "x", FromNode: "inner", FromPort: "out"}, {Input: "y", FromNode: "first", FromPort: "result"},
		}},
	}}}).Ops()
	for path, want := range map[string][]string{
		"first":   nil,
		"inner.a": {"first", "other"},
		"inner.b": {"inner.a", "other"},
		"last":    {"first", "inner.b"},
		"nothing": nil,
	} {
		if got := g.Needs(path); !slices.Equal(got, want) {
			t.Errorf("%s needs %v, want %v", path, got, want)
		}
	}
}
