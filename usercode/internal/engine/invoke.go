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
	reports  *reports
	metadata metadata.List // that was attached to the output
	failure  *workerv1.Failure
	again    bool // the failure is one that its retry policy tries again, as long as attempts are left
	duration time.Duration
}

// invoke calls the author's function, and those that make its inputs, and sends one result, whatever they do to the
// goroutine: it is the whole body of the op's own.
func (s *schedule) invoke(ctx context.Context, step *step, attempt int) {
	// This failure stays when the function neither returns nor panics.
	r := result{step: step, failure: &workerv1.Failure{Reason: "error", Message: "the op ended its goroutine with runtime.Goexit"}}
	defer func() { s.results <- r }()

	e := spec.ExecutionFrom(ctx)
	r.reports = e.Reports.(*reports)
	s.outlet.enter(r.reports)
	defer s.outlet.leave(r.reports) // what it has written and said comes before the event of its end

	ctx, late, cancel := withTimeout(ctx, step.op.Timeout)
	defer cancel() // what the function left behind is told that the op is over

	start := s.opts.Now()
	returned := ""
	defer func() {
		r.duration = s.opts.Now().Sub(start)
		if p := recover(); p != nil {
			r.failure = panicFailure(p, debug.Stack(), returned)
		}
	}()
	output, err := any(nil), s.opts.Fail(step.path, attempt)
	if err == nil {
		inputs := make([]any, len(step.inputs))
		for i, v := range step.inputs {
			inputs[i] = v.build()
		}
		output, err = step.op.Run(ctx, inputs)
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
