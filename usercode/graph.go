package usercode

import (
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Graph is what the body of a job or graph gets to place ops on. It belongs to the body: it must not be kept, used in
// another body, or used from another goroutine.
type Graph struct {
	b     *builder
	as    string
	after []Dep
	probe **graphDef // not a graph: GraphOp.Job asks a graph for its definition
}

// As gives the next op or graph that is placed another name than its own, which it needs when it is placed twice:
//
//	first := parse(g, fileA)
//	second := parse(g.As("parse_2"), fileB)
func (g *Graph) As(name string) *Graph {
	named := *g
	named.as = name
	if g.building() {
		if err := tag.CheckName(name); err != nil {
			g.b.def.faultf(authorLine(), "As: %v", err)
		}
	}
	return &named
}

// After makes the next op or graph that is placed start only when the given ones have ended well, beyond those whose
// values it takes.
func (g *Graph) After(deps ...Dep) *Graph {
	later := *g
	later.after = append(slices.Clip(g.after), deps...)
	return &later
}

// building tells a graph from a probe, and refuses nil with a message.
func (g *Graph) building() bool {
	if g == nil {
		panic("the *usercode.Graph is nil; place ops with the one that the body was given")
	}
	return g.probe == nil
}

// placeable is an op or a graph that can become a node.
type placeable interface {
	// name is that of the definition, and of the node unless As says otherwise.
	name() string
	// node is a node without name and inputs, and its ports. It is nil when it cannot be placed, which is reported.
	node(b *builder, at string) (n *spec.Node, in, out []spec.Port)
}

func (g *Graph) place(def placeable, wires []wire) wire {
	if !g.building() {
		*g.probe, _ = def.(*graphDef)
		return wire{}
	}
	return g.b.place(authorLine(), def, wires, g.as, g.after)
}
