package engine

import (
	"context"
	"runtime/debug"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// result is what became of one attempt of an op.
type result struct {
	step     *step
	output   any
	made     Made // of a success, where outputs are kept
	reports  *reports
	metadata metadata.List // that was attached to the output
	failure  *workerv1.Failure
	again    bool // the failure is one that its retry policy tries again, as long as attempts are left
	duration time.Duration
}

// invoke calls the author's function, and those that make its inputs, and sends one result, whatever they do to the
// goroutine: it is the whole body of the op's own.
func (s *schedule) invoke(run context.Context, step *step, attempt int) {
	// This failure stays when the function neither returns nor panics.
	r := result{step: step, failure: &workerv1.Failure{Reason: "error", Message: "the op ended its goroutine with runtime.Goexit"}}
	e := spec.ExecutionFrom(run)
	defer func() {
		if r.failure == nil && s.opts.Outputs != nil {
			r.made = Made{OpPath: step.path, Attempt: attempt, Op: step.op, Output: r.output, Execution: e}
			r.made.Encoded = s.opts.Outputs.Encode(run, r.made)
		}
		s.send(func() { s.finish(run, r) })
	}()

	r.reports = e.Reports.(*reports) //nolint:forcetypeassert // execution has made it
	s.outlet.enter(r.reports)
	defer s.outlet.leave(r.reports) // what it has written and said comes before the event of its end

	if limit := step.op.Timeout; limit > 0 { // which begins here: what was sent before may have waited for the host
		s.send(func() { s.limit(run, step, attempt) })
	}
	ctx, late, cancel := withTimeout(run, step.op.Timeout)
	defer cancel() // what the function left behind is told that the op is over

	start := s.opts.Now()
	returned := ""
	defer func() {
		r.duration = s.opts.Now().Sub(start)
		step.returned.Store(true)
		if p := recover(); p != nil {
			r.failure = panicFailure(p, debug.Stack(), returned)
		}
	}()
	output, err := any(nil), context.Cause(run) // it may be canceled while the start was reported, which may take a while
	if err == nil {
		err = s.opts.Fail(step.path, attempt)
	}
	if err == nil {
		var inputs []any
		if inputs, err = s.inputs(step); err == nil {
			output, err = step.op.Run(ctx, inputs)
		}
	}
	if late() {
		err = &timeoutError{limit: step.op.Timeout, returned: err}
	}
	if err == nil {
		r.output, r.failure = output, nil
		r.metadata = e.TakeOutputMetadata()
		return
	}
	r.failure = errorFailure(err)
	returned = r.failure.GetMessage()
	if retry := step.op.Retry; retry != nil && attempt <= retry.Max {
		r.again = retry.When == nil || retry.When(err)
	}
}

// inputs makes what the op's function is called with.
func (s *schedule) inputs(step *step) ([]any, error) {
	inputs := make([]any, len(step.place.inputs))
	for i, v := range step.place.inputs {
		if !step.given[i] {
			inputs[i] = v.build(step.frame)
			continue
		}
		var err error
		if inputs[i], err = s.literal(step, i); err != nil {
			return nil, &inputError{err}
		}
	}
	return inputs, nil
}

// inputError is what an attempt ends with whose input the run config gives, and gives wrong.
type inputError struct{ error }
