package workspace

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func mappedGraph() *usercodev1.JobDefinition {
	op := func(name, in string, wires ...*usercodev1.Wire) *usercodev1.Node {
		return &usercodev1.Node{Name: name, Map: in, Definition: &usercodev1.Node_Op{Op: "op"}, Wires: wires}
	}
	from := func(node string) *usercodev1.Wire {
		return &usercodev1.Wire{FromNode: node, FromPort: "result"}
	}
	ports := []*usercodev1.Port{{Name: "result"}}
	return &usercodev1.JobDefinition{
		Name: "job",
		Ops:  []*usercodev1.OpDefinition{{Name: "op", Inputs: []*usercodev1.Port{{Name: "in"}}, Outputs: ports}},
		Graph: &usercodev1.GraphDefinition{
			Name: "job",
			Maps: []*usercodev1.MapDefinition{
				{Name: "parse", Items: []*usercodev1.Wire{from("list")}},
				{Name: "count", Parent: "parse", Items: []*usercodev1.Wire{from("parse")}},
				{Name: "again", Items: []*usercodev1.Wire{from("count")}},
			},
			Nodes: []*usercodev1.Node{
				op("list", ""),
				op("parse", "parse", &usercodev1.Wire{Input: "in", ItemOf: "parse"}),
				op("count", "count", &usercodev1.Wire{Input: "in", ItemOf: "count"}, &usercodev1.Wire{Input: "in", ItemOf: "parse"}),
				op("again", "again", &usercodev1.Wire{Input: "in", FromNode: "list", FromPort: "result"}),
			},
		},
	}
}

func TestMapsAreConverted(t *testing.T) {
	g, ops, err := graphOf(mappedGraph())
	if err != nil || ops != 4 {
		t.Fatalf("%d ops, %v", ops, err)
	}
	want := []host.Map{
		{Name: "parse", Items: []host.Wire{{FromNode: "list", FromPort: "result"}}},
		{Name: "count", Parent: "parse", Items: []host.Wire{{FromNode: "parse", FromPort: "result"}}},
		{Name: "again", Items: []host.Wire{{FromNode: "count", FromPort: "result"}}},
	}
	if diff := cmp.Diff(want, g.Maps); diff != "" {
		t.Error(diff)
	}
	if n := g.Nodes[2]; n.Map != "count" || n.Wires[0].ItemOf != "count" || n.Wires[1].ItemOf != "parse" {
		t.Errorf("got %+v", n)
	}
}

func TestBadMaps(t *testing.T) {
	for name, c := range map[string]struct {
		change func(g *usercodev1.GraphDefinition)
		want   string
	}{
		"NoSuchMap":  {func(g *usercodev1.GraphDefinition) { g.Nodes[1].Map = "x" }, `parse is in map "x", which is not in the graph`},
		"Twice":      {func(g *usercodev1.GraphDefinition) { g.Maps[1].Name = "parse" }, `it has the map "parse" twice`},
		"NoName":     {func(g *usercodev1.GraphDefinition) { g.Maps[0].Name = "" }, `the name "" of a map is empty`},
		"LaterOuter": {func(g *usercodev1.GraphDefinition) { g.Maps[0].Parent = "count" }, `map "parse" is inside of map "count", which is not before it`},
		"NoItems":    {func(g *usercodev1.GraphDefinition) { g.Maps[0].Items[0].FromNode = "x" }, `items of map "parse": node "x" is not in the graph`},
		"ForeignItem": {func(g *usercodev1.GraphDefinition) {
			g.Nodes[3].Wires[0] = &usercodev1.Wire{Input: "in", ItemOf: "count"}
		},
			`input "in" of again: it is the item of map "count", which it is not in`},
		"OwnItem": {func(g *usercodev1.GraphDefinition) { g.Maps[0].Items[0] = &usercodev1.Wire{ItemOf: "parse"} }, `items of map "parse": it is the item of map "parse", which it is not in`},
		"Both":    {func(g *usercodev1.GraphDefinition) { g.Nodes[1].Wires[0].FromNode = "list" }, `it is the item of map "parse" and comes from "list" too`},
		"Circle": {func(g *usercodev1.GraphDefinition) { g.Maps[0].Items[0].FromNode = "parse" },
			`nodes wait for each other in a circle, so that parse never becomes ready`},
		"CircleOfMaps": {func(g *usercodev1.GraphDefinition) { g.Maps[0].Items[0].FromNode = "again" }, `nodes wait for each other in a circle`},
		"TooDeep": {func(g *usercodev1.GraphDefinition) {
			for i := range maxMapDepth {
				g.Maps = append(g.Maps, &usercodev1.MapDefinition{Name: strings.Repeat("m", i+1), Parent: g.Maps[len(g.Maps)-1].GetName()})
			}
		}, `its maps nest deeper than 16`},
	} {
		t.Run(name, func(t *testing.T) {
			def := proto.CloneOf(mappedGraph())
			c.change(def.GetGraph())
			if _, _, err := graphOf(def); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
