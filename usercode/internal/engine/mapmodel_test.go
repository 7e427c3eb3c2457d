package engine

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"pgregory.net/rapid"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

func hashOf(parts ...any) uint32 {
	h := fnv.New32a()
	fmt.Fprint(h, parts...)
	return h.Sum32()
}

// mapDrawer draws graphs with maps in maps, and graphs in them. Everything is a text: an op answers its name with a hash
// of what it got, and a text stands for a list of none to three items.
type mapDrawer struct {
	t     *rapid.T
	names int
	ops   int
}

// graph draws one; inputs is whether it has the input x.
func (d *mapDrawer) graph(inputs bool, depth int) *spec.Graph {
	g := &spec.Graph{Name: "g"}
	var sources []spec.Source
	if inputs {
		g.Inputs = []spec.Port{{Name: "x"}}
		sources = append(sources, spec.Source{Port: "x"})
	}
	d.nodes(g, nil, sources, nil, depth)
	for _, n := range g.Nodes { // of the last node that is not mapped
		if n.Map == nil {
			g.Outputs = []spec.GraphOutput{{Port: spec.Port{Name: spec.ResultPort}, Value: wireFrom(n.Name)}}
		}
	}
	if g.Outputs == nil {
		g.Outputs = []spec.GraphOutput{{Port: spec.Port{Name: spec.ResultPort}, Value: d.op(g, nil, nil, nil)}}
	}
	return g
}

// nodes draws what is directly in a map, and inside. It answers the sources that there are then.
func (d *mapDrawer) nodes(g *spec.Graph, in *spec.Map, sources []spec.Source, befores []string, depth int) []spec.Source {
	for range rapid.IntRange(1, 4).Draw(d.t, "nodes") {
		if d.ops > 14 {
			break
		}
		kind := rapid.IntRange(0, 5).Draw(d.t, "kind")
		switch {
		case kind == 0 && depth > 0 && len(sources) > 0:
			m := &spec.Map{Name: fmt.Sprint("m", len(g.Maps)), Parent: in, Items: d.value(sources), Split: splitText, Key: keyOfText}
			if rapid.Bool().Draw(d.t, "index as key") {
				m.Key = func(any) (string, bool) { return "", false }
			}
			g.Maps = append(g.Maps, m)
			first := len(g.Nodes)
			inside := d.nodes(g, m, append(slices.Clone(sources), spec.Source{ItemOf: m}), befores, depth-1)
			if len(g.Nodes) == first {
				d.op(g, m, nil, nil)
			}
			list := func(yields []any) any { return fmt.Sprint("list", yields) }
			own := inside[len(sources):] // the item is one of them
			sources = append(sources, spec.Source{Gather: &spec.Gather{Map: m, Value: d.value(own), List: list}})
			for _, n := range g.Nodes[first:] {
				befores = append(befores, n.Name)
			}
		case kind == 1 && depth > 0 && len(sources) > 0:
			d.names++
			inner := d.graph(true, depth-1)
			n := &spec.Node{Name: fmt.Sprint("g", d.names), Map: in, Graph: inner, Inputs: []spec.Input{{Port: "x", Value: d.value(sources)}}}
			g.Nodes = append(g.Nodes, n)
			sources = append(sources, spec.Source{Node: n.Name, Port: spec.ResultPort})
			befores = append(befores, n.Name)
		default:
			sources = append(sources, d.op(g, in, sources, befores).Sources...)
			befores = append(befores, g.Nodes[len(g.Nodes)-1].Name)
		}
	}
	return sources
}

func (d *mapDrawer) op(g *spec.Graph, in *spec.Map, sources []spec.Source, befores []string) spec.Value {
	d.names++
	d.ops++
	name := fmt.Sprint("o", d.names)
	n := place(name, func(_ context.Context, in []any) (any, error) { return fmt.Sprint(name, ":", hashOf(in...)), nil })
	n.Map = in
	for i := range min(len(sources), rapid.IntRange(0, 2).Draw(d.t, "inputs")) {
		port := string(rune('a' + i))
		n.Op.Inputs = append(n.Op.Inputs, spec.Port{Name: port})
		n.Inputs = append(n.Inputs, spec.Input{Port: port, Value: d.value(sources)})
	}
	if len(befores) > 0 && rapid.IntRange(0, 3).Draw(d.t, "after") == 0 {
		n.After = []string{rapid.SampledFrom(befores).Draw(d.t, "before")}
	}
	g.Nodes = append(g.Nodes, n)
	return wireFrom(name)
}

