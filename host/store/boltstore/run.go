package boltstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// sliceLen is how many records a scan reads before it renews its transaction and looks at its context.
const sliceLen = 2000

// maxPageBytes is what the runs of a page take in memory, but for the last one: a config may have a megabyte.
const maxPageBytes = 16 << 20

// Run implements host.Store.
func (s *Store) Run(ctx context.Context, id host.RunID) (host.Run, error) {
	if err := ctx.Err(); err != nil {
		return host.Run{}, err
	}
	var run *host.Run
	if err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		run, err = runByID(tx, id)
		return err
	}); err != nil {
		return host.Run{}, err
	}
	return *run, nil
}

// runByID reads a run. The error is NotFound when there is none.
func runByID(tx *bbolt.Tx, id host.RunID) (*host.Run, error) {
	run, _, err := payloadByID(tx, id)
	return run, err
}

// payloadByID is runByID, with what the run was read from, which is there until the transaction changes or ends.
func payloadByID(tx *bbolt.Tx, id host.RunID) (run *host.Run, payload []byte, err error) {
	key, ok := idKey(id)
	if !ok {
		return nil, nil, noRun(id)
	}
	seqBytes := tx.Bucket(bucketIDs).Get(key)
	if seqBytes == nil {
		return nil, nil, noRun(id)
	}
	seq, ok := seqOf(seqBytes)
	if !ok {
		return nil, nil, damaged(string(bucketIDs), key, fmt.Errorf("%x is not the number of a run", seqBytes))
	}
	if value := tx.Bucket(bucketRuns).Get(seqKey(seq)); value != nil {
		if run, payload, err = decodeRun(seqKey(seq), value); err != nil {
			return nil, nil, err
		}
	}
	if run == nil || run.ID != id {
		return nil, nil, damaged(string(bucketIDs), key, fmt.Errorf("it points to run number %d, which is another", seq))
	}
	return run, payload, nil
}

// runBySeq reads a run, nil when there is none.
func runBySeq(tx *bbolt.Tx, seq uint64) (*host.Run, error) {
	key := seqKey(seq)
	value := tx.Bucket(bucketRuns).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // there is no such run, and that is no error here
	}
	run, _, err := decodeRun(key, value)
	return run, err
}

// decodeRun reads a record of bucket runs. payload may lie in value.
func decodeRun(key, value []byte) (run *host.Run, payload []byte, err error) {
	if payload, err = unpack(string(bucketRuns), key, value); err != nil {
		return nil, nil, err
	}
	if run, err = unmarshalRun(payload); err != nil {
		return nil, nil, damaged(string(bucketRuns), key, err)
	}
	if seq, ok := seqOf(key); !ok || seq != run.Seq {
		return nil, nil, damaged(string(bucketRuns), key, fmt.Errorf("it is run number %d", run.Seq))
	}
	return run, payload, nil
}

// FindRuns implements host.Store.
func (s *Store) FindRuns(ctx context.Context, prefix string, limit int) (ids []host.RunID, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	prefix = strings.ToLower(prefix)
	digits := strings.ReplaceAll(prefix, "-", "")
	from, err := hex.DecodeString(digits[:len(digits)&^1])
	if err != nil {
		return nil, nil //nolint:nilerr // no id begins so
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketIDs).Cursor()
		for k, _ := c.Seek(from); k != nil && bytes.HasPrefix(k, from) && len(ids) < limit; k, _ = c.Next() {
			id, ok := idOf(k)
			if !ok {
				return damaged(string(bucketIDs), k, errors.New("it is not the id of a run"))
			}
			if strings.HasPrefix(string(id), prefix) {
				ids = append(ids, id)
			}
		}
		return nil
	})
	return ids, err
}

// Runs implements host.Store. It reads every run until the page is full, or every open run when only those can match: an
// index comes with the number of runs that needs one.
func (s *Store) Runs(ctx context.Context, where *selector.Expr, before uint64, limit int) (page host.RunPage, err error) {
	if limit <= 0 {
		return page, ctx.Err()
	}
	ahead := 0 // records read beyond a full page, to learn whether there is a next one
	size := 0
	bucket := bucketRuns
	if onlyOpen(where) {
		bucket = bucketOpen
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return host.RunPage{}, err
		}
		if before, err = s.scanRuns(bucket, before, func(run *host.Run, bytes int) (more bool) {
			switch full := len(page.Runs) == limit || size >= maxPageBytes; {
			case full && (ahead == sliceLen || where.Matches(host.RunSource{Run: run})):
				page.Next, done = run.Seq+1, true
			case full:
				ahead++
			case where.Matches(host.RunSource{Run: run}):
				page.Runs = append(page.Runs, *run)
				size += bytes
			}
			return !done
		}); err != nil {
			return host.RunPage{}, err
		}
		done = done || before == 0
	}
	return page, nil
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

// scanRuns passes on a slice of the runs of a bucket that has their numbers as keys, those below from (0: all), newest
// first, each with its size, and returns from where to go on, 0 at the end.
func (s *Store) scanRuns(bucket []byte, from uint64, pass func(run *host.Run, bytes int) (more bool)) (next uint64, err error) {
	err = s.meta.view(func(tx *bbolt.Tx) error {
		runs, c := tx.Bucket(bucketRuns), tx.Bucket(bucket).Cursor()
		k, v := c.Last()
		if from > 0 {
			k, v = before(c, seqKey(from))
		}
		for range sliceLen {
			if k == nil {
				next = 0
				return nil
			}
			if !bytes.Equal(bucket, bucketRuns) {
				v = runs.Get(k)
			}
			run, payload, err := decodeRun(k, v)
			if err != nil {
				return err
			}
			if !pass(run, len(payload)) {
				return nil
			}
			next = run.Seq
			k, v = c.Prev()
		}
		return nil
	})
	return next, err
}
