package boltstore

import (
	"bytes"
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// Events move in slices, so that nobody waits long for one, and not faster than this, so that others get the disk.
const (
	moveRecords        = 500
	moveBytes          = 1 << 20
	moveBytesPerSecond = 32 << 20
)

var errNoPlace = errors.New("its key is not the place of an event")

// moveEvents copies all events of an epoch to the current one, and returns how many bytes these were.
func (s *Store) moveEvents(ctx context.Context, e *epoch) (moved uint64, err error) {
	for after := []byte(nil); ; {
		slice, err := s.moveSlice(ctx, e, after)
		if err != nil || len(slice) == 0 {
			return moved, err
		}
		s.epochs.step("moved")
		after = slice[len(slice)-1].key
		n := sizeOf(slice)
		moved += uint64(n)
		if err := s.pause(ctx, time.Duration(n)*time.Second/moveBytesPerSecond); err != nil {
			return moved, err
		}
	}
}

// moveSlice copies the records behind a key. Nobody removes events meanwhile: those of a run that is deleted are gone
// before, or are removed from the other epoch as well.
func (s *Store) moveSlice(ctx context.Context, e *epoch, after []byte) (slice []record, err error) {
	s.purging.Lock()
	defer s.purging.Unlock()
	if err := e.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketEvents).Cursor()
		size := 0
		for k, v := c.Seek(append(bytes.Clone(after), 0)); k != nil && len(slice) < moveRecords && size < moveBytes; k, v = c.Next() {
			slice = append(slice, record{key: bytes.Clone(k), value: bytes.Clone(v)})
			size += len(k) + len(v)
		}
		return nil
	}); err != nil || len(slice) == 0 {
		return nil, err
	}
	return slice, s.putMoved(ctx, slice)
}

// putMoved adds records that lie in another epoch to the current one.
func (s *Store) putMoved(ctx context.Context, slice []record) error {
	incoming := make([]runRecord, 0, len(slice))
	for _, r := range slice {
		d, err := decodeRecord(r)
		if err != nil {
			return err // what cannot be read is not moved, and so its file stays
		}
		incoming = append(incoming, d)
	}
	return s.epochs.append(&write{ctx: ctx, frees: true, size: sizeOf(slice), apply: func(x *txn) error {
		var ready []record
		var gone [][]byte
		for _, r := range incoming {
			puts, dels, err := fitRecord(x.Tx, r)
			if err != nil {
				return err
			}
			ready, gone = append(ready, puts...), append(gone, dels...)
		}
		for _, key := range gone {
			x.del(bucketEvents, key)
		}
		for _, r := range ready {
			x.put(bucketEvents, r.key, r.value)
		}
		return nil
	}})
}

// pause waits, unless the store has no clock.
func (s *Store) pause(ctx context.Context, d time.Duration) error {
	if s.clock == nil || d <= 0 {
		return ctx.Err()
	}
	select {
	case <-s.clock.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// decodeRecord reads a record of events of whatever run.
func decodeRecord(r record) (runRecord, error) {
	events, err := unpackEvents(bucketEvents, r.key, r.value)
	if err != nil {
		return runRecord{}, err
	}
	run, _ := seqOf(r.key[:min(seqLen, len(r.key))])
	at, ok := placeOf(run, r.key)
	if !ok {
		return runRecord{}, damaged(string(bucketEvents), r.key, errNoPlace)
	}
	return runRecord{record: r, at: at, events: events}, nil
}

// fitRecord says what to put and remove so that the events of a record are in a file once. Some of them may be there: an
// interrupted move copied them, and since then records were merged in one of the files, so that they begin and end
// elsewhere.
func fitRecord(tx *bbolt.Tx, r runRecord) (puts []record, dels [][]byte, err error) {
	run, _ := seqOf(r.key[:seqLen])
	c := tx.Bucket(bucketEvents).Cursor()
	first, last := r.at.Seq, r.end()
	if k, v := before(c, r.key); k != nil {
		if at, ok := placeOf(run, k); ok && at.Attempt == r.at.Attempt {
			events, err := unpackEvents(bucketEvents, k, v)
			if err != nil {
				return nil, nil, err
			}
			first = max(first, at.Seq+uint64(len(events)))
		}
	}
	for k, v := c.Seek(r.key); k != nil && first <= last; k, v = c.Next() {
		at, ok := placeOf(run, k)
		if !ok || at.Attempt != r.at.Attempt || at.Seq > last {
			break
		}
		events, err := unpackEvents(bucketEvents, k, v)
		if err != nil {
			return nil, nil, err
		}
		if end := at.Seq + uint64(len(events)) - 1; end >= last {
			last = at.Seq - 1 // it has the rest
			break
		}
		dels = append(dels, bytes.Clone(k))
	}
	if first > last {
		return nil, dels, nil
	}
	if first == r.at.Seq && last == r.end() {
		return []record{r.record}, dels, nil
	}
	puts, err = packEvents(run, host.Cursor{Attempt: r.at.Attempt, Seq: first}, r.events[first-r.at.Seq:last+1-r.at.Seq])
	return puts, dels, err
}
