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

// bodySlice and bodySliceBytes are how much of a location's bodies one write adds, so that other writes need not wait
// long: their keys are random, and each may touch a page of its own.
const (
	bodySlice      = 1000
	bodySliceBytes = 4 << 20
)

// putInSlices stores bodies, some with each write. What it leaves when it ends early does no harm: bodies are named by
// their content.
func (s *Store) putInSlices(ctx context.Context, bodies map[host.Digest][]byte) error {
	digests := make([]host.Digest, 0, len(bodies))
	for d, body := range bodies {
		if sha256.Sum256(body) != d {
			return otherDigest(body, d)
		}
		digests = append(digests, d)
	}
	slices.SortFunc(digests, func(a, b host.Digest) int { return bytes.Compare(a[:], b[:]) })
	for len(digests) > 0 {
		slice, size := []record(nil), 0
		if err := s.meta.view(func(tx *bbolt.Tx) error {
			for ; len(digests) > 0 && len(slice) < bodySlice && size < bodySliceBytes; digests = digests[1:] {
				if d := digests[0]; !hasBody(tx, d[:]) {
					slice = append(slice, record{key: d[:]})
					size += len(bodies[d])
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for i, r := range slice {
			slice[i].value = pack(r.key, bodies[host.DigestFrom(r.key)])
		}
		if len(slice) == 0 {
			continue
		}
		if err := s.meta.do(&write{ctx: ctx, size: sizeOf(slice), apply: func(x *txn) error {
			x.putBodies(slice)
			return nil
		}}); err != nil {
			return err
		}
	}
	return nil
}

func otherDigest(body []byte, d host.Digest) error {
	return invalid("a body of %d bytes does not have the digest %s that it is named by", len(body), d)
}

// hasBody says whether a body is there and undamaged. One that is damaged gives way to what comes with its digest.
func hasBody(tx *bbolt.Tx, digest []byte) bool {
	value := tx.Bucket(bucketBodies).Get(digest)
	return value != nil && intact(digest, value)
}

// packBodies makes the records of bodies that are not there yet, sorted, since their keys are random: in order they
// touch fewer pages. Bodies are never removed, so what is there stays.
func (s *Store) packBodies(bodies map[host.Digest][]byte) (records []record, err error) {
	for d, body := range bodies {
		if sha256.Sum256(body) != d {
			return nil, otherDigest(body, d)
		}
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		for d := range bodies {
			if !hasBody(tx, d[:]) {
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
		if !hasBody(x.Tx, b.key) {
			x.put(bucketBodies, b.key, b.value)
		}
	}
}
