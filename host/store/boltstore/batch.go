package boltstore

import (
	"errors"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// Limits of a record of events. Larger batches are cut, so that a short tail of them is read fast.
const (
	maxRecordEvents = 128
	maxRecordBytes  = 256 << 10
)

// record is a key and its value.
type record struct{ key, value []byte }

// packEvents makes the records of events without gaps, the first of which has its place at c.
func packEvents(run uint64, c host.Cursor, events [][]byte) ([]record, error) {
	return packEach(run, c, events, func(events [][]byte) int { return recordLen(events, maxRecordEvents) })
}

// packEach is packEvents with length events in the next record.
func packEach(run uint64, c host.Cursor, events [][]byte, length func(events [][]byte) int) (records []record, err error) {
	for len(events) > 0 {
		n := length(events)
		r, err := packRecord(run, c, events[:n])
		if err != nil {
			return nil, err
		}
		records = append(records, r)
		events = events[n:]
		c.Seq += uint64(n)
	}
	return records, nil
}

// recordLen is how many of events one record takes, if it has no more than limit of them.
func recordLen(events [][]byte, limit int) int {
	n, size := 1, len(events[0])
	for n < len(events) && n < limit && size+len(events[n]) <= maxRecordBytes {
		size += len(events[n])
		n++
	}
	return n
}

// packRecord makes one record of events.
func packRecord(run uint64, c host.Cursor, events [][]byte) (record, error) {
	key := placeKey(run, c)
	payload, err := proto.Marshal(&storev1.EventBatch{Events: events})
	if err != nil {
		return record{}, err
	}
	return record{key: key, value: packFolded(key, payload)}, nil
}

// unpackEvents reads the value of a record. Nothing of the events lies in it.
func unpackEvents(bucket, key, value []byte) ([][]byte, error) {
	payload, err := unpack(string(bucket), key, value)
	if err != nil {
		return nil, err
	}
	var b storev1.EventBatch
	if err := proto.Unmarshal(payload, &b); err != nil {
		return nil, damaged(string(bucket), key, err)
	}
	if len(b.Events) == 0 {
		return nil, damaged(string(bucket), key, errors.New("it has no events"))
	}
	return b.Events, nil
}

// before moves c to the last key below key.
func before(c *bbolt.Cursor, key []byte) (k, v []byte) {
	if k, _ := c.Seek(key); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// lastSeqOf returns the seq of the last stored event of an attempt, 0 when there is none.
func lastSeqOf(tx *bbolt.Tx, run uint64, attempt uint32) (uint64, error) {
	k, v := before(tx.Bucket(bucketEvents).Cursor(), placeKey(run, host.Cursor{Attempt: attempt, Seq: ^uint64(0), Note: ^uint32(0)}))
	place, ok := placeOf(run, k)
	if !ok || place.Attempt != attempt {
		return 0, nil
	}
	events, err := unpackEvents(bucketEvents, k, v)
	if err != nil {
		return 0, err
	}
	return place.Seq + uint64(len(events)) - 1, nil
}

// eventsAfter returns at most limit of the run's worker events after one place and not after another.
func eventsAfter(tx *bbolt.Tx, run uint64, after, end host.Cursor, limit int) (found []host.StoredEvent, err error) {
	c := tx.Bucket(bucketEvents).Cursor()
	first := placeKey(run, host.Cursor{Attempt: after.Attempt, Seq: after.Seq, Note: ^uint32(0)})
	k, v := before(c, first)
	if _, ok := placeOf(run, k); !ok {
		k, v = c.Seek(first)
	}
	for place, ok := placeOf(run, k); ok && len(found) < limit && !end.Less(place); place, ok = placeOf(run, k) {
		events, err := unpackEvents(bucketEvents, k, v)
		if err != nil {
			return nil, err
		}
		for _, data := range events {
			if after.Less(place) && !end.Less(place) && len(found) < limit {
				found = append(found, host.StoredEvent{Cursor: place, Data: data})
			}
			place.Seq++
		}
		k, v = c.Next()
	}
	return found, nil
}

// lastEvents returns at least the last n of the run's worker events that are not after end, or all of them, in order.
func lastEvents(tx *bbolt.Tx, run uint64, end host.Cursor, n int) (found []host.StoredEvent, err error) {
	c := tx.Bucket(bucketEvents).Cursor()
	k, v := before(c, placeKey(run, end))
	for place, ok := placeOf(run, k); ok && len(found) < n; place, ok = placeOf(run, k) {
		events, err := unpackEvents(bucketEvents, k, v)
		if err != nil {
			return nil, err
		}
		chunk := make([]host.StoredEvent, 0, len(events)+len(found))
		for _, data := range events {
			if !end.Less(place) {
				chunk = append(chunk, host.StoredEvent{Cursor: place, Data: data})
			}
			place.Seq++
		}
		found = append(chunk, found...)
		k, v = c.Prev()
	}
	return found, nil
}
