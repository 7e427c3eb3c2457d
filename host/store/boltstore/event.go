package boltstore

import (
	"context"
	"fmt"
	"math"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// AppendEvents implements host.Store.
func (s *Store) AppendEvents(ctx context.Context, id host.RunID, b host.EventBatch) (lastSeq uint64, err error) {
	if b.Attempt == 0 || b.First == 0 || b.First > math.MaxUint64-uint64(len(b.Events)) {
		return 0, invalid("events of run %.64q: attempt %d and first seq %d must count from 1", id, b.Attempt, b.First)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t, err := s.acquire(id)
	if err != nil {
		return 0, err
	}
	defer s.tails.release(t)

	shown, err := t.shownOf(b)
	if err != nil {
		return 0, err
	}
	if endOf(b) <= shown {
		return shown, nil
	}
	// Packing is the work; here it does not hold up the others. Only an append that runs beside this one for the
	// same run could make it wrong.
	fresh := after(b, shown)
	records, err := packEvents(t.seq, host.Cursor{Attempt: b.Attempt, Seq: fresh.First}, fresh.Events)
	if err != nil {
		return 0, fmt.Errorf("pack events of run %s: %w", id, err)
	}
	added := false
	err = s.epochs.append(&write{
		ctx: ctx, size: sizeOf(records),
		apply: func(x *txn) (err error) {
			if lastSeq, err = t.admit(b); err != nil || endOf(b) <= lastSeq {
				return err
			}
			if rest := after(b, lastSeq); rest.First != fresh.First {
				if records, err = packEvents(t.seq, host.Cursor{Attempt: b.Attempt, Seq: rest.First}, rest.Events); err != nil {
					return fmt.Errorf("pack events of run %s: %w", id, err)
				}
			}
			for _, r := range records {
				x.put(bucketEvents, r.key, r.value)
			}
			lastSeq, added = t.advance(b), true
			return nil
		},
		settle: func(committed bool) {
			if committed && added {
				s.announceEvents(t, host.Cursor{Attempt: b.Attempt, Seq: lastSeq})
			}
		},
	})
	if err != nil {
		return 0, err
	}
	s.keeper.appended()
	t.await(b.Attempt, lastSeq)
	return lastSeq, nil
}

// endOf is the seq of the last event of b, that before the first when it has none.
func endOf(b host.EventBatch) uint64 { return b.First + uint64(len(b.Events)) - 1 }

// after is the part of b after seq. Batches that leave a gap are the caller's to refuse.
func after(b host.EventBatch, seq uint64) host.EventBatch {
	if seq >= b.First {
		b.Events = b.Events[seq+1-b.First:]
		b.First = seq + 1
	}
	return b
}

func sizeOf(records []record) (n int) {
	for _, r := range records {
		n += len(r.key) + len(r.value)
	}
	return n
}

// LastSeq implements host.Store.
func (s *Store) LastSeq(ctx context.Context, id host.RunID, attempt uint32) (last uint64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t, err := s.acquire(id)
	if err != nil {
		return 0, err
	}
	defer s.tails.release(t)
	end, err := t.end()
	if err != nil || attempt == end.Attempt {
		return end.Seq, err
	}
	return s.lastSeqStored(t.seq, attempt)
}

// Events implements host.Store.
func (s *Store) Events(ctx context.Context, id host.RunID, after host.Cursor, limit int) ([]host.StoredEvent, error) {
	found, err := s.mergedEvents(ctx, id,
		func(tx *bbolt.Tx, run uint64, end host.Cursor) ([]host.StoredEvent, error) {
			return eventsAfter(tx, run, after, end, limit)
		},
		func(tx *bbolt.Tx, run uint64, end host.Cursor) ([]host.StoredEvent, error) {
			return notesAfter(tx, run, after, end, limit)
		})
	return found[:max(0, min(limit, len(found)))], err
}

// LastEvents implements host.Store.
func (s *Store) LastEvents(ctx context.Context, id host.RunID, n int) ([]host.StoredEvent, error) {
	found, err := s.mergedEvents(ctx, id,
		func(tx *bbolt.Tx, run uint64, end host.Cursor) ([]host.StoredEvent, error) {
			return lastEvents(tx, run, end, n)
		},
		func(tx *bbolt.Tx, run uint64, end host.Cursor) ([]host.StoredEvent, error) {
			return lastNotes(tx, run, end, n)
		})
	return found[len(found)-max(0, min(n, len(found))):], err
}

// mergedEvents reads worker events and notes up to one end, and merges them.
func (s *Store) mergedEvents(ctx context.Context, id host.RunID,
	worker, notes func(tx *bbolt.Tx, run uint64, end host.Cursor) ([]host.StoredEvent, error),
) ([]host.StoredEvent, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := s.acquire(id)
	if err != nil {
		return nil, err
	}
	defer s.tails.release(t)
	// The end first: what is committed to either file later has its place after it.
	end, err := t.end()
	if err != nil {
		return nil, err
	}
	events, err := s.readEvents(t.seq, func(tx *bbolt.Tx) ([]host.StoredEvent, error) { return worker(tx, t.seq, end) })
	if err != nil {
		return nil, err
	}
	var ours []host.StoredEvent
	if err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		ours, err = notes(tx, t.seq, end)
		return err
	}); err != nil {
		return nil, err
	}
	if _, err := t.end(); err != nil {
		return nil, err // deleted meanwhile, so a part may be missing
	}
	return merge(events, ours), nil
}
