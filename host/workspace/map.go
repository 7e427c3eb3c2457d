package workspace

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// mapsByName are the maps of one graph.
type mapsByName map[string]*host.Map

// mapsOf checks that every map is inside of one before it, and that its items come from somewhere.
func mapsOf(g *host.Graph, own ports, outputs map[string]ports) (mapsByName, error) {
	known := make(mapsByName, len(g.Maps))
	depth := make(map[string]int, len(g.Maps))
	for i := range g.Maps {
		m := &g.Maps[i]
		switch {
		case m.Name == "" || len(m.Name) > maxNameBytes:
			return nil, fmt.Errorf("the name %s of a map is empty or longer than %d bytes", quoted(m.Name), maxNameBytes)
		case known[m.Name] != nil:
			return nil, fmt.Errorf("it has the map %s twice", quoted(m.Name))
		case m.Parent != "" && known[m.Parent] == nil:
			return nil, fmt.Errorf("map %s is inside of map %s, which is not before it", quoted(m.Name), quoted(m.Parent))
		}
		if depth[m.Name] = depth[m.Parent] + 1; depth[m.Name] > maxMapDepth {
			return nil, fmt.Errorf("its maps nest deeper than %d", maxMapDepth)
		}
		for _, w := range m.Items {
			if err := known.checkWire(w, m.Parent, own, outputs); err != nil {
				return nil, fmt.Errorf("items of map %s: %w", quoted(m.Name), err)
			}
		}
		known[m.Name] = m
	}
	return known, nil
}

// checkWire checks that a wire to something in a map leads to something: an item is that of a map around.
func (m mapsByName) checkWire(w host.Wire, in string, own ports, outputs map[string]ports) error {
	switch {
	case w.ItemOf == "":
		return checkSource(own, outputs, w.FromNode, w.FromPort)
	case w.FromNode != "" || w.FromPort != "":
		return fmt.Errorf("it is the item of map %s and comes from %s too", quoted(w.ItemOf), quoted(w.FromNode))
	}
	for at := m[in]; at != nil; at = m[at.Parent] {
		if at.Name == w.ItemOf {
			return nil
		}
	}
	return fmt.Errorf("it is the item of map %s, which it is not in", quoted(w.ItemOf))
}
