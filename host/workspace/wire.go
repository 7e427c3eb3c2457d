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

func wiresOf(list []*usercodev1.Wire) (wires []host.Wire) {
	for _, w := range list {
		wires = append(wires, host.Wire{Input: w.GetInput(), FromNode: w.GetFromNode(), FromPort: w.GetFromPort(), ItemOf: w.GetItemOf()})
	}
	return wires
}

// checkWires checks that every wire, order and output of a graph leads to
// something, and that no node waits for itself.
func checkWires(def *usercodev1.GraphDefinition, g *host.Graph, inputs, outputs map[string]ports) error {
	own := portsOf(def.GetInputs())
	maps, err := mapsOf(g, own, outputs)
	if err != nil {
		return err
	}
	waits := make(map[string][]string, len(g.Nodes)) // node or map to those that it waits for
	for _, m := range g.Maps {
		name := mapVertex(m.Name)
		if m.Parent != "" {
			waits[name] = append(waits[name], mapVertex(m.Parent))
		}
		for _, w := range m.Items {
			if w.FromNode != "" {
				waits[name] = append(waits[name], w.FromNode)
			}
		}
	}
	for _, n := range g.Nodes {
		if n.Map != "" && maps[n.Map] == nil {
			return fmt.Errorf("%s is in map %s, which is not in the graph", n.Name, quoted(n.Map))
		}
		if n.Map != "" {
			waits[n.Name] = append(waits[n.Name], mapVertex(n.Map))
		}
		for _, w := range n.Wires {
			if !inputs[n.Name][w.Input] {
				return fmt.Errorf("a wire leads into input %s of %s, which has none of that name", quoted(w.Input), n.Name)
			}
			if err := maps.checkWire(w, n.Map, own, outputs); err != nil {
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

// mapVertex names a map among nodes. No node is called so.
func mapVertex(name string) string { return "map " + name }

// checkOrder takes away, again and again, the nodes that wait for nothing that
// is left; what then remains waits in a circle.
func checkOrder(g *host.Graph, waits map[string][]string) error {
	open := make(map[string]int, len(g.Nodes))
	feeds := make(map[string][]string, len(g.Nodes))
	var ready []string
	add := func(name string) {
		open[name] = len(waits[name])
		for _, w := range waits[name] {
			feeds[w] = append(feeds[w], name)
		}
		if open[name] == 0 {
			ready = append(ready, name)
		}
	}
	for _, n := range g.Nodes {
		add(n.Name)
	}
	for _, m := range g.Maps {
		add(mapVertex(m.Name))
	}
	left := len(g.Nodes) + len(g.Maps)
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
