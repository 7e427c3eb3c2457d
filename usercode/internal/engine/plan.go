package engine

import (
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// plan is a job's graphs laid flat: ops in the order placed, nested ones where their graph is. An op that is mapped is
// there once; its instances are steps, made when the items are known.
type plan struct {
	root   *mapping // the job itself, of which there is one instance
	ops    []*placement
	byPath map[string]*placement // without keys
}

// placement is one op at one place.
type placement struct {
	index  int
	path   pattern
	op     *spec.Op
	in     *mapping
	slot   int // in in.steps
	inputs []value
	after  []*placement // that it is ordered after, by the author's word alone
	chosen *choice      // nil when no instance is executed
	read   bool         // by one that is executed, and not all of its own instances are
	needs  []need
}

// mapping is a map at one place, or the job.
type mapping struct {
	spec  *spec.Map
	outer *mapping // nil for the job
	slot  int      // in outer.maps
	first int      // index of its first placement
	items value
	parts []part // directly in it, in the order placed
	steps []*placement
	maps  []*mapping
	live  bool // it has to be known which instances there are
	// readers are outside of it and read what it yields.
	readers []reader
	needs   []need  // of items
	holds   []need  // of what instances read outside of it
	gates   []*gate // what is waited for from outside
}

// part is a placement or a mapping.
type part struct {
	op      *placement
	mapping *mapping
}

// newPlan lays the graph flat. The error names every op path that does not exist and every input that the selection
// lacks; the host checks both before, on a definition with the same digest. Outputs may be nil.
func newPlan(g *spec.Graph, opPaths []string, outputs Outputs) (*plan, error) {
	p := &plan{root: &mapping{}, byPath: map[string]*placement{}}
	p.graph(g, pattern{""}, nil, nil, p.root)
	if err := p.choose(opPaths, outputs); err != nil {
		return nil, err
	}
	p.connect()
	return p, nil
}

// layout is what is known of a graph while it is laid flat.
type layout struct {
	outputs map[string]map[string]value // by node, then port; those of "" are the graph's inputs
	members map[string][]*placement     // by node
	maps    map[*spec.Map]*mapping
}

// graph lays the nodes of g, of which inputs are the values by port, and answers its outputs. Everything inside
// waits for after.
func (p *plan) graph(g *spec.Graph, prefix pattern, inputs map[string]value, after []*placement, in *mapping) map[string]value {
	l := &layout{outputs: map[string]map[string]value{"": inputs}, members: map[string][]*placement{}, maps: map[*spec.Map]*mapping{nil: in}}
	for _, n := range g.Nodes {
		first := len(p.ops)
		waits := slices.Clone(after)
		for _, name := range n.After {
			waits = append(waits, l.members[name]...)
		}
		around := p.enter(n.Map, l)
		path := prefix.with(n.Name)
		for m := n.Map; m != nil; m = m.Parent {
			path = append(path, "")
		}
		values := make([]value, len(n.Inputs))
		for i, input := range n.Inputs {
			values[i] = l.resolve(input.Value)
		}
		if n.Op != nil {
			l.outputs[n.Name] = p.op(n.Op, path, values, waits, around)
		} else {
			byPort := make(map[string]value, len(values))
			for i, input := range n.Inputs {
				byPort[input.Port] = values[i]
			}
			l.outputs[n.Name] = p.graph(n.Graph, path.with("."), byPort, waits, around)
		}
		l.members[n.Name] = slices.Clone(p.ops[first:])
	}
	result := make(map[string]value, len(g.Outputs))
	for _, out := range g.Outputs {
		result[out.Port.Name] = l.resolve(out.Value)
	}
	return result
}

// enter answers the mapping of a map, and makes it and those around it before their first node.
func (p *plan) enter(m *spec.Map, l *layout) *mapping {
	if known := l.maps[m]; known != nil {
		return known
	}
	outer := p.enter(m.Parent, l)
	made := &mapping{spec: m, outer: outer, slot: len(outer.maps), first: len(p.ops), items: l.resolve(m.Items)}
	outer.maps = append(outer.maps, made)
	outer.parts = append(outer.parts, part{mapping: made})
	l.maps[m] = made
	return made
}

func (p *plan) op(op *spec.Op, path pattern, inputs []value, after []*placement, in *mapping) map[string]value {
	o := &placement{index: len(p.ops), path: path, op: op, in: in, slot: len(in.steps), inputs: inputs, after: after}
	p.ops = append(p.ops, o)
	p.byPath[path.render(nil)] = o
	in.steps = append(in.steps, o)
	in.parts = append(in.parts, part{op: o})
	outputs := make(map[string]value, len(op.Outputs))
	for _, port := range op.Outputs {
		outputs[port.Name] = value{op: o}
	}
	return outputs
}

func (l *layout) resolve(v spec.Value) value {
	parts := make([]value, len(v.Sources))
	for i, s := range v.Sources {
		switch {
		case s.ItemOf != nil:
			parts[i] = value{item: l.maps[s.ItemOf]}
		case s.Gather != nil:
			parts[i] = value{gather: l.maps[s.Gather.Map], parts: []value{l.resolve(s.Gather.Value)}, combine: s.Gather.List}
		default:
			parts[i] = l.outputs[s.Node][s.Port]
		}
	}
	if v.Combine == nil && len(parts) == 1 {
		return parts[0]
	}
	return value{parts: parts, combine: v.Combine}
}

// around reports whether m is inner or has it inside.
func (m *mapping) around(inner *mapping) bool {
	for ; inner != nil; inner = inner.outer {
		if inner == m {
			return true
		}
	}
	return false
}

// all calls f with the placements in m and in the maps inside of it, in the order placed.
func (m *mapping) all(f func(*placement)) {
	for _, p := range m.parts {
		if p.op != nil {
			f(p.op)
		} else {
			p.mapping.all(f)
		}
	}
}

// pattern is the path of a placement: what is before, between and behind the keys of its maps.
type pattern []string

// with adds text at the end.
func (p pattern) with(text string) pattern {
	p = slices.Clone(p)
	p[len(p)-1] += text
	return p
}

// render puts keys in, the outermost map's first, as far as there are keys.
func (p pattern) render(keys []string) string {
	if len(p) == 1 {
		return p[0]
	}
	var text []byte
	for i, piece := range p {
		text = append(text, piece...)
		if i < len(keys) && i < len(p)-1 {
			text = append(append(append(text, '['), keys[i]...), ']')
		}
	}
	return string(text)
}

// executed is how many ops are executed; all instances of one that is mapped count as one.
func (p *plan) executed() int {
	n := 0
	for _, o := range p.ops {
		if o.chosen != nil {
			n++
		}
	}
	return n
}
