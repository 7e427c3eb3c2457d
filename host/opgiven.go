package host

import (
	"fmt"
	"slices"
	"strings"
)

// GivenInput is an input whose value is given with a run, in place of what another op yields. OpPath is an op or one of
// its instances; without keys it is all of them.
type GivenInput struct{ OpPath, Input string }

// GivenFault is what is wrong with a GivenInput.
type GivenFault struct {
	// Message says it; empty when nothing is wrong.
	Message string
	// Unused tells that nothing is, except that the op is not executed.
	Unused bool
}

// CheckGiven says of each input whether its value can be given to a run that executes these ops: the input must be there,
// its op be executed, and something that would yield it be left out.
func (g *OpGraph) CheckGiven(paths []string, given []GivenInput) []GivenFault {
	chosen := g.setOf(paths)
	f := feeding{chosen: chosen, behind: map[*vertex][]*vertex{}}
	faults := make([]GivenFault, len(given))
	for i, in := range given {
		faults[i] = g.checkGiven(&f, in)
	}
	return faults
}

func (g *OpGraph) checkGiven(f *feeding, in GivenInput) GivenFault {
	ops := g.instancesOf(in.OpPath)
	switch {
	case len(ops) == 0 && len(g.inside[in.OpPath]) > 0:
		return GivenFault{Message: fmt.Sprintf("%.80q is a graph; give the inputs of the ops inside of it", in.OpPath)}
	case len(ops) == 0:
		return GivenFault{Message: fmt.Sprintf("%.80q is no op of this job%s", in.OpPath, g.suggestion(in.OpPath))}
	}
	at := slices.IndexFunc(ops[0].inputs, func(i opInput) bool { return i.name == in.Input })
	if at < 0 || in.Input == "" {
		return GivenFault{Message: fmt.Sprintf("op %s has no input %.80q that another op feeds%s", in.OpPath, in.Input, namedInputs(ops[0]))}
	}
	selected := false
	for _, v := range ops {
		if !f.chosen.has(v) {
			continue
		}
		selected = true
		if len(f.leftOut(v.inputs[at].from)) > 0 {
			return GivenFault{}
		}
	}
	if !selected {
		return GivenFault{Message: fmt.Sprintf("op %s is not executed; leave its inputs out", in.OpPath), Unused: true}
	}
	return GivenFault{Message: fmt.Sprintf(
		"what feeds input %q of op %s is executed, too; leave the value out, or select the op without what is before it", in.Input, in.OpPath)}
}

// instancesOf are the op with the path, or its instances.
func (g *OpGraph) instancesOf(path string) []*vertex {
	if v := g.ops[path]; v != nil {
		return []*vertex{v}
	}
	op := OpOf(path)
	var ops []*vertex
	for _, v := range g.inside[path] {
		if OpOf(v.path) == op {
			ops = append(ops, v)
		}
	}
	return ops
}

// OpOf is an op path without the keys of instances: "load[a].parse" is "load.parse".
func OpOf(path string) string {
	if !strings.Contains(path, "[") {
		return path
	}
	var b strings.Builder
	for {
		before, rest, _ := strings.Cut(path, "[")
		b.WriteString(before)
		_, after, closed := strings.Cut(rest, "]")
		if !closed {
			return b.String()
		}
		path = after
	}
}

func namedInputs(v *vertex) string {
	var names []string
	for _, in := range v.inputs {
		if in.name != "" {
			names = append(names, in.name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; it has " + strings.Join(names, ", ")
}
