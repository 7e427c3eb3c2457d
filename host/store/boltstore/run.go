package boltstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// sliceLen is how many records a scan reads before it renews its transaction and looks at its context.
const sliceLen = 2000

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
	stored, err := storedByID(tx, id)
	return stored.run, err
}

// storedRun is a run and what it was read from, which is there until the transaction changes or ends.
type storedRun struct {
	run     *host.Run
	payload []byte
	// unknown tells that a newer host wrote fields of its own into it.
	unknown bool
}

// storedByID is runByID, with what the run was read from.
func storedByID(tx *bbolt.Tx, id host.RunID) (stored storedRun, err error) {
	key, ok := idKey(id)
	if !ok {
		return storedRun{}, noRun(id)
	}
	seqBytes := tx.Bucket(bucketIDs).Get(key)
	if seqBytes == nil {
		return storedRun{}, noRun(id)
	}
	seq, ok := seqOf(seqBytes)
	if !ok {
		return storedRun{}, damaged(string(bucketIDs), key, fmt.Errorf("%x is not the number of a run", seqBytes))
	}
	if value := tx.Bucket(bucketRuns).Get(seqKey(seq)); value != nil {
		if stored, err = decodeStored(seqKey(seq), value); err != nil {
			return storedRun{}, err
		}
	}
	if stored.run == nil || stored.run.ID != id {
		return storedRun{}, damaged(string(bucketIDs), key, fmt.Errorf("it points to run number %d, which is another", seq))
	}
	return stored, nil
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
	stored, err := decodeStored(key, value)
	return stored.run, stored.payload, err
}

func decodeStored(key, value []byte) (storedRun, error) {
	payload, err := unpack(string(bucketRuns), key, value)
	if err != nil {
		return storedRun{}, err
	}
	return decodePayload(key, payload)
}

func decodePayload(key, payload []byte) (stored storedRun, err error) {
	stored.payload = payload
	if stored.run, stored.unknown, err = readRun(stored.payload); err != nil {
		return storedRun{}, damaged(string(bucketRuns), key, err)
	}
	if seq, ok := seqOf(key); !ok || seq != stored.run.Seq {
		return storedRun{}, damaged(string(bucketRuns), key, fmt.Errorf("it is run number %d", stored.run.Seq))
	}
	return stored, nil
}

// FindRuns implements host.Store.
func (s *Store) FindRuns(ctx context.Context, prefix string, limit int) (ids []host.RunID, err error) {
	if err := ctx.Err(); err != nil || limit <= 0 {
		return nil, err
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		return eachID(tx, strings.ToLower(prefix), func(id host.RunID, _ uint64) (bool, error) {
			ids = append(ids, id)
			return len(ids) < limit, nil
		})
	})
	return ids, err
}

// eachID passes on the ids that begin with prefix, in order, with the numbers of their runs, until pass wants no more.
func eachID(tx *bbolt.Tx, prefix string, pass func(id host.RunID, seq uint64) (more bool, err error)) error {
	digits := strings.ReplaceAll(prefix, "-", "")
	from, err := hex.DecodeString(digits[:len(digits)&^1])
	if err != nil {
		return nil //nolint:nilerr // no id begins so
	}
	c := tx.Bucket(bucketIDs).Cursor()
	for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, from); k, v = c.Next() {
		id, ok := idOf(k)
		seq, isSeq := seqOf(v)
		if !ok || !isSeq {
			return damaged(string(bucketIDs), k, errors.New("it is not the id of a run"))
		}
		if !strings.HasPrefix(string(id), prefix) {
			continue
		}
		if more, err := pass(id, seq); err != nil || !more {
			return err
		}
	}
	return nil
}
