package host_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
)

// mapped is list → each (parse → load.a → load.b; lines of parse → each count → sum) → report, with other → parse, and
// last after all of it.
func mapped() *host.JobDefinition {
	from := func(input, node string) host.Wire { return host.Wire{Input: input, FromNode: node, FromPort: "result"} }
	load := &host.Graph{Name: "load", Nodes: []host.Node{
		{Name: "a", Op: "a", Wires: []host.Wire{{Input: "in", FromPort: "x"}}},
		{Name: "b", Op: "b", Wires: []host.Wire{from("in", "a")}},
	}}
	return &host.JobDefinition{Name: "job", Graph: host.Graph{
		Name: "job",
		Maps: []host.Map{
			{Name: "parse", Items: []host.Wire{from("", "list")}},
			{Name: "count", Parent: "parse", Items: []host.Wire{from("", "parse")}},
		},
		Nodes: []host.Node{
			{Name: "list", Op: "list"},
			{Name: "other", Op: "other"},
			{Name: "parse", Op: "parse", Map: "parse", Wires: []host.Wire{{Input: "in", ItemOf: "parse"}, from("with", "other")}},
			{Name: "load", Graph: load, Map: "parse", Wires: []host.Wire{from("x", "parse")}, Outputs: []host.GraphOutput{{Port: "result", FromNode: "b", FromPort: "result"}}},
			{Name: "count", Op: "count", Map: "count", Wires: []host.Wire{{Input: "in", ItemOf: "count"}}},
			{Name: "sum", Op: "sum", Map: "parse", Wires: []host.Wire{from("in", "count")}},
			{Name: "report", Op: "report", Wires: []host.Wire{from("in", "load")}},
			{Name: "last", Op: "last", After: []string{"sum"}},
		},
	}}
}

func known() []host.MapInstances {
	return []host.MapInstances{
		{OpPaths: []string{"parse", "load.a", "load.b", "sum", "count"}, Keys: []string{"x"}},
		{OpPaths: []string{"parse", "load.a", "load.b", "sum", "count"}, Keys: []string{"y.z"}}, // the second page
		{OpPaths: []string{"count[x]"}, Keys: []string{"0", "1"}},
	}
}

func TestInstances(t *testing.T) {
	g := mapped().OpsWith(known())
	want := []string{
		"count[x][0]", "count[x][1]", "count[y.z]", "last", "list", "load[x].a", "load[x].b", "load[y.z].a", "load[y.z].b",
		"other", "parse[x]", "parse[y.z]", "report", "sum[x]", "sum[y.z]",
	}
	if diff := cmp.Diff(want, g.Paths); diff != "" {
		t.Fatal(diff)
	}
	for text, want := range map[string]string{
		"":                          "count last list load.a load.b other parse report sum",
		"parse":                     "parse",
		"parse[x]":                  "parse[x]",
		`name:"parse[x]"`:           "parse[x]",
		`parse[x],parse[y.z]`:       "parse",
		"load":                      "load.a load.b",
		"load[x]":                   "load[x].a load[x].b",
		"load.a":                    "load.a",
		"count[x]":                  "count[x]",
		"count[x][0]":               "count[x][0]",
		"count[x][0],count[x][1]":   "count[x]",
		"count[y.z],count[x]":       "count",
		`name:"*[y.z]*"`:            "count[y.z] load[y.z].a load[y.z].b parse[y.z] sum[y.z]",
		"+parse[x]":                 "list other parse[x]",
		"parse[x]+":                 "count[x] load[x].a parse[x]",
		"parse[x]+2":                "count[x] load[x].a load[x].b parse[x] sum[x]",
		"parse[x]*":                 "count[x] last load[x].a load[x].b parse[x] report sum[x]",
		"*report":                   "list load.a load.b other parse report",
		"list+":                     "list load.a load.b parse sum", // instances are made of the list, those of count of what parse yields
		"*last and not sum[x]":      "count last list other parse sum[y.z]",
		"roots(parse[x],load[x])":   "parse[x]",
		"sinks(count[x],sum[x])":    "sum[x]",
		"count[x][1]+":              "count[x][1] sum[x]",
		"load[y.z].b,+parse,load.a": "list load.a load[y.z].b other parse",
	} {
		got, err := g.Choose(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if want := strings.Fields(want); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
			t.Errorf("%s = %q, want %q", text, got, want)
		}
	}
}

func TestInstanceProblems(t *testing.T) {
	for _, c := range []struct {
		graph       *host.OpGraph
		text, wants string
	}{
		{mapped().Ops(), "parse[x]", `"parse[x]" names an instance, and which there are is known only after a run; select parse, which is all of them`},
		{mapped().Ops(), `name:"load[x].a"`, `select load.a, which is all of them`},
		{mapped().Ops(), "load[x]", `select load, which is all of them`},
		{mapped().Ops(), "list[x]", `"list[x]" matches no op`},
		{mapped().OpsWith(known()), "parse[q]", `"parse[q]" is no instance that the run made; it has parse[x], parse[y.z]`},
		{mapped().OpsWith(known()), "load[q].a", `it has load[x].a, load[y.z].a`},
		{mapped().OpsWith(known()), "count[y.z][0]", `"count[y.z][0]" is no instance that the run made`},
	} {
		_, err := c.graph.Choose(c.text)
		var e *host.Error
		if !errors.As(err, &e) || len(e.Problems) != 1 || !strings.Contains(e.Problems[0].Message, c.wants) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.wants)
		}
	}
}

