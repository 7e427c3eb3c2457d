package jobdiff

import (
	"strings"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// maps adds what is said of the nodes of a graph that are in maps: "for each item of list_files.result", of the outermost
// map first.
func (s *side) maps(g *usercodev1.GraphDefinition) {
	over := map[string]string{}
	for _, m := range g.GetMaps() { // one comes before those inside of it
		var from []string
		for _, w := range m.GetItems() {
			from = append(from, wireSource(w))
		}
		text := "for each item of " + strings.Join(from, ", ")
		if outer := over[m.GetParent()]; outer != "" {
			text = outer + ", " + text
		}
		over[m.GetName()] = text
	}
	for _, n := range g.GetNodes() {
		if text := over[n.GetMap()]; text != "" {
			s.mapped[n] = text
		}
	}
}

// wireSource is what a wire comes from.
func wireSource(w *usercodev1.Wire) string {
	if w.GetItemOf() != "" {
		return "the item"
	}
	return source(w.GetFromNode(), w.GetFromPort())
}
