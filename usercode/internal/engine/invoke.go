package engine

import (
	"context"
	"runtime/debug"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// invoke calls the author's function, and those that make its inputs, and sends one result, whatever they do to the
// goroutine: it is the whole body of the op's own.
func invoke(ctx context.Context, step *step, now func() time.Time, results chan<- result) {
	// This failure stays when the function neither returns nor panics.
	r := result{step: step, failure: &workerv1.Failure{Reason: "error", Message: "the op ended its goroutine with runtime.Goexit"}}
	defer func() { results <- r }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // what the function left behind is told that the op is over

	start := now()
	defer func() {
		r.duration = now().Sub(start)
		if p := recover(); p != nil {
			r.failure = panicFailure(p, debug.Stack())
		}
	}()
	inputs := make([]any, len(step.inputs))
	for i, v := range step.inputs {
		inputs[i] = v.build()
	}
	output, err := step.op.Run(ctx, inputs)
	if err != nil {
		r.failure = errorFailure(err)
		return
	}
	r.output, r.failure = output, nil
}
