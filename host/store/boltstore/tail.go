package boltstore

import (
	"bytes"
	"sync"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// tail is where the events of a run end: what is stored, and what readers may see.
//
// Worker events and notes lie in two files, and their order must not depend on which commit came first: a reader whose
// cursor has passed a place must not miss what appears before it. So a note pins the tail while its transaction is
// under way: what workers add meanwhile is stored, but is not shown before the note is.
type tail struct {
	id   host.RunID
	refs int // guarded by tails.mu

	load    sync.Once
	loadErr error
	// seq is the run's; it never changes.
	seq uint64

	mu sync.Mutex
	// run as committed; never changed, only replaced. payload is what it was read from or stored as; nil when a newer
	// host wrote fields of its own into it.
	run     *host.Run
	payload []byte
	// gone tells that the run was deleted.
	gone bool
	// stored is the last event of run.Attempt that was committed, shown the last that readers may see. next is the
	// last that the transaction under way has, and belongs to the writer of events.
	stored, shown, next uint64
	pins                int
	// unpinned is closed when pins gets back to 0; nil when it is.
	unpinned chan struct{}
}

// tails are the tails in use, and those of runs in progress.
type tails struct {
	mu sync.Mutex
	m  map[host.RunID]*tail
}

// acquire returns the tail of a run. While it is held it is the only one, so whoever writes to an existing run, and
// whoever reads its events, holds it.
func (s *Store) acquire(id host.RunID) (*tail, error) {
	for {
		if s.closed.Load() {
			return nil, errClosed // what is in memory could answer still
		}
		t := s.tails.hold(id)
		mine := false
		t.load.Do(func() {
			mine = true
			t.loadErr = s.loadTail(t)
		})
		if t.loadErr == nil {
			return t, nil
		}
		s.tails.release(t)
		if mine {
			return nil, t.loadErr
		}
		// Somebody else looked, maybe before the run was made.
	}
}

func (ts *tails) hold(id host.RunID) *tail {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.m[id]
	if t == nil {
		t = &tail{id: id}
		if ts.m == nil {
			ts.m = map[host.RunID]*tail{}
		}
		ts.m[id] = t
	}
	t.refs++
	return t
}

// release gives a tail back. Those of runs in progress stay, so that their events are appended without a read.
func (ts *tails) release(t *tail) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t.refs--
	if t.loadErr != nil && ts.m[t.id] == t {
		delete(ts.m, t.id)
	}
	if t.refs > 0 || ts.m[t.id] != t {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone || !t.run.Status.InProgress() {
		delete(ts.m, t.id)
	}
}

func (s *Store) loadTail(t *tail) error {
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		stored, err := storedByID(tx, t.id)
		t.run = stored.run
		if !stored.unknown {
			t.payload = bytes.Clone(stored.payload)
		}
		return err
	}); err != nil {
		return err
	}
	if t.seq = t.run.Seq; t.run.Attempt == 0 {
		return nil
	}
	last, err := s.lastSeqStored(t.seq, t.run.Attempt)
	t.stored, t.shown, t.next = last, last, last
	return err
}

// storedRun reads the run as a transaction has it, which may be ahead of what was committed. What the tail knows is copied:
// that takes less time than reading it field by field.
func (t *tail) storedRun(tx *bbolt.Tx) (storedRun, error) {
	key := seqKey(t.seq)
	value := tx.Bucket(bucketRuns).Get(key)
	if value == nil {
		return storedRun{}, noRun(t.id)
	}
	payload, err := unpack(string(bucketRuns), key, value)
	if err != nil {
		return storedRun{}, err
	}
	if run := t.known(payload); run != nil {
		return storedRun{run: detached(run), payload: payload}, nil
	}
	return decodePayload(key, payload)
}

// known returns the run as committed if it is stored as payload, else nil.
func (t *tail) known(payload []byte) *host.Run {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.payload == nil || !bytes.Equal(t.payload, payload) {
		return nil
	}
	return t.run
}

// end is the place up to which readers may see: notes at it are shown, worker events after it are not.
func (t *tail) end() (host.Cursor, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone {
		return host.Cursor{}, noRun(t.id)
	}
	return host.Cursor{Attempt: t.run.Attempt, Seq: t.shown, Note: ^uint32(0)}, nil
}

// pin holds back events after the place that it returns, where notes of the attempt go. unpin must follow.
func (t *tail) pin(attempt uint32) host.Cursor {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pins++; t.pins == 1 {
		t.unpinned = make(chan struct{})
	}
	if attempt != t.run.Attempt {
		return host.Cursor{Attempt: attempt} // it begins with this note
	}
	return host.Cursor{Attempt: attempt, Seq: t.shown}
}

// unpin ends a pin and returns how far readers may see now.
func (t *tail) unpin() (shown uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pins--; t.pins == 0 {
		t.shown = t.stored
		close(t.unpinned)
		t.unpinned = nil
	}
	return t.shown
}

// replace takes over a run as it was committed, and says whether that ended it.
func (t *tail) replace(r *host.Run, payload []byte) (ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Attempt != t.run.Attempt {
		t.stored, t.shown, t.next = 0, 0, 0
	}
	ended = r.Status.Final() && !t.run.Status.Final()
	t.run, t.payload = r, payload
	return ended
}

// check returns a Conflict when events of the attempt cannot be taken. t.mu is held.
func (t *tail) check(attempt uint32) error {
	if t.gone {
		return noRun(t.id)
	}
	if attempt != t.run.Attempt {
		return conflict(reasonAttempt, "run %s is at attempt %d; events of attempt %d are not taken", t.id, t.run.Attempt, attempt)
	}
	return nil
}

// shownOf returns up to where events of the batch's attempt are stored and shown.
func (t *tail) shownOf(b host.EventBatch) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.shown, t.check(b.Attempt)
}

// admit returns up to where events will be stored by the transaction under way. A batch that would leave a gap after
// that is a Conflict.
func (t *tail) admit(b host.EventBatch) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check(b.Attempt); err != nil {
		return 0, err
	}
	if b.First > t.next+1 {
		return 0, conflict(reasonGap, "run %s, attempt %d: events from %d do not follow %d, the last one stored",
			t.id, b.Attempt, b.First, t.next)
	}
	return t.next, nil
}

// advance tells that the transaction under way stores the batch, and returns its last seq.
func (t *tail) advance(b host.EventBatch) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = endOf(b)
	return t.next
}

// add takes over that events of an attempt up to last were committed. shown tells whether readers may see them.
func (t *tail) add(attempt uint32, last uint64) (run *host.Run, shown bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone || attempt != t.run.Attempt {
		return t.run, false // deleted or superseded meanwhile
	}
	t.stored = max(t.stored, last)
	if t.pins == 0 {
		t.shown = t.stored
	}
	return t.run, t.shown >= last
}

// await waits until readers may see the event, so that who appended it can read it back.
func (t *tail) await(attempt uint32, seq uint64) {
	for {
		t.mu.Lock()
		unpinned := t.unpinned
		if t.gone || t.run.Attempt != attempt || t.shown >= seq {
			unpinned = nil
		}
		t.mu.Unlock()
		if unpinned == nil {
			return
		}
		<-unpinned // a commit away, whatever becomes of it
	}
}

// remove takes over that the run was deleted.
func (t *tail) remove() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = true
}
