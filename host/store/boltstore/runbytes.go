package boltstore

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// RunBytes implements host.Store. It counts keys and values; what pages leave free is not counted.
func (s *Store) RunBytes(ctx context.Context, ids []host.RunID) (bytes uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var seqs []uint64
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		for _, id := range ids {
			key, ok := idKey(id)
			if !ok {
				continue
			}
			seqKey := tx.Bucket(bucketIDs).Get(key)
			seq, ok := seqOf(seqKey)
			if !ok {
				continue
			}
			seqs = append(seqs, seq)
			bytes += uint64(len(key) + 2*len(seqKey) + len(tx.Bucket(bucketRuns).Get(seqKey)))
			bytes += bytesOf(tx.Bucket(bucketNotes), seq)
		}
		return nil
	}); err != nil {
		return 0, err
	}
	for _, seq := range seqs {
		events := uint64(0)
		if err := s.epochs.view(seq, func() { events = 0 }, func(tx *bbolt.Tx) error {
			events += bytesOf(tx.Bucket(bucketEvents), seq)
			return nil
		}); err != nil {
			return 0, err
		}
		bytes += events
	}
	return bytes, nil
}

// bytesOf are those of a run's records in a bucket with place keys.
func bytesOf(b *bbolt.Bucket, run uint64) (n uint64) {
	c := b.Cursor()
	k, v := c.Seek(placeKey(run, host.Cursor{}))
	for _, ok := placeOf(run, k); ok; _, ok = placeOf(run, k) {
		n += uint64(len(k) + len(v))
		k, v = c.Next()
	}
	return n
}
