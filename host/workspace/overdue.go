package workspace

import (
	"context"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

// overdue ends calls that take too long, all of them by one goroutine: a
// goroutine and a timer for each of a thousand probes a second would cost more
// than what they guard against. All methods may be called concurrently.
type overdue struct {
	clock host.Clock
	nudge chan struct{} // gets a value when a call is due before what run waits for

	mu    sync.Mutex
	calls map[*limitedCall]struct{}
}

// limitedCall is one call that has to end in time.
type limitedCall struct {
	of     *overdue
	what   string
	within time.Duration
	due    time.Time
	cancel context.CancelCauseFunc
}

func newOverdue(clock host.Clock) *overdue {
	return &overdue{clock: clock, nudge: make(chan struct{}, 1), calls: map[*limitedCall]struct{}{}}
}

// limit is a context for a call that ends with a timeoutError when it takes
// longer than within. End it. It needs run.
func (o *overdue) limit(ctx context.Context, what string, within time.Duration) (context.Context, *limitedCall) {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &limitedCall{of: o, what: what, within: within, due: o.clock.Now().Add(within), cancel: cancel}
	o.mu.Lock()
	first := true
	for other := range o.calls {
		if first = c.due.Before(other.due); !first {
			break
		}
	}
	o.calls[c] = struct{}{}
	o.mu.Unlock()
	if first {
		select {
		case o.nudge <- struct{}{}:
		default: // run will look anyway
		}
	}
	return ctx, c
}

// end says that the call has ended, and ends its context.
func (c *limitedCall) end() {
	c.of.mu.Lock()
	delete(c.of.calls, c)
	c.of.mu.Unlock()
	c.cancel(context.Canceled)
}

// run ends calls that are overdue, until ctx ends.
func (o *overdue) run(ctx context.Context) {
	for {
		var next <-chan time.Time
		if wait, some := o.look(); some {
			next = o.clock.After(wait)
		}
		select {
		case <-next:
		case <-o.nudge:
		case <-ctx.Done():
			return
		}
	}
}

// look ends what is overdue, and says when the next call is, if there is one.
func (o *overdue) look() (wait time.Duration, some bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.clock.Now()
	for c := range o.calls {
		left := c.due.Sub(now)
		switch {
		case left <= 0:
			c.cancel(&timeoutError{c.what, c.within})
			delete(o.calls, c)
		case !some || left < wait:
			wait, some = left, true
		}
	}
	return wait, some
}
