package workspace

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestJobDefinitionOf(t *testing.T) {
	got, err := JobDefinitionOf(hosttest.Nested("nested"))
	if err != nil {
		t.Fatal(err)
	}
	twice := &host.Graph{Name: "twice", Nodes: []host.Node{
		{Name: "a", Op: "add", Wires: []host.Wire{{Input: "in", FromPort: "in"}}},
		{Name: "b", Op: "add", Wires: []host.Wire{{Input: "in", FromNode: "a", FromPort: "result"}}},
	}}
	want := &host.JobDefinition{
		Name: "nested", Description: "Adds three times.", Tags: []tag.Tag{},
		ConfigSchema: hosttest.Nested("nested").GetConfigSchemaJson(),
		Graph: host.Graph{Name: "nested", Nodes: []host.Node{
			{Name: "first", Op: "start"},
			{
				Name: "inner", Graph: twice, Wires: []host.Wire{{Input: "in", FromNode: "first", FromPort: "result"}},
				Outputs: []host.GraphOutput{{Port: "result", FromNode: "b", FromPort: "result"}},
			},
			{Name: "last", Op: "add", Wires: []host.Wire{{Input: "in", FromNode: "inner", FromPort: "result"}}, After: []string{"first"}},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTagsOf(t *testing.T) {
	got := TagsOf([]*tagv1.Tag{{Key: "b", Value: "2"}, {Key: "a", Value: "1", Origin: tagv1.Origin_ORIGIN_SYSTEM}})
	want := []tag.Tag{{Key: "a", Value: "1", Origin: tag.OriginDefinition}, {Key: "b", Value: "2", Origin: tag.OriginDefinition}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// graphsCalled makes n graphs g0…; each places the next one several times.
func graphsCalled(n, times int) *usercodev1.JobDefinition {
	def := hosttest.OneOp("job")
	def.Graph.Nodes = []*usercodev1.Node{hosttest.PlaceGraph("top", "g0")}
	for i := range n {
		g := &usercodev1.GraphDefinition{Name: fmt.Sprintf("g%d", i)}
		for k := range times {
			name := fmt.Sprintf("n%d", k)
			if i == n-1 {
				g.Nodes = append(g.Nodes, hosttest.Place(name, "my_op"))
			} else {
				g.Nodes = append(g.Nodes, hosttest.PlaceGraph(name, fmt.Sprintf("g%d", i+1)))
			}
		}
		def.Graphs = append(def.Graphs, g)
	}
	return def
}

func TestBadDefinitions(t *testing.T) {
	change := func(f func(*usercodev1.JobDefinition)) *usercodev1.JobDefinition {
		def := hosttest.Nested("job")
		f(def)
		return def
	}
	circle := graphsCalled(3, 1)
	circle.Graphs[2].Nodes = []*usercodev1.Node{hosttest.PlaceGraph("back", "g0")}
	long := graphsCalled(1, maxPlacements+1)
	wired := func(n int) *usercodev1.JobDefinition {
		def := graphsCalled(2, 10) // the inner graph is placed ten times
		inner := def.GetGraphs()[1].GetNodes()
		inner[9].After = slices.Repeat([]string{inner[0].GetName()}, n)
		return def
	}
	for _, c := range []struct {
		name string
		def  *usercodev1.JobDefinition
		says string // empty: it is good
	}{
		{"OK", hosttest.Nested("job"), ""},
		{"AtTheLimitOfDepth", graphsCalled(maxGraphDepth-1, 1), ""},
		{"AtTheLimitOfOps", graphsCalled(1, maxPlacements), ""},
		{"TooDeep", graphsCalled(maxGraphDepth, 1), "nest deeper than 32"},
		{"TooManyOps", long, "more than 20000 ops"},
		{"AtTheLimitOfWires", wired(maxWires / 10), ""},
		{"TooManyWires", wired(maxWires/10 + 1), "more than 1000000 wires"},
		{"BillionLaughs", graphsCalled(30, 10), "more than 20000 ops"},
		{"GraphInItself", circle, `graph "g0" contains itself`},
		{"NoGraph", change(func(d *usercodev1.JobDefinition) { d.Graph = nil }), "no graph"},
		{"EmptyGraph", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes = nil }), "is empty"},
		{"EmptyNestedGraph", change(func(d *usercodev1.JobDefinition) { d.Graphs[0].Nodes = nil }), `graph "twice" is empty`},
		{"OpTwice", change(func(d *usercodev1.JobDefinition) { d.Ops = append(d.Ops, d.GetOps()[0]) }), "twice"},
		{"GraphTwice", change(func(d *usercodev1.JobDefinition) { d.Graphs = append(d.Graphs, d.GetGraphs()[0]) }), "twice"},
		{"NodeTwice", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes = append(d.Graph.Nodes, d.Graph.GetNodes()[0]) }), "places first twice"},
		{"BadNodeName", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[0].Name = "a.b" }), `"a.b"`},
		{"NoSuchOp", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[0] = hosttest.Place("first", "gone") }), `op "gone", which is not defined`},
		{"NoSuchGraph", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[1] = hosttest.PlaceGraph("inner", "gone") }), `graph "gone", which is not defined`},
		{"NeitherOpNorGraph", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[0].Definition = nil }), "neither an op nor a graph"},
		{"NoSuchInput", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[2].Wires[0].Input = "gone" }), `into input "gone" of last`},
		{"NoSuchSource", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[2].Wires[0].FromNode = "gone" }), `node "gone" is not in the graph`},
		{"NoSuchPort", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[2].Wires[0].FromPort = "gone" }), `no output "gone"`},
		{"NoSuchGraphInput", change(func(d *usercodev1.JobDefinition) { d.Graphs[0].Inputs = nil }), `no input "in"`},
		{"NoSuchAfter", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[2].After = []string{"gone"} }), `after "gone"`},
		{"NoSuchOutput", change(func(d *usercodev1.JobDefinition) { d.Graphs[0].Outputs[0].FromNode = "gone" }), `node "gone" is not in the graph`},
		{"AfterItself", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[2].After = []string{"last"} }), "in a circle"},
		{"WaitsInACircle", change(func(d *usercodev1.JobDefinition) { d.Graph.Nodes[0].After = []string{"last"} }), "in a circle"},
		{"SchemaIsNotJSON", change(func(d *usercodev1.JobDefinition) { d.ConfigSchemaJson = []byte("{") }), "not JSON"},
		{"TagTwice", hosttest.WithTags("job", "a", "1", "a", "2"), `tag "a" twice`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := JobDefinitionOf(c.def)
			switch {
			case c.says == "" && err != nil:
				t.Error(err)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %v, %v, want %q", got, err, c.says)
			}
		})
	}
}

