package host

import "slices"

// placing puts the nodes of one graph at one place into an OpGraph.
type placing struct {
	graph *OpGraph
	shape *shape
	// self is where the graph is placed; the zero placed for the job's own.
	self placed
	// prefix is what paths of its nodes begin with; graphs are the paths of the nested graphs around, that of
	// the graph itself included. Keys are put into each.
	prefix opPath
	graphs []opPath
	// items are those of the maps around.
	items []*vertex
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

// region is the nodes of a graph that are directly in one instance of a map, or in no map.
type region struct {
	of    string
	outer *region
	keys  []string
	// unknown tells that it stands for all instances, as do the regions inside.
	unknown bool
	nodes   map[string]placed
	// inner are the instances of maps, items what these need, by the map's name.
	inner map[string][]*region
	items map[string]*vertex
	// joined are places where what instances of inner maps yield meets.
	joined map[Wire]*vertex
}

// place adds the nodes and what is inside of them.
func (b *placing) place(keys []string, unknown bool) {
	top := b.region("", nil, keys, unknown)
	b.connect(top, b.items)
	if b.self.node == nil {
		return
	}
	for _, o := range b.self.node.Outputs {
		if from := b.source(top, Wire{FromNode: o.FromNode, FromPort: o.FromPort}); from != nil {
			connect(from, b.self.outputs[o.Port])
		}
	}
}

func (b *placing) region(of string, outer *region, keys []string, unknown bool) *region {
	r := &region{
		of: of, outer: outer, keys: keys, unknown: unknown,
		nodes: map[string]placed{}, inner: map[string][]*region{}, items: map[string]*vertex{}, joined: map[Wire]*vertex{},
	}
	for _, n := range b.shape.in[of] {
		r.nodes[n.Name] = b.newPlaced(n, r)
	}
	for _, m := range b.shape.maps[of] {
		r.items[m.Name] = b.graph.vertex("")
		var known []string
		if !unknown && len(b.graph.known) > 0 {
			known = b.keysOf(m.Name, keys)
		}
		for _, key := range known {
			r.inner[m.Name] = append(r.inner[m.Name], b.region(m.Name, r, append(slices.Clip(keys), key), false))
		}
		if len(known) == 0 {
			r.inner[m.Name] = []*region{b.region(m.Name, r, keys, true)}
		}
	}
	return r
}

func (b *placing) newPlaced(n *Node, r *region) placed {
	if n.Graph == nil {
		return placed{node: n, end: b.op(n, r)}
	}
	g := b.graph
	p := placed{node: n, end: g.vertex(""), start: g.vertex(""), inputs: map[string]*vertex{}, outputs: map[string]*vertex{}}
	for _, w := range n.Wires {
		p.inputs[w.Input] = g.vertex("")
	}
	for _, o := range n.Outputs {
		p.outputs[o.Port] = g.vertex("")
	}
	return p
}

// op makes the vertex of an op, and lets all paths that stand for it find it.
func (b *placing) op(n *Node, r *region) *vertex {
	path := b.shape.pathOf(n, b.prefix)
	v := b.graph.vertex(path.with(r.keys))
	b.graph.ops[v.path] = v
	b.graph.sorted = append(b.graph.sorted, v)
	for n := range r.keys {
		v.fewer = append(v.fewer, path.with(r.keys[:n]))
	}
	for _, text := range v.fewer {
		b.graph.inside[text] = append(b.graph.inside[text], v)
	}
	for _, around := range b.graphs {
		for n := range min(len(r.keys), around.holes()) + 1 {
			text := around.with(r.keys[:n])
			b.graph.inside[text] = append(b.graph.inside[text], v)
		}
	}
	if path.holes() > 0 {
		b.graph.mapped[path.with(nil)] = true
		for _, around := range b.graphs {
			if around.holes() > 0 {
				b.graph.mapped[around.with(nil)] = true
			}
		}
	}
	return v
}

// connect connects the nodes of a region, and those of the maps inside, with what they depend on. Items are those
// of the maps that the region is in.
func (b *placing) connect(r *region, items []*vertex) {
	for _, node := range b.shape.in[r.of] {
		n := r.nodes[node.Name]
		b.wait(n, r)
		b.wire(n, r)
		if n.node.Graph == nil {
			if len(items) > 0 {
				n.end.inputs = append(n.end.inputs, opInput{from: items})
			}
		} else {
			path := b.shape.pathOf(node, b.prefix)
			inside := &placing{graph: b.graph, shape: b.shape.shapes.of(node.Graph), self: n, prefix: path.followedBy("."), graphs: append(slices.Clip(b.graphs), path), items: items}
			inside.place(r.keys, r.unknown)
		}
		if b.self.end != nil {
			connect(n.end, b.self.end)
		}
	}
	for _, m := range b.shape.maps[r.of] {
		if r.outer != nil && !b.madeWithin(m, r.of) { // without an instance around there is none of it
			connect(r.outer.items[r.of], r.items[m.Name])
		}
		for _, w := range m.Items {
			if from := b.source(r, w); from != nil {
				connect(from, r.items[m.Name])
			}
		}
		for _, instance := range r.inner[m.Name] {
			b.connect(instance, append(slices.Clip(items), r.items[m.Name]))
		}
	}
}

// madeWithin tells whether anything in another map makes the items of a map.
func (b *placing) madeWithin(m *Map, of string) bool {
	return slices.ContainsFunc(m.Items, func(w Wire) bool {
		from := b.shape.nodes[w.FromNode]
		return from != nil && b.shape.within(from.Map, of)
	})
}

// wait connects a node with the ends of those that it comes after, with the items of its map and with what the whole
// graph around it waits for.
func (b *placing) wait(n placed, r *region) {
	to := n.start
	if to == nil {
		to = n.end
	}
	if b.self.start != nil {
		connect(b.self.start, to)
	}
	if r.outer != nil {
		connect(r.outer.items[r.of], to)
	}
	for _, name := range n.node.After {
		if from := b.from(r, Wire{FromNode: name}, placed.endOf); from != nil {
			connect(from, to)
		}
	}
}

// wire connects a node's inputs with what feeds them.
func (b *placing) wire(n placed, r *region) {
	index := map[string]int{}
	for _, w := range n.node.Wires {
		from := b.source(r, w)
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