func (d *mapDrawer) value(sources []spec.Source) spec.Value {
	one := func() spec.Source { return sources[rapid.IntRange(0, len(sources)-1).Draw(d.t, "source")] }
	if rapid.IntRange(0, 3).Draw(d.t, "collects") > 0 {
		return spec.Value{Sources: []spec.Source{one()}}
	}
	return spec.Value{Sources: []spec.Source{one(), one()}, Combine: func(s []any) any { return fmt.Sprint("both", s) }}
}

func splitText(list any) []any {
	var items []any
	for i := range hashOf(list) % 4 {
		items = append(items, fmt.Sprint(list, "#", i))
	}
	return items
}

func keyOfText(item any) (string, bool) {
	return fmt.Sprint("k.", hashOf(item)), true
}

// simpleRun says what becomes of every op of a graph, by going through it instance by instance.
type simpleRun struct {
	fails func(path string) bool
	ends  map[string]workerv1.Outcome // by op path; of a map that was not expanded the path without its key
	value map[string]any
	needs map[string][]string
}

// scope is one instance of a map, or a graph.
type scope struct {
	graph  *spec.Graph
	outer  *scope
	of     *spec.Map
	item   simple
	keys   string
	inputs map[string]simple
	nodes  map[string]simple
	whole  map[string]simple // with all that is inside of the node
	inner  map[*spec.Map]*spread
}

func newScope(g *spec.Graph) *scope {
	return &scope{graph: g, nodes: map[string]simple{}, whole: map[string]simple{}, inner: map[*spec.Map]*spread{}}
}

// simple is a value with the ops that it is made of; bad when one of them did not end well.
type simple struct {
	v   any
	ops []string
	bad bool
}

// spread is a map in a scope.
type spread struct {
	scopes []*scope
	items  simple
}

func (r *simpleRun) graph(g *spec.Graph, prefix string, inputs map[string]simple, after simple) simple {
	top := newScope(g)
	top.inputs = inputs
	r.scope(g.Nodes, top, prefix, after)
	return r.resolve(top, g.Outputs[0].Value)
}

// scope runs the nodes, which are all those in the scope's map.
func (r *simpleRun) scope(nodes []*spec.Node, at *scope, prefix string, after simple) {
	for len(nodes) > 0 {
		n := nodes[0]
		if n.Map == at.of {
			r.node(n, at, prefix, after)
			nodes = nodes[1:]
			continue
		}
		m := n.Map
		for m.Parent != at.of {
			m = m.Parent
		}
		end := 0
		for end < len(nodes) && nodes[end].Map.Within(m) {
			end++
		}
		s := &spread{items: r.resolve(at, m.Items)}
		at.inner[m] = s
		if s.items.bad {
			for _, n := range nodes[:end] {
				r.skip(n, prefix, at.keys)
			}
		} else {
			for i, item := range m.Split(s.items.v) {
				key, ok := m.Key(item)
				if !ok {
					key = strconv.Itoa(i)
				}
				instance := newScope(at.graph)
				instance.outer, instance.of, instance.keys, instance.inputs = at, m, at.keys+"["+key+"]", at.inputs
				instance.item = simple{v: item, ops: s.items.ops}
				s.scopes = append(s.scopes, instance)
				r.scope(nodes[:end], instance, prefix, after)
			}
		}
		nodes = nodes[end:]
	}
}