func TestMissingOfMaps(t *testing.T) {
	none := host.Standins{Stored: func(string) bool { return false }, Given: func(string, string) bool { return false }}
	for text, want := range map[string][]string{
		"parse,other":      {`parse[x]: "" list`, `parse[y.z]: "" list`},
		"load[x].b":        {`load[x].b: "in" load[x].a`, `load[x].b: "" list`},
		"sum[x]":           {`sum[x]: "" list`, `sum[x]: "in" count[x][0]`, `sum[x]: "in" count[x][1]`, `sum[x]: "in" parse[x]`},
		"report":           {`report: "in" list`, `report: "in" load[x].b`, `report: "in" load[y.z].b`},
		"last":             nil, // order lapses
		"*report":          nil,
		"list,count[y.z]":  {`count[y.z]: "" parse[y.z]`},
		"list,load[x].b":   {`load[x].b: "in" load[x].a`},
		"list,load,report": {`load[x].a: "in" parse[x]`, `load[y.z].a: "in" parse[y.z]`},
	} {
		g := mapped().OpsWith(known())
		paths, err := g.Choose(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		_, missing := g.Feed(paths, none)
		var got []string
		for _, m := range missing {
			got = append(got, fmt.Sprintf("%s: %q %s", m.OpPath, m.Input, m.From))
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	_, err := mapped().Ops().Select("parse,other")
	var e *host.Error
	if !errors.As(err, &e) || !strings.Contains(e.Problems[0].Message, "the items that op parse is mapped over come from list, which is not selected") {
		t.Errorf("got %v", err)
	}
}

func TestMappedOps(t *testing.T) {
	if diff := cmp.Diff([]string{"count", "load.a", "load.b", "parse", "sum"}, mapped().MappedOps()); diff != "" {
		t.Error(diff)
	}
}

// TestInstancesAreLikeOpsWrittenOut compares a map, by chance, with the graph in which every instance is written out by
// hand, and the list by an op that everything in the map is after.
func TestInstancesAreLikeOpsWrittenOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,2}`), 1, 3, rapid.ID).Draw(t, "keys")
		const nodes = 8
		from, to := rapid.IntRange(1, 3).Draw(t, "first mapped"), rapid.IntRange(4, nodes-1).Draw(t, "first behind")
		name := func(i int) string { return fmt.Sprint("n", i) }
		isMapped := func(i int) bool { return from <= i && i < to }
		d := &host.JobDefinition{Graph: host.Graph{Maps: []host.Map{{Name: name(from), Items: []host.Wire{{FromNode: "n0", FromPort: "r"}}}}}}
		plain := &host.JobDefinition{}
		all := []host.MapInstances{{Keys: keys}}
		for i := range nodes {
			n := host.Node{Name: name(i), Op: "op"}
			var sources []int
			for j := range i {
				if rapid.IntRange(0, 2).Draw(t, "wired") == 0 {
					sources = append(sources, j)
					n.Wires = append(n.Wires, host.Wire{Input: "in", FromNode: name(j), FromPort: "r"})
				}
			}
			instances := []string{""}
			if isMapped(i) {
				n.Map, instances = name(from), keys
				all[0].OpPaths = append(all[0].OpPaths, name(i))
			}
			d.Graph.Nodes = append(d.Graph.Nodes, n)
			for _, key := range instances {
				written := host.Node{Name: at(name(i), key), Op: "op"}
				if key != "" {
					written.After = []string{"n0"}
				}
				for _, j := range sources {
					switch {
					case !isMapped(j):
						written.Wires = append(written.Wires, host.Wire{Input: "in", FromNode: name(j), FromPort: "r"})
					case isMapped(i):
						written.Wires = append(written.Wires, host.Wire{Input: "in", FromNode: at(name(j), key), FromPort: "r"})
					default:
						for _, k := range keys {
							written.Wires = append(written.Wires, host.Wire{Input: "in", FromNode: at(name(j), k), FromPort: "r"})
						}
					}
				}
				plain.Graph.Nodes = append(plain.Graph.Nodes, written)
			}
		}
		got, want := d.OpsWith(all), plain.Ops()
		if !slices.Equal(got.Paths, want.Paths) {
			t.Fatalf("%q, want %q", got.Paths, want.Paths)
		}
		text := rapid.SampledFrom(got.Paths).Draw(t, "op")
		text = rapid.SampledFrom([]string{"", "+", "++", "*"}).Draw(t, "up") + text + rapid.SampledFrom([]string{"", "+", "++", "*"}).Draw(t, "down")
		a, err := got.Choose(text)
		b, errB := want.Choose(text)
		if err != nil || errB != nil {
			t.Fatal(err, errB)
		}
		var spread []string // of all instances the path without a key
		for _, path := range a {
			if slices.Contains(all[0].OpPaths, path) {
				for _, key := range keys {
					spread = append(spread, at(path, key))
				}
			} else {
				spread = append(spread, path)
			}
		}
		slices.Sort(spread)
		if !slices.Equal(spread, b) {
			t.Fatalf("%s: %q, want %q", text, spread, b)
		}
	})
}

func at(name, key string) string {
	if key == "" {
		return name
	}
	return name + "[" + key + "]"
}
