package workspace

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// graphs converts the graphs of one job. A graph that is placed in several
// places is converted once and shared: a definition of a few lines could
// otherwise unfold into billions of nodes.
type graphs struct {
	ops   map[string]*usercodev1.OpDefinition
	named map[string]*usercodev1.GraphDefinition
	done  map[string]converted
	open  map[string]bool // being converted, to find cycles
}

// converted is a graph and what it unfolds to.
type converted struct {
	graph *host.Graph
	ops   int
	wires int
	depth int
}

// graphOf converts the job's own graph and counts the ops that it places.
func graphOf(def *usercodev1.JobDefinition) (*host.Graph, int, error) {
	g := &graphs{
		ops:   map[string]*usercodev1.OpDefinition{},
		named: map[string]*usercodev1.GraphDefinition{},
		done:  map[string]converted{},
		open:  map[string]bool{},
	}
	for _, op := range def.GetOps() {
		if g.ops[op.GetName()] != nil {
			return nil, 0, fmt.Errorf("it defines op %s twice", quoted(op.GetName()))
		}
		g.ops[op.GetName()] = op
	}
	for _, graph := range def.GetGraphs() {
		if g.named[graph.GetName()] != nil {
			return nil, 0, fmt.Errorf("it defines graph %s twice", quoted(graph.GetName()))
		}
		g.named[graph.GetName()] = graph
	}
	if def.GetGraph() == nil {
		return nil, 0, fmt.Errorf("it has no graph")
	}
	c, err := g.convert(def.GetGraph(), 1)
	if err != nil {
		return nil, 0, err
	}
	return c.graph, c.ops, nil
}

func (g *graphs) convert(def *usercodev1.GraphDefinition, level int) (converted, error) {
	c := converted{graph: &host.Graph{Name: def.GetName(), Nodes: make([]host.Node, 0, len(def.GetNodes()))}, depth: 1}
	if level > maxGraphDepth {
		return c, fmt.Errorf("its graphs nest deeper than %d", maxGraphDepth)
	}
	outputs := make(map[string]ports, len(def.GetNodes())) // by node
	inputs := make(map[string]ports, len(def.GetNodes()))
	for _, n := range def.GetNodes() {
		name := n.GetName()
		if err := tag.CheckName(name); err != nil {
			return c, fmt.Errorf("graph %s: node: %w", quoted(def.GetName()), err)
		}
		if outputs[name] != nil {
			return c, fmt.Errorf("graph %s places %s twice", quoted(def.GetName()), name)
		}
		node := host.Node{Name: name}
		switch n.GetDefinition().(type) {
		case *usercodev1.Node_Op:
			op := g.ops[n.GetOp()]
			if op == nil {
				return c, fmt.Errorf("node %s is op %s, which is not defined", name, quoted(n.GetOp()))
			}
			node.Op = op.GetName()
			inputs[name], outputs[name] = portsOf(op.GetInputs()), portsOf(op.GetOutputs())
			c.ops++
		case *usercodev1.Node_Graph:
			inner := g.named[n.GetGraph()]
			if inner == nil {
				return c, fmt.Errorf("node %s is graph %s, which is not defined", name, quoted(n.GetGraph()))
			}
			ic, err := g.nested(inner, level+1)
			if err != nil {
				return c, err
			}
			node.Graph, node.Outputs = ic.graph, graphOutputs(inner)
			inputs[name], outputs[name] = portsOf(inner.GetInputs()), outputPorts(inner)
			c.ops += ic.ops
			c.wires += ic.wires + len(node.Outputs)
			c.depth = max(c.depth, ic.depth+1)
		default:
			return c, fmt.Errorf("node %s is neither an op nor a graph, or of a kind that this host does not know", name)
		}
		if c.ops > maxPlacements {
			return c, fmt.Errorf("it places more than %d ops", maxPlacements)
		}
		if c.wires += len(n.GetWires()) + len(n.GetAfter()); c.wires > maxWires {
			return c, fmt.Errorf("it has more than %d wires between the ops that it places", maxWires)
		}
		node.Wires, node.Map = wiresOf(n.GetWires()), n.GetMap()
		node.After = append(node.After, n.GetAfter()...)
		c.graph.Nodes = append(c.graph.Nodes, node)
	}
	for _, m := range def.GetMaps() {
		c.graph.Maps = append(c.graph.Maps, host.Map{Name: m.GetName(), Parent: m.GetParent(), Items: wiresOf(m.GetItems())})
		if c.wires += 1 + len(m.GetItems()); c.wires > maxWires {
			return c, fmt.Errorf("it has more than %d wires between the ops that it places", maxWires)
		}
	}
	if len(c.graph.Nodes) == 0 {
		return c, fmt.Errorf("graph %s is empty", quoted(def.GetName()))
	}
	if err := checkWires(def, c.graph, inputs, outputs); err != nil {
		return c, fmt.Errorf("graph %s: %w", quoted(def.GetName()), err)
	}
	if level+c.depth-1 > maxGraphDepth {
		return c, fmt.Errorf("its graphs nest deeper than %d", maxGraphDepth)
	}
	return c, nil
}

// nested converts a graph by name, once.
func (g *graphs) nested(def *usercodev1.GraphDefinition, level int) (converted, error) {
	name := def.GetName()
	if c, ok := g.done[name]; ok {
		if level+c.depth-1 > maxGraphDepth {
			return c, fmt.Errorf("its graphs nest deeper than %d", maxGraphDepth)
		}
		return c, nil
	}
	if g.open[name] {
		return converted{}, fmt.Errorf("graph %s contains itself", quoted(name))
	}
	g.open[name] = true
	c, err := g.convert(def, level)
	delete(g.open, name)
	if err == nil {
		g.done[name] = c
	}
	return c, err
}
