package engine

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// plan is a job's graphs laid flat: ops in the order placed, nested ones where their graph is.
type plan struct {
	steps    []*step
	selected []*step // those to execute, in the same order
}

// step is one op at one place.
type step struct {
	index      int
	path       string
	op         *spec.Op
	inputs     []value
	needs      []*step // that must end well first: those that feed it and those it is ordered after
	dependents []*step // selected ones that need it
	selected   bool

	// What follows belongs to the schedule, except that the goroutine of a dependent that runs reads output.
	waiting  int         // needs that have not ended well
	readers  int         // dependents that have not ended
	attempt  int         // that is being made or comes next, from 1
	timer    *time.Timer // of an attempt with a time-out, or of the wait for the next one
	running  bool        // started and not reported
	reported bool        // its last op_finished was sent: nothing more happens
	output   any         // while there are readers
}

// value says what an input is made of: the output of a step, or parts that combine makes one value of.
type value struct {
	step    *step
	parts   []value
	combine func(sources []any) any
}

// newPlan lays the graph flat. The error names every op path that does not exist and every input that the selection
// lacks; the host checks both before, on a definition with the same digest.
func newPlan(g *spec.Graph, opPaths []string) (*plan, error) {
	p := &plan{}
	p.graph(g, "", nil, nil)
	if err := p.choose(opPaths); err != nil {
		return nil, err
	}
	for _, s := range p.steps {
		// An order between ops of which one is not selected has no meaning left.
		s.needs = slices.DeleteFunc(s.needs, func(n *step) bool { return !n.selected })
		if s.selected {
			p.selected = append(p.selected, s)
			for _, n := range s.needs {
				n.dependents = append(n.dependents, s)
			}
		}
	}
	return p, nil
}

// graph lays the nodes of g, of which inputs are the values by port, and answers its outputs. Everything inside
// waits for after.
func (p *plan) graph(g *spec.Graph, prefix string, inputs map[string]value, after []*step) map[string]value {
	outputs := map[string]map[string]value{"": inputs} // by node, then port
	members := map[string][]*step{}                    // by node
	for _, n := range g.Nodes {
		first := len(p.steps)
		waits := slices.Clone(after)
		for _, name := range n.After {
			waits = append(waits, members[name]...)
		}
		in := make([]value, len(n.Inputs))
		for i, input := range n.Inputs {
			in[i] = resolve(input.Value, outputs)
		}
		if n.Op != nil {
			outputs[n.Name] = p.op(n, prefix+n.Name, in, waits)
		} else {
			byPort := make(map[string]value, len(in))
			for i, input := range n.Inputs {
				byPort[input.Port] = in[i]
			}
			outputs[n.Name] = p.graph(n.Graph, prefix+n.Name+".", byPort, waits)
		}
		members[n.Name] = slices.Clone(p.steps[first:])
	}
	result := make(map[string]value, len(g.Outputs))
	for _, out := range g.Outputs {
		result[out.Port.Name] = resolve(out.Value, outputs)
	}
	return result
}

func (p *plan) op(n *spec.Node, path string, inputs []value, after []*step) map[string]value {
	s := &step{index: len(p.steps), path: path, attempt: 1, op: n.Op, inputs: inputs, needs: after}
	for _, v := range inputs {
		v.visit(func(source *step) { s.needs = append(s.needs, source) })
	}
	slices.SortFunc(s.needs, func(a, b *step) int { return a.index - b.index })
	s.needs = slices.Compact(s.needs)
	p.steps = append(p.steps, s)
	outputs := make(map[string]value, len(n.Op.Outputs))
	for _, port := range n.Op.Outputs {
		outputs[port.Name] = value{step: s}
	}
	return outputs
}

func resolve(v spec.Value, outputs map[string]map[string]value) value {
	parts := make([]value, len(v.Sources))
	for i, s := range v.Sources {
		parts[i] = outputs[s.Node][s.Port]
	}
	if v.Combine == nil && len(parts) == 1 {
		return parts[0]
	}
	return value{parts: parts, combine: v.Combine}
}

func (p *plan) choose(opPaths []string) error {
	byPath := make(map[string]*step, len(p.steps))
	for _, s := range p.steps {
		byPath[s.path] = s
		s.selected = len(opPaths) == 0
	}
	var problems []error
	for _, path := range opPaths {
		if s := byPath[path]; s != nil {
			s.selected = true
		} else {
			problems = append(problems, fmt.Errorf("the job has no op %q", path))
		}
	}
	for _, s := range p.steps {
		if !s.selected {
			continue
		}
		for i, v := range s.inputs {
			v.visit(func(source *step) {
				if !source.selected {
					problems = append(problems, fmt.Errorf("op %s needs its input %s from %s, which is not selected", s.path, s.op.Inputs[i].Name, source.path))
				}
			})
		}
	}
	return errors.Join(problems...)
}

// visit calls f with every step whose output the value is made of.
func (v value) visit(f func(*step)) {
	if v.step != nil {
		f(v.step)
	}
	for _, part := range v.parts {
		part.visit(f)
	}
}

// build makes the value of what steps returned. It runs functions of the author, so it may panic.
func (v value) build() any {
	if v.step != nil {
		return v.step.output
	}
	parts := make([]any, len(v.parts))
	for i, part := range v.parts {
		parts[i] = part.build()
	}
	return v.combine(parts)
}
