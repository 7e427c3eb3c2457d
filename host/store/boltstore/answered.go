package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// TouchKnownLocations implements host.Store.
func (s *Store) TouchKnownLocations(ctx context.Context, answeredAt map[string]time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for name, t := range answeredAt {
		if !storable(t) {
			return invalid("touch location %.64q: %s is not a time to have answered at", name, t)
		}
	}
	names := slices.Sorted(maps.Keys(answeredAt))
	return s.meta.do(&write{ctx: ctx, size: 64 * len(names), apply: func(x *txn) error {
		for _, name := range names {
			key := []byte(name)
			if x.Bucket(bucketLocations).Get(key) == nil {
				continue
			}
			// A time that cannot be read is replaced: it says nothing any more.
			if before, err := answeredOf(x.Tx, key); err != nil || before.Before(answeredAt[name]) {
				x.put(bucketAnswered, key, answeredRecord(key, answeredAt[name]))
			}
		}
		return nil
	}})
}

// answeredRecord is the value of bucket answered.
func answeredRecord(key []byte, t time.Time) []byte {
	return pack(key, binary.BigEndian.AppendUint64(nil, uint64(t.UnixNano()))) // after 1970, see storable
}

// answeredOf reads a record of bucket answered; every location has one.
func answeredOf(tx *bbolt.Tx, key []byte) (time.Time, error) {
	payload, err := unpack(string(bucketAnswered), key, tx.Bucket(bucketAnswered).Get(key))
	if err != nil {
		return time.Time{}, err
	}
	if len(payload) != 8 {
		return time.Time{}, damaged(string(bucketAnswered), key, fmt.Errorf("%d bytes are not a time", len(payload)))
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(payload))).UTC(), nil
}

// lastAnswer is when a location answered last; zero when that is not known.
func lastAnswer(tx *bbolt.Tx, l *host.KnownLocation, name string) time.Time {
	if l != nil {
		return l.AnsweredAt
	}
	key := []byte(name)
	if tx.Bucket(bucketAnswered).Get(key) == nil {
		return time.Time{}
	}
	t, err := answeredOf(tx, key)
	if err != nil {
		return time.Time{}
	}
	return t
}
