package boltstore

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// OpenRuns implements host.Store. Runs that become final while it reads may be left out.
func (s *Store) OpenRuns(ctx context.Context) ([]host.Run, error) {
	return s.runsIn(ctx, bucketOpen, func(key []byte, run *host.Run) (bool, error) {
		if run == nil || run.Status.Final() {
			return false, damaged(string(bucketOpen), key, fmt.Errorf("run number %x is not open", key))
		}
		return true, nil
	})
}

// RunsToRetry implements host.Store. A run that is there no more, or of which no retry is due, was written by an older
// host, which does not know the bucket.
func (s *Store) RunsToRetry(ctx context.Context) ([]host.Run, error) {
	return s.runsIn(ctx, bucketRetries, func(_ []byte, run *host.Run) (bool, error) { return run != nil && run.RetryDue, nil })
}

// runsIn reads the runs whose numbers are the keys of a bucket and that take takes; run is nil when there is none. What
// cannot be read, or is wrong by take, is left out and the error.
func (s *Store) runsIn(ctx context.Context, bucket []byte, take func(key []byte, run *host.Run) (bool, error)) (runs []host.Run, err error) {
	var damage host.Damage
	for after, done := []byte(nil), false; !done; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.meta.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucket).Cursor()
			k, _ := c.Seek(append(after, 0)) // the first one behind
			for range sliceLen {
				if k == nil {
					break
				}
				run, err := runOfKey(tx, bucket, k)
				if err == nil {
					var ok bool
					if ok, err = take(k, run); ok {
						runs = append(runs, *run)
					}
				}
				if err != nil {
					damage = append(damage, err)
				}
				after = append([]byte(nil), k...)
				k, _ = c.Next()
			}
			done = k == nil
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return runs, damage.AsError()
}

// runOfKey reads the run of a key of a bucket with the numbers of runs; nil when there is none.
func runOfKey(tx *bbolt.Tx, bucket, key []byte) (*host.Run, error) {
	seq, ok := seqOf(key)
	if !ok {
		return nil, damaged(string(bucket), key, fmt.Errorf("%x is not the number of a run", key))
	}
	return runBySeq(tx, seq)
}

// putNewRun is putRun for a run that was not there before.
func (x *txn) putNewRun(run *host.Run, payload []byte) {
	key := seqKey(run.Seq)
	x.put(bucketRuns, key, packFrom(compressRunFrom, key, payload))
	x.add(bucketOpen, key, []byte(run.Status))
	if run.RetryDue {
		x.put(bucketRetries, key, nil)
	}
}

// putRun stores a run, and in the lists of open runs, of due retries and of those that ended what changes of that. What is
// not written costs no pages, and most writes to a run change none. keepEnded is how many of those that ended are kept.
func (x *txn) putRun(run *host.Run, payload []byte, was listed, keepEnded uint64) {
	key, is := seqKey(run.Seq), listedOf(run)
	x.put(bucketRuns, key, packFrom(compressRunFrom, key, payload))
	switch {
	case is.status == was.status:
	case is.status.Final():
		x.del(bucketOpen, key)
	default:
		x.put(bucketOpen, key, []byte(is.status))
	}
	switch {
	case is.retryDue == was.retryDue:
	case is.retryDue:
		x.put(bucketRetries, key, nil)
	default:
		x.del(bucketRetries, key)
	}
	x.putEnded(run, was, is, keepEnded)
}

// listed is what the lists have of a run.
type listed struct {
	status   host.RunStatus
	retryDue bool
}

func listedOf(run *host.Run) listed { return listed{status: run.Status, retryDue: run.RetryDue} }
