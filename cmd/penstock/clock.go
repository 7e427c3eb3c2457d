package main

import "time"

// systemClock is the machine's clock, as the host sees it. It implements host.Clock.
type systemClock struct{}

// Now returns the present instant, with its monotonic reading, so that differences do not jump with the clock.
func (systemClock) Now() time.Time { return time.Now() }

// After returns a channel that gets the time once d has passed.
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }
