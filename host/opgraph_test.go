package host_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
)

// TestOpsOfAGraphThatUnfolds has few wires and very many ways through them.
func TestOpsOfAGraphThatUnfolds(t *testing.T) {
	const ports, depth, ops = 40, 20, 9000
	inner := &host.Graph{Name: "g"}
	for i := range ops {
		n := host.Node{Name: fmt.Sprint("o", i), Op: "o"}
		for p := range ports {
			n.Wires = append(n.Wires, host.Wire{Input: "in", FromPort: fmt.Sprint("p", p)})
		}
		inner.Nodes = append(inner.Nodes, n)
	}
	for range depth {
		n := host.Node{Name: "n", Graph: inner}
		for p := range ports {
			for q := range ports {
				n.Wires = append(n.Wires, host.Wire{Input: fmt.Sprint("p", p), FromPort: fmt.Sprint("p", q)})
			}
		}
		inner = &host.Graph{Name: "g", Nodes: []host.Node{n}}
	}
	top := &host.Graph{Name: "top"}
	first := host.Node{Name: "first", Graph: &host.Graph{Name: "first"}}
	for i := range ops {
		first.Graph.Nodes = append(first.Graph.Nodes, host.Node{Name: fmt.Sprint("o", i), Op: "o"})
		first.Outputs = append(first.Outputs, host.GraphOutput{Port: "out", FromNode: fmt.Sprint("o", i), FromPort: "result"})
	}
	last := host.Node{Name: "last", Graph: inner, After: []string{"first"}}
	for p := range ports {
		last.Wires = append(last.Wires, host.Wire{Input: fmt.Sprint("p", p), FromNode: "first", FromPort: "out"})
	}
	top.Nodes = []host.Node{first, last}

	g := (&host.JobDefinition{Name: "j", Graph: *top}).Ops()
	all := "last" + strings.Repeat(".n", depth)
	paths, err := g.Select("*" + all + ".o7")
	if err != nil || len(paths) != ops+1 {
		t.Errorf("what one op needs are %d ops, %v; want %d", len(paths), err, ops+1)
	}
	if paths, err := g.Select(strings.Repeat("*last,first*,", 1000) + "last"); err != nil || len(paths) != 2*ops {
		t.Errorf("many clauses select %d ops, %v; want %d", len(paths), err, 2*ops)
	}
	if _, err := g.Select("last"); err == nil || len(err.Error()) > 1<<20 {
		t.Error("without its inputs the selection must be refused, in few words")
	}
}

// simple is what OpGraph does, op by op and edge by edge.
type simple struct {
	up, inputs map[string]map[string]bool
	below      map[string][]string
}

func (s *simple) opsOf(path string) []string {
	if below, ok := s.below[path]; ok {
		return below
	}
	return []string{path}
}

// scope is a graph at its place, and the node that it is.
type scope struct {
	prefix string
	graph  *host.Graph
	node   *host.Node
	parent *scope
}

func (c *scope) inside(n *host.Node) *scope {
	return &scope{prefix: c.prefix + n.Name + ".", graph: n.Graph, node: n, parent: c}
}

func (c *scope) source(node, port string) (from []string) {
	if node == "" {
		for i := 0; c.parent != nil && i < len(c.node.Wires); i++ {
			if w := c.node.Wires[i]; w.Input == port {
				from = append(from, c.parent.source(w.FromNode, w.FromPort)...)
			}
		}
		return from
	}
	for i := range c.graph.Nodes {
		n := &c.graph.Nodes[i]
		switch {
		case n.Name != node:
		case n.Graph == nil:
			return []string{c.prefix + n.Name}
		default:
			for _, o := range n.Outputs {
				if o.Port == port {
					from = append(from, c.inside(n).source(o.FromNode, o.FromPort)...)
				}
			}
		}
	}
	return from
}

func (s *simple) list(c *scope) (all []string) {
	for i := range c.graph.Nodes {
		n := &c.graph.Nodes[i]
		if path := c.prefix + n.Name; n.Graph == nil {
			all = append(all, path)
		} else {
			s.below[path] = s.list(c.inside(n))
			all = append(all, s.below[path]...)
		}
	}
	return all
}

func (s *simple) link(c *scope, after []string) {
	for i := range c.graph.Nodes {
		n := &c.graph.Nodes[i]
		waits := slices.Clone(after)
		for _, name := range n.After {
			waits = append(waits, s.opsOf(c.prefix+name)...)
		}
		if n.Graph != nil {
			s.link(c.inside(n), waits)
			continue
		}
		path := c.prefix + n.Name
		s.up[path], s.inputs[path] = map[string]bool{}, map[string]bool{}
		for _, u := range waits {
			s.up[path][u] = true
		}
		for _, w := range n.Wires {
			for _, u := range c.source(w.FromNode, w.FromPort) {
				s.up[path][u], s.inputs[path][u] = true, true
			}
		}
	}
}

