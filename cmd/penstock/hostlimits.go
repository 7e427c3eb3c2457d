package main

import (
	"context"

	"github.com/penstock-run/penstock/host"
)

// limitSource says what the limits at the start were read from.
func (o *hostOptions) limitSource() string {
	if o.Config == nil {
		return "the command line"
	}
	return "the configuration file " + o.Config.path + ", read at the start"
}

// noteLimits keeps for people that limits changed, if they did since any host used this store last. That nothing can be
// stored now holds nobody up: the next change, or start, is compared with the last that was stored.
func (p *hostProcess) noteLimits(ctx context.Context, source string, most int, limits []host.Limit, pools []host.Pool) {
	change, changed, err := p.store.PutLimits(ctx, host.LimitChange{
		At: systemClock{}.Now(), Source: source, After: host.LimitLines(most, limits, pools),
	})
	switch {
	case err != nil:
		p.log.Warn("it could not be stored which limits of the queue are in use", "error", err)
	case changed && len(change.Before) > 0:
		gone, come := change.Differences()
		p.log.Info("limits of the queue changed", "source", source, "before", gone, "after", come)
	}
}
