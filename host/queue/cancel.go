package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// Cancel asks a run to end, for a reason that people see. One that no worker
// runs is CANCELED at once; one whose user code runs is told to end within
// grace (0 means the default) and killed after it, at once when force is set.
// A run that is CANCELING is left so, unless force is new, or it is because it took
// too long: then it ends CANCELED, and is not retried. A run that failed and is to be
// retried is not retried then. Another final run is a Conflict. A request that comes
// again changes nothing, and answers the run as it is.
func (q *Queue) Cancel(ctx context.Context, r host.Request, id host.RunID, reason string, grace time.Duration, force bool) (host.Run, error) {
	if reason == "" {
		reason = "canceled by request"
	}
	var before host.RunStatus
	results, err := q.o.Store.UpdateRuns(ctx, r, []host.RunID{id}, func(run *host.Run) ([][]byte, error) {
		before = run.Status
		return q.cancelRun(run, reason, force)
	})
	if err != nil {
		return host.Run{}, err
	}
	run, err := results[0].Run, results[0].Err
	if err == nil && !results[0].Repeated {
		q.tellCanceled(ctx, &run, before, grace, force)
	}
	return run, err
}

// cancelRun makes a run end, or be asked to, and returns the notes of it.
func (q *Queue) cancelRun(run *host.Run, reason string, force bool) (notes [][]byte, err error) {
	now := q.o.Clock.Now()
	switch run.Status {
	case host.Queued, host.WaitingForCode:
		return [][]byte{launch.Note(launch.NoteCanceled, reason, now)}, run.Become(host.Canceled, reason, now)
	case host.Starting:
		// Without a grant no user code has run, and none will: the grant needs STARTING.
		if err := run.Become(host.Canceling, reason, now); err != nil {
			return nil, err
		}
		return [][]byte{launch.Note(launch.NoteCanceled, reason, now)}, run.Become(host.Canceled, reason, now)
	case host.Canceling:
		text := reason
		switch {
		case force && !run.Current.Forced:
			run.Current.Forced = true
			text = "forced: " + reason
		case !run.Current.OverRuntime:
			return nil, nil
		}
		if run.Current.OverRuntime {
			run.Current.OverRuntime = false
			run.Explain(reason)
		}
		return [][]byte{launch.Note(launch.NoteCanceling, text, now)}, nil
	case host.Failure:
		if !run.RetryDue {
			return nil, run.Become(host.Canceling, reason, now) // which the table refuses
		}
		run.RetryDue = false
		return [][]byte{launch.Note(launch.NoteNotRetried, "not retried: "+reason, now)}, nil
	default:
		run.Current.Forced = force
		return [][]byte{launch.Note(launch.NoteCanceling, reason, now)}, run.Become(host.Canceling, reason, now)
	}
}

// tellCanceled tells the worker of a run that was canceled in a status, if there may be one.
func (q *Queue) tellCanceled(ctx context.Context, run *host.Run, before host.RunStatus, grace time.Duration, force bool) {
	if before == host.Starting {
		if _, err := q.o.Launcher.Cancel(ctx, run.Job.Location, run.ID, run.Attempt, 0, true); err != nil {
			q.o.Logger.Warn("end the worker of a canceled start; it will not be granted", "run", run.ID, "error", err)
		}
	} else if run.Status == host.Canceling {
		q.o.Sessions.Cancel(run, grace, force)
	}
}

// Delete deletes a final run. A request that comes again is no error.
func (q *Queue) Delete(ctx context.Context, r host.Request, id host.RunID) error {
	results, err := q.o.Store.DeleteRuns(ctx, r, []host.RunID{id})
	if err != nil {
		return err
	}
	return results[0].Err
}

// CancelAll starts nothing more, cancels every open run with grace, and waits
// until none is left or ctx ends.
func (q *Queue) CancelAll(ctx context.Context, reason string, grace time.Duration) error {
	q.mu.Lock()
	q.paused = true
	q.mu.Unlock()
	subs := q.o.Feed.Subscribe(1)
	defer subs.Close()
	asked := map[host.RunID]bool{}
	for {
		runs, err := q.o.Store.OpenRuns(ctx)
		if _, err = host.DamageIn(err); err != nil {
			return err
		}
		if len(runs) == 0 {
			return nil
		}
		for i := range runs {
			if asked[runs[i].ID] && runs[i].Status == host.Canceling {
				continue
			}
			asked[runs[i].ID] = true
			_, err := q.Cancel(ctx, host.Request{}, runs[i].ID, reason, grace, false)
			if code := host.CodeOf(err); err != nil && code != host.Conflict && code != host.NotFound {
				return err // else it ended, and may be deleted by now
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %d runs to end: %w", len(runs), ctx.Err())
		case <-subs.Ready():
			subs.Take()
		}
	}
}
