package boltstore

import (
	"context"
	"log/slog"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// purgeSlice is how many records of events one write removes, so that other writes need not wait long.
const purgeSlice = 1000

// DeleteRun implements host.Store. The run with its notes goes in one transaction. Its events, in their own file, are
// out of reach with it and follow; what a crash leaves of them, the next Open removes.
func (s *Store) DeleteRun(ctx context.Context, id host.RunID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := s.acquire(id)
	if err != nil {
		return err
	}
	defer s.tails.release(t)
	var run *host.Run
	err = s.meta.do(&write{
		ctx: ctx, size: updateSize,
		apply: func(x *txn) (err error) {
			if run, err = runByID(x.Tx, id); err != nil {
				return err
			}
			if !run.Status.Final() {
				return conflict(reasonNotFinal, "run %s is %s; only a run that has ended can be deleted", id, run.Status)
			}
			x.deleteRun(run)
			return nil
		},
		settle: func(committed bool) {
			if committed {
				s.announceDelete(t, run)
			}
		},
	})
	if err != nil {
		return err
	}
	if err := s.purge(context.WithoutCancel(ctx), run.Seq); err != nil {
		s.log.Warn("events of a deleted run are still on disk; the next start removes them",
			slog.String("run", string(id)), slog.Any("error", err))
	}
	return nil
}

func (x *txn) deleteRun(run *host.Run) {
	id, _ := idKey(run.ID)
	seq := seqKey(run.Seq)
	x.del(bucketRuns, seq)
	x.del(bucketIDs, id)
	x.del(bucketRetries, seq)
	x.putOutputs(run, id)
	x.put(bucketPurge, seq, nil)
	for _, key := range keysOf(x.Bucket(bucketNotes), run.Seq, -1) {
		x.del(bucketNotes, key)
	}
}

// purge removes what is left of a deleted run's events.
func (s *Store) purge(ctx context.Context, run uint64) error {
	for more := true; more; {
		if err := s.events.do(&write{ctx: ctx, apply: func(x *txn) error {
			keys := keysOf(x.Bucket(bucketEvents), run, purgeSlice)
			for _, key := range keys {
				x.del(bucketEvents, key)
			}
			more = len(keys) == purgeSlice
			return nil
		}}); err != nil {
			return err
		}
	}
	return s.meta.do(&write{ctx: ctx, apply: func(x *txn) error {
		x.del(bucketPurge, seqKey(run))
		return nil
	}})
}

// finishDeletes purges what a crash left.
func (s *Store) finishDeletes() error {
	var runs []uint64
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketPurge).ForEach(func(k, _ []byte) error {
			if seq, ok := seqOf(k); ok {
				runs = append(runs, seq)
			}
			return nil
		})
	}); err != nil {
		return err
	}
	for _, run := range runs {
		if err := s.purge(context.Background(), run); err != nil {
			return err
		}
	}
	return nil
}

// keysOf copies at most limit keys of the run's records in a bucket with place keys; all when limit is negative.
func keysOf(b *bbolt.Bucket, run uint64, limit int) (keys [][]byte) {
	c := b.Cursor()
	k, _ := c.Seek(placeKey(run, host.Cursor{}))
	for _, ok := placeOf(run, k); ok && len(keys) != limit; _, ok = placeOf(run, k) {
		keys = append(keys, append([]byte(nil), k...))
		k, _ = c.Next()
	}
	return keys
}