func (r *simpleRun) node(n *spec.Node, at *scope, prefix string, after simple) {
	for _, name := range n.After {
		after = join(after, r.whole(at, name))
	}
	path := prefix + n.Name + at.keys
	if n.Graph != nil {
		inputs := map[string]simple{}
		for _, in := range n.Inputs {
			inputs[in.Port] = r.resolve(at, in.Value)
		}
		at.nodes[n.Name] = r.graph(n.Graph, path+".", inputs, join(after, at.made()))
		at.whole[n.Name] = r.under(path + ".")
		return
	}
	needs := join(after, at.made())
	var in []any
	for _, input := range n.Inputs {
		v := r.resolve(at, input.Value)
		needs = join(needs, v)
		in = append(in, v.v)
	}
	out := simple{ops: []string{path}}
	r.needs[path] = needs.ops
	switch {
	case needs.bad:
		r.ends[path], out.bad = workerv1.Outcome_OUTCOME_SKIPPED, true
	case r.fails(path):
		r.ends[path], out.bad = workerv1.Outcome_OUTCOME_FAILURE, true
	default:
		r.ends[path] = workerv1.Outcome_OUTCOME_SUCCESS
		out.v, _ = n.Op.Run(context.Background(), in)
		r.value[path] = out.v
	}
	at.nodes[n.Name], at.whole[n.Name] = out, out
}

// made is what the instance needs to be there.
func (at *scope) made() simple {
	var all simple
	for ; at.outer != nil; at = at.outer {
		all = join(all, simple{ops: at.item.ops})
	}
	return all
}

func join(a, b simple) simple {
	return simple{ops: slices.Concat(a.ops, b.ops), bad: a.bad || b.bad}
}

// under are all ops below a path.
func (r *simpleRun) under(prefix string) simple {
	var all simple
	for path, end := range r.ends {
		if len(path) > len(prefix) && path[:len(prefix)] == prefix {
			all = join(all, simple{ops: []string{path}, bad: end != workerv1.Outcome_OUTCOME_SUCCESS})
		}
	}
	return all
}

// whole is the end of a node, of all its instances when it is in a map inside.
func (r *simpleRun) whole(at *scope, name string) simple {
	in := at.graph.Nodes[slices.IndexFunc(at.graph.Nodes, func(n *spec.Node) bool { return n.Name == name })].Map
	for !in.Within(at.of) {
		at = at.outer
	}
	if in == at.of {
		return at.whole[name]
	}
	for in.Parent != at.of {
		in = in.Parent
	}
	all := simple{bad: at.inner[in].items.bad}
	for _, instance := range at.inner[in].scopes {
		all = join(all, r.whole(instance, name))
	}
	return all
}

// skip is every op of a node in a map that cannot be expanded.
func (r *simpleRun) skip(n *spec.Node, prefix, keys string) {
	if n.Op != nil {
		r.ends[prefix+n.Name+keys] = workerv1.Outcome_OUTCOME_SKIPPED
		return
	}
	for _, inner := range n.Graph.Nodes {
		r.skip(inner, prefix+n.Name+keys+".", "")
	}
}

func (r *simpleRun) resolve(at *scope, v spec.Value) simple {
	var all simple
	var parts []any
	for _, s := range v.Sources {
		part := r.source(at, s)
		all = join(all, part)
		parts = append(parts, part.v)
	}
	if all.bad {
		return all
	}
	if v.Combine == nil {
		all.v = parts[0]
	} else {
		all.v = v.Combine(parts)
	}
	return all
}

func (r *simpleRun) source(at *scope, s spec.Source) simple {
	switch {
	case s.ItemOf != nil:
		for at.of != s.ItemOf {
			at = at.outer
		}
		return at.item
	case s.Gather != nil:
		for at.inner[s.Gather.Map] == nil {
			at = at.outer
		}
		spread := at.inner[s.Gather.Map]
		all := simple{ops: spread.items.ops, bad: spread.items.bad}
		var yields []any
		for _, instance := range spread.scopes {
			one := r.resolve(instance, s.Gather.Value)
			all = join(all, one)
			yields = append(yields, one.v)
		}
		all.v = s.Gather.List(yields)
		return all
	case s.Node == "":
		return at.inputs[s.Port]
	}
	for {
		if v, ok := at.nodes[s.Node]; ok {
			return v
		}
		at = at.outer
	}
}
