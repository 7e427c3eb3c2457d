package retention

import "context"

// RunOnce is one round of the loop, at the time of the clock.
func (k *Keeper) RunOnce(ctx context.Context) error { return k.runOnce(ctx, k.o.Clock.Now()) }

// First and Every are when the loop looks, Jump is the constant of that name.
const (
	First = first
	Every = every
	Jump  = jump
)
