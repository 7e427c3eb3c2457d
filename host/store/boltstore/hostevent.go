package boltstore

import (
	"context"
	"math"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// HostEvents implements host.Store. It reads no event of workers.
func (s *Store) HostEvents(ctx context.Context, id host.RunID) (found []host.StoredEvent, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := s.acquire(id)
	if err != nil {
		return nil, err
	}
	defer s.tails.release(t)
	end, err := t.end()
	if err != nil {
		return nil, err
	}
	if err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		found, err = notesAfter(tx, t.seq, host.Cursor{}, end, math.MaxInt)
		return err
	}); err != nil {
		return nil, err
	}
	if _, err := t.end(); err != nil {
		return nil, err // deleted meanwhile, so a part may be missing
	}
	return found, nil
}
