package boltstore

import (
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// readEvents reads the events of a run from all epochs that may have some, each by read, and joins them. An event that
// was copied from one epoch to another may lie in both for a while, in records that begin and end elsewhere.
func (s *Store) readEvents(run uint64, read func(*bbolt.Tx) ([]host.StoredEvent, error)) (found []host.StoredEvent, err error) {
	err = s.epochs.view(run, func() { found = nil }, func(tx *bbolt.Tx) error {
		some, err := read(tx)
		found = merge(found, some)
		return err
	})
	return found, err
}

// lastSeqStored returns the seq of the last stored event of an attempt, 0 when there is none.
func (s *Store) lastSeqStored(run uint64, attempt uint32) (last uint64, err error) {
	err = s.epochs.view(run, func() { last = 0 }, func(tx *bbolt.Tx) error {
		seq, err := lastSeqOf(tx, run, attempt)
		last = max(last, seq)
		return err
	})
	return last, err
}

// merge merges two lists that are in order. What is in both is taken once.
func merge(a, b []host.StoredEvent) []host.StoredEvent {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	case a[len(a)-1].Cursor.Less(b[0].Cursor):
		return append(a, b...)
	}
	merged := make([]host.StoredEvent, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].Cursor.Less(b[0].Cursor):
			merged, a = append(merged, a[0]), a[1:]
		case b[0].Cursor.Less(a[0].Cursor):
			merged, b = append(merged, b[0]), b[1:]
		default:
			a = a[1:]
		}
	}
	return append(append(merged, a...), b...)
}

// runRecord is a record of events of a run, with its place.
type runRecord struct {
	record

	at     host.Cursor
	events [][]byte
}

// end is the seq of the last event of a record.
func (r *runRecord) end() uint64 { return r.at.Seq + uint64(len(r.events)) - 1 }

// recordsOf reads records of a run's events from a place on, until they have so many bytes.
func recordsOf(tx *bbolt.Tx, run uint64, from host.Cursor, limit int) (records []runRecord, err error) {
	c := tx.Bucket(bucketEvents).Cursor()
	k, v := c.Seek(placeKey(run, from))
	for place, ok := placeOf(run, k); ok && limit > 0; place, ok = placeOf(run, k) {
		events, err := unpackEvents(bucketEvents, k, v)
		if err != nil {
			return nil, err
		}
		records = append(records, runRecord{record: record{key: slices.Clone(k), value: slices.Clone(v)}, at: place, events: events})
		for _, e := range events {
			limit -= len(e)
		}
		k, v = c.Next()
	}
	return records, nil
}
