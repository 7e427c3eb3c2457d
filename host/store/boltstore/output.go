package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// outputsKey is the key of a deleted run in bucket outputs.
func outputsKey(location string, id []byte) []byte {
	return append(locationKey(location), id...)
}

// putOutputs notes that a run that is deleted may have outputs at its location. Before the first attempt there are none.
func (x *txn) putOutputs(run *host.Run, id []byte) {
	if run.Attempt == 0 || checkNames("location", run.Job.Location) != nil {
		return
	}
	key := outputsKey(run.Job.Location, id)
	x.put(bucketOutputs, key, pack(key, nil))
}

// LocationsToCollect implements host.Store.
func (s *Store) LocationsToCollect(ctx context.Context) (names []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketOutputs).Cursor()
		for k, _ := c.First(); k != nil; {
			name, _, ok := locationOf(k)
			if !ok {
				return damaged(string(bucketOutputs), k, fmt.Errorf("%x does not begin with a location", k))
			}
			names = append(names, name)
			k, _ = c.Seek(append(outputsKey(name, bytes.Repeat([]byte{math.MaxUint8}, idLen)), 0)) // behind all of its runs
		}
		return nil
	})
	slices.Sort(names) // keys are in order of length first
	return names, err
}

// OutputsToCollect implements host.Store.
func (s *Store) OutputsToCollect(ctx context.Context, location string, after host.RunID, limit int) (ids []host.RunID, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkNames("location", location); err != nil {
		return nil, err
	}
	prefix := locationKey(location)
	from := prefix
	if after != "" {
		id, ok := idKey(after)
		if !ok {
			return nil, invalid("outputs to collect after %.64q: that is not the id of a run", after)
		}
		from = append(outputsKey(location, id), 0)
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketOutputs).Cursor()
		for k, v := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix) && len(ids) < limit; k, v = c.Next() {
			_, rest, _ := locationOf(k)
			id, ok := idOf(rest)
			_, err := unpack(string(bucketOutputs), k, v)
			switch {
			case err != nil:
				damage = append(damage, err)
			case !ok:
				damage = append(damage, damaged(string(bucketOutputs), k, fmt.Errorf("%x is not the id of a run", rest)))
			default:
				ids = append(ids, id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, damage.AsError()
}

// OutputsCollected implements host.Store.
func (s *Store) OutputsCollected(ctx context.Context, location string, ids []host.RunID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkNames("location", location); err != nil {
		return err
	}
	keys := make([][]byte, 0, len(ids))
	for _, id := range ids {
		if key, ok := idKey(id); ok {
			keys = append(keys, outputsKey(location, key))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return s.meta.do(&write{ctx: ctx, frees: true, apply: func(x *txn) error {
		for _, key := range keys {
			x.del(bucketOutputs, key)
		}
		return nil
	}})
}

// locationOf reads the location that a key begins with, and what follows it.
func locationOf(key []byte) (name string, rest []byte, ok bool) {
	if len(key) < 2 {
		return "", nil, false
	}
	n := int(binary.BigEndian.Uint16(key))
	if rest = key[2:]; n == 0 || len(rest) < n {
		return "", nil, false
	}
	return string(rest[:n]), rest[n:], true
}
