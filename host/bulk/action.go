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
	pace  *pace
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

// runOnce acts on the batch that is stored, and stores what became of it with the next one, which is looked for meanwhile.
func (a *action) runOnce(ctx context.Context) error {
	b, last := a.bulk, a.bulk
	var ahead page
	var wg sync.WaitGroup
	wg.Go(func() { ahead = a.ahead(ctx, &last) })
	err := a.act(ctx, &b)
	wg.Wait()
	if err != nil {
		return err
	}
	b.Batch, b.Next = ahead.batch, ahead.next
	rest := b.Selected - min(b.Changed+b.Failed, b.Selected)
	b.PassedOver = min(b.PassedOver, rest)
	switch {
	case last.Next == 0:
		// What the walk did not meet is what the action did not apply to when it came by.
		b.PassedOver = rest
		a.close(&b, host.BulkDone, "")
	case a.stopping():
		a.close(&b, host.BulkStopped, "")
	case permanent(ahead.err):
		a.close(&b, host.BulkStopped, told(ahead.err))
	case ahead.err != nil:
		return ahead.err
	}
	if err := a.r.o.Store.PutBulk(ctx, b); err != nil {
		return err
	}
	a.bulk = b
	a.tell()
	if b.Ended() {
		a.r.o.Logger.Info("an action on many runs has ended", "bulk", b.ID, "state", b.State, "changed", b.Changed,
			"passed_over", b.PassedOver, "failed", b.Failed, "error", ahead.err)
	}
	return nil
}

func (a *action) close(b *host.Bulk, state host.BulkState, why string) {
	b.Batch, b.State, b.EndedAt, b.Error = nil, state, a.r.o.Clock.Now(), why
}

// page is the next batch of an action, and where it goes on after that.
type page struct {
	batch []host.RunRef
	next  uint64
	err   error
}

// ahead finds the next batch. Acting on the one before changes nothing of it.
func (a *action) ahead(ctx context.Context, b *host.Bulk) (p page) {
	size := a.r.batch(b.Action.Kind)
	if b.Action.Kind != host.BulkReexecute {
		size = a.pace.batch(size)
	}
	switch {
	case b.Next == 0:
		return page{}
	case len(b.Action.Runs) > 0:
		return nextNamed(b, size)
	}
	if a.where == nil {
		where, err := selector.Parse(b.Action.Where, host.RunSchema(), nil)
		if err != nil {
			return page{err: &host.Error{
				Code: host.Invalid, Reason: "BULK_INVALID", Message: "its selector cannot be read any more: " + err.Error(), Err: err,
			}}
		}
		a.where = selector.All(where, reaches(&b.Action))
	}
	refs, err := a.r.o.Store.SelectRuns(ctx, a.where, b.Next, size)
	return page{batch: refs.Runs, next: refs.Next, err: a.r.readable(err)}
}

// nextNamed is the next batch of an action that names its runs.
func nextNamed(b *host.Bulk, size int) page {
	for i, run := range b.Action.Runs {
		if run.Seq < b.Next {
			rest := b.Action.Runs[i:]
			if len(rest) <= size {
				return page{batch: rest}
			}
			return page{batch: rest[:size], next: rest[size-1].Seq}
		}
	}
	return page{}
}
