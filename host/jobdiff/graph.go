package jobdiff

import (
	"fmt"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// side is the definition of one side with its parts by name.
type side struct {
	ops    map[string]*usercodev1.OpDefinition
	graphs map[string]*usercodev1.GraphDefinition
	// mapped says of each node in a map what that goes over.
	mapped map[*usercodev1.Node]string
}

func sideOf(def *usercodev1.JobDefinition) *side {
	s := &side{ops: map[string]*usercodev1.OpDefinition{}, graphs: map[string]*usercodev1.GraphDefinition{}, mapped: map[*usercodev1.Node]string{}}
	for _, op := range def.GetOps() {
		s.ops[op.GetName()] = op
	}
	for _, g := range def.GetGraphs() {
		s.graphs[g.GetName()] = g
		s.maps(g)
	}
	s.maps(def.GetGraph())
	return s
}

// nested is the graph that a node places; nil for an op and for no node.
func (s *side) nested(n *usercodev1.Node) *usercodev1.GraphDefinition {
	if _, ok := n.GetDefinition().(*usercodev1.Node_Graph); !ok {
		return nil
	}
	return s.graphs[n.GetGraph()]
}

// walk compares two graphs with all that is nested in them. A graph that is placed in many places is compared in each,
// as its paths differ there, unless it is known that there is nothing to list; nothing is unfolded in memory.
type walk struct {
	d       *Diff
	was, is *side
	// found is the number of changes so far, below those between two graphs, by their names.
	found int
	below map[[2]string]int
}

func (d *Diff) graphs(before, after *usercodev1.JobDefinition) {
	w := &walk{d: d, was: sideOf(before), is: sideOf(after), below: map[[2]string]int{}}
	a, b := before.GetGraph(), after.GetGraph()
	facets := func(s *side, def *usercodev1.JobDefinition) map[string]string {
		f := s.graphFacets(def.GetGraph())
		f[aboutWhat] = "graph " + def.GetGraph().GetName()
		resources(f, def)
		if n := def.GetMaxConcurrent(); n > 0 {
			f[aboutLimit] = fmt.Sprintf("%s: %d", aboutLimit, n)
		}
		return f
	}
	w.facets("", facets(w.was, before), facets(w.is, after))
	w.nodes("", a, b)
}

// nodes compares the nodes of two graphs, of which one may be nil.
func (w *walk) nodes(prefix string, a, b *usercodev1.GraphDefinition) {
	byName := func(g *usercodev1.GraphDefinition) map[string]*usercodev1.Node {
		m := make(map[string]*usercodev1.Node, len(g.GetNodes()))
		for _, n := range g.GetNodes() {
			m[n.GetName()] = n
		}
		return m
	}
	was, is := byName(a), byName(b)
	for _, name := range keys(was, is) {
		w.node(prefix+name, was[name], is[name])
	}
}

func (w *walk) node(path string, a, b *usercodev1.Node) {
	switch {
	case a == nil:
		w.add(Change{Section: Graph, Path: path, Kind: Added, After: w.is.placement(b)})
	case b == nil:
		w.add(Change{Section: Graph, Path: path, Kind: Removed, Before: w.was.placement(a)})
	default:
		w.facets(path, w.was.nodeFacets(a, b), w.is.nodeFacets(b, a))
	}
	inA, inB := w.was.nested(a), w.is.nested(b)
	if inA == nil && inB == nil {
		return
	}
	pair := [2]string{inA.GetName(), inB.GetName()}
	if n, known := w.below[pair]; known && (n == 0 || w.d.More > 0) {
		w.found += n
		w.d.More += n
		return
	}
	before := w.found
	w.nodes(path+".", inA, inB)
	w.below[pair] = w.found - before
}

func (w *walk) add(c Change) {
	w.found++
	w.d.add(c)
}

// facets adds a change for each thing that is said otherwise of a node or graph that stays.
func (w *walk) facets(path string, was, is map[string]string) {
	for _, key := range keys(was, is) {
		if a, b := was[key], is[key]; a != b {
			w.add(Change{Section: Graph, Path: path, Kind: Changed, Before: orNo(a, key), After: orNo(b, key)})
		}
	}
}
