package boltstore

import (
	"context"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// PutLimits implements host.Store.
func (s *Store) PutLimits(ctx context.Context, change host.LimitChange) (stored host.LimitChange, changed bool, err error) {
	if err := ctx.Err(); err != nil {
		return host.LimitChange{}, false, err
	}
	if !storable(change.At) {
		return host.LimitChange{}, false, invalid("a change of limits needs a time between the years 1970 and 2261")
	}
	m := &storev1.LimitChange{At: timeToProto(change.At), Source: change.Source, After: change.After}
	if _, err := proto.Marshal(m); err != nil {
		return host.LimitChange{}, false, invalid("a change of limits cannot be stored: %v", err) // text that is not UTF-8
	}
	err = s.meta.do(&write{ctx: ctx, size: proto.Size(m), apply: func(x *txn) error {
		c := x.Bucket(bucketLimitChanges).Cursor()
		k, v := c.Last()
		next := uint64(1)
		if k != nil {
			last, err := decodeLimitChange(k, v)
			if err != nil {
				return err
			}
			if slices.Equal(last.After, change.After) {
				stored = last
				return nil
			}
			seq, _ := seqOf(k)
			next, m.Before = seq+1, last.After
		}
		payload, err := proto.Marshal(m)
		if err != nil {
			return err
		}
		key := seqKey(next)
		x.put(bucketLimitChanges, key, pack(key, payload))
		if next > host.MaxLimitChanges {
			x.del(bucketLimitChanges, seqKey(next-host.MaxLimitChanges))
		}
		changed = true
		return nil
	}})
	if err != nil {
		return host.LimitChange{}, false, err
	}
	if changed {
		stored = limitChangeOf(m)
	}
	return stored, changed, nil
}

// LimitChanges implements host.Store.
func (s *Store) LimitChanges(ctx context.Context, limit int) (changes []host.LimitChange, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketLimitChanges).Cursor()
		for k, v := c.Last(); k != nil && len(changes) < limit; k, v = c.Prev() {
			change, err := decodeLimitChange(k, v)
			if err != nil {
				damage = append(damage, err)
				continue
			}
			changes = append(changes, change)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changes, damage.AsError()
}

func limitChangeOf(m *storev1.LimitChange) host.LimitChange {
	return host.LimitChange{At: timeFromProto(m.At), Source: m.Source, Before: m.Before, After: m.After}
}

func decodeLimitChange(key, value []byte) (c host.LimitChange, err error) {
	if _, ok := seqOf(key); !ok {
		return c, damaged(string(bucketLimitChanges), key, fmt.Errorf("%x is not a number", key))
	}
	payload, err := unpack(string(bucketLimitChanges), key, value)
	if err != nil {
		return c, err
	}
	m := &storev1.LimitChange{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return c, damaged(string(bucketLimitChanges), key, err)
	}
	return limitChangeOf(m), nil
}
