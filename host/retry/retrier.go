package retry

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

const (
	// firstPause is how long a retry that cannot be launched now is put off, doubling up to maxPause.
	firstPause = time.Second
	maxPause   = 15 * time.Second
	// feedLimit is how many changed runs may wait to be taken in before all that are due are read again.
	feedLimit = 4096
)

// Options of a Retrier. All are required.
type Options struct {
	Store host.Store
	Feed  *host.Feed
	// Submit queues a run: Queue.Submit.
	Submit func(context.Context, launch.Request) (host.Run, error)
	// WaitForCode is how long a run of a location may wait for its code before it fails, and so a retry for being
	// launched; 0 means for ever.
	WaitForCode func(location string) time.Duration
	Clock       host.Clock
	Logger      *slog.Logger
}

// Retrier launches retries that are due.
type Retrier struct {
	o       Options
	subs    *host.Subscription
	started time.Time
	cancel  context.CancelFunc
	done    sync.WaitGroup
	// Of the loop: due are the runs of which a retry is, stale tells that some may be missing.
	due   map[host.RunID]*due
	stale bool
}

// due is a run of which a retry is.
type due struct {
	id  host.RunID
	seq uint64
	// notBefore is when it is tried again after it could not be launched; failures counts those in a row.
	notBefore time.Time
	failures  int
	// causes are those of which the run has a note.
	causes map[string]bool
}

// New returns a Retrier that has not started.
func New(o Options) *Retrier { return &Retrier{o: o, due: map[host.RunID]*due{}} }

// Start finds what is due since before, and begins to launch it and what comes.
func (r *Retrier) Start(ctx context.Context) error {
	r.subs = r.o.Feed.Subscribe(feedLimit)
	r.started = r.o.Clock.Now()
	if err := r.reread(ctx); err != nil {
		r.subs.Close()
		return fmt.Errorf("read the runs that are to be retried: %w", err)
	}
	ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.done.Go(func() { r.loop(ctx) })
	return nil
}

// Stop waits for what is under way. What is due stays so. It may be called twice and before Start.
func (r *Retrier) Stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.done.Wait()
	r.subs.Close()
}

func (r *Retrier) loop(ctx context.Context) {
	for {
		if err := r.runOnce(ctx); err != nil && ctx.Err() == nil {
			r.o.Logger.Error("retry runs", "error", err)
		}
		var again <-chan time.Time
		if wait, some := r.next(); some {
			again = r.o.Clock.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.subs.Ready():
		case <-again:
		}
	}
}

// runOnce takes in what changed and launches what is due, oldest first.
func (r *Retrier) runOnce(ctx context.Context) error {
	changes, lost := r.subs.Take()
	for i := range changes {
		r.absorb(&changes[i].Run, changes[i].Deleted)
	}
	if lost || r.stale {
		if err := r.reread(ctx); err != nil {
			return err
		}
	}
	var now []*due
	for _, d := range r.due {
		if !r.o.Clock.Now().Before(d.notBefore) {
			now = append(now, d)
		}
	}
	slices.SortFunc(now, func(a, b *due) int { return cmp.Compare(a.seq, b.seq) })
	for _, d := range now {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := r.retry(ctx, d); err != nil && ctx.Err() == nil {
			if host.ReasonOf(err) != host.ReasonFull {
				r.o.Logger.Error("retry a run", "run", d.id, "error", err)
			}
			d.putOff(r.o.Clock.Now())
		}
	}
	return nil
}

// next is how long it is until something that was put off is to be tried again.
func (r *Retrier) next() (wait time.Duration, some bool) {
	if r.stale {
		return firstPause, true
	}
	now := r.o.Clock.Now()
	for _, d := range r.due {
		if until := d.notBefore.Sub(now); !some || until < wait {
			wait, some = until, true
		}
	}
	return wait, some
}

// absorb takes a run as committed in.
func (r *Retrier) absorb(run *host.Run, deleted bool) {
	switch {
	case deleted || !run.RetryDue:
		delete(r.due, run.ID)
	case r.due[run.ID] == nil:
		r.due[run.ID] = &due{id: run.ID, seq: run.Seq}
	}
}

// reread finds what is due in the store.
func (r *Retrier) reread(ctx context.Context) error {
	r.stale = true
	runs, err := r.o.Store.RunsToRetry(ctx)
	damage, err := host.DamageIn(err)
	if err != nil {
		return err
	}
	if damage != nil {
		r.o.Logger.Error("runs that are to be retried cannot be read; they are left out", "runs", len(damage), "error", damage)
	}
	still := map[host.RunID]bool{}
	for i := range runs {
		still[runs[i].ID] = true
		r.absorb(&runs[i], false)
	}
	for id := range r.due {
		if !still[id] {
			delete(r.due, id)
		}
	}
	r.stale = false
	return nil
}

// putOff holds a run back for a time that doubles with each failure in a row.
func (d *due) putOff(now time.Time) {
	d.notBefore = now.Add(min(firstPause<<min(d.failures, 10), maxPause))
	d.failures++
}
