package bulk

import (
	"context"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

const (
	// firstPause is how long an action rests that cannot go on, doubling up to maxPause.
	firstPause = 500 * time.Millisecond
	maxPause   = 15 * time.Second
)

// action is one that goes on.
type action struct {
	r *Runner
	// bulk is as it is stored, where what selects its runs. Only the action's goroutine touches them.
	bulk  host.Bulk
	where *selector.Expr
	// tries counts how often the batch, as it is, was not carried out in a row.
	tries int

	once sync.Once
	// stop is closed when it is to end before its end, ended when its goroutine has.
	stop, ended chan struct{}

	mu sync.Mutex
	// changed is closed, and replaced, when more is stored.
	changed chan struct{}
	// why it cannot go on now, for people.
	why string
}

// end tells it to end before its end.
func (a *action) end() { a.once.Do(func() { close(a.stop) }) }

func (a *action) stopping() bool {
	select {
	case <-a.stop:
		return true
	default:
		return false
	}
}

// next is closed when more is stored than now.
func (a *action) next() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.changed
}

func (a *action) tell() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.changed)
	a.changed = make(chan struct{})
}

func (a *action) trouble() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.why
}

func (a *action) setTrouble(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.why = why
}

// run goes on until the action has ended, or ctx has.
func (a *action) run(ctx context.Context) {
	select {
	case a.r.turns <- struct{}{}:
		defer func() { <-a.r.turns }()
	case <-a.stop:
	case <-ctx.Done():
		return
	}
	for ctx.Err() == nil && !a.bulk.Ended() {
		err := a.runOnce(ctx)
		if err == nil {
			a.tries = 0
			a.setTrouble("")
			continue
		}
		if ctx.Err() != nil {
			return
		}
		pause := min(firstPause<<min(a.tries, 10), maxPause)
		a.tries++
		a.setTrouble(told(err))
		a.r.o.Logger.Warn("an action on many runs cannot go on; it tries again", "bulk", a.bulk.ID, "after", pause, "error", err)
		select {
		case <-ctx.Done():
		case <-a.r.o.Clock.After(pause):
		}
	}
}

// runOnce acts on the batch that is stored, and stores what became of it with the next one.
func (a *action) runOnce(ctx context.Context) error {
	b := a.bulk
	if err := a.act(ctx, &b); err != nil {
		return err
	}
	b.Batch = nil
	rest := b.Selected - min(b.Changed+b.Failed, b.Selected)
	b.PassedOver = min(b.PassedOver, rest)
	var err error
	switch {
	case a.stopping():
		a.close(&b, host.BulkStopped, "")
	case b.Next == 0:
		// What the walk did not meet is what the action did not apply to when it came by.
		b.PassedOver = rest
		a.close(&b, host.BulkDone, "")
	default:
		if err = a.advance(ctx, &b); permanent(err) {
			a.close(&b, host.BulkStopped, told(err))
		} else if err != nil {
			return err
		}
	}
	if err := a.r.o.Store.PutBulk(ctx, b); err != nil {
		return err
	}
	a.bulk = b
	a.tell()
	if b.Ended() {
		a.r.o.Logger.Info("an action on many runs has ended", "bulk", b.ID, "state", b.State, "changed", b.Changed,
			"passed_over", b.PassedOver, "failed", b.Failed, "error", err)
	}
	return nil
}

func (a *action) close(b *host.Bulk, state host.BulkState, why string) {
	b.State, b.EndedAt, b.Error = state, a.r.o.Clock.Now(), why
}

// advance finds the next batch.
func (a *action) advance(ctx context.Context, b *host.Bulk) error {
	size := a.r.batch(b.Action.Kind)
	if len(b.Action.Runs) > 0 {
		b.Batch, b.Next = nextNamed(b, size)
		return nil
	}
	if a.where == nil {
		where, err := selector.Parse(b.Action.Where, host.RunSchema(), nil)
		if err != nil {
			return &host.Error{Code: host.Invalid, Reason: "BULK_INVALID", Message: "its selector cannot be read any more: " + err.Error(), Err: err}
		}
		a.where = selector.All(where, reaches(&b.Action))
	}
	page, err := a.r.o.Store.SelectRuns(ctx, a.where, b.Next, size)
	if err = a.r.readable(err); err != nil {
		return err
	}
	b.Batch, b.Next = page.Runs, page.Next
	return nil
}

// nextNamed is the next batch of an action that names its runs, and where it goes on then.
func nextNamed(b *host.Bulk, size int) (batch []host.RunRef, next uint64) {
	for i, run := range b.Action.Runs {
		if run.Seq < b.Next {
			rest := b.Action.Runs[i:]
			if len(rest) <= size {
				return rest, 0
			}
			return rest[:size], rest[size-1].Seq
		}
	}
	return nil, 0
}
