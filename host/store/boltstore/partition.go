package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// The keys of a dynamic dimension have two rows each, so that one is found by its text, and all by their order. The rows of
// a dimension begin with its name; then comes which rows they are.
const (
	// partitionCount → BE64 place of the next key, BE64 how many there are.
	partitionCount byte = 0
	// partitionByKey, key → BE64 place.
	partitionByKey byte = 1
	// partitionByPlace, BE64 place → key.
	partitionByPlace byte = 2
)

var errNoPartitionKey = errors.New("it is no key of a dynamic partition")

// partitionLook is how many keys a page is looked for among.
const partitionLook = host.MaxDynamicPartitions

// dimensionKey is what the keys of rows of a dimension begin with.
func dimensionKey(name host.DynamicName) ([]byte, error) {
	if err := checkNames("dimension", name.Location, name.Repository, name.Dimension); err != nil {
		return nil, err
	}
	return appendName(appendName(appendName(nil, name.Location), name.Repository), name.Dimension), nil
}

// partitionRow is the key of a row.
func partitionRow(dimension []byte, which byte, rest ...byte) []byte {
	k := make([]byte, 0, len(dimension)+1+len(rest))
	return append(append(append(k, dimension...), which), rest...)
}

// PartitionKeys implements host.Store.
func (s *Store) PartitionKeys(ctx context.Context, name host.DynamicName, prefix string, after uint64, limit int) (page host.PartitionKeyPage, err error) {
	if err := ctx.Err(); err != nil {
		return page, err
	}
	dimension, err := dimensionKey(name)
	if err != nil {
		return page, err
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		_, total, err := partitionTotals(tx, dimension)
		if err != nil {
			damage = append(damage, err)
		}
		page.Total = int(total)
		if after == ^uint64(0) {
			return nil
		}
		rows := partitionRow(dimension, partitionByPlace)
		c := tx.Bucket(bucketPartitions).Cursor()
		look := partitionLook
		for k, v := c.Seek(append(rows, seqKey(after+1)...)); bytes.HasPrefix(k, rows); k, v = c.Next() {
			if len(page.Keys) >= limit || look == 0 {
				return nil
			}
			look--
			key, err := unpack(string(bucketPartitions), k, v)
			if err != nil {
				damage = append(damage, err)
			} else if strings.HasPrefix(string(key), prefix) {
				page.Keys = append(page.Keys, string(key))
			}
			page.Next, _ = seqOf(k[len(rows):])
		}
		page.Next = 0
		return nil
	})
	if err != nil {
		return host.PartitionKeyPage{}, err
	}
	return page, damage.AsError()
}

// HasPartitionKeys implements host.Store.
func (s *Store) HasPartitionKeys(ctx context.Context, name host.DynamicName, keys []string) (map[string]bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dimension, err := dimensionKey(name)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		for _, key := range keys {
			place, err := partitionPlace(tx, dimension, key)
			if err != nil {
				return err
			}
			if place != 0 {
				there[key] = true
			}
		}
		return nil
	})
	return there, err
}

// ChangePartitionKeys implements host.Store.
func (s *Store) ChangePartitionKeys(ctx context.Context, change host.PartitionKeysChange) (added, removed, total int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, 0, err
	}
	if err := checkPartitionKeys(&change); err != nil {
		return 0, 0, 0, err
	}
	if err := s.meta.do(&write{ctx: ctx, size: sizeOfKeys(&change), apply: func(x *txn) error {
		p := newKeysPlan(x.Tx)
		if err := p.changeAll([]host.PartitionKeysChange{change}); err != nil {
			return err
		}
		for _, d := range p.dimensions {
			added, removed, total = d.added, d.removed, int(d.total)
		}
		p.write(x)
		return nil
	}}); err != nil {
		return 0, 0, 0, err
	}
	return added, removed, total, nil
}

// checkPartitionKeys checks what can be checked of a change without the store.
func checkPartitionKeys(change *host.PartitionKeysChange) error {
	if _, err := dimensionKey(change.Name); err != nil {
		return err
	}
	for _, key := range change.Add {
		if err := host.CheckPartitionKey(key); err != nil {
			return invalid("add to dimension %.64q: %v", change.Name.Dimension, err)
		}
	}
	return nil
}

// sizeOfKeys is about how much a change adds.
func sizeOfKeys(change *host.PartitionKeysChange) (size int) {
	row := len(change.Name.Location) + len(change.Name.Repository) + len(change.Name.Dimension)
	for _, key := range slices.Concat(change.Add, change.Remove) {
		size += 2 * (row + len(key))
	}
	return size
}

// partitionTotals reads the place of the next key of a dimension, from 1, and how many keys it has.
func partitionTotals(tx *bbolt.Tx, dimension []byte) (next, total uint64, err error) {
	key := partitionRow(dimension, partitionCount)
	value := tx.Bucket(bucketPartitions).Get(key)
	if value == nil {
		return 1, 0, nil
	}
	payload, err := unpack(string(bucketPartitions), key, value)
	if err != nil {
		return 0, 0, err
	}
	if len(payload) != 2*seqLen {
		return 0, 0, damaged(string(bucketPartitions), key, errNoPartitionKey)
	}
	return binary.BigEndian.Uint64(payload), binary.BigEndian.Uint64(payload[seqLen:]), nil
}

// partitionPlace reads the place of a key, 0 when it is not there.
func partitionPlace(tx *bbolt.Tx, dimension []byte, key string) (uint64, error) {
	row := partitionRow(dimension, partitionByKey, []byte(key)...)
	value := tx.Bucket(bucketPartitions).Get(row)
	if value == nil {
		return 0, nil
	}
	payload, err := unpack(string(bucketPartitions), row, value)
	if err != nil {
		return 0, err
	}
	place, ok := seqOf(payload)
	if !ok || place == 0 {
		return 0, damaged(string(bucketPartitions), row, errNoPartitionKey)
	}
	return place, nil
}
