package boltstore

import (
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// packNotes makes the records of host events that come after a worker event and the notes that it has already, and
// returns the place of the last.
func packNotes(tx *bbolt.Tx, run uint64, after host.Cursor, notes [][]byte) (records []record, last host.Cursor, err error) {
	k, _ := before(tx.Bucket(bucketNotes).Cursor(), placeKey(run, host.Cursor{Attempt: after.Attempt, Seq: after.Seq, Note: ^uint32(0)}))
	if place, ok := placeOf(run, k); ok && place.Attempt == after.Attempt && place.Seq == after.Seq {
		after.Note = place.Note
	}
	return packFirstNotes(run, after, notes)
}

// packFirstNotes is packNotes for a place that has no notes behind it.
func packFirstNotes(run uint64, after host.Cursor, notes [][]byte) (records []record, last host.Cursor, err error) {
	for _, note := range notes {
		after.Note++
		made, err := packEvents(run, after, [][]byte{note})
		if err != nil {
			return nil, host.Cursor{}, err
		}
		records = append(records, made...)
	}
	return records, after, nil
}

// notesAfter returns at most limit of the run's notes after one place and not after another.
func notesAfter(tx *bbolt.Tx, run uint64, after, end host.Cursor, limit int) (found []host.StoredEvent, err error) {
	c := tx.Bucket(bucketNotes).Cursor()
	k, v := c.Seek(placeKey(run, after))
	for place, ok := placeOf(run, k); ok && len(found) < limit && !end.Less(place); place, ok = placeOf(run, k) {
		if after.Less(place) {
			if found, err = appendNote(found, place, k, v); err != nil {
				return nil, err
			}
		}
		k, v = c.Next()
	}
	return found, nil
}

// lastNotes returns the last n of the run's notes that are not after end, in order.
func lastNotes(tx *bbolt.Tx, run uint64, end host.Cursor, n int) (found []host.StoredEvent, err error) {
	c := tx.Bucket(bucketNotes).Cursor()
	k, v := before(c, placeKey(run, end)) // no note has the number of an end
	for place, ok := placeOf(run, k); ok && len(found) < n; place, ok = placeOf(run, k) {
		if found, err = appendNote(found, place, k, v); err != nil {
			return nil, err
		}
		k, v = c.Prev()
	}
	slices.Reverse(found)
	return found, nil
}

func appendNote(found []host.StoredEvent, place host.Cursor, key, value []byte) ([]host.StoredEvent, error) {
	events, err := unpackEvents(bucketNotes, key, value)
	if err != nil {
		return nil, err
	}
	return append(found, host.StoredEvent{Cursor: place, Data: events[0]}), nil
}
