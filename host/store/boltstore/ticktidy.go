package boltstore

import (
	"bytes"
	"context"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// tickSlice is how many ticks are looked at in one transaction that reads, and at most removed in one that writes.
const tickSlice = 1000

// tidiedTicks remembers how far ticks of each schedule or sensor were looked at for ones that skipped: what is left before
// that is kept for longer. A new start looks at all once more.
type tidiedTicks struct {
	mu   sync.Mutex
	upTo map[string][]byte
}

// TidyTicks implements host.Store.
func (s *Store) TidyTicks(ctx context.Context, now time.Time) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	s.tidied.mu.Lock()
	defer s.tidied.mu.Unlock()
	if s.tidied.upTo == nil {
		s.tidied.upTo = map[string][]byte{}
	}
	if !storable(now.Add(-host.KeepTicks)) {
		return 0, invalid("tidy ticks at %s: that is no time of now", now)
	}
	var automations [][]byte
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketCursors).ForEach(func(k, _ []byte) error {
			automations = append(automations, bytes.Clone(k))
			return nil
		})
	}); err != nil {
		return 0, err
	}
	for _, automation := range automations {
		gone, err := s.tidyTicks(ctx, automation, now)
		if n += gone; err != nil {
			return n, err
		}
	}
	return n, nil
}

// tidyTicks tidies those of one schedule or sensor: the few that are old, then those behind what was looked at before.
func (s *Store) tidyTicks(ctx context.Context, automation []byte, now time.Time) (n int, err error) {
	t := tickTidying{store: s, old: now.Add(-host.KeepTicks), skipped: now.Add(-host.KeepSkippedTicks)}
	var kept []byte // and all behind it
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		kept = newestTicks(tx, automation)
		return nil
	}); err != nil {
		return 0, err
	}
	old := tickKey(automation, t.old)
	if _, err := t.between(ctx, automation, firstOf(old, kept)); err != nil {
		return t.removed, err
	}
	looked := s.tidied.upTo[string(automation)]
	if bytes.Compare(looked, old) < 0 {
		looked = old
	}
	looked, err = t.between(ctx, looked, firstOf(tickKey(automation, t.skipped), kept))
	s.tidied.upTo[string(automation)] = looked
	return t.removed, err
}

// newestTicks is the key of the first of the newest ticks, which are kept however old they are.
func newestTicks(tx *bbolt.Tx, automation []byte) []byte {
	c := tx.Bucket(bucketTicks).Cursor()
	k, _ := before(c, behindTicks(automation))
	first := automation
	for n := 0; n < host.MinTicksKept && bytes.HasPrefix(k, automation); n++ {
		first = k
		k, _ = c.Prev()
	}
	return bytes.Clone(first)
}

func firstOf(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		return a
	}
	return b
}

// tickTidying removes ticks of one schedule or sensor.
type tickTidying struct {
	store *Store
	// old and skipped are the instants up to which ticks, and those that skipped, are not kept.
	old, skipped time.Time
	removed      int
}

// between tidies ticks from one key up to another, and tells up to which it need not be done again.
func (t *tickTidying) between(ctx context.Context, from, to []byte) (settled []byte, err error) {
	settled = from
	for waits := false; bytes.Compare(from, to) < 0; {
		if err := ctx.Err(); err != nil {
			return settled, err
		}
		var gone [][]byte
		next := settled
		if err := t.store.meta.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketTicks).Cursor()
			k, v := c.Seek(from)
			for range tickSlice {
				if k == nil || bytes.Compare(k, to) >= 0 {
					from = to
					break
				}
				over, later := t.isOver(k, v)
				if over {
					gone = append(gone, bytes.Clone(k))
				}
				from = append(bytes.Clone(k), 0)
				if waits = waits || later; !waits {
					next = from
				}
				k, v = c.Next()
			}
			if !waits && bytes.Equal(from, to) {
				next = to
			}
			return nil
		}); err != nil {
			return settled, err
		}
		if err := t.remove(ctx, gone); err != nil {
			return settled, err
		}
		settled = next
	}
	return settled, nil
}

// isOver tells whether a tick is not kept, and, of one that is, whether that may change before it is old. One that cannot
// be read is for fsck to tell of.
func (t *tickTidying) isOver(key, value []byte) (over, later bool) {
	tick, _, err := decodeTick(key, value)
	switch {
	case err != nil:
		return false, false
	case !madeNothing(&tick):
		return tick.At.Before(t.old), false
	default:
		over = tick.LastAt.Before(t.skipped)
		return over, !over
	}
}

func (t *tickTidying) remove(ctx context.Context, keys [][]byte) error {
	if len(keys) == 0 {
		return nil
	}
	if err := t.store.meta.do(&write{ctx: ctx, frees: true, apply: func(x *txn) error {
		for _, k := range keys {
			x.del(bucketTicks, k)
		}
		return nil
	}}); err != nil {
		return err
	}
	t.removed += len(keys)
	return nil
}
