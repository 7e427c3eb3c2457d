package engine

import (
	"context"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// look asks for an output of an earlier run that the op, which has a place, can take instead of running.
func (s *schedule) look(ctx context.Context, step *step) {
	var taken Reused
	ok := false
	defer func() {
		if recover() != nil { // a codec of the author's, which will say so again when it is needed
			ok = false
		}
		s.send(func() { s.looked(ctx, step, taken, ok) })
	}()
	use := Use{OpPath: step.path, Op: step.op, Value: func(input int) any { return step.place.inputs[input].build(step.frame) }}
	for i, v := range step.place.inputs {
		if !step.given[i] {
			use.Inputs = append(use.Inputs, v.origin(step.frame))
			continue
		}
		literal, err := s.literal(step, i)
		if err != nil {
			return // which its attempt fails with
		}
		use.Inputs = append(use.Inputs, Origin{Literal: &literal})
	}
	taken, ok = s.opts.Outputs.Reuse(ctx, use)
}

func (s *schedule) looked(ctx context.Context, step *step, taken Reused, ok bool) {
	switch {
	case step.reported: // it was left behind
		s.release(&step.vertex)
	case ctx.Err() != nil:
		s.reportCanceled(step, 0, canceledFailure(ctx, nil))
		s.release(&step.vertex)
	case ok:
		s.report(step, workerv1.Outcome_OUTCOME_REUSED, 0, nil)
		s.emit.output(step, taken.Event)
		s.endWell(step, taken.Output)
	default:
		s.begin(ctx, step)
	}
}

// save hands over what an op returned.
func (s *schedule) save(r result) {
	s.opts.Outputs.Save(r.made, func(output *workerv1.Output) { s.emit.output(r.step, output) })
}

// literal is an input that the run config gives.
func (s *schedule) literal(step *step, input int) (any, error) {
	name := step.op.Inputs[input].Name
	path, _ := s.giver(step, name)
	return s.opts.Outputs.Literal(step.op, path, name)
}
