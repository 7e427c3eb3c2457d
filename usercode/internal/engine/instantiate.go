package engine

import "slices"

// instantiate makes what is in a frame and connects it with what it needs. What is ready, or can never be, is for
// settleFresh to say when all is connected: before, values that others are to read would be let go.
func (s *schedule) instantiate(of *mapping, outer *frame, index int, key string) *frame {
	f := &frame{of: of, outer: outer, index: index, steps: make([]*step, len(of.steps)), maps: make([]*expansion, len(of.maps))}
	if outer != nil {
		f.keys = append(slices.Clip(outer.keys), key)
		f.place = append(slices.Clip(outer.place), of.first, index)
	}
	for _, p := range of.parts {
		switch {
		case p.op != nil:
			s.newStep(f, p.op)
		case p.mapping.live && p.mapping.wantedAt(f.keys):
			s.newExpansion(f, p.mapping)
		}
	}
	return f
}

func (s *schedule) newStep(f *frame, o *placement) {
	chosen := o.chosen.at(f.keys)
	if chosen == nil && !o.read {
		return
	}
	step := &step{place: o, frame: f, path: o.path.render(f.keys), op: o.op, attempt: 1, executed: chosen != nil}
	step.step = step
	f.steps[o.slot] = step
	if !step.executed {
		return
	}
	s.pending++
	s.steps++
	step.load = loaded
	list := o.needs
	if step.given = s.given(step); step.given != nil {
		list = o.needsOf(step.given)
	}
	s.connect(f, &step.vertex, list)
	s.fresh = append(s.fresh, &step.vertex)
}

// given are the inputs, by index, that the run config gives; nil when there are none.
func (s *schedule) given(step *step) map[int]bool {
	if s.opts.Outputs == nil {
		return nil
	}
	var given map[int]bool
	for i, port := range step.op.Inputs {
		if _, ok := s.giver(step, port.Name); ok {
			if given == nil {
				given = map[int]bool{}
			}
			given[i] = true
		}
	}
	return given
}

// giver is the path under which an input is given: the step's, or that of the op without keys.
func (s *schedule) giver(step *step, input string) (path string, ok bool) {
	for _, path := range []string{step.path, step.place.path.render(nil)} {
		if s.opts.Outputs.Given(path, input) {
			return path, true
		}
	}
	return "", false
}

func (s *schedule) newExpansion(f *frame, of *mapping) {
	e := &expansion{of: of, frame: f}
	e.expansion = e
	f.maps[of.slot] = e
	of.all(func(o *placement) {
		if o.chosen.at(f.keys) != nil {
			pending := &step{place: o, frame: f, path: o.path.render(f.keys), op: o.op, attempt: 1, executed: true}
			e.pending = append(e.pending, pending)
		}
	})
	s.pending += len(e.pending)
	for _, g := range of.gates {
		v := &vertex{waiting: 1}
		e.gates = append(e.gates, v)
		e.dependents = append(e.dependents, v)
		if g.data {
			v.read(&e.vertex)
		}
	}
	for _, hold := range of.holds {
		if v := f.find(hold); v != nil {
			v.readers++
			e.holds = append(e.holds, v)
		}
	}
	s.connect(f, &e.vertex, of.needs)
	s.fresh = append(s.fresh, &e.vertex)
}

// find is the vertex that a need means in a frame; nil for a step that is neither executed nor read, and in a map of which
// no instance is.
func (f *frame) find(n need) *vertex {
	f = f.up(n.at)
	if n.kind == needStep {
		if s := f.steps[n.slot]; s != nil {
			return &s.vertex
		}
		return nil
	}
	e := f.maps[n.slot]
	switch {
	case e == nil:
		return nil
	case n.kind == needItems:
		return &e.vertex
	default:
		return e.gates[n.gate]
	}
}

func (s *schedule) connect(f *frame, v *vertex, list []need) {
	for _, n := range list {
		if source := f.find(n); source != nil {
			v.wait(source)
			if n.data {
				v.read(source)
			}
		}
	}
}

// wait makes v wait for another, unless that has ended well, or is a stored output, which is loaded when v is otherwise
// ready.
func (v *vertex) wait(source *vertex) {
	switch {
	case source.step != nil && !source.step.executed:
	case source.state == open:
		v.waiting++
		source.dependents = append(source.dependents, v)
	case source.state == dead && v.state == open:
		v.state, v.blame = dead, source.blame
	}
}

// read makes v one that reads the value of another until v is released.
func (v *vertex) read(source *vertex) {
	v.reads = append(v.reads, source)
	source.readers++
}

// fill connects the gates of a map with what they wait for in an instance.
func (s *schedule) fill(e *expansion, instance *frame) {
	for i, g := range e.of.gates {
		v := e.gates[i]
		var source *vertex
		switch {
		case g.via != nil:
			if inner := instance.maps[g.via.slot]; inner != nil {
				source = inner.gates[g.at]
			}
		case g.op != nil:
			if step := instance.steps[g.op.slot]; step != nil {
				source = &step.vertex
			}
		default:
			if inner := instance.maps[g.of.slot]; inner != nil {
				source = &inner.vertex
			}
		}
		if source == nil {
			continue
		}
		v.wait(source)
		switch {
		case g.data && !v.released:
			v.read(source)
		case g.data && source.readers == 0: // those that would have read it cannot run any more
			s.drop(source)
		}
	}
}
