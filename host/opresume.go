package host

import "slices"

// Resumption is what is known of a run when the rest of it is to be executed. Paths are ops of the graph.
type Resumption struct {
	Standins

	// Within tells whether the run was to execute the op.
	Within func(opPath string) bool
	// EndedWell tells whether the op did.
	EndedWell func(opPath string) bool
	// Again are ops to execute in any case.
	Again []string
}

// Resume returns the ops to execute so that all of a run will have ended well: those within it that did not, what is
// downstream of them within it, by data or by order, and, whether within it or not, those whose outputs these need and
// that are not stored. It returns none when all ended well. Paths are as Select answers them.
func (g *OpGraph) Resume(r Resumption) []string {
	s := &resuming{
		Resumption: r, graph: g,
		feeding: feeding{standins: r.Standins, stored: map[*vertex]bool{}},
		chosen:  g.setOf(r.Again), places: map[*vertex]bool{}, asked: map[*vertex]bool{},
	}
	for _, v := range g.sorted {
		if s.chosen.has(v) || r.Within(v.path) && !r.EndedWell(v.path) {
			s.chosen.add(v)
			s.todo = append(s.todo, v)
		}
	}
	for len(s.todo) > 0 {
		v := s.todo[len(s.todo)-1]
		s.todo = s.todo[:len(s.todo)-1]
		s.downstream(v)
		if v.path == "" {
			continue
		}
		for _, in := range v.inputs {
			if !r.Given(v.path, in.name) {
				s.needs(in.from)
			}
		}
	}
	return g.pathsOf(s.chosen)
}

// resuming collects the ops of a Resume.
type resuming struct {
	Resumption

	graph   *OpGraph
	feeding feeding
	chosen  opSet
	// places are those that something new comes to, asked those whose sources were looked at.
	places, asked map[*vertex]bool
	// These are the ops and places whose neighbours are to be looked at.
	todo []*vertex
}

func (s *resuming) choose(v *vertex) {
	if !s.chosen.has(v) {
		s.chosen.add(v)
		s.todo = append(s.todo, v)
	}
}

// downstream goes on to what v feeds, or comes before.
func (s *resuming) downstream(v *vertex) {
	for _, next := range v.down {
		switch {
		case next.path == "":
			if !s.places[next] {
				s.places[next] = true
				s.todo = append(s.todo, next)
			}
		case s.Within(next.path) && s.depends(next, v):
			s.choose(next)
		}
	}
}

// depends tells whether an op takes anything of v, or waits for it, beyond inputs whose values are given.
func (s *resuming) depends(op, v *vertex) bool {
	if !slices.ContainsFunc(op.inputs, func(in opInput) bool { return s.Given(op.path, in.name) }) {
		return true
	}
	edges := 0
	for _, up := range op.up {
		if up == v {
			edges++
		}
	}
	for _, in := range op.inputs {
		for _, from := range in.from {
			if from == v && s.Given(op.path, in.name) {
				edges--
			}
		}
	}
	return edges > 0
}

// needs chooses the ops whose outputs are wanted and not stored.
func (s *resuming) needs(from []*vertex) {
	for _, v := range from {
		switch {
		case v.path != "" && !s.feeding.isStored(v):
			s.choose(v)
		case v.path == "" && !s.asked[v]:
			s.asked[v] = true
			s.needs(v.sources())
		}
	}
}