// A graph that is placed often is converted once, whatever it unfolds to.
func TestSharedGraphs(t *testing.T) {
	got, err := JobDefinitionOf(graphsCalled(5, 7)) // 16,807 ops
	if err != nil {
		t.Fatal(err)
	}
	top := got.Graph.Nodes[0].Graph
	if top.Nodes[0].Graph != top.Nodes[6].Graph {
		t.Error("the same graph was converted twice")
	}
}

func TestWarnings(t *testing.T) {
	b := hosttest.Current()
	b.Repositories[0].Jobs = []hosttest.Job{
		{Definition: hosttest.WithTags("k8s", "penstock/k8s", "{}")},
		{Definition: hosttest.WithTags("image", "penstock/image", "a:1")},
		{Definition: hosttest.WithTags("queue", "penstock/launcher", "gpu")},
		{Definition: hosttest.WithTags("local", "penstock/launcher", "local")},
		{Definition: hosttest.WithTags("none", "team", "etl")},
	}
	w := openOne(t, hosttest.Start(t, b))
	awaitState(t, w, "etl", host.LocationReady)
	for name, says := range map[string]string{
		"k8s": "no launcher that can apply Kubernetes settings; known: local", "image": "run in an image",
		"queue": `be called "gpu"; known: local`, "local": "", "none": "",
	} {
		got := strings.Join(find(t, w, name).Warnings(), " ")
		if says == "" && got != "" || !strings.Contains(got, says) {
			t.Errorf("%s: got %q, want %q", name, got, says)
		}
	}
}
