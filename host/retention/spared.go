package retention

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
)

// spared are the runs that stay although their time is over.
type spared struct {
	newest newest
	needed needed
}

// sparedOf finds them. What is launched later may need others, as when people delete runs.
func sparedOf(ctx context.Context, store host.Store, keepLast int) (s spared, err error) {
	if s.newest, err = newestOf(ctx, store, keepLast); err == nil {
		s.needed, err = neededOf(ctx, store)
	}
	return s, err
}

// part returns the ids of runs that do not stay, and how many do since they are among the newest of their job.
func (s spared) part(runs []host.RunRef) (due []host.RunID, last uint64) {
	for _, r := range runs {
		_, isNewest := s.newest[r.Seq]
		_, isNeeded := s.needed[r.ID]
		switch {
		case isNewest:
			last++
		case !isNeeded:
			due = append(due, r.ID)
		}
	}
	return due, last
}

// needed are runs that go on to be needed by others: those of which a retry is due, and those whose outputs are taken by one
// of these, or by a run that has not ended. It would fail without them.
type needed map[host.RunID]struct{}

func neededOf(ctx context.Context, store host.Store) (needed, error) {
	retried, err := store.RunsToRetry(ctx)
	if _, err = host.DamageIn(err); err != nil {
		return nil, fmt.Errorf("list the runs to retry: %w", err)
	}
	open, err := store.OpenRuns(ctx)
	if _, err = host.DamageIn(err); err != nil {
		return nil, fmt.Errorf("list the runs that have not ended: %w", err)
	}
	found, taken := needed{}, map[host.Digest]struct{}{}
	for i := range retried {
		found[retried[i].ID] = struct{}{}
		taken[retried[i].TakenOutputs] = struct{}{}
	}
	for i := range open {
		taken[open[i].TakenOutputs] = struct{}{}
	}
	delete(taken, host.Digest{})
	for digest := range taken {
		body, err := store.Body(ctx, digest)
		if host.ReasonOf(err) == host.ReasonDamaged || host.CodeOf(err) == host.NotFound {
			continue // who takes them cannot start anyway
		}
		if err != nil {
			return nil, fmt.Errorf("read which outputs runs take: %w", err)
		}
		outputs, err := reexecution.Decode(body)
		if err != nil {
			continue // as above
		}
		for _, o := range outputs {
			found[host.RunID(o.GetRunId())] = struct{}{}
		}
	}
	return found, nil
}
