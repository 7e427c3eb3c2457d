package usercode

import (
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// builder makes the plain form of one graph while its body runs.
type builder struct {
	def    *graphDef
	parent *builder // whose body is placing this graph; nil for that of a job
	inside *builder // whose body runs at the moment, inside this one's
	closed bool
	placed map[string]string // where each node was placed

	mapped *spec.Map // of the graph, whose body this is; nil for that of the graph
	after  []string  // nodes that everything in it comes after
}

// mustBeOpen panics when nobody would see what is placed: the body has returned.
func (b *builder) mustBeOpen(what string) {
	if b.closed {
		panic(fmt.Sprintf("%s is used with %s, whose body has returned; a body uses the graph that it was given", what, b.where()))
	}
}

func (b *builder) place(at string, def placeable, wires []wire, as string, after []Dep) wire {
	b.mustBeOpen(fmt.Sprintf("%q", def.name()))
	b.mustNotBeInside(at, fmt.Sprintf("%q", def.name()))
	name := as
	if name == "" {
		name = def.name()
	}
	result := wire{owner: b}
	n, in, out := def.node(b, at)
	if n == nil {
		return result
	}
	if first, twice := b.placed[name]; twice {
		b.def.faultf(at, `%q is there already, placed at %s; give this one another name: %s(g.As("%s_2"), …)`, name, first, def.name(), name)
		name = fmt.Sprintf("%s at %s", name, at) // so that one mistake is reported once
	} else {
		b.placed[name] = at
	}
	n.Name, n.Map = name, b.mapped
	for i, w := range wires {
		b.checkData(at, fmt.Sprintf("%s of %q", in[i].Name, name), w)
		n.Inputs = append(n.Inputs, spec.Input{Port: in[i].Name, Value: w.value})
	}
	n.After = slices.Concat(b.nodesOf(at, fmt.Sprintf("%q", name), after), b.after)
	slices.Sort(n.After)
	n.After = slices.Compact(n.After)
	b.def.graph.Nodes = append(b.def.graph.Nodes, n)
	if len(out) == 0 {
		result.none = name
	}
	result.value.Sources = []spec.Source{{Node: name, Port: spec.ResultPort}}
	return result
}

// nodesOf lists the nodes that make up deps.
func (b *builder) nodesOf(at, what string, deps []Dep) []string {
	var nodes []string
	for i, d := range deps {
		if d == nil {
			b.def.faultf(at, "After %d of %s is nil", i+1, what)
			continue
		}
		w := d.dep()
		b.checkOwner(at, "After of "+what, w)
		nodes = b.appendNodes(nodes, w.value)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// appendNodes adds the nodes that a value comes from. What a map yields comes from all that is in it, as what a graph
// yields comes from the whole graph.
func (b *builder) appendNodes(nodes []string, v spec.Value) []string {
	for _, s := range v.Sources {
		switch {
		case s.Gather != nil:
			nodes = b.appendNodes(nodes, s.Gather.Value)
			for _, n := range b.def.graph.Nodes {
				if n.Map != nil && n.Map.Within(s.Gather.Map) {
					nodes = append(nodes, n.Name)
				}
			}
		case s.Node != "": // an input of the graph, or an item, is there before any of its nodes
			nodes = append(nodes, s.Node)
		}
	}
	return nodes
}

// checkData reports a wire that carries nothing, or that this graph cannot take.
func (b *builder) checkData(at, into string, w wire) {
	if b.checkOwner(at, into, w) && w.none != "" {
		b.def.faultf(at, "%s: %q has no output, so there is no value to take; to wait for it use g.After", into, w.none)
	}
}

func (b *builder) checkOwner(at, into string, w wire) bool {
	switch {
	case w.owner == b, b.inMapOf(w.owner):
		return true
	case w.owner == nil:
		b.def.faultf(at, "%s: the Value is a zero Value, of no op; take what placing an op returns", into)
	case w.owner.mapped != nil && w.owner.def == b.def:
		b.def.faultf(at, "%s: the Value belongs to the body of a Map, where it is another for each item; what that body returns is the list of all", into)
	case b.encloses(w.owner):
		b.def.faultf(at, "%s: the Value belongs to the enclosing graph %q; pass it in as an input of this graph", into, w.owner.def.name())
	default:
		b.def.faultf(at, "%s: the Value belongs to another graph, %q; a Value can be used only in the body that made it", into, w.owner.def.name())
	}
	return false
}

// mustNotBeInside reports that something is put on this graph while the body of a graph or map inside runs.
func (b *builder) mustNotBeInside(at, what string) {
	if b.inside != nil {
		b.def.faultf(at, "%s is placed here from inside the body of %s; use the graph that this body was given", what, b.inside.where())
	}
}

// inMapOf reports whether b is the body of a map in the graph or map body outer.
func (b *builder) inMapOf(outer *builder) bool {
	for ; b.mapped != nil; b = b.parent {
		if b.parent == outer {
			return true
		}
	}
	return false
}

func (b *builder) encloses(outer *builder) bool {
	for p := b.parent; p != nil; p = p.parent {
		if p == outer {
			return true
		}
	}
	return false
}
