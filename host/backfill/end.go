package backfill

import (
	"context"
	"errors"
	"time"

	"github.com/penstock-run/penstock/host"
)

// leastStride is how many launches, at least, are not stored one by one.
const leastStride = 100

// stride is how many launches are not stored one by one: a hundredth of all, for what is written each time grows with
// their number.
func stride(b *host.Backfill) int { return max(leastStride, len(b.Partitions)/100) }

// storeSome stores how far the backfill is, if it is time. A start finds what was launched since by its requests.
func (w *work) storeSome(ctx context.Context) error {
	w.picture.advance(&w.b)
	next := w.picture.next
	if next == w.stored {
		w.since, w.late = time.Time{}, nil
		return nil
	}
	now := w.r.o.Clock.Now()
	if w.since.IsZero() {
		w.since, w.late = now, w.r.o.Clock.After(storeAfter)
	}
	if next-w.stored < stride(&w.b) && now.Sub(w.since) < storeAfter {
		return nil
	}
	_, err := w.r.o.Store.UpdateBackfill(ctx, w.b.ID, func(b *host.Backfill) error {
		if b.Round != w.b.Round || b.State.Final() {
			return errChanged
		}
		w.putProgress(b)
		return nil
	})
	if err == nil {
		w.stored, w.since, w.late = next, time.Time{}, nil
	}
	return err
}

// putProgress sets how far the backfill is. Who calls it in a change of a store lets nobody else change w meanwhile.
func (w *work) putProgress(b *host.Backfill) {
	b.Next, b.Refusals, b.RefusedCount = w.picture.next, w.b.Refusals, w.b.RefusedCount
}

// end ends the backfill, unless somebody has changed its state meanwhile.
func (w *work) end(ctx context.Context, state host.BackfillState) (ended bool, err error) {
	w.picture.advance(&w.b)
	w.mu.Lock()
	was, problem := w.b.State, w.b.Problem
	w.mu.Unlock()
	b, err := w.r.o.Store.UpdateBackfill(ctx, w.b.ID, func(b *host.Backfill) error {
		if b.State != was || b.Round != w.b.Round {
			return errChanged
		}
		w.putProgress(b)
		b.State, b.EndedAt, b.Counts = state, w.r.o.Clock.Now(), w.picture.statuses()
		if state != host.BackfillCanceled {
			b.Problem = problem
		}
		return nil
	})
	if errors.Is(err, errChanged) {
		if b, err = w.r.o.Store.Backfill(ctx, w.b.ID); err == nil {
			w.become(&b)
			w.nudge()
		}
		return err == nil && b.State.Final(), err
	}
	if err != nil {
		return false, err
	}
	w.become(&b)
	w.r.o.Logger.Info("a backfill has ended", "backfill", b.ID, "state", b.State, "counts", b.Counts, "refused", b.RefusedCount)
	return true, nil
}

// become takes over what others change.
func (w *work) become(b *host.Backfill) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b.State, w.b.Forced, w.b.EndedAt, w.b.Counts = b.State, b.Forced, b.EndedAt, b.Counts
	if b.Problem != "" {
		w.b.Problem = b.Problem
	}
}
