package bulk

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// atOnce is how many actions act at a time; others wait for their turn.
const atOnce = 4

// Options of a Runner. All are required.
type Options struct {
	Store host.Store
	// Cancel asks runs to end: Queue.CancelRuns.
	Cancel func(ctx context.Context, r host.Request, ids []host.RunID, reason string, force bool) ([]host.RunResult, error)
	// Submit queues a run: Queue.Submit.
	Submit func(context.Context, launch.Request) (host.Run, error)
	Clock  host.Clock
	Logger *slog.Logger
}

// Runner carries out actions on many runs. All methods may be called concurrently.
type Runner struct {
	o     Options
	turns chan struct{}
	// writes has a place for each write of runs that may be under way.
	writes chan struct{}
	// batch is batchSize and write is writeRuns, except in tests.
	batch func(host.BulkKind) int
	write int

	mu sync.Mutex
	// ctx is that of the actions, nil before Start; stopped tells that nothing more begins here.
	ctx     context.Context //nolint:containedctx // it ends with the Runner
	cancel  context.CancelFunc
	stopped bool
	actions map[string]*action
	done    sync.WaitGroup
}

// New returns a Runner that has not started.
func New(o Options) *Runner {
	return &Runner{
		o: o, turns: make(chan struct{}, atOnce), writes: make(chan struct{}, writesAtOnce),
		batch: batchSize, write: writeRuns, actions: map[string]*action{},
	}
}

// Start takes up every action that has not ended, the oldest first.
func (r *Runner) Start(ctx context.Context) error {
	var all []host.Bulk
	for before := ""; ; {
		page, next, err := r.o.Store.Bulks(ctx, before, pageSize)
		damage, err := host.DamageIn(err)
		if err != nil {
			return fmt.Errorf("read the actions on many runs: %w", err)
		}
		if damage != nil {
			r.o.Logger.Error("actions on many runs cannot be read; they do not go on", "actions", len(damage), "error", damage)
		}
		all = append(all, slices.DeleteFunc(page, func(b host.Bulk) bool { return b.Ended() })...)
		if before = next; next == "" {
			break
		}
	}
	r.mu.Lock()
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.mu.Unlock()
	for _, b := range slices.Backward(all) { //nolint:contextcheck // they go on after the start
		r.o.Logger.Info("an action on many runs goes on", "bulk", b.ID, "kind", b.Action.Kind, "changed", b.Changed, "selected", b.Selected)
		r.goOn(b)
	}
	return nil
}

// Stop lets writes under way end and waits for it. The actions go on when a Runner starts on the same store. It may be
// called twice and before Start.
func (r *Runner) Stop() {
	r.mu.Lock()
	r.stopped = true
	if r.cancel != nil {
		r.cancel()
	}
	r.mu.Unlock()
	r.done.Wait()
}

// goOn lets an action go on in a goroutine of its own.
func (r *Runner) goOn(b host.Bulk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil || r.stopped {
		return // the next start takes it up
	}
	a := &action{r: r, bulk: b, pace: newPace(&b.Action, r.write), stop: make(chan struct{}), changed: make(chan struct{}), ended: make(chan struct{})}
	r.actions[b.ID] = a
	ctx := r.ctx
	r.done.Go(func() {
		a.run(ctx)
		r.mu.Lock()
		delete(r.actions, b.ID)
		r.mu.Unlock()
		close(a.ended)
		a.tell()
	})
}

func (r *Runner) unfinished() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.actions)
}

func (r *Runner) action(id string) *action {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.actions[id]
}

// Changed returns a channel that is closed when more of an action is stored than now, at once when it does not go on here.
func (r *Runner) Changed(id string) <-chan struct{} {
	if a := r.action(id); a != nil {
		return a.next()
	}
	closed := make(chan struct{})
	close(closed)
	return closed
}

// stopPatience is how long End waits for a batch under way.
const stopPatience = 10 * time.Second

// End ends an action before its end, and returns it as it is then: what is done stays done. One that has ended is
// returned as it is.
//
// Errors: NotFound; Unavailable when what it is doing does not end, for example because the store takes no writes: it
// ends then as soon as it can, unless the host is restarted before.
func (r *Runner) End(ctx context.Context, id string) (host.Bulk, error) {
	b, err := r.o.Store.Bulk(ctx, id)
	if err != nil {
		return host.Bulk{}, err
	}
	a := r.action(id)
	if a == nil {
		return b, nil
	}
	a.end()
	select {
	case <-a.ended:
		if b, err = r.o.Store.Bulk(ctx, id); err == nil && !b.Ended() {
			err = notEnded(id, "the host is stopping")
		}
		return b, err
	case <-ctx.Done():
		return b, ctx.Err()
	case <-r.o.Clock.After(stopPatience):
		return b, notEnded(id, a.trouble())
	}
}

func notEnded(id, why string) error {
	e := &host.Error{
		Code: host.Unavailable, Reason: "BULK_NOT_STOPPED",
		Message: fmt.Sprintf("bulk action %s has not ended yet; it was told to", id),
		Remedy:  "Look at it again in a while.",
	}
	if why != "" {
		e.Message += ": " + why
	}
	return e
}
