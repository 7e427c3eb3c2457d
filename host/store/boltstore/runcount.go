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
		for _, kind := range []byte{kindField, kindOpen} {
			found, err := q.view.CountBy(ctx, of, kind, host.FieldStatus)
			if err != nil {
				return err
			}
			for status, runs := range found {
				counts[host.RunStatus(status)] += runs
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return counts, damage.AsError()
}
