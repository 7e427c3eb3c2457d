package host

import (
	"slices"
	"strings"
)

// OpGraph is a job's ops, flattened: nested graphs are gone, each op has its
// path ("graph.op") and knows what it depends on.
type OpGraph struct {
	// Paths of all ops, sorted.
	Paths []string
	ops   map[string]*vertex
	// inside are the ops below the path of a nested graph.
	inside map[string][]*vertex
	// sorted are the ops in the order of Paths; vertices counts them and the places between.
	sorted   []*vertex
	vertices int
}

// vertex is an op, or a place where edges meet: an input or an output of a
// nested graph, the end of all its ops, or what they wait for. With those there
// are about as many edges as a definition has lines; from op to op there could
// be the square of that, and more.
type vertex struct {
	// path of an op; empty for a place.
	path string
	// id is its number among all vertices; index is that of an op in Paths.
	id, index int
	// inputs of an op that wires feed, in order.
	inputs []opInput
	// up is what it depends on, by data and by order; down is the reverse.
	up, down []*vertex
}

// opInput is one input of an op and what feeds it.
type opInput struct {
	name string
	from []*vertex
}

func connect(from, to *vertex) {
	to.up = append(to.up, from)
	from.down = append(from.down, to)
}

// placed is a node at its place. The zero placed is the job itself.
type placed struct {
	node *Node
	// end is reached when all its ops have ended well: for an op the op itself.
	end *vertex
	// start is what the ops of a nested graph wait for; nil for an op.
	start *vertex
	// inputs and outputs of a nested graph, by port; nil for an op.
	inputs, outputs map[string]*vertex
}

// Ops flattens the job's graph.
func (d *JobDefinition) Ops() *OpGraph {
	g := &OpGraph{ops: map[string]*vertex{}, inside: map[string][]*vertex{}}
	g.sorted = g.place("", &d.Graph, placed{})
	slices.SortFunc(g.sorted, func(a, b *vertex) int { return strings.Compare(a.path, b.path) })
	for i, v := range g.sorted {
		v.index = i
		g.Paths = append(g.Paths, v.path)
	}
	return g
}

func (g *OpGraph) vertex(path string) *vertex {
	g.vertices++
	return &vertex{path: path, id: g.vertices - 1}
}

// place adds the nodes of a graph, which is that of self, and returns all ops below.
func (g *OpGraph) place(prefix string, graph *Graph, self placed) (all []*vertex) {
	nodes := make(map[string]placed, len(graph.Nodes))
	for i := range graph.Nodes {
		n := &graph.Nodes[i]
		nodes[n.Name] = g.newPlaced(n, prefix+n.Name)
	}
	for i := range graph.Nodes {
		n := nodes[graph.Nodes[i].Name]
		n.wait(nodes, self)
		n.wire(nodes, self)
		path := prefix + n.node.Name
		if n.node.Graph == nil {
			g.ops[path] = n.end
			all = append(all, n.end)
		} else {
			g.inside[path] = g.place(path+".", n.node.Graph, n)
			all = append(all, g.inside[path]...)
		}
		if self.end != nil {
			connect(n.end, self.end)
		}
	}
	if self.node != nil {
		for _, o := range self.node.Outputs {
			if from := source(nodes, self, o.FromNode, o.FromPort); from != nil {
				connect(from, self.outputs[o.Port])
			}
		}
	}
	return all
}

func (g *OpGraph) newPlaced(n *Node, path string) placed {
	if n.Graph == nil {
		return placed{node: n, end: g.vertex(path)}
	}
	p := placed{node: n, end: g.vertex(""), start: g.vertex(""), inputs: map[string]*vertex{}, outputs: map[string]*vertex{}}
	for _, w := range n.Wires {
		p.inputs[w.Input] = g.vertex("")
	}
	for _, o := range n.Outputs {
		p.outputs[o.Port] = g.vertex("")
	}
	return p
}

// wait connects the node with the ends of those that it comes after, and with
// what the whole graph around it waits for.
func (n placed) wait(nodes map[string]placed, around placed) {
	to := n.start
	if to == nil {
		to = n.end
	}
	if around.start != nil {
		connect(around.start, to)
	}
	for _, name := range n.node.After {
		if before, ok := nodes[name]; ok {
			connect(before.end, to)
		}
	}
}

// wire connects the node's inputs with what feeds them.
func (n placed) wire(nodes map[string]placed, around placed) {
	index := map[string]int{}
	for _, w := range n.node.Wires {
		from := source(nodes, around, w.FromNode, w.FromPort)
		if from == nil {
			continue
		}
		if n.node.Graph != nil {
			connect(from, n.inputs[w.Input])
			continue
		}
		k, known := index[w.Input]
		if !known {
			k = len(n.end.inputs)
			index[w.Input] = k
			n.end.inputs = append(n.end.inputs, opInput{name: w.Input})
		}
		n.end.inputs[k].from = append(n.end.inputs[k].from, from)
		connect(from, n.end)
	}
}

// source is what a wire comes from: an op, an output of a nested graph, or an
// input of the graph around; nil when there is no such thing.
func source(nodes map[string]placed, around placed, node, port string) *vertex {
	if node == "" {
		return around.inputs[port]
	}
	n := nodes[node]
	if n.node != nil && n.node.Graph == nil {
		return n.end
	}
	return n.outputs[port]
}
