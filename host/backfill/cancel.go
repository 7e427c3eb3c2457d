package backfill

import (
	"context"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// retryPatience is how long a backfill that is canceled waits until an automatic retry that is due was launched, to cancel
// that: it takes longer only where it cannot be launched.
const retryPatience = 10 * time.Second

// Cancel launches nothing more of a backfill, and cancels its runs. It answers when that is on disk, with the backfill as
// it is then; one that has ended stays as it is. by is who asks, as their client says.
//
// Errors: NotFound.
func (r *Runner) Cancel(ctx context.Context, id string, force bool, by string) (host.Backfill, error) {
	b, err := r.o.Store.UpdateBackfill(ctx, id, func(b *host.Backfill) error {
		if b.State.Final() {
			return nil
		}
		if b.State != host.BackfillCanceling {
			b.Problem = "canceled"
			if by != "" {
				b.Problem += " by " + by
			}
		}
		b.State, b.Forced = host.BackfillCanceling, b.Forced || force
		return nil
	})
	if err != nil {
		return host.Backfill{}, err
	}
	if w := r.work(id); w != nil && !b.State.Final() {
		r.o.Logger.Info("a backfill is canceled", "backfill", b.ID, "force", b.Forced, "by", by)
		w.become(&b)
		w.nudge()
	}
	return b, nil
}

// cancelAll asks the runs to end that were not asked, and ends the backfill when all have ended.
func (w *work) cancelAll(ctx context.Context) (ended bool, err error) {
	w.r.watchers.tell(w.b.ID)
	w.mu.Lock()
	force, reason := w.b.Forced, "its backfill was "+w.b.Problem
	w.mu.Unlock()
	var ask, due []host.RunID
	for id, at := range w.picture.live {
		forced, asked := w.asked[id]
		switch {
		case w.picture.places[at].standing == standingOf(host.Failure):
			due = append(due, id)
		case !asked || force && !forced:
			ask = append(ask, id)
		}
	}
	slices.Sort(ask)
	for ids := range slices.Chunk(ask, host.MaxRunsPerWrite) {
		results, err := w.r.o.Cancel(ctx, host.Request{}, ids, reason, force)
		if err != nil {
			return false, err
		}
		for i := range results {
			if err := results[i].Err; temporary(err) || host.CodeOf(err) == host.Internal && err != nil {
				return false, err
			}
			w.asked[ids[i]] = force // or it has ended, or was asked by somebody else, which the feed tells
		}
	}
	for _, id := range due {
		if err := w.giveUp(ctx, id); err != nil {
			return false, err
		}
	}
	if len(w.picture.live) == 0 {
		return w.end(ctx, host.BackfillCanceled)
	}
	return false, nil
}

// giveUp gives up the automatic retry of a run, if it cannot be launched: what is launched in the usual time is canceled.
func (w *work) giveUp(ctx context.Context, id host.RunID) error {
	run, err := w.r.o.Store.Run(ctx, id)
	if err != nil && !gone(err) {
		return err
	}
	now := w.r.o.Clock.Now()
	if err == nil && run.RetryDue {
		if left := run.EndedAt.Add(retryPatience).Sub(now); left > 0 {
			w.pause = w.r.o.Clock.After(min(left, time.Second))
			return nil
		}
		_, err = w.r.o.Store.UpdateRun(ctx, id, func(run *host.Run) ([][]byte, error) {
			if !run.RetryDue {
				return nil, nil
			}
			run.RetryDue = false
			return [][]byte{launch.Note(launch.NoteNotRetried, "not retried: the backfill that it is of was canceled", now)}, nil
		})
		if err != nil && !gone(err) {
			return err
		}
	}
	return w.read(ctx, id)
}
