package boltstore

import (
	"bytes"
	"context"
	"slices"

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
	page.Next, err = s.eachMatch(ctx, where, before, func(run *host.Run, bytes int) (more bool) {
		if len(page.Runs) == limit || size >= maxPageBytes {
			return false
		}
		page.Runs = append(page.Runs, *run)
		size += bytes
		return true
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
	page.Next, err = s.eachMatch(ctx, where, before, func(run *host.Run, _ int) (more bool) {
		if len(page.Runs) == limit {
			return false
		}
		page.Runs = append(page.Runs, host.RunRef{Seq: run.Seq, ID: run.ID})
		return true
	})
	if _, other := host.DamageIn(err); other != nil {
		return host.RunRefs{}, other
	}
	return page, err
}

// eachMatch passes on the runs that match with a Seq below before (0: all), newest first, each with its size, until one
// is not taken. next is that one's Seq and one, 0 when all were. Runs that cannot be read are left out, and the error.
func (s *Store) eachMatch(
	ctx context.Context, where *selector.Expr, before uint64, take func(run *host.Run, bytes int) (more bool),
) (next uint64, err error) {
	var damage host.Damage
	bucket := bucketRuns
	if onlyOpen(where) {
		bucket = bucketOpen
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := s.meta.view(func(tx *bbolt.Tx) error {
			runs, c := tx.Bucket(bucketRuns), tx.Bucket(bucket).Cursor()
			k, v := seekBefore(c, before)
			for range sliceLen {
				if k == nil {
					break
				}
				if !bytes.Equal(bucket, bucketRuns) {
					v = runs.Get(k)
				}
				run, payload, err := decodeRun(k, v)
				if err != nil {
					damage = append(damage, err)
				} else if where.Matches(s.source(tx, run)) && !take(run, len(payload)) {
					next, done = run.Seq+1, true
					return nil
				}
				before, _ = seqOf(k)
				k, v = c.Prev()
			}
			done = k == nil
			return nil
		}); err != nil {
			return 0, err
		}
	}
	return next, damage.AsError()
}

// source is a run as selectors see it.
func (s *Store) source(tx *bbolt.Tx, run *host.Run) host.RunSource {
	return host.RunSource{Run: run, Texts: s.texts.of(tx, run.Launched.Metadata)}
}

// seekBefore moves c to the last record of a run with a number below seq; 0 means the last of all.
func seekBefore(c *bbolt.Cursor, seq uint64) (k, v []byte) {
	if seq == 0 {
		return c.Last()
	}
	return before(c, seqKey(seq))
}

// onlyOpen tells that no run that is final matches, as far as can be seen.
func onlyOpen(e *selector.Expr) bool {
	switch {
	case e == nil:
		return false
	case e.Op == selector.And:
		return slices.ContainsFunc(e.Args, onlyOpen)
	case e.Op == selector.Or:
		return !slices.ContainsFunc(e.Args, func(arg *selector.Expr) bool { return !onlyOpen(arg) })
	default:
		return e.Op == selector.Is && e.On == selector.Field && e.Name == host.FieldStatus && !host.RunStatus(e.Value).Final()
	}
}
