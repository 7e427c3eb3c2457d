package workspace

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// ports is a set of names of inputs or outputs.
type ports map[string]bool

func portsOf(list []*usercodev1.Port) ports {
	p := make(ports, len(list))
	for _, port := range list {
		p[port.GetName()] = true
	}
	return p
}

func outputPorts(def *usercodev1.GraphDefinition) ports {
	p := make(ports, len(def.GetOutputs()))
	for _, o := range def.GetOutputs() {
		p[o.GetPort().GetName()] = true
	}
	return p
}

func graphOutputs(def *usercodev1.GraphDefinition) (outputs []host.GraphOutput) {
	for _, o := range def.GetOutputs() {
		outputs = append(outputs, host.GraphOutput{Port: o.GetPort().GetName(), FromNode: o.GetFromNode(), FromPort: o.GetFromPort()})
	}
	return outputs
}

// checkWires checks that every wire, order and output of a graph leads to
// something, and that no node waits for itself.
func checkWires(def *usercodev1.GraphDefinition, g *host.Graph, inputs, outputs map[string]ports) error {
	own := portsOf(def.GetInputs())
	waits := make(map[string][]string, len(g.Nodes)) // node to those that it waits for
	for _, n := range g.Nodes {
		for _, w := range n.Wires {
			if !inputs[n.Name][w.Input] {
				return fmt.Errorf("a wire leads into input %s of %s, which has none of that name", quoted(w.Input), n.Name)
			}
			if err := checkSource(own, outputs, w.FromNode, w.FromPort); err != nil {
				return fmt.Errorf("input %s of %s: %w", quoted(w.Input), n.Name, err)
			}
			if w.FromNode != "" {
				waits[n.Name] = append(waits[n.Name], w.FromNode)
			}
		}
		for _, after := range n.After {
			if outputs[after] == nil {
				return fmt.Errorf("%s comes after %s, which is not in the graph", n.Name, quoted(after))
			}
			waits[n.Name] = append(waits[n.Name], after)
		}
	}
	for _, o := range def.GetOutputs() {
		if err := checkSource(own, outputs, o.GetFromNode(), o.GetFromPort()); err != nil {
			return fmt.Errorf("output %s: %w", quoted(o.GetPort().GetName()), err)
		}
	}
	return checkOrder(g, waits)
}

func checkSource(own ports, outputs map[string]ports, node, port string) error {
	switch {
	case node == "" && !own[port]:
		return fmt.Errorf("the graph has no input %s", quoted(port))
	case node != "" && outputs[node] == nil:
		return fmt.Errorf("node %s is not in the graph", quoted(node))
	case node != "" && !outputs[node][port]:
		return fmt.Errorf("node %s has no output %s", quoted(node), quoted(port))
	}
	return nil
}

// checkOrder takes away, again and again, the nodes that wait for nothing that
// is left; what then remains waits in a circle.
func checkOrder(g *host.Graph, waits map[string][]string) error {
	open := make(map[string]int, len(g.Nodes))
	feeds := make(map[string][]string, len(g.Nodes))
	var ready []string
	for _, n := range g.Nodes {
		open[n.Name] = len(waits[n.Name])
		for _, w := range waits[n.Name] {
			feeds[w] = append(feeds[w], n.Name)
		}
		if open[n.Name] == 0 {
			ready = append(ready, n.Name)
		}
	}
	left := len(g.Nodes)
	for len(ready) > 0 {
		name := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		left--
		for _, fed := range feeds[name] {
			if open[fed]--; open[fed] == 0 {
				ready = append(ready, fed)
			}
		}
	}
	if left == 0 {
		return nil
	}
	for _, n := range g.Nodes {
		if open[n.Name] > 0 {
			return fmt.Errorf("nodes wait for each other in a circle, so that %s never becomes ready", n.Name)
		}
	}
	return nil
}
