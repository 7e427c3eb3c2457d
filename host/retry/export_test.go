package retry

import "context"

// RunOnce is one round of the loop of a Retrier that has begun and whose loop does not run.
func (r *Retrier) RunOnce(ctx context.Context) error { return r.runOnce(ctx) }

// Begin is Start without the loop.
func (r *Retrier) Begin(ctx context.Context) error {
	r.subs = r.o.Feed.Subscribe(feedLimit)
	r.started = r.o.Clock.Now()
	return r.reread(ctx)
}
