package boltstore

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// maxPageBytes is what the runs of a page take in memory, but for the last one: a config may have a megabyte.
const maxPageBytes = 16 << 20

// Runs implements host.Store.
func (s *Store) Runs(ctx context.Context, where *selector.Expr, before uint64, limit int) (page host.RunPage, err error) {
	if limit <= 0 {
		return page, ctx.Err()
	}
	size := 0
	page.Next, err = s.eachMatch(ctx, where, before, limit, func(q *query, seq uint64) (more bool) {
		if run, bytes := q.run(seq, where); run != nil {
			page.Runs = append(page.Runs, *run)
			size += bytes
		}
		return size < maxPageBytes
	})
	if _, other := host.DamageIn(err); other != nil {
		return host.RunPage{}, other
	}
	return page, err
}

// SelectRuns implements host.Store. It reads nothing of a run but its id.
func (s *Store) SelectRuns(ctx context.Context, where *selector.Expr, before uint64, limit int) (page host.RunRefs, err error) {
	if limit <= 0 {
		return page, ctx.Err()
	}
	page.Next, err = s.eachMatch(ctx, where, before, limit, func(q *query, seq uint64) (more bool) {
		if id, ok := q.idOf(seq); ok {
			page.Runs = append(page.Runs, host.RunRef{Seq: seq, ID: id})
		}
		return true
	})
	if _, other := host.DamageIn(err); other != nil {
		return host.RunRefs{}, other
	}
	return page, err
}

// eachMatch passes on at most limit runs that match, with a Seq below before (0: all), newest first, until pass wants no
// more. next is the before of what comes behind, 0 when that is nothing. The damage that pass finds is the error.
func (s *Store) eachMatch(
	ctx context.Context, where *selector.Expr, before uint64, limit int, pass func(q *query, seq uint64) (more bool),
) (next uint64, err error) {
	var damage damagedRuns
	for more := true; more && limit > 0; {
		if err := s.selecting(ctx, &damage, func(q *query) (err error) {
			seqs, behind, err := q.page(where, before, min(limit, sliceLen))
			if err != nil {
				return err
			}
			before, limit, more = behind, limit-len(seqs), behind > 0
			for i, seq := range seqs {
				if pass(q, seq) {
					continue
				}
				if more = false; i < len(seqs)-1 {
					before = seq // the others come behind it
				}
				return nil
			}
			return nil
		}); err != nil {
			return 0, err
		}
	}
	return before, damage.AsError()
}

// page returns numbers of runs that match where, as far as can be told without them, and the before of what comes behind.
func (q *query) page(where *selector.Expr, before uint64, limit int) (seqs []uint64, next uint64, err error) {
	if where == nil {
		seqs, next = q.newest(before, limit)
		return seqs, next, nil
	}
	of, err := q.of(where)
	if err != nil {
		return nil, 0, err
	}
	q.reportUnread(before)
	return q.view.Page(q.ctx, of, before, limit)
}

// newest are the numbers of the newest runs.
func (q *query) newest(before uint64, limit int) (seqs []uint64, next uint64) {
	c := q.tx.Bucket(bucketRuns).Cursor()
	for k, _ := seekBefore(c, before); k != nil; k, _ = c.Prev() {
		seq, _ := seqOf(k)
		if len(seqs) == limit {
			return seqs, seq + 1
		}
		seqs = append(seqs, seq)
	}
	return seqs, 0
}

// run reads a run of a page, and returns its size; nil when it does not match, or cannot be read. What the index says of
// it may be newer than the record.
func (q *query) run(seq uint64, where *selector.Expr) (run *host.Run, size int) {
	key := seqKey(seq)
	value := q.tx.Bucket(bucketRuns).Get(key)
	if value == nil {
		return nil, 0
	}
	run, payload, err := decodeRun(key, value)
	if err != nil {
		q.damage.add(seq, err)
		return nil, 0
	}
	if where != nil && !where.Matches(q.store.texts.source(q.tx, run)) {
		return nil, 0
	}
	return run, len(payload)
}

// idOf reads the id of a run, and nothing else; ok is false when there is none, or it cannot be read.
func (q *query) idOf(seq uint64) (id host.RunID, ok bool) {
	key := seqKey(seq)
	value := q.tx.Bucket(bucketRuns).Get(key)
	if value == nil {
		return "", false
	}
	text, err := fieldIn(key, value, fieldID)
	if err == nil {
		if id, ok = idOf(text); !ok {
			err = damaged(string(bucketRuns), key, errNoID)
		}
	}
	if err != nil {
		q.damage.add(seq, err)
	}
	return id, err == nil
}

// seekBefore moves c to the last record of a run with a number below seq; 0 means the last of all.
func seekBefore(c *bbolt.Cursor, seq uint64) (k, v []byte) {
	if seq == 0 {
		return c.Last()
	}
	return before(c, seqKey(seq))
}
