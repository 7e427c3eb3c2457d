package boltstore

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// OpenRuns implements host.Store. Runs that become final while it reads may be left out.
func (s *Store) OpenRuns(ctx context.Context) (runs []host.Run, err error) {
	for after, done := uint64(0), false; !done; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.meta.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketOpen).Cursor()
			k, _ := c.Seek(seqKey(after + 1))
			for range sliceLen {
				if k == nil {
					break
				}
				run, err := openRun(tx, k)
				if err != nil {
					return err
				}
				runs, after = append(runs, *run), run.Seq
				k, _ = c.Next()
			}
			done = k == nil
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// openRun reads the run of a key of bucket open.
func openRun(tx *bbolt.Tx, key []byte) (*host.Run, error) {
	seq, ok := seqOf(key)
	if !ok {
		return nil, damaged(string(bucketOpen), key, fmt.Errorf("%x is not the number of a run", key))
	}
	run, err := runBySeq(tx, seq)
	if err != nil {
		return nil, err
	}
	if run == nil || run.Status.Final() {
		return nil, damaged(string(bucketOpen), key, fmt.Errorf("run number %d is not open", seq))
	}
	return run, nil
}

// putRun stores a run, and whether it is open.
func (x *txn) putRun(run *host.Run, payload []byte) {
	key := seqKey(run.Seq)
	x.put(bucketRuns, key, packFrom(compressRunFrom, key, payload))
	if run.Status.Final() {
		x.del(bucketOpen, key)
	} else {
		x.put(bucketOpen, key, []byte(run.Status))
	}
}