// TestSelectIsWhatTheEdgesSay compares clauses on graphs by chance with walks from op to op.
func TestSelectIsWhatTheEdgesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &host.JobDefinition{Name: "j", Graph: *drawGraph(t, 0, nil)}
		s := &simple{up: map[string]map[string]bool{}, inputs: map[string]map[string]bool{}, below: map[string][]string{}}
		root := &scope{graph: &d.Graph}
		all := s.list(root)
		s.link(root, nil)
		names := slices.Clone(all)
		for path := range s.below {
			names = append(names, path)
		}
		slices.Sort(names)
		name := rapid.SampledFrom(names).Draw(t, "name")
		up, down := rapid.IntRange(0, 4).Draw(t, "up"), rapid.IntRange(0, 4).Draw(t, "down")
		want := map[string]bool{}
		s.walk(s.opsOf(name), up, want, func(from, to string) bool { return s.up[from][to] })
		s.walk(s.opsOf(name), down, want, func(from, to string) bool { return s.up[to][from] })
		missing := false
		for p := range want {
			for u := range s.inputs[p] {
				missing = missing || !want[u]
			}
		}
		got, err := d.Ops().Select(side(up) + name + side(down))
		if (err != nil) != missing {
			t.Fatalf("%s%s%s: %v; inputs are missing: %t", side(up), name, side(down), err, missing)
		}
		for _, p := range got {
			if !want[p] {
				t.Fatalf("%s%s%s has %s", side(up), name, side(down), p)
			}
		}
		if err == nil && len(got) != len(want) {
			t.Fatalf("%s%s%s = %v, want %v", side(up), name, side(down), got, want)
		}
	})
}

// side is so many levels as an expression has them; 4 stands for all.
func side(levels int) string {
	if levels == 4 {
		return "*"
	}
	return strings.Repeat("+", levels)
}

func (s *simple) walk(start []string, levels int, chosen map[string]bool, edge func(from, to string) bool) {
	if levels == 4 {
		levels = 1 << 10
	}
	seen := map[string]bool{}
	for _, p := range start {
		seen[p], chosen[p] = true, true
	}
	for front := start; levels > 0 && len(front) > 0; levels-- {
		var next []string
		for _, p := range front {
			for q := range s.up {
				if edge(p, q) && !seen[q] {
					seen[q], chosen[q] = true, true
					next = append(next, q)
				}
			}
		}
		front = next
	}
}

// drawGraph draws nodes that are wired to earlier ones and to the graph's inputs.
func drawGraph(t *rapid.T, depth int, inputs []string) *host.Graph {
	g := &host.Graph{Name: "g"}
	for i := range rapid.IntRange(1, 4).Draw(t, "nodes") {
		n := host.Node{Name: fmt.Sprint("n", i)}
		nested := depth < 3 && rapid.IntRange(0, 2).Draw(t, "nested") == 0
		ports := []string{"a", "b"}
		for range rapid.IntRange(0, 3).Draw(t, "wires") {
			w := host.Wire{Input: rapid.SampledFrom(ports).Draw(t, "input")}
			if w.FromPort = "x"; i == 0 || len(inputs) > 0 && rapid.Bool().Draw(t, "own") {
				if len(inputs) == 0 {
					continue
				}
				w.FromPort = rapid.SampledFrom(inputs).Draw(t, "own input")
			} else {
				w.FromNode = fmt.Sprint("n", rapid.IntRange(0, i-1).Draw(t, "from"))
			}
			n.Wires = append(n.Wires, w)
		}
		if i > 0 && rapid.IntRange(0, 2).Draw(t, "after") == 0 {
			n.After = []string{fmt.Sprint("n", rapid.IntRange(0, i-1).Draw(t, "which"))}
		}
		if !nested {
			n.Op = "o"
			g.Nodes = append(g.Nodes, n)
			continue
		}
		var fed []string
		for _, w := range n.Wires {
			fed = append(fed, w.Input)
		}
		n.Graph = drawGraph(t, depth+1, fed)
		for range rapid.IntRange(0, 2).Draw(t, "outputs") {
			o := host.GraphOutput{Port: "x", FromPort: "x"}
			if len(fed) > 0 && rapid.IntRange(0, 3).Draw(t, "passed on") == 0 {
				o.FromPort = fed[0]
			} else {
				o.FromNode = n.Graph.Nodes[rapid.IntRange(0, len(n.Graph.Nodes)-1).Draw(t, "of")].Name
			}
			n.Outputs = append(n.Outputs, o)
		}
		g.Nodes = append(g.Nodes, n)
	}
	return g
}
