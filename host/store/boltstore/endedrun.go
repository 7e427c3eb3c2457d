package boltstore

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// An entry of the order in which runs ended is the id of the run and what of host.EndedRun is set.
const (
	endedLen           = idLen + 1
	endedRetryDue byte = 1
	endedSettled  byte = 2
)

// endedSlice is how many entries are added until as many are removed that are too old: each time, pages at the other end of
// the bucket are written.
const endedSlice = 1024

// putEnded adds to the order in which runs ended what is next, when a run is not any more what the lists had of it.
func (x *txn) putEnded(run *host.Run, was, is listed, keep uint64) {
	if !is.status.Final() {
		return
	}
	id, _ := idKey(run.ID)
	var flags byte
	switch {
	case !was.status.Final() && is.retryDue:
		flags = endedRetryDue
	case !was.status.Final():
	case was.retryDue && !is.retryDue:
		flags = endedSettled
	default:
		return
	}
	b := x.Bucket(bucketEnded)
	last, _ := b.Cursor().Last()
	pos, _ := seqOf(last)
	pos++
	key := seqKey(pos)
	x.add(bucketEnded, key, pack(key, append(id, flags)))
	if pos%endedSlice == 0 && pos > keep {
		x.forgetEnded(pos - keep)
	}
}

// forgetEnded removes entries up to one, some at a time: each call is behind as many that were added.
func (x *txn) forgetEnded(upTo uint64) {
	var gone [][]byte
	c := x.Bucket(bucketEnded).Cursor()
	for k, _ := c.First(); k != nil && len(gone) < 2*endedSlice; k, _ = c.Next() {
		if pos, ok := seqOf(k); ok && pos > upTo {
			break
		}
		gone = append(gone, append([]byte(nil), k...))
	}
	for _, k := range gone {
		x.del(bucketEnded, k)
	}
}

// EndedRuns implements host.Store.
func (s *Store) EndedRuns(ctx context.Context, after uint64, limit int) (runs []host.EndedRun, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if after == ^uint64(0) {
		return nil, nil
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketEnded).Cursor()
		for k, v := c.Seek(seqKey(after + 1)); k != nil && len(runs) < limit; k, v = c.Next() {
			e, err := decodeEnded(k, v)
			if err != nil {
				damage = append(damage, err)
				continue
			}
			runs = append(runs, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return runs, damage.AsError()
}

// LastEnded implements host.Store.
func (s *Store) LastEnded(ctx context.Context) (pos uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		k, _ := tx.Bucket(bucketEnded).Cursor().Last()
		pos, _ = seqOf(k)
		return nil
	})
	return pos, err
}

func decodeEnded(key, value []byte) (e host.EndedRun, err error) {
	payload, err := unpack(string(bucketEnded), key, value)
	if err != nil {
		return e, err
	}
	pos, ok := seqOf(key)
	if !ok || len(payload) < endedLen { // a newer host may have more to say
		return e, damaged(string(bucketEnded), key, fmt.Errorf("%d bytes are not a run that ended", len(payload)))
	}
	id, _ := idOf(payload[:idLen])
	flags := payload[idLen]
	return host.EndedRun{Pos: pos, Run: id, RetryDue: flags&endedRetryDue != 0, Settled: flags&endedSettled != 0}, nil
}
