package boltstore

import (
	"context"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// CountRuns implements host.Store.
func (s *Store) CountRuns(ctx context.Context, where *selector.Expr) (host.RunCounts, error) {
	counts := host.RunCounts{}
	_, err := s.eachMatch(ctx, where, 0, func(run *host.Run, _ int) (more bool) {
		counts[run.Status]++
		return true
	})
	if _, other := host.DamageIn(err); other != nil {
		return nil, other
	}
	return counts, err
}
