package wire

import (
	"slices"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

func mapDefinitions(g *spec.Graph) []*usercodev1.MapDefinition {
	var all []*usercodev1.MapDefinition
	for _, m := range g.Maps {
		definition := &usercodev1.MapDefinition{Name: m.Name, Items: wires("", m.Items)}
		if m.Parent != nil {
			definition.Parent = m.Parent.Name
		}
		all = append(all, definition)
	}
	return all
}

// wires are those that a value needs into an input, in order.
func wires(input string, v spec.Value) []*usercodev1.Wire {
	var all []*usercodev1.Wire
	for _, s := range Sources(v) {
		w := &usercodev1.Wire{Input: input, FromNode: s.Node, FromPort: s.Port}
		if s.ItemOf != nil {
			w.ItemOf = s.ItemOf.Name
		}
		all = append(all, w)
	}
	return all
}

// Sources are those of a value as wires have them: nodes, inputs of the graph, and items of maps that the place of the value
// is in.
func Sources(v spec.Value) []spec.Source { return flat(v, nil) }

// flat are the sources of a value without lists of what instances yield: what a node in a map yields is a list outside
// of it, and the list of a map's items is what the items come from.
func flat(v spec.Value, gathered []*spec.Map) []spec.Source {
	var all []spec.Source
	for _, s := range v.Sources {
		switch {
		case s.Gather != nil:
			all = append(all, flat(s.Gather.Value, append(slices.Clip(gathered), s.Gather.Map))...)
		case s.ItemOf != nil && slices.Contains(gathered, s.ItemOf):
			all = append(all, flat(s.ItemOf.Items, gathered)...)
		default:
			all = append(all, s)
		}
	}
	return all
}
