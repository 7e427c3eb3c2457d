package api

import (
	"context"
	"log/slog"
	"sync"

	"github.com/penstock-run/penstock/host"
)

// lastRuns remembers the status of the last run of each job that was asked for, for searches among thousands of jobs. All
// methods may be called concurrently.
type lastRuns struct {
	store  host.Store
	logger *slog.Logger

	mu sync.Mutex
	of map[host.JobName]*lastRun
}

// lastRun is what is remembered of a job.
type lastRun struct {
	// seq of the run, 0 while none is known.
	seq    uint64
	status host.RunStatus
	// known tells that the store was asked since the entry was made.
	known bool
}

func newLastRuns(store host.Store, logger *slog.Logger) *lastRuns {
	return &lastRuns{store: store, logger: logger, of: map[host.JobName]*lastRun{}}
}

// follow keeps what is remembered true until stop is closed, by a subscription that began before the first question.
func (l *lastRuns) follow(sub *host.Subscription, stop <-chan struct{}) {
	defer sub.Close()
	for {
		select {
		case <-stop:
			return
		case <-sub.Ready():
		}
		changes, lost := sub.Take()
		l.mu.Lock()
		if lost {
			clear(l.of)
		}
		for i := range changes {
			l.take(&changes[i])
		}
		l.mu.Unlock()
	}
}

// take changes what is remembered. The caller holds mu.
func (l *lastRuns) take(c *host.Change) {
	if c.Run.LaunchedAs != (host.JobName{}) {
		for job, last := range l.of {
			if last.seq == c.Run.Seq && job != c.Run.Job {
				delete(l.of, job) // it was re-pointed, so another one is the last
			}
		}
	}
	last := l.of[c.Run.Job]
	switch {
	case last == nil:
	case c.Deleted && (!last.known || c.Run.Seq == last.seq):
		delete(l.of, c.Run.Job)
	case !c.Deleted && c.Run.Seq >= last.seq:
		last.seq, last.status = c.Run.Seq, c.Run.Status
	}
}

// status returns the status of the last run of a job, "" when it has none. A run that cannot be read is passed over.
func (l *lastRuns) status(ctx context.Context, job host.JobName) (host.RunStatus, error) {
	l.mu.Lock()
	last := l.of[job]
	if last != nil && last.known {
		defer l.mu.Unlock()
		return last.status, nil
	}
	if last == nil {
		last = &lastRun{}
		l.of[job] = last // gets what changes from here on, so that nothing is missed that the store does not know yet
	}
	l.mu.Unlock()
	page, err := l.store.Runs(ctx, host.JobIs(job), 0, 1)
	damage, err := host.DamageIn(err)
	if err != nil {
		return "", err
	}
	if len(damage) > 0 {
		l.logger.WarnContext(ctx, "runs that cannot be read are not the last of their job", slog.Any("error", damage))
	}
	found := lastRun{known: true}
	if len(page.Runs) > 0 {
		found.seq, found.status = page.Runs[0].Seq, page.Runs[0].Status
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[job] != last {
		return found.status, nil // it was forgotten meanwhile: this may be what is not true any more
	}
	if last.seq >= found.seq && last.seq > 0 {
		found.seq, found.status = last.seq, last.status
	}
	*last = found
	return found.status, nil
}
