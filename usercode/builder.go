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
}

// mustBeOpen panics when nobody would see what is placed: the body has returned.
func (b *builder) mustBeOpen(what string) {
	if b.closed {
		panic(fmt.Sprintf("%s is used with graph %q, whose body has returned; a body uses the graph that it was given", what, b.def.name()))
	}
}

func (b *builder) place(at string, def placeable, wires []wire, as string, after []Dep) wire {
	b.mustBeOpen(fmt.Sprintf("%q", def.name()))
	if b.inside != nil {
		b.def.faultf(at, "%q is placed here from inside the body of graph %q; use the graph that this body was given", def.name(), b.inside.def.name())
	}
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
	n.Name = name
	for i, w := range wires {
		b.checkData(at, fmt.Sprintf("%s of %q", in[i].Name, name), w)
		n.Inputs = append(n.Inputs, spec.Input{Port: in[i].Name, Value: w.value})
	}
	n.After = b.nodesOf(at, name, after)
	b.def.graph.Nodes = append(b.def.graph.Nodes, n)
	if len(out) == 0 {
		result.none = name
	}
	result.value.Sources = []spec.Source{{Node: name, Port: spec.ResultPort}}
	return result
}

// nodesOf lists the nodes that make up deps.
func (b *builder) nodesOf(at, name string, deps []Dep) []string {
	var nodes []string
	for i, d := range deps {
		if d == nil {
			b.def.faultf(at, "After %d of %q is nil", i+1, name)
			continue
		}
		w := d.dep()
		b.checkOwner(at, fmt.Sprintf("After of %q", name), w)
		for _, s := range w.value.Sources {
			if s.Node != "" { // an input of the graph is there before any of its nodes
				nodes = append(nodes, s.Node)
			}
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// checkData reports a wire that carries nothing, or that this graph cannot take.
func (b *builder) checkData(at, into string, w wire) {
	if b.checkOwner(at, into, w) && w.none != "" {
		b.def.faultf(at, "%s: %q has no output, so there is no value to take; to wait for it use g.After", into, w.none)
	}
}

func (b *builder) checkOwner(at, into string, w wire) bool {
	switch {
	case w.owner == b:
		return true
	case w.owner == nil:
		b.def.faultf(at, "%s: the Value is a zero Value, of no op; take what placing an op returns", into)
	case b.encloses(w.owner):
		b.def.faultf(at, "%s: the Value belongs to the enclosing graph %q; pass it in as an input of this graph", into, w.owner.def.name())
	default:
		b.def.faultf(at, "%s: the Value belongs to another graph, %q; a Value can be used only in the body that made it", into, w.owner.def.name())
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
