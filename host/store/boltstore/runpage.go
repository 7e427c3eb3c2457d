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
	page.Next, err = s.eachMatch(ctx, where, before, limit, func(run *host.Run, bytes int) (more bool) {
		page.Runs = append(page.Runs, *run)
		size += bytes
		return size < maxPageBytes
	})
	if _, other := host.DamageIn(err); other != nil {
		return host.RunPage{}, other
	}
	return page, err
}

// SelectRuns implements host.Store.
func (s *Store) SelectRuns(ctx context.Context, where *selector.Expr, before uint64, limit int) (page host.RunRefs, err error) {
	if limit <= 0 {
		return page, ctx.Err()
	}
	page.Next, err = s.eachMatch(ctx, where, before, limit, func(run *host.Run, _ int) (more bool) {
		page.Runs = append(page.Runs, host.RunRef{Seq: run.Seq, ID: run.ID})
		return true
	})
	if _, other := host.DamageIn(err); other != nil {
		return host.RunRefs{}, other
	}
	return page, err
}

// eachMatch passes on at most limit runs that match, with a Seq below before (0: all), newest first, each with its size,
// until pass wants no more. next is the before of what comes behind, 0 when that is nothing. Runs that cannot be read are
// left out, and the error.
func (s *Store) eachMatch(
	ctx context.Context, where *selector.Expr, before uint64, limit int, pass func(run *host.Run, bytes int) (more bool),
) (next uint64, err error) {
	var damage damagedRuns
	for limit > 0 {
		var more bool
		if err := s.selecting(ctx, &damage, func(q *query) (err error) {
			seqs, behind, err := q.page(where, before, min(limit, sliceLen))
			if err != nil {
				return err
			}
			before, limit, more = behind, limit-len(seqs), behind > 0
			for i, seq := range seqs {
				run, size, err := q.run(seq, where)
				if err != nil || run == nil {
					continue
				}
				if !pass(run, size) {
					if limit = 0; i < len(seqs)-1 {
						before = seq // the others are not passed on
					}
					return nil
				}
			}
			return nil
		}); err != nil {
			return 0, err
		}
		if !more {
			break
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

// run reads a run of a page; nil when it does not match. What the index says of it may be older, or newer.
func (q *query) run(seq uint64, where *selector.Expr) (run *host.Run, size int, err error) {
	key := seqKey(seq)
	value := q.tx.Bucket(bucketRuns).Get(key)
	if value == nil {
		return nil, 0, nil
	}
	run, payload, err := decodeRun(key, value)
	if err != nil {
		q.damage.add(seq, err)
		return nil, 0, err
	}
	if where != nil && !where.Matches(q.store.texts.source(q.tx, run)) {
		return nil, 0, nil
	}
	return run, len(payload), nil
}

// seekBefore moves c to the last record of a run with a number below seq; 0 means the last of all.
func seekBefore(c *bbolt.Cursor, seq uint64) (k, v []byte) {
	if seq == 0 {
		return c.Last()
	}
	return before(c, seqKey(seq))
}
