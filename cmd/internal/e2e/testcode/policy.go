package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode"
)

// retrying has an op that ends well in its third attempt, beside one that never ends in time and takes its descendant
// along.
func retrying() *usercode.Job {
	flaky := usercode.NewOp("flaky", func(ctx context.Context) (int, error) {
		n := usercode.RunFrom(ctx).OpAttempt
		usercode.Log(ctx).Info("tried")
		if n < 3 {
			return 0, fmt.Errorf("failure %d", n)
		}
		return n, nil
	}, usercode.Retry{Max: 3, Delay: 50 * time.Millisecond, Backoff: 2, Jitter: 0.5}, usercode.Priority(1))
	slow := usercode.NewTask("slow", func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}, usercode.Timeout(50*time.Millisecond), usercode.Retry{Max: 1})
	never := usercode.NewTask("never", func(context.Context) error { return nil })
	return usercode.NewJob("retrying", func(g *usercode.Graph) {
		countOp(g, flaky(g))
		never(g.After(slow(g)))
	}, usercode.MaxConcurrent(2))
}

// patient waits for an hour before it tries again.
func patient() *usercode.Job {
	fails := usercode.NewTask("fails", func(context.Context) error { return errors.New("not now") }, usercode.Retry{Max: 1, Delay: time.Hour})
	return usercode.NewJob("patient", func(g *usercode.Graph) { fails(g) })
}
