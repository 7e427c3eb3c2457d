package collect

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

const (
	// every is how often it is looked for outputs to collect.
	every = 10 * time.Second
	// maxBatch is how many runs one call names at most, from the contract. After a call that came to nothing the next one
	// names half as many.
	maxBatch = 1000
	// callDeadline is how long a location may take for one call.
	callDeadline = time.Minute
	// firstRest is how long a location is left alone after a failure, doubling up to maxRest.
	firstRest = 30 * time.Second
	maxRest   = time.Hour
)

// Reach finds a server of a location that can delete outputs; release lets it go. The error is NotFound when no such
// location is configured.
type Reach func(location string) (client usercodev1.UserCodeServiceClient, release func(), err error)

// Options of a Collector. All are required.
type Options struct {
	Store  host.Store
	Reach  Reach
	Clock  host.Clock
	Logger *slog.Logger
}

// Collector has outputs of deleted runs removed, each location beside the others, so that one that hangs holds up no other.
type Collector struct {
	o      Options
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	places map[string]*place
}

// place is a location at which outputs are to be collected. All is guarded by Collector.mu, but for batch, which is of the
// goroutine while busy is set.
type place struct {
	busy bool
	// notBefore is until when it is left alone after a failure; failures counts those in a row.
	notBefore time.Time
	failures  int
	// batch is how many runs the next call names.
	batch int
	// absent tells that it was not configured when it was looked at last.
	absent bool
}

// New returns a Collector that has not started.
func New(o Options) *Collector { return &Collector{o: o, places: map[string]*place{}} }

// Start begins to collect. It does not fail.
func (c *Collector) Start(ctx context.Context) error {
	ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	c.done.Go(func() { c.loop(ctx) })
	return nil
}

// Stop ends calls under way and waits for them. It may be called twice and before Start.
func (c *Collector) Stop() {
	if c.cancel != nil {
		c.cancel()
	}
	c.done.Wait()
}

func (c *Collector) loop(ctx context.Context) {
	for {
		if err := c.runOnce(ctx, c.o.Clock.Now()); err != nil && ctx.Err() == nil {
			c.o.Logger.Error("collect outputs of deleted runs", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-c.o.Clock.After(every):
		}
	}
}

// runOnce begins to collect at every location that has something to collect, can be asked now, and is not resting.
func (c *Collector) runOnce(ctx context.Context, now time.Time) error {
	names, err := c.o.Store.LocationsToCollect(ctx)
	if err != nil {
		return fmt.Errorf("find outputs to collect: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		p := c.places[name]
		if p == nil {
			p = &place{batch: maxBatch}
			c.places[name] = p
		}
		if p.busy || now.Before(p.notBefore) {
			continue
		}
		client, release, err := c.o.Reach(name)
		if err != nil {
			c.unreached(name, p, err)
			continue
		}
		p.busy, p.absent = true, false
		c.done.Go(func() {
			defer release()
			c.collect(ctx, name, p, client)
		})
	}
	return nil
}

// unreached tells once of a location that is not configured any more. One that is away, or cannot delete outputs, comes
// back by itself. mu is held.
func (c *Collector) unreached(name string, p *place, err error) {
	gone := host.CodeOf(err) == host.NotFound
	if gone && !p.absent {
		c.o.Logger.Warn("outputs of deleted runs are not removed, because their code location is not configured any more; they are once it is again",
			"location", name)
	}
	p.absent = gone
}

// collect collects all that there is at a location, until something fails.
func (c *Collector) collect(ctx context.Context, name string, p *place, client usercodev1.UserCodeServiceClient) {
	removed, left, err := c.collectAll(ctx, name, p, client)
	if removed > 0 {
		c.o.Logger.Info("outputs of deleted runs were removed", "location", name, "runs", removed)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p.busy = false
	if err == nil && left == 0 {
		p.failures = 0
		return
	}
	rest := min(firstRest<<min(p.failures, 10), maxRest)
	p.failures++
	p.notBefore = c.o.Clock.Now().Add(rest)
	if ctx.Err() == nil {
		c.o.Logger.Warn("outputs of deleted runs are not removed yet", "location", name, "runs", left, "again_in", rest, "error", err)
	}
}
