package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// rememberFor is how long requests are remembered at least after they last changed something; a launch is for as long
// as its run is there, too.
const rememberFor = 7 * 24 * time.Hour

// After every forgetEvery runs that requests changed or that were deleted, forgetLook times as many records are looked
// at, from where the look before ended. So what can be forgotten stays a fraction of what cannot, and nothing has to keep
// records in order of their age. What is found goes in writes of at most forgetSlice, for their keys are random.
const (
	forgetEvery = 1000
	forgetLook  = 4
	forgetSlice = 200
)

// forgetting removes what need not be remembered any more.
type forgetting struct {
	mu sync.Mutex
	// grown is how much there may be to forget since the last look.
	grown           int
	running, closed bool
	done            sync.WaitGroup
	// from is the key behind which the next look begins; it belongs to the look under way.
	from []byte
}

// written is the time of what the writer of meta.db stores now: by the clock, or without one that of the newest run.
func (s *Store) written() time.Time {
	if s.clock == nil {
		return s.next.created
	}
	return s.clock.Now()
}

// forgettable tells that n more records may be such that can be forgotten some day. Without a clock none ever is.
func (s *Store) forgettable(n int) {
	f := &s.forgetting
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.grown += n; f.grown < forgetEvery || f.running || f.closed || s.clock == nil {
		return
	}
	look := f.grown * forgetLook
	f.grown, f.running = 0, true
	f.done.Go(func() {
		if err := s.forget(look); err != nil && host.ReasonOf(err) != reasonClosed {
			s.log.Warn("records of old requests could not be removed; they are looked at again later", slog.Any("error", err))
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.running = false
	})
}

// stop waits for the look under way, and begins no other.
func (f *forgetting) stop() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.done.Wait()
}

// forget looks at so many records, or at each once, and removes those that are over.
func (s *Store) forget(look int) error {
	f := &s.forgetting
	begun := f.from
	for around := false; look > 0 && !s.closed.Load(); look -= sliceLen {
		over := s.clock.Now().Add(-rememberFor)
		var found [][]byte
		if err := s.meta.view(func(tx *bbolt.Tx) error {
			c := tx.Bucket(bucketIdempotency).Cursor()
			k, v := c.Seek(append(f.from, 0))
			for range min(look, sliceLen) {
				if k == nil {
					f.from, around = nil, true
					return nil
				}
				if forgotten(tx, k, v, over) {
					found = append(found, bytes.Clone(k))
				}
				f.from = append(f.from[:0:0], k...)
				k, v = c.Next()
			}
			return nil
		}); err != nil {
			return err
		}
		if err := s.removeForgotten(found, over); err != nil {
			return err
		}
		if around && bytes.Compare(f.from, begun) >= 0 {
			return nil
		}
	}
	return nil
}

// removeForgotten removes records that were found to be over, unless one was used again meanwhile.
func (s *Store) removeForgotten(keys [][]byte, over time.Time) error {
	for len(keys) > 0 {
		n := min(len(keys), forgetSlice)
		if err := s.meta.do(&write{ctx: context.Background(), apply: func(x *txn) error {
			for _, key := range keys[:n] {
				if forgotten(x.Tx, key, x.Bucket(bucketIdempotency).Get(key), over) {
					x.del(bucketIdempotency, key)
				}
			}
			return nil
		}}); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// forgotten tells whether a record of a request is over. One that cannot be read is not: it is for fsck to tell of.
func forgotten(tx *bbolt.Tx, key, value []byte, over time.Time) bool {
	payload, err := unpack(string(bucketIdempotency), key, value)
	if err != nil {
		return false
	}
	if len(payload) != launchLen {
		m, err := decodeMemory(key, payload)
		return err == nil && m.at.Before(over)
	}
	created := time.Unix(0, int64(binary.BigEndian.Uint64(payload[idLen+seqLen:])))
	return created.Before(over) && tx.Bucket(bucketRuns).Get(payload[idLen:idLen+seqLen]) == nil
}
