package boltstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
)

// automation looks at the records of schedules, sensors, the order in which runs ended, dynamic partitions and backfills.
func (c *fsck) automation(tx *bbolt.Tx) error {
	for _, pass := range []struct {
		bucket []byte
		each   func(k, v []byte)
	}{
		{bucketAutomations, c.decoded(bucketAutomations, func(k, _ []byte) error {
			_, err := automationByKey(tx, k)
			if b := tx.Bucket(bucketCursors); err == nil && b != nil && b.Get(k) == nil {
				err = errNoState
			}
			return err
		})},
		{bucketCursors, c.decoded(bucketCursors, func(k, _ []byte) error {
			_, err := automationState(tx, k)
			if b := tx.Bucket(bucketAutomations); err == nil && b != nil && b.Get(k) == nil {
				err = errNoDefinition
			}
			return err
		})},
		{bucketTicks, c.decoded(bucketTicks, func(k, v []byte) error {
			_, _, err := decodeTick(k, v)
			if b := tx.Bucket(bucketCursors); err == nil && b != nil && b.Get(k[:len(k)-seqLen]) == nil {
				err = errors.New("there is no such schedule or sensor")
			}
			return err
		})},
		{bucketRunKeys, c.decoded(bucketRunKeys, func(k, v []byte) error {
			run, err := decodeRunKey(k, v)
			if err == nil && run >= c.facts.next.seq {
				err = fmt.Errorf("there was no run %d", run)
			}
			return err
		})},
		{bucketEnded, c.decoded(bucketEnded, c.endedAfter())},
		{bucketPartitions, func(k, v []byte) {
			if _, which, _, ok := partitionOf(k); ok && which != partitionByPlace {
				return // made from the others, see below
			}
			if _, err := decodePartition(k, v); err != nil {
				c.record(false, bucketPartitions, k, err)
			}
		}},
		{bucketBackfills, c.decoded(bucketBackfills, func(k, v []byte) error {
			m, err := decodeBackfill(k, v)
			if b := tx.Bucket(bucketBackfillPartitions); err == nil && b != nil && (b.Get(roundKey(k, 0)) == nil || b.Get(roundKey(k, m.Round)) == nil) {
				c.problemf(false, "partitions of backfill %s are missing", backfillID(m))
			}
			if err != nil {
				return err
			}
			return c.checkRecord(tx, backfillRequests, k, v)
		})},
		{bucketBackfillPartitions, c.decoded(bucketBackfillPartitions, func(k, v []byte) error {
			_, err := decodeRound(k, v)
			if b := tx.Bucket(bucketBackfills); err == nil && (len(k) != idLen+4 || b != nil && b.Get(k[:idLen]) == nil) {
				err = errors.New("there is no such backfill")
			}
			return err
		})},
		{bucketBackfillRequests, c.checkRequest(tx, backfillRequests)},
	} {
		if err := c.each(tx, pass.bucket, pass.each); err != nil {
			return err
		}
	}
	for _, wrong := range partitionChanges(tx) {
		c.record(true, bucketPartitions, wrong.key, errors.New("it does not say what the keys of its dimension do"))
	}
	return c.ctx.Err()
}

// endedAfter returns what looks at entries of the order in which runs ended, which are dense.
func (c *fsck) endedAfter() func(k, v []byte) error {
	last := uint64(0)
	return func(k, v []byte) error {
		_, err := decodeEnded(k, v)
		if pos, ok := seqOf(k); ok {
			if last != 0 && pos != last+1 {
				c.problemf(false, "the order in which runs ended has a gap behind %d; the next is %d", last, pos)
			}
			last = pos
		}
		return err
	}
}

// partitionOf reads the key of a row of a dynamic dimension.
func partitionOf(key []byte) (dimension []byte, which byte, rest []byte, ok bool) {
	rest = key
	for range 3 {
		if _, rest, ok = locationOf(rest); !ok {
			return nil, 0, nil, false
		}
	}
	if len(rest) == 0 || rest[0] > partitionByPlace {
		return nil, 0, nil, false
	}
	return key[:len(key)-len(rest)], rest[0], rest[1:], true
}

// decodePartition reads the key of a partition from its row by place.
func decodePartition(key, value []byte) (text string, err error) {
	_, which, rest, ok := partitionOf(key)
	if _, isPlace := seqOf(rest); !ok || which != partitionByPlace || !isPlace {
		return "", damaged(string(bucketPartitions), key, errNoPartitionKey)
	}
	payload, err := unpack(string(bucketPartitions), key, value)
	return string(payload), err
}

// partitionChanges compares what is made from the rows of keys by their places with these. Of a row that cannot be read,
// all else stays as it is.
func partitionChanges(tx *bbolt.Tx) (changes []listChange) {
	b := tx.Bucket(bucketPartitions)
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, _ := c.First(); k != nil; {
		dimension, _, _, ok := partitionOf(k)
		if !ok {
			k, _ = c.Next()
			continue
		}
		changes = append(changes, dimensionChanges(tx, bytes.Clone(dimension))...)
		k, _ = c.Seek(partitionRow(dimension, partitionByPlace+1))
	}
	return changes
}

func dimensionChanges(tx *bbolt.Tx, dimension []byte) (changes []listChange) {
	change := func(key, payload []byte) {
		if payload != nil {
			payload = pack(key, payload)
		}
		changes = append(changes, listChange{bucketPartitions, key, payload})
	}
	places, unread := map[string]uint64{}, map[uint64]bool{}
	next := uint64(1)
	c := tx.Bucket(bucketPartitions).Cursor()
	rows := partitionRow(dimension, partitionByPlace)
	for k, v := c.Seek(rows); bytes.HasPrefix(k, rows); k, v = c.Next() {
		place, _ := seqOf(k[len(rows):])
		next = max(next, place+1)
		text, err := decodePartition(k, v)
		if err != nil {
			unread[place] = true
			continue
		}
		if _, again := places[text]; again {
			change(bytes.Clone(k), nil)
			continue
		}
		places[text] = place
	}
	total := uint64(len(places) + len(unread))
	rows = partitionRow(dimension, partitionByKey)
	for k, _ := c.Seek(rows); bytes.HasPrefix(k, rows); k, _ = c.Next() {
		text := string(k[len(rows):])
		is, err := partitionPlace(tx, dimension, text)
		place, known := places[text]
		delete(places, text)
		switch {
		case known && (err != nil || is != place):
			change(bytes.Clone(k), seqKey(place))
		case !known && (err != nil || !unread[is]):
			change(bytes.Clone(k), nil)
		}
	}
	for text, place := range places {
		change(partitionRow(dimension, partitionByKey, []byte(text)...), seqKey(place))
	}
	wasNext, wasTotal, err := partitionTotals(tx, dimension)
	if err != nil || wasTotal != total || wasNext < next {
		change(partitionRow(dimension, partitionCount), binary.BigEndian.AppendUint64(seqKey(max(next, wasNext)), total))
	}
	return changes
}
