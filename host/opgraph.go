package host

import (
	"slices"
	"sort"
)

// OpGraph is a job's ops, flattened: nested graphs are gone, each op has its
// path ("graph.op") and knows which ops it depends on.
type OpGraph struct {
	// Paths of all ops, sorted.
	Paths []string
	// inputs are the data dependencies of an op, by input, in order.
	inputs map[string][]opInput
	// up and down are all dependencies, data and order, in both directions.
	up, down map[string][]string
	// inside are the ops below the path of a nested graph.
	inside map[string][]string
}

// opInput is one input of an op and the ops that feed it.
type opInput struct {
	name string
	from []string
}

// scope is a graph at a place: its nodes by name, and what feeds its own inputs.
type scope struct {
	prefix string
	graph  *Graph
	nodes  map[string]*Node
	parent *scope
	node   *Node // the node of parent that this graph is
}

// Ops flattens the job's graph.
func (d *JobDefinition) Ops() *OpGraph {
	g := &OpGraph{
		inputs: map[string][]opInput{},
		up:     map[string][]string{},
		down:   map[string][]string{},
		inside: map[string][]string{},
	}
	root := newScope("", &d.Graph, nil, nil)
	g.addOps(root)
	g.addEdges(root, nil)
	for path, ups := range g.up {
		g.up[path] = unique(ups)
		for _, u := range g.up[path] {
			g.down[u] = append(g.down[u], path)
		}
	}
	sort.Strings(g.Paths)
	return g
}

func newScope(prefix string, graph *Graph, parent *scope, node *Node) *scope {
	s := &scope{prefix: prefix, graph: graph, nodes: map[string]*Node{}, parent: parent, node: node}
	for i := range graph.Nodes {
		s.nodes[graph.Nodes[i].Name] = &graph.Nodes[i]
	}
	return s
}

func (s *scope) path(n *Node) string { return s.prefix + n.Name }

func (s *scope) below(n *Node) *scope { return newScope(s.path(n)+".", n.Graph, s, n) }

// addOps fills Paths and inside, and returns the ops of the scope.
func (g *OpGraph) addOps(s *scope) []string {
	var all []string
	for i := range s.graph.Nodes {
		n := &s.graph.Nodes[i]
		if n.Graph == nil {
			g.Paths = append(g.Paths, s.path(n))
			all = append(all, s.path(n))
			continue
		}
		below := g.addOps(s.below(n))
		g.inside[s.path(n)] = below
		all = append(all, below...)
	}
	return all
}

// addEdges fills inputs and up. after are the ops that everything in the scope waits for.
func (g *OpGraph) addEdges(s *scope, after []string) {
	for i := range s.graph.Nodes {
		n := &s.graph.Nodes[i]
		waits := after
		for _, name := range n.After {
			if m := s.nodes[name]; m != nil {
				waits = append(slices.Clip(waits), g.opsOf(s, m)...)
			}
		}
		if n.Graph != nil {
			g.addEdges(s.below(n), waits)
			continue
		}
		path := s.path(n)
		g.up[path] = append(g.up[path], waits...)
		index := map[string]int{}
		for _, w := range n.Wires {
			k, known := index[w.Input]
			if !known {
				k = len(g.inputs[path])
				index[w.Input] = k
				g.inputs[path] = append(g.inputs[path], opInput{name: w.Input})
			}
			from := s.source(w.FromNode, w.FromPort)
			g.inputs[path][k].from = append(g.inputs[path][k].from, from...)
			g.up[path] = append(g.up[path], from...)
		}
	}
}

// opsOf returns the ops that a node of s stands for.
func (g *OpGraph) opsOf(s *scope, n *Node) []string {
	if n.Graph == nil {
		return []string{s.path(n)}
	}
	return g.inside[s.path(n)]
}

// source returns the ops whose output arrives at (node, port) in s: through a
// nested graph's outputs downwards, through the graph's own inputs upwards.
func (s *scope) source(node, port string) []string {
	if node == "" {
		if s.parent == nil {
			return nil
		}
		var from []string
		for _, w := range s.node.Wires {
			if w.Input == port {
				from = append(from, s.parent.source(w.FromNode, w.FromPort)...)
			}
		}
		return from
	}
	n := s.nodes[node]
	if n == nil {
		return nil
	}
	if n.Graph == nil {
		return []string{s.path(n)}
	}
	below := s.below(n)
	var from []string
	for _, o := range n.Outputs {
		if o.Port == port {
			from = append(from, below.source(o.FromNode, o.FromPort)...)
		}
	}
	return from
}

// unique sorts list and drops repetitions.
func unique(list []string) []string {
	sort.Strings(list)
	out := list[:0]
	for i, s := range list {
		if i == 0 || s != list[i-1] {
			out = append(out, s)
		}
	}
	return out
}
