package automation

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

const (
	// firstTidy is how long after the start of the host old ticks are removed for the first time, tidyEvery how long after
	// that.
	firstTidy = time.Minute
	tidyEvery = time.Hour
)

// Tidier removes ticks whose time is over. All methods may be called concurrently.
type Tidier struct {
	store  host.AutomationStore
	clock  host.Clock
	logger *slog.Logger
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// NewTidier returns a Tidier that has not started.
func NewTidier(store host.AutomationStore, clock host.Clock, logger *slog.Logger) *Tidier {
	return &Tidier{store: store, clock: clock, logger: logger}
}

// Start begins to remove old ticks now and then. It does not fail.
func (t *Tidier) Start(ctx context.Context) error {
	ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	t.done.Go(func() { t.loop(ctx) })
	return nil
}

// Stop waits for what is under way. It may be called twice and before Start.
func (t *Tidier) Stop() {
	if t.cancel != nil {
		t.cancel()
	}
	t.done.Wait()
}

func (t *Tidier) loop(ctx context.Context) {
	wait := firstTidy
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.clock.After(wait):
		}
		if err := t.runOnce(ctx, t.clock.Now()); err != nil && ctx.Err() == nil {
			t.logger.Error("remove old ticks", "error", err)
		}
		wait = tidyEvery
	}
}

// runOnce removes the ticks whose time is over at now.
func (t *Tidier) runOnce(ctx context.Context, now time.Time) error {
	n, err := t.store.TidyTicks(ctx, now)
	if n > 0 {
		t.logger.Info("old ticks were removed", "ticks", n)
	}
	return err
}
