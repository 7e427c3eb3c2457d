package boltstore

import (
	"context"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// CountRuns implements host.Store.
func (s *Store) CountRuns(ctx context.Context, where *selector.Expr) (host.RunCounts, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	counts := host.RunCounts{}
	var damage damagedRuns
	if err := s.selecting(ctx, &damage, func(q *query) error {
		of, err := q.of(where)
		if err != nil {
			return err
		}
		q.reportUnread(0)
		found, err := q.view.CountBy(q.ctx, of, host.FieldStatus, statusKinds...)
		for status, runs := range found {
			counts[host.RunStatus(status)] = runs
		}
		return err
	}); err != nil {
		return nil, err
	}
	return counts, damage.AsError()
}
