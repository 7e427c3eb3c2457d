package boltstore

import (
	"bytes"
	"context"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// Events arrive in batches of a few, which take twice the room of long ones, so those of a run that has ended are merged.
const (
	// mergeRuns and mergeBytes are how many runs, and about how many bytes of events, one write merges at most.
	mergeRuns  = 256
	mergeBytes = 1 << 20
	// A record of fewer events than shortRecord at the end of a run goes with the one before.
	shortRecord = maxRecordEvents / 2
)

// merging replaces records that follow each other by fewer ones with the same events.
type merging struct{ old, merged []record }

// mergeEvents merges the records of runs, which must be in order, in each epoch. An epoch that is being moved stays as it
// is: whoever moves it has read a part of it.
func (s *Store) mergeEvents(ctx context.Context, runs []uint64) error {
	s.purging.RLock()
	defer s.purging.RUnlock()
	for _, e := range s.epochs.all() {
		if e.moving || !e.mayHave(runs[0], runs[len(runs)-1]) {
			continue
		}
		if err := e.mergeEvents(ctx, runs); err != nil {
			return err
		}
	}
	return nil
}

func (e *epoch) mergeEvents(ctx context.Context, runs []uint64) error {
	var due []merging
	size := 0
	for _, run := range runs {
		for from := (host.Cursor{}); ; {
			var records []runRecord
			if err := e.view(func(tx *bbolt.Tx) (err error) {
				records, err = recordsOf(tx, run, from, mergeBytes)
				return err
			}); err != nil && host.ReasonOf(err) != reasonDamaged {
				return err
			}
			if len(records) == 0 {
				break // there are no more, or they cannot be read, which is for readers to tell
			}
			last := &records[len(records)-1]
			from = host.Cursor{Attempt: last.at.Attempt, Seq: last.end() + 1}
			more, err := mergingsOf(run, records)
			if err != nil {
				return err
			}
			for _, m := range more {
				size += sizeOf(m.old) + sizeOf(m.merged)
			}
			if due = append(due, more...); size < mergeBytes {
				continue
			}
			if err := e.replace(ctx, due); err != nil {
				return err
			}
			due, size = nil, 0
		}
	}
	return e.replace(ctx, due)
}

// replace makes mergings, except those of which a record is there no more, because the run was deleted meanwhile.
func (e *epoch) replace(ctx context.Context, due []merging) error {
	if len(due) == 0 {
		return nil
	}
	return e.do(&write{ctx: ctx, apply: func(x *txn) error {
		for _, m := range due {
			b := x.Bucket(bucketEvents)
			if slices.ContainsFunc(m.old, func(r record) bool { return !bytes.Equal(b.Get(r.key), r.value) }) {
				continue
			}
			for _, r := range m.old {
				x.del(bucketEvents, r.key)
			}
			for _, r := range m.merged {
				x.put(bucketEvents, r.key, r.value)
			}
		}
		return nil
	}})
}

// mergingsOf finds what is worth merging: records that become half as many, or fewer.
func mergingsOf(run uint64, records []runRecord) (all []merging, err error) {
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[n].at == (host.Cursor{Attempt: records[n-1].at.Attempt, Seq: records[n-1].end() + 1}) {
			n++
		}
		var m merging
		var events [][]byte
		for _, r := range records[:n] {
			m.old = append(m.old, r.record)
			events = append(events, r.events...)
		}
		if m.merged, err = packLong(run, records[0].at, events); err != nil {
			return nil, err
		}
		if 2*len(m.merged) <= len(m.old) {
			all = append(all, m)
		}
		records = records[n:]
	}
	return all, nil
}

// packLong is packEvents, but leaves no short record at the end if the one before has room.
func packLong(run uint64, c host.Cursor, events [][]byte) ([]record, error) {
	return packEach(run, c, events, func(events [][]byte) int {
		n := recordLen(events, maxRecordEvents)
		if rest := len(events) - n; rest > 0 && rest < shortRecord {
			if all := recordLen(events, maxRecordEvents+shortRecord); all == len(events) {
				return all
			}
		}
		return n
	})
}
