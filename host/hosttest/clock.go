package hosttest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Clock is a host.Clock that stands still until a test moves it.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	waiters []*waiter
	changed chan struct{} // closed and replaced when somebody begins to wait
}

type waiter struct {
	asked time.Duration
	at    time.Time
	ch    chan time.Time
}

// NewClock makes a clock that shows a fixed instant.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), changed: make(chan struct{})}
}

// Now is the instant that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After gets the time once the clock was moved d ahead.
func (c *Clock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := &waiter{d, c.now.Add(d), make(chan time.Time, 1)}
	if d <= 0 {
		w.ch <- c.now
		return w.ch
	}
	c.waiters = append(c.waiters, w)
	close(c.changed)
	c.changed = make(chan struct{})
	return w.ch
}

// Advance moves the clock and wakes those whose time has come.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	var left []*waiter
	for _, w := range c.waiters {
		if w.at.After(c.now) {
			left = append(left, w)
		} else {
			w.ch <- c.now
		}
	}
	c.waiters = left
}

// AwaitWaiter returns once somebody waits for just this long, by what they
// asked After for. An error is that of ctx.
func (c *Clock) AwaitWaiter(ctx context.Context, d time.Duration) error {
	for {
		c.mu.Lock()
		changed := c.changed
		found := slices.ContainsFunc(c.waiters, func(w *waiter) bool { return w.asked == d })
		c.mu.Unlock()
		if found {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Await is AwaitWaiter, and then moves the clock by d.
func (c *Clock) Await(ctx context.Context, d time.Duration) error {
	if err := c.AwaitWaiter(ctx, d); err != nil {
		return err
	}
	c.Advance(d)
	return nil
}
