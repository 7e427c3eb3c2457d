package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/launch"
)

const (
	// helloAfter is how long a worker may take before its launcher is asked about it, and how often.
	helloAfter = 5 * time.Second
	// serverGoneAfter is how long the one server of several that may have started a worker may be out of reach before the
	// worker is not waited for any more.
	serverGoneAfter = 30 * time.Second
	// maxStartTimeouts is how many attempts may come to nothing before the run fails.
	maxStartTimeouts = 3
)

// watchStarts looks after runs whose worker was asked for and has not said
// hello. The caller holds mu.
func (q *Queue) watchStarts(ctx context.Context, now time.Time) {
	for e := range q.total.holders {
		if e.status != host.Starting || e.busy || now.Before(e.notBefore) { // the last after an error of the store
			continue
		}
		over := now.Sub(later(e.since, q.o.Sessions.RefusedAt())) > q.o.StartLease
		if !over && now.Sub(e.asked) < helloAfter {
			continue
		}
		e.asked = now
		n := e.attempt
		q.work(e, func() error { return q.resolve(ctx, e, n, over) })
	}
}

// later is the later one of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// resolve finds out what became of a start. To take an attempt back is safe at
// any time: without the run in STARTING with its number it is never granted.
func (q *Queue) resolve(ctx context.Context, e *entry, n uint32, leaseOver bool) error {
	run, err := q.o.Store.Run(ctx, e.id)
	if err != nil || run.Status != host.Starting || run.Attempt != n {
		if host.CodeOf(err) == host.NotFound {
			return nil
		}
		return err
	}
	state, err := q.o.Launcher.Attempt(q.ask(ctx, e, false), run.Job.Location, run.ID, n)
	wanted := q.answered(e, err == nil)
	switch {
	case err != nil && wanted:
		return q.giveBack(ctx, e, &run)
	case err == nil && state.Phase == host.WorkerEnded:
		// No user code ran, so another process may: this one may have been killed for want of memory.
		q.hold(e)
		return q.tryAgain(ctx, &run, host.FailureWorkerLost, attempt.EndedMessage(state))
	case err == nil && state.Phase == host.WorkerUnknown:
		return q.leaveStarting(ctx, &run, host.Queued, "",
			fmt.Sprintf("%s knows nothing of attempt %d; it is given up", run.Job.Location, n))
	case leaseOver:
		return q.tryAgain(ctx, &run, host.FailureStartTimeout, fmt.Sprintf("no worker said hello for attempt %d within %s", n, q.o.StartLease))
	case q.serverGone(e, err):
		return q.tryAgain(ctx, &run, host.FailureStartTimeout, fmt.Sprintf("no worker said hello for attempt %d, and the server that it was asked of cannot be reached for %s, while others of %s answer",
			n, serverGoneAfter, run.Job.Location))
	case host.ReasonOf(err) == launch.ReasonServerUnreachable: // the location itself answers
	case err != nil:
		_, gone := q.o.Planner.Recheck(ctx, &run)
		if host.CodeOf(gone) == host.Unavailable || host.ReasonOf(gone) == launch.ReasonLocationGone {
			return q.leaveStarting(ctx, &run, host.WaitingForCode, "", gone.Error())
		}
	}
	return nil
}

// tryAgain takes back an attempt that came to nothing, for a reason that may not be there the next time, and counts it.
// It fails the run when that was the last that is tried.
func (q *Queue) tryAgain(ctx context.Context, run *host.Run, reason, why string) error {
	if run.StartTimeouts+1 >= maxStartTimeouts {
		return q.leaveStarting(ctx, run, host.Failure, reason, why)
	}
	return q.leaveStarting(ctx, run, host.Queued, reason, why)
}

// serverGone takes in an answer about a start, and tells whether the server that may have started it has been out of
// reach for so long that nobody waits for it.
func (q *Queue) serverGone(e *entry, answer error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.o.Clock.Now()
	switch {
	case host.ReasonOf(answer) != launch.ReasonServerUnreachable:
		e.serverGone = time.Time{}
	case e.serverGone.IsZero():
		e.serverGone = now
	default:
		return now.Sub(e.serverGone) >= serverGoneAfter
	}
	return false
}

// noteServer notes which of several servers has, or may have, the run's worker: after a restart of the host only that
// one can be asked. Where there is one server all are asked anyway, and the write is saved.
func (q *Queue) noteServer(ctx context.Context, run *host.Run, outcome host.StartOutcome) error {
	if outcome.ServerID == "" || !outcome.Among {
		return nil
	}
	n := run.Attempt
	// Also when the queue stops: the next host is who needs it.
	return q.change(context.WithoutCancel(ctx), run.ID, func(run *host.Run) ([][]byte, error) {
		if run.Status == host.Starting && run.Attempt == n {
			run.Current.ServerID = outcome.ServerID
		}
		return nil, nil
	})
}

// leavingNotes are the kinds of the events that tell where a run went from STARTING.
var leavingNotes = map[host.RunStatus]string{
	host.Queued:         launch.NoteRequeued,
	host.WaitingForCode: launch.NoteWaiting,
	host.Failure:        launch.NoteFailed,
}

// leaveStarting takes the run's attempt back, unless it was granted meanwhile.
// The reason is that of a failure, or of one that it would be if it were the last attempt: then it counts against the run.
func (q *Queue) leaveStarting(ctx context.Context, run *host.Run, next host.RunStatus, reason, why string) error {
	n := run.Attempt
	return q.change(ctx, run.ID, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.Starting || run.Attempt != n {
			return nil, nil
		}
		now := q.o.Clock.Now()
		run.Current.TokenSHA256 = nil
		if reason != "" {
			run.StartTimeouts++
		}
		note := [][]byte{launch.Note(leavingNotes[next], why, now)}
		if next == host.Failure {
			return note, run.Fail(reason, why, now)
		}
		return note, run.Become(next, why, now)
	})
}
