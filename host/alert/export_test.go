package alert

import "context"

// RunOnce is one round of the loop.
func (a *Alerter) RunOnce(ctx context.Context) error { return a.runOnce(ctx) }

// SendTimeout, FirstRest, MaxRest, Look and SaveAfter are the constants of these names.
const (
	SendTimeout = sendTimeout
	FirstRest   = firstRest
	MaxRest     = maxRest
	Look        = look
	SaveAfter   = saveAfter
)
