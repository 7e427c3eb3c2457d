package jobdiff

import (
	"cmp"
	"slices"
	"strings"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Facets are what is said of a node or graph: texts under keys that are the same on both sides, such as "input a". A key
// that is missing on a side reads as "no input a". The keys in order are the order of the changes of a path.
const (
	aboutWhat        = "" // which op or graph it is
	aboutDescription = "description"
	aboutAfter       = "after"
	aboutMap         = "each"
	aboutInput       = "input "
	aboutOutput      = "output "
	aboutPort        = "port " // what is said of an input or output
)

func orNo(text, key string) string {
	if text != "" {
		return text
	}
	switch key {
	case aboutAfter:
		return "after nothing else"
	case aboutMap:
		return "once, in no map"
	}
	for _, direction := range []string{aboutInput, aboutOutput} {
		if name, ok := strings.CutPrefix(key, direction); ok {
			return "no " + labeled(direction, name)
		}
	}
	return "no " + strings.TrimPrefix(key, aboutPort)
}

// labeled names an input or output. One that is called just that is not "input input".
func labeled(direction, name string) string {
	if name == strings.TrimSpace(direction) {
		return name
	}
	return direction + name
}

// what is the op or graph that a node is.
func what(n *usercodev1.Node) string {
	if _, ok := n.GetDefinition().(*usercodev1.Node_Graph); ok {
		return "graph " + n.GetGraph()
	}
	return "op " + n.GetOp()
}

// nodeFacets are those of a node that has a counterpart on the other side. Of an op or graph that is replaced the
// description and ports go without saying.
func (s *side) nodeFacets(n *usercodev1.Node, counterpart *usercodev1.Node) map[string]string {
	replaced := what(n) != what(counterpart)
	facets := map[string]string{}
	switch {
	case replaced:
	case s.nested(n) != nil:
		facets = s.graphFacets(s.nested(n))
	default:
		facets = opFacets(s.ops[n.GetOp()])
	}
	facets[aboutWhat] = what(n)
	if len(n.GetAfter()) > 0 {
		facets[aboutAfter] = "after " + strings.Join(slices.Sorted(slices.Values(n.GetAfter())), ", ")
	}
	if over := s.mapped[n]; over != "" {
		facets[aboutMap] = over
	}
	for input, from := range feeds(n) {
		port := cmp.Or(facets[aboutInput+input], labeled(aboutInput, input))
		facets[aboutInput+input] = port + " from " + from
	}
	return facets
}

func opFacets(op *usercodev1.OpDefinition) map[string]string {
	facets := policiesOf(op)
	uses(facets, op)
	described(facets, op.GetDescription())
	for _, p := range op.GetInputs() {
		ported(facets, aboutInput, p)
	}
	for _, p := range op.GetOutputs() {
		ported(facets, aboutOutput, p)
	}
	return facets
}

func (s *side) graphFacets(g *usercodev1.GraphDefinition) map[string]string {
	facets := map[string]string{}
	described(facets, g.GetDescription())
	for _, p := range g.GetInputs() {
		ported(facets, aboutInput, p)
	}
	for _, o := range g.GetOutputs() { // several of one port follow each other
		key := aboutOutput + o.GetPort().GetName()
		if facets[key] == "" {
			ported(facets, aboutOutput, o.GetPort())
			facets[key] += " from " + source(o.GetFromNode(), o.GetFromPort())
		} else {
			facets[key] += ", " + source(o.GetFromNode(), o.GetFromPort())
		}
	}
	return facets
}

func described(facets map[string]string, description string) {
	if description != "" {
		facets[aboutDescription] = "description: " + description
	}
}

// ported adds an input or output, and what is said of it.
func ported(facets map[string]string, direction string, p *usercodev1.Port) {
	text := labeled(direction, p.GetName())
	if p.GetType() != "" {
		text += " (" + p.GetType() + ")"
	}
	facets[direction+p.GetName()] = text
	if p.GetDescription() != "" {
		about := "description of " + labeled(direction, p.GetName())
		facets[aboutPort+about] = about + ": " + p.GetDescription()
	}
}

// feeds are what wires lead to each input, in their order.
func feeds(n *usercodev1.Node) map[string]string {
	from := map[string]string{}
	for _, w := range n.GetWires() {
		text := wireSource(w)
		if from[w.GetInput()] != "" {
			text = from[w.GetInput()] + ", " + text
		}
		from[w.GetInput()] = text
	}
	return from
}

func source(node, port string) string {
	if node == "" {
		return "the graph's input " + port
	}
	return node + "." + port
}

// placement is all that is to be said of a node that is new or gone.
func (s *side) placement(n *usercodev1.Node) string {
	parts := []string{what(n)}
	from := feeds(n)
	for _, input := range keys(from, nil) {
		parts = append(parts, labeled(aboutInput, input)+" from "+from[input])
	}
	if len(n.GetAfter()) > 0 {
		parts = append(parts, "after "+strings.Join(n.GetAfter(), ", "))
	}
	if over := s.mapped[n]; over != "" {
		parts = append(parts, over)
	}
	return strings.Join(parts, "; ")
}
