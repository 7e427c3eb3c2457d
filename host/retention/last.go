package retention

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// newest are the runs, by Seq, that stay since they are among the last of their job. Runs that come while it is in use
// only push others out, so it never protects too few of those that were there.
type newest map[uint64]struct{}

// maxJobs is how many jobs are asked for at once; more than a host can have at a time, since those that are gone count.
const maxJobs = 1 << 20

// newestOf finds the last runs of each job.
func newestOf(ctx context.Context, store host.Store, keep int) (newest, error) {
	found := newest{}
	if keep == 0 {
		return found, nil
	}
	jobs, err := store.RunTerms(ctx, host.TermQuery{On: selector.Field, Name: host.FieldJob, Limit: maxJobs})
	if _, err = host.DamageIn(err); err != nil {
		return nil, fmt.Errorf("list the jobs of runs: %w", err)
	}
	for _, job := range jobs.Terms {
		name, ok := host.ParseJobName(job.Text)
		if !ok || name.Location == "" {
			continue // an end of a whole name, which is listed too
		}
		for before, left := uint64(0), keep; left > 0; {
			page, err := store.SelectRuns(ctx, host.JobIs(name), before, min(left, slice))
			if _, err = host.DamageIn(err); err != nil {
				return nil, fmt.Errorf("find the last runs of job %s: %w", name, err)
			}
			for _, r := range page.Runs {
				found[r.Seq] = struct{}{}
			}
			left -= len(page.Runs)
			if before = page.Next; before == 0 {
				break
			}
		}
	}
	return found, nil
}
