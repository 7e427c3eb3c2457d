package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

const (
	// expireAfterStart is how long after the host's start no run fails because it waited too long: its location may
	// answer by then, and what came while the host was away counts.
	expireAfterStart = 15 * time.Second
	// maxExpiring is how many runs are failed at a time.
	maxExpiring = 64
)

// WaitsUntil is when a run that waits for its code fails; zero when it does not wait, or may for ever.
func (q *Queue) WaitsUntil(run *host.Run) time.Time {
	if run.Status != host.WaitingForCode {
		return time.Time{}
	}
	return run.WaitsUntil(q.o.WaitForCode(run.Job.Location))
}

// Held says why the runs of a location stay queued without being tried, for people; empty when they do not.
func (q *Queue) Held(location string) string { return q.o.Holds(location) }

// expireWaiting fails runs that have waited for their code for as long as the
// policy of their location lets them. The policy is asked for each time, so one
// that changes acts at once. The caller holds mu.
func (q *Queue) expireWaiting(ctx context.Context, now time.Time) {
	if now.Sub(q.started) < expireAfterStart || now.Sub(q.expired) < tick {
		return
	}
	q.expired = now
	limits := map[string]time.Duration{} // by location
	expiring := 0
	for _, e := range q.open {
		if e.status != host.WaitingForCode || e.busy || now.Before(e.notBefore) {
			continue
		}
		limit, asked := limits[e.job.Location]
		if !asked {
			limit = q.o.WaitForCode(e.job.Location)
			limits[e.job.Location] = limit
		}
		waits := host.Run{Status: e.status, WaitingSince: e.waitingSince, Waited: e.waited}
		if until := waits.WaitsUntil(limit); until.IsZero() || now.Before(until) {
			continue
		}
		if expiring++; expiring > maxExpiring {
			q.expired = time.Time{} // go on when these are done
			return
		}
		q.work(e, func() error { return q.expire(ctx, e) })
	}
}

// expire fails a run that has waited for too long, unless its code is there now.
func (q *Queue) expire(ctx context.Context, e *entry) error {
	run, why, err := q.waiting(ctx, e)
	switch {
	case err != nil || run == nil:
		return err
	case why == nil:
		return q.codeCame(ctx, found{e: e, job: run.Job})
	case why.Reason == launch.ReasonLoading:
		return nil
	}
	checked, limit := run.Job, q.o.WaitForCode(run.Job.Location)
	return q.change(ctx, run.ID, func(run *host.Run) ([][]byte, error) {
		now := q.o.Clock.Now()
		if until := run.WaitsUntil(limit); until.IsZero() || now.Before(until) || run.Job != checked {
			return nil, nil
		}
		text := fmt.Sprintf("code did not come within %s: %s", host.SpanText(limit), why)
		return [][]byte{launch.Note(launch.NoteFailed, text, now)}, run.Fail(host.FailureWaitExpired, text, now)
	})
}
