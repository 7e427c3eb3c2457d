package queue

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// waitForCode parks a run whose code cannot run it now, with the reason.
func (q *Queue) waitForCode(ctx context.Context, run *host.Run, why error) error {
	var e *host.Error
	if !errors.As(why, &e) {
		return why
	}
	_, err := q.o.Store.UpdateRun(ctx, run.ID, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.Queued {
			return nil, nil
		}
		now := q.o.Clock.Now()
		return [][]byte{launch.Note(launch.NoteWaiting, e.Error(), now)}, run.Become(host.WaitingForCode, e.Error(), now)
	})
	if host.CodeOf(err) == host.NotFound {
		return nil
	}
	return err
}

// recheckEvery is how often runs that wait for code are looked at without a sign.
const recheckEvery = 15 * time.Second

// recheckWaiting queues the runs again whose code has come: one after the other
// and in order, so that the first one is the first to be started. The caller holds mu.
func (q *Queue) recheckWaiting(ctx context.Context, now time.Time) {
	if q.rechecking || !q.recheck && now.Sub(q.checked) < recheckEvery {
		return
	}
	q.recheck, q.checked = false, now
	var waiting []*entry
	for _, e := range q.open {
		if e.status == host.WaitingForCode {
			waiting = append(waiting, e)
		}
	}
	if len(waiting) == 0 {
		return
	}
	slices.SortFunc(waiting, inOrder)
	q.rechecking = true
	q.starts.Go(func() {
		for _, e := range waiting {
			if err := q.requeue(ctx, e.id); err != nil && ctx.Err() == nil {
				q.o.Logger.Error("queue", "run", e.id, "error", err)
			}
		}
		q.mu.Lock()
		q.rechecking = false
		q.mu.Unlock()
		q.wake()
	})
}

func (q *Queue) requeue(ctx context.Context, id host.RunID) error {
	run, err := q.o.Store.Run(ctx, id)
	if err != nil || run.Status != host.WaitingForCode {
		if host.CodeOf(err) == host.NotFound {
			return nil
		}
		return err
	}
	if _, why := q.o.Planner.Recheck(ctx, &run); why != nil {
		return nil //nolint:nilerr // it goes on waiting; the reason is in the run already
	}
	_, err = q.o.Store.UpdateRun(ctx, id, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.WaitingForCode {
			return nil, nil
		}
		now := q.o.Clock.Now()
		return [][]byte{launch.Note(launch.NoteRequeued, "its code is there", now)}, run.Become(host.Queued, "", now)
	})
	if host.CodeOf(err) == host.NotFound {
		return nil
	}
	return err
}
