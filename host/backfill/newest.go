package backfill

import (
	"context"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// RunsOf selects the runs of a partition of a job, whatever launched them.
func RunsOf(job host.JobName, key string) *selector.Expr {
	return selector.All(host.JobIs(job), selector.TagIs(host.PartitionKey, key))
}

// NewestRun returns the newest run that selected by where and can be read; nil when there is none.
func NewestRun(ctx context.Context, store host.Store, where *selector.Expr) (*host.Run, error) {
	for before, more := uint64(0), true; more; {
		page, err := store.Runs(ctx, where, before, 1)
		if _, err = host.DamageIn(err); err != nil {
			return nil, err
		}
		if len(page.Runs) > 0 {
			return &page.Runs[0], nil
		}
		before, more = page.Next, page.Next > 0
	}
	return nil, nil //nolint:nilnil // that there is none is no error
}

// Standing is how partitions of a job stand.
type Standing struct {
	// None is how many have no run.
	None int
	// Counts are the newest runs of the others by status.
	Counts host.RunCounts
}

// sift leaves of the keys those that a selection of failed or missing ones means, and counts how they stand.
func (r *Runner) sift(ctx context.Context, job host.JobName, keys []string, failed, missing bool) (left []string, s Standing, err error) {
	s.Counts = host.RunCounts{}
	left = keys[:0]
	for _, key := range keys {
		run, err := NewestRun(ctx, r.o.Store, RunsOf(job, key))
		if err != nil {
			return nil, s, err
		}
		if failed && (run == nil || run.Status != host.Failure && run.Status != host.Canceled) {
			continue
		}
		if missing && run != nil {
			well := run.Status == host.Success
			if !well {
				if well, err = r.any(ctx, selector.All(RunsOf(job, key), host.StatusIn(host.Success))); err != nil {
					return nil, s, err
				}
			}
			if well {
				continue
			}
		}
		if run == nil {
			s.None++
		} else {
			s.Counts[run.Status]++
		}
		left = append(left, key)
	}
	return left, s, nil
}

// any tells whether a run is selected.
func (r *Runner) any(ctx context.Context, where *selector.Expr) (bool, error) {
	for before, more := uint64(0), true; more; {
		page, err := r.o.Store.SelectRuns(ctx, where, before, 1)
		if _, err = host.DamageIn(err); err != nil || len(page.Runs) > 0 {
			return len(page.Runs) > 0, err
		}
		before, more = page.Next, page.Next > 0
	}
	return false, nil
}
