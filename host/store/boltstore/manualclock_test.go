package boltstore

import (
	"sync"
	"time"
)

// manualClock stands still until it is moved. What waits for it goes on at once.
type manualClock struct {
	mu  sync.Mutex
	now time.Time
	// waited are the times that somebody wanted to wait for.
	waited []time.Duration
}

func newManualClock() *manualClock { return &manualClock{now: time.Unix(1_780_000_000, 0).UTC()} }

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) After(d time.Duration) <-chan time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waited = append(c.waited, d)
	due := make(chan time.Time, 1)
	due <- c.now.Add(d)
	return due
}

func (c *manualClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
