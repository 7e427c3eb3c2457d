package collect

import "context"

// RunOnce is one round of the loop, at the time of the clock.
func (c *Collector) RunOnce(ctx context.Context) error { return c.runOnce(ctx, c.o.Clock.Now()) }

// Await waits for what a round began.
func (c *Collector) Await() { c.done.Wait() }
