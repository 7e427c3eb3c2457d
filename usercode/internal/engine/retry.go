package engine

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// after calls wake when the time of the step's attempt is over: of the wait for it, or, when it runs, all that it was
// given. When the run is canceled before, it does not.
func (s *schedule) after(ctx context.Context, d time.Duration, step *step) {
	attempt := step.attempt
	step.timer = time.AfterFunc(d, func() {
		if ctx.Err() == nil {
			s.send(func() { s.wake(ctx, step, attempt) })
		}
	})
}

// limit has an attempt left behind that does not end when its time is over.
func (s *schedule) limit(ctx context.Context, step *step, attempt int) {
	if step.running && step.attempt == attempt {
		s.after(ctx, step.op.Timeout+timeoutGrace, step)
	}
}

// retry reports that an attempt failed, and that another follows. Until then the op waits, and takes no place.
func (s *schedule) retry(ctx context.Context, r result) {
	step := r.step
	wait := step.op.Retry.Wait(step.attempt, s.opts.Random())
	finished := opFinished(workerv1.Outcome_OUTCOME_FAILURE, r.duration, r.failure)
	finished.RetryAfter = durationpb.New(wait)
	s.stop(step)
	s.emit.finished(step, finished)
	step.attempt++
	if wait > 0 {
		s.after(ctx, wait, step)
	} else {
		s.makeReady(step)
	}
}

// wake starts the attempt for which an op has waited, or leaves the function behind of one that does not end.
func (s *schedule) wake(ctx context.Context, step *step, attempt int) {
	switch {
	case step.reported || step.attempt != attempt: // it ended just before
	case ctx.Err() != nil: // it is being canceled, which has a grace of its own
	case step.running && step.returned.Load(): // its end is on the way
	case step.running:
		failure := timeoutFailure(&timeoutError{limit: step.op.Timeout})
		failure.Message += ", nor in " + timeoutGrace.String() + " more, so its function is left behind"
		if step.op.Retry != nil {
			failure.Message += "; it is not tried again, as both would run at the same time"
		}
		s.outlet.leaveBehind(step.path, step.attempt)
		s.fail(step, step.op.Timeout+timeoutGrace, failure) // its inputs are released when it returns: it may still read them
	default:
		step.timer = nil
		s.makeReady(step)
	}
}
