package backfill

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
)

// pageSize is how many backfills are read at a time at the start.
const pageSize = 100

// Options of a Runner. All are required.
type Options struct {
	Store host.Store
	// Feed tells of the changes of Store.
	Feed *host.Feed
	// Find finds a job by its name or the shortest unambiguous end of it, and the partitions that it has now.
	Find func(name string) (host.JobName, *host.Partitions, *partition.Set, error)
	// PartitionRuns asks a job's code for what it makes of partitions: Workspace.PartitionRuns.
	PartitionRuns func(ctx context.Context, job host.JobName, keys []string) ([]host.PartitionRun, error)
	// Preview says what a launch would become: Planner.Preview.
	Preview func(context.Context, launch.Request) (*launch.Plan, error)
	// Submit queues a run: Queue.Submit.
	Submit func(context.Context, launch.Request) (host.Run, error)
	// Cancel asks runs to end: Queue.CancelRuns.
	Cancel func(ctx context.Context, r host.Request, ids []host.RunID, reason string, force bool) ([]host.RunResult, error)
	Clock  host.Clock
	Logger *slog.Logger
}

// Runner carries out backfills. All methods may be called concurrently.
type Runner struct {
	o Options
	// feedLimit is the const of that name, except in tests.
	feedLimit int
	watchers  watchers

	mu sync.Mutex
	// ctx is that of the backfills, nil before Start; stopped tells that nothing more begins here.
	ctx     context.Context //nolint:containedctx // it ends with the Runner
	cancel  context.CancelFunc
	stopped bool
	works   map[string]*work
	done    sync.WaitGroup
}

// New returns a Runner that has not started.
func New(o Options) *Runner {
	return &Runner{o: o, feedLimit: feedLimit, works: map[string]*work{}}
}

// Start takes up every backfill that has not ended.
func (r *Runner) Start(ctx context.Context) error {
	var all []host.Backfill
	for before := ""; ; {
		page, next, err := r.o.Store.Backfills(ctx, host.JobName{}, before, pageSize)
		damage, err := host.DamageIn(err)
		if err != nil {
			return fmt.Errorf("read the backfills: %w", err)
		}
		if damage != nil {
			r.o.Logger.Error("backfills cannot be read; they do not go on", "backfills", len(damage), "error", damage)
		}
		for i := range page {
			if !page[i].State.Final() {
				all = append(all, page[i])
			}
		}
		if before = next; next == "" {
			break
		}
	}
	r.mu.Lock()
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.mu.Unlock()
	for _, b := range all {
		r.o.Logger.Info("a backfill goes on", "backfill", b.ID, "job", b.Job, "state", b.State, "partitions", len(b.Partitions))
		r.goOn(b) //nolint:contextcheck // they go on after the start
	}
	return nil
}

// Stop lets launches under way end and waits for it. The backfills go on when a Runner starts on the same store. It may be
// called twice and before Start.
func (r *Runner) Stop() {
	r.mu.Lock()
	r.stopped = true
	if r.cancel != nil {
		r.cancel()
	}
	r.mu.Unlock()
	r.done.Wait()
}

// goOn lets a backfill go on in a goroutine of its own. One that is retried may be about to end here.
func (r *Runner) goOn(b host.Backfill) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx == nil || r.stopped {
		return // the next start takes it up
	}
	w, last := newWork(r, b), r.works[b.ID]
	r.works[b.ID] = w
	ctx := r.ctx
	r.done.Go(func() {
		if last != nil {
			<-last.over
		}
		w.run(ctx)
		r.mu.Lock()
		if r.works[b.ID] == w {
			delete(r.works, b.ID)
		}
		r.mu.Unlock()
		close(w.over)
		r.watchers.tell(b.ID)
	})
}

func (r *Runner) unfinished() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.works)
}

func (r *Runner) work(id string) *work {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.works[id]
}

// Through finds jobs and their partitions as a planner does.
func Through(p *launch.Planner) func(name string) (host.JobName, *host.Partitions, *partition.Set, error) {
	return func(name string) (host.JobName, *host.Partitions, *partition.Set, error) {
		job, set, err := p.Partitions(name)
		if err != nil {
			return host.JobName{}, nil, nil, err
		}
		partitions, err := job.Partitions()
		return job.Name, partitions, set, err
	}
}
