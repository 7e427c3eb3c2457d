package workspace

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/host"
)

// timeoutError is the cause of a context that a deadline ended.
type timeoutError struct {
	what  string
	after time.Duration
}

func (e *timeoutError) Error() string { return e.what + " took longer than " + e.after.String() }

// deadline ends a context when a call shows no progress for too long. It goes
// by the injected clock.
type deadline struct {
	clock    host.Clock
	progress chan allowance
	cancel   context.CancelCauseFunc
	done     chan struct{}
}

// allowance is how long the next step may take.
type allowance struct {
	what   string
	within time.Duration
}

// withDeadline starts a deadline for the first step, within one for all of
// them (0 for none). Stop must be called; it waits for the goroutine.
func withDeadline(ctx context.Context, clock host.Clock, what string, first, whole time.Duration) (context.Context, *deadline) {
	ctx, cancel := context.WithCancelCause(ctx)
	d := &deadline{clock: clock, progress: make(chan allowance), cancel: cancel, done: make(chan struct{})}
	var end <-chan time.Time
	if whole > 0 {
		end = clock.After(whole)
	}
	go d.watch(ctx, allowance{what, first}, clock.After(first), end, whole)
	return ctx, d
}

func (d *deadline) watch(ctx context.Context, step allowance, late, end <-chan time.Time, whole time.Duration) {
	defer close(d.done)
	for {
		select {
		case step = <-d.progress:
			late = d.clock.After(step.within)
		case <-late:
			d.cancel(&timeoutError{step.what, step.within})
			return
		case <-end:
			d.cancel(&timeoutError{"the whole exchange", whole})
			return
		case <-ctx.Done():
			return
		}
	}
}

// next says that a step was made and how long the one after it may take.
func (d *deadline) next(what string, within time.Duration) {
	select {
	case d.progress <- allowance{what, within}:
	case <-d.done:
	}
}

// stop ends the deadline and its context.
func (d *deadline) stop() {
	d.cancel(context.Canceled)
	<-d.done
}
