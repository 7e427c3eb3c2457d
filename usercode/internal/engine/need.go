package engine

import "slices"

// need is what has to be there before a step starts or the items of a map are known. It is found in a frame of at.
type need struct {
	at   *mapping
	kind needKind
	slot int  // of the step, or of the map
	gate int  // in the gates of that map
	data bool // its value is read, so it is kept until then
}

type needKind int

const (
	needStep  needKind = iota
	needItems          // that the instances of a map are made
	needGate           // that what its gate is of ended well in all instances of a map
)

// gate waits in the instances of a map for all of an op, or for the items of a map inside. What is deeper inside it
// waits for at the gates of the map between.
type gate struct {
	op   *placement
	of   *mapping
	data bool
	via  *mapping // nil when it waits for what is directly in the map
	at   int      // in the gates of via
}

// connect finds the needs of all that is executed.
func (p *plan) connect() {
	for _, o := range p.ops {
		if o.chosen != nil {
			o.needs = o.needsOf(nil)
		}
	}
	p.root.connect()
}

func (m *mapping) connect() {
	for _, inner := range m.maps {
		if !inner.live {
			continue
		}
		var n needs
		n.value(inner.items, m)
		inner.needs = n.list
		inner.connect()
		var holds needs
		for _, read := range inner.reads() {
			// What an instance reads in a frame around is kept until there is the instance.
			own := read.kind == needItems && read.at.maps[read.slot] == inner
			if read.at.around(m) && !own {
				holds.add(read)
			}
		}
		inner.holds = holds.list
	}
}

// reads are the needs of all in m whose values are read.
func (m *mapping) reads() []need {
	var all needs
	add := func(list []need) {
		for _, n := range list {
			if n.data {
				all.add(n)
			}
		}
	}
	for _, o := range m.steps {
		add(o.needs)
	}
	for _, inner := range m.maps {
		add(inner.needs)
		add(inner.reads())
	}
	return all.list
}

// needsOf are those of an instance in which inputs, by index, are given by the run config; nil when none is.
func (o *placement) needsOf(given map[int]bool) []need {
	var n needs
	for i, v := range o.inputs {
		if !given[i] {
			n.value(v, o.in)
		}
	}
	for _, before := range o.after {
		if before.chosen != nil { // an order between ops of which one is not selected has no meaning
			n.op(before, o.in, false)
		}
	}
	return n.list
}

// needs is a list of needs, each once.
type needs struct {
	list []need
	at   map[need]int // without data; nil while the list is short
}

// fewNeeds is how many are gone through one by one.
const fewNeeds = 16

func (n *needs) add(one need) {
	if i := n.find(one); i >= 0 {
		n.list[i].data = n.list[i].data || one.data
		return
	}
	n.list = append(n.list, one)
	if n.at != nil {
		n.at[one.withoutData()] = len(n.list) - 1
	}
}

func (n *needs) find(one need) int {
	one = one.withoutData()
	if len(n.list) < fewNeeds {
		return slices.IndexFunc(n.list, func(known need) bool { return known.withoutData() == one })
	}
	if n.at == nil {
		n.at = make(map[need]int, 2*len(n.list))
		for i, known := range n.list {
			n.at[known.withoutData()] = i
		}
	}
	if i, known := n.at[one]; known {
		return i
	}
	return -1
}

func (n need) withoutData() need {
	n.data = false
	return n
}

// value adds what a value that is read in a frame of in is made of.
func (n *needs) value(v value, in *mapping) {
	v.visit(func(o *placement) { n.op(o, in, true) }, func(m *mapping) { n.items(m, in) })
}

func (n *needs) op(o *placement, in *mapping, data bool) {
	if o.in.around(in) {
		n.add(need{at: o.in, kind: needStep, slot: o.slot, data: data})
		return
	}
	outermost := o.in.below(in)
	n.add(need{at: outermost.outer, kind: needGate, slot: outermost.slot, gate: outermost.gate(gate{op: o, data: data}), data: data})
}

func (n *needs) items(m, in *mapping) {
	if m.outer.around(in) {
		n.add(need{at: m.outer, kind: needItems, slot: m.slot, data: true})
		return
	}
	outermost := m.outer.below(in)
	n.add(need{at: outermost.outer, kind: needGate, slot: outermost.slot, gate: outermost.gate(gate{of: m, data: true}), data: true})
}

// below is the outermost map around m, m included, that is not around in.
func (m *mapping) below(in *mapping) *mapping {
	for !m.outer.around(in) {
		m = m.outer
	}
	return m
}

// gate answers the index of a gate of m, which it makes with those that it waits at in the maps inside.
func (m *mapping) gate(g gate) int {
	for i, known := range m.gates {
		if known.op != g.op || known.of != g.of {
			continue
		}
		if g.data && !known.data {
			known.data = true
			if known.via != nil {
				known.via.gate(g)
			}
		}
		return i
	}
	var in *mapping
	if g.op != nil {
		in = g.op.in
	} else {
		in = g.of.outer
	}
	if in != m {
		g.via = in.below(m)
		g.at = g.via.gate(gate{op: g.op, of: g.of, data: g.data})
	}
	m.gates = append(m.gates, &g)
	return len(m.gates) - 1
}
