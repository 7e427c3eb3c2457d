package launch

import (
	"strings"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// outputTypes finds the types of what a job's ops yield, as text.
type outputTypes struct {
	root   *usercodev1.GraphDefinition
	graphs map[string]*usercodev1.GraphDefinition
	ops    map[string]*usercodev1.OpDefinition
}

func newOutputTypes(definition *usercodev1.JobDefinition) *outputTypes {
	t := &outputTypes{
		root: definition.GetGraph(), graphs: map[string]*usercodev1.GraphDefinition{}, ops: map[string]*usercodev1.OpDefinition{},
	}
	for _, g := range definition.GetGraphs() {
		t.graphs[g.GetName()] = g
	}
	for _, op := range definition.GetOps() {
		t.ops[op.GetName()] = op
	}
	return t
}

// of is the type of an output of an op by its path without keys; empty when there is no such thing.
func (t *outputTypes) of(path, output string) string {
	graph := t.root
	for {
		name, rest, nested := strings.Cut(path, ".")
		node := nodeOf(graph, name)
		if !nested {
			for _, port := range t.ops[node.GetOp()].GetOutputs() {
				if port.GetName() == output {
					return port.GetType()
				}
			}
			return ""
		}
		if graph = t.graphs[node.GetGraph()]; graph == nil {
			return ""
		}
		path = rest
	}
}

func nodeOf(graph *usercodev1.GraphDefinition, name string) *usercodev1.Node {
	for _, n := range graph.GetNodes() {
		if n.GetName() == name {
			return n
		}
	}
	return nil
}
