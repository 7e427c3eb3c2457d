package engine

import (
	"slices"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// settleFresh settles what was instantiated, in that order.
func (s *schedule) settleFresh() {
	fresh := s.fresh
	s.fresh = nil
	for _, v := range fresh {
		s.settle(v)
	}
}

// settle looks at a vertex that was just connected: whether it can go on, or never will.
func (s *schedule) settle(v *vertex) {
	switch {
	case v.state == dead:
		s.bury(v)
		s.doom(v)
	case v.state == open && v.waiting == 0:
		s.complete(v)
	}
}

// satisfy tells those that wait for v that it has ended well.
func (s *schedule) satisfy(v *vertex) {
	v.state = done
	dependents := v.dependents
	v.dependents = nil
	for _, d := range dependents {
		if d.waiting--; d.waiting == 0 && d.state == open {
			s.complete(d)
		}
	}
}

// complete goes on with a vertex that waits for nothing any more but stored outputs.
func (s *schedule) complete(v *vertex) {
	switch {
	case v.step == nil && v.expansion == nil:
		s.satisfy(v)
	case s.prepare(v):
		s.proceed(v)
	}
}

// proceed goes on with an op or a map whose values are there.
func (s *schedule) proceed(v *vertex) {
	if v.step != nil {
		s.makeReady(v.step)
	} else {
		s.expanding = append(s.expanding, v.expansion)
	}
}

// doom tells all that wait for v, which is dead, that they cannot run; each once, though several of those that it
// waits for may die.
func (s *schedule) doom(v *vertex) {
	var found []*vertex
	for todo := []*vertex{v}; len(todo) > 0; todo = todo[1:] {
		dependents := todo[0].dependents
		todo[0].dependents = nil
		for _, d := range dependents {
			if d.state != open {
				continue
			}
			d.state, d.blame = dead, v.blame
			if d.ops() == nil {
				s.release(d)
			} else {
				found = append(found, d)
			}
			if v.blame.failure == nil || d.ops() == nil {
				todo = append(todo, d) // else it fails by itself, and is to blame for those that wait for it
			}
		}
	}
	slices.SortFunc(found, func(a, b *vertex) int { return before(a.ops()[0], b.ops()[0]) })
	for _, d := range found {
		s.bury(d)
		s.doom(d)
	}
}

// ops are those that end when the vertex does: its own, or those of a map that is not expanded.
func (v *vertex) ops() []*step {
	switch {
	case v.step != nil:
		return []*step{v.step}
	case v.expansion != nil && len(v.expansion.pending) > 0:
		return v.expansion.pending
	default:
		return nil
	}
}

// bury reports the ops of a vertex that is dead: as skipped, or where no op is to blame the first one as failed.
func (s *schedule) bury(v *vertex) {
	for _, op := range v.ops() {
		switch failure := v.blame.failure; {
		case op.reported:
		case failure != nil:
			v.blame = blame{path: op.path}
			s.failed = append(s.failed, failedOp{op.path, failure})
			s.report(op, workerv1.Outcome_OUTCOME_FAILURE, 0, failure)
		default:
			s.report(op, workerv1.Outcome_OUTCOME_SKIPPED, 0, &workerv1.Failure{
				Reason: "upstream", Message: "Not run, because op " + v.blame.path + " failed",
			})
		}
	}
	s.release(v)
}

// kill ends a vertex because of a failure of no op.
func (s *schedule) kill(v *vertex, failure *workerv1.Failure) {
	if v.state != open || v.step != nil && v.step.reported {
		return
	}
	v.state, v.blame = dead, blame{failure: failure}
	s.bury(v)
	s.doom(v)
}

// release lets go of what a vertex read: values can be large, and nobody needs one longer than its last reader.
func (s *schedule) release(v *vertex) {
	if v.released {
		return
	}
	v.released = true
	for _, list := range [][]*vertex{v.reads, v.holds} {
		for _, source := range list {
			if source.readers--; source.readers == 0 {
				s.drop(source)
			}
		}
	}
}

// drop lets go of a value that nobody reads any more.
func (s *schedule) drop(v *vertex) {
	switch {
	case v.step != nil:
		v.step.output = nil
	case v.expansion != nil:
		v.expansion.items = nil
	default:
		s.release(v)
	}
}
