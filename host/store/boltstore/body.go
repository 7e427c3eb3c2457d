package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// Body implements host.Store.
func (s *Store) Body(ctx context.Context, d host.Digest) (body []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		value := tx.Bucket(bucketBodies).Get(d[:])
		if value == nil {
			return &host.Error{
				Code: host.NotFound, Reason: reasonNoBody,
				Message: fmt.Sprintf("the store has no body %x", d[:]),
			}
		}
		payload, err := unpack(string(bucketBodies), d[:], value)
		body = bytes.Clone(payload)
		return err
	})
	return body, err
}

// PutBodies implements host.Store.
func (s *Store) PutBodies(ctx context.Context, bodies map[host.Digest][]byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	records, err := s.packBodies(bodies)
	if err != nil || len(records) == 0 {
		return err
	}
	return s.meta.do(&write{ctx: ctx, size: sizeOf(records), apply: func(x *txn) error {
		x.putBodies(records)
		return nil
	}})
}

// packBodies makes the records of bodies that are not there yet, sorted, since their keys are random: in order they
// touch fewer pages. Bodies are never removed, so what is there stays.
func (s *Store) packBodies(bodies map[host.Digest][]byte) (records []record, err error) {
	for d, body := range bodies {
		if sha256.Sum256(body) != d {
			return nil, invalid("a body of %d bytes does not have the digest %s that it is named by", len(body), d)
		}
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		for d := range bodies {
			if tx.Bucket(bucketBodies).Get(d[:]) == nil {
				records = append(records, record{key: bytes.Clone(d[:])})
			}
		}
		return nil
	})
	for i, r := range records {
		records[i].value = pack(r.key, bodies[host.DigestFrom(r.key)])
	}
	slices.SortFunc(records, func(a, b record) int { return bytes.Compare(a.key, b.key) })
	return records, err
}

// putBodies stores bodies, except those that came meanwhile.
func (x *txn) putBodies(bodies []record) {
	for _, b := range bodies {
		if x.Bucket(bucketBodies).Get(b.key) == nil {
			x.put(bucketBodies, b.key, b.value)
		}
	}
}
