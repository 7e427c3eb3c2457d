package usercode

import (
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Map makes instances of what body places, one for each item of a list that is known only when the run executes. The
// body runs once, when the graph is described: its parameter stands for an item, and it places ops, graphs and further
// maps on the graph that it is given. It may take Values of the graph around too, which all instances get. The result is
// the list of what the instances yield, in the order of the items:
//
//	files := listFiles(g)
//	rows := usercode.Map(g, files, func(g *usercode.Graph, file usercode.Value[File]) usercode.Value[int] {
//		return load(g, parse(g, file))
//	})
//	report(g, rows)
//
// An instance is named by its key: what the item's method Key() string answers, or without one its index in the list. Keys
// have 1 to 63 letters, digits, _, . and -, and are unique in the list. The op path of an instance is "parse[key]". Each
// starts when what it needs has ended well, is tried again and timed by the options of its op, and fails alone: only what
// needs it is skipped, which the list of all results does.
//
// A list of none yields an empty list. After applies to every op and graph in the body; as a [Dep], the result is the end of
// all of them. As has no meaning for a map: names in its body are names in the graph around it.
func Map[A, Out any](g *Graph, items Value[[]A], body func(g *Graph, item Value[A]) Value[Out]) Value[[]Out] {
	if !g.building() {
		return Value[[]Out]{}
	}
	made := &spec.Map{
		Split: func(list any) []any {
			typed := as[[]A](list)
			split := make([]any, len(typed))
			for i := range typed {
				split[i] = typed[i]
			}
			return split
		},
		Key: keyOf[A],
	}
	list := func(yields []any) any {
		typed := make([]Out, len(yields))
		for i, y := range yields {
			typed[i] = as[Out](y)
		}
		return typed
	}
	var of func(*Graph, wire) wire
	if body != nil {
		of = func(g *Graph, item wire) wire { return body(g, Value[A]{item}).wire }
	}
	return Value[[]Out]{wire: g.mapOver(made, items.wire, of, list)}
}

// keyOf asks the item for its key. A method of the pointer will do: it is one of the variable that the item is in.
func keyOf[A any](item any) (key string, ok bool) {
	type keyed interface{ Key() string }
	if k, ok := item.(keyed); ok {
		return k.Key(), true
	}
	typed := as[A](item)
	if k, ok := any(&typed).(keyed); ok {
		return k.Key(), true
	}
	return "", false
}

// mapOver runs the body of a map. What it places becomes nodes of the graph that the map is in.
func (g *Graph) mapOver(m *spec.Map, items wire, body func(*Graph, wire) wire, list func([]any) any) wire {
	at := authorLine()
	outer := g.b
	outer.mustBeOpen("Map")
	outer.mustNotBeInside(at, "Map")
	m.Origin, m.Parent = at, outer.mapped
	result := wire{owner: outer}
	if g.as != "" {
		outer.def.faultf(at, "As has no meaning for Map, which makes no node of its own: use it in the body, where an op or graph is placed")
	}
	outer.checkData(at, "Map", items)
	m.Items = items.value
	after := outer.nodesOf(at, "Map", g.after)
	if body == nil {
		outer.def.faultf(at, "Map: its body is nil")
		return result
	}
	b := &builder{def: outer.def, parent: outer, mapped: m, placed: outer.placed, after: append(after, outer.after...)}
	outer.def.graph.Maps = append(outer.def.graph.Maps, m)
	first := len(outer.def.graph.Nodes)
	outer.inside = b
	yields := body(&Graph{b: b}, wire{owner: b, value: spec.Value{Sources: []spec.Source{{ItemOf: m}}}})
	outer.inside, b.closed = nil, true
	m.Name = nameOfMap(m, outer.def.graph, first)
	switch {
	case m.Name == "":
		outer.def.faultf(at, "Map: its body is empty; place at least one op in it, on the graph that it is given")
	case b.checkOwner(at, "what the body of Map returns", yields) && !fromMap(yields.value, m, outer.def.graph.Nodes[first:]):
		outer.def.faultf(at, "Map: what the body returns does not depend on the item or on anything placed in the body, so it would be the same for every item")
	}
	result.none = yields.none
	result.value.Sources = []spec.Source{{Gather: &spec.Gather{Map: m, Value: yields.value, List: list}}}
	return result
}

// nameOfMap is the name of the first node directly in it, or else one made of that of the first map inside; empty when
// nothing is.
func nameOfMap(m *spec.Map, g *spec.Graph, first int) string {
	for _, n := range g.Nodes[first:] {
		if n.Map == m {
			return n.Name
		}
	}
	for _, inner := range g.Maps {
		if inner.Parent == m && inner.Name != "" {
			return inner.Name + ".outer" // no node is called so
		}
	}
	return ""
}

// fromMap reports whether the value has a part that is another for each instance of the map. Nodes are those in it.
func fromMap(v spec.Value, m *spec.Map, nodes []*spec.Node) bool {
	return slices.ContainsFunc(v.Sources, func(s spec.Source) bool {
		return s.ItemOf != nil && s.ItemOf.Within(m) ||
			s.Gather != nil && fromMap(s.Gather.Value, m, nodes) ||
			slices.ContainsFunc(nodes, func(n *spec.Node) bool { return n.Name == s.Node })
	})
}

// where says in which body a builder is, for messages.
func (b *builder) where() string {
	if b.mapped != nil {
		return fmt.Sprintf("a Map in graph %q", b.def.name())
	}
	return fmt.Sprintf("graph %q", b.def.name())
}
