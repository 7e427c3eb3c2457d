package engine

import (
	"context"
	"fmt"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// timeoutGrace is how long a function whose time is over has to return, until its op is reported without it. A
// Command needs six seconds to end a program that does not listen.
const timeoutGrace = 10 * time.Second

// timeoutError is what an attempt ends with whose time is over, and the cause of its context.
type timeoutError struct {
	limit    time.Duration
	returned error // by the function; nil when it said that all is well, or has not returned
}

func (e *timeoutError) Error() string {
	return fmt.Sprintf("not done within its time-out of %v", e.limit)
}

func (e *timeoutError) Unwrap() []error {
	if e.returned == nil {
		return []error{context.DeadlineExceeded}
	}
	return []error{context.DeadlineExceeded, e.returned}
}

// withTimeout gives an attempt its time; late is whether it is over.
func withTimeout(ctx context.Context, limit time.Duration) (_ context.Context, late func() bool, cancel context.CancelFunc) {
	if limit == 0 {
		ctx, cancel = context.WithCancel(ctx)
		return ctx, func() bool { return false }, cancel
	}
	over := &timeoutError{limit: limit}
	ctx, cancel = context.WithTimeoutCause(ctx, limit, over)
	return ctx, func() bool { return context.Cause(ctx) == error(over) }, cancel //nolint:errorlint // this very one
}

// timeoutFailure describes an attempt whose time is over. What the function returned is a cause, unless it only passes
// on what its context said.
func timeoutFailure(e *timeoutError) *workerv1.Failure {
	f := &workerv1.Failure{Reason: "timeout", Message: clean(e.Error(), maxMessageBytes)}
	_, passedOn := e.returned.(*timeoutError)                //nolint:errorlint // itself, not what holds it
	if !passedOn && e.returned != context.DeadlineExceeded { //nolint:errorlint // as above
		f.Causes = causes(e)[1:] // the first is DeadlineExceeded
	}
	return f
}
