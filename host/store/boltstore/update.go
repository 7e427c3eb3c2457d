package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// UpdateRun implements host.Store.
func (s *Store) UpdateRun(
	ctx context.Context, id host.RunID, change func(*host.Run) (events [][]byte, err error),
) (host.Run, error) {
	if err := ctx.Err(); err != nil {
		return host.Run{}, err
	}
	t, err := s.acquire(id)
	if err != nil {
		return host.Run{}, err
	}
	defer s.tails.release(t)
	u := update{store: s, tail: t, change: change}
	err = s.meta.do(&write{ctx: ctx, size: updateSize, apply: u.apply, settle: u.settle})
	if u.panicked != nil {
		panic(u.panicked) // change is the caller's, and so is its panic
	}
	if err != nil {
		return host.Run{}, err
	}
	return *detached(u.told), nil
}

// updateSize is about how much an update adds; what it will add is not known before.
const updateSize = 1 << 10

// update is one call of UpdateRun.
type update struct {
	store  *Store
	tail   *tail
	change func(*host.Run) ([][]byte, error)

	// payload is the run as stored, told a copy for listeners: change may have kept what it had. unknown tells that
	// payload has fields of a newer host.
	payload []byte
	unknown bool
	told    *host.Run
	// listed is what the lists had of it before.
	listed   listed
	wrote    bool
	pinned   bool
	notes    []record
	lastNote host.Cursor
	// before and after are what it was found by and is, of keys whose terms change.
	before, after []tagindex.Term
	panicked      any
}

// apply is called by the writer of meta.db.
func (u *update) apply(x *txn) error {
	if err := u.prepare(x.Tx); err != nil {
		return err
	}
	u.write(x)
	return nil
}

// prepare finds out what becomes of the run, and writes nothing. After it come write and settle, or drop.
func (u *update) prepare(tx *bbolt.Tx) error {
	stored, err := u.tail.storedRun(tx)
	if err != nil {
		return err
	}
	run := stored.run
	u.unknown, u.listed = stored.unknown, listedOf(run)
	was, old := identityOf(run), *run
	old.Tags = slices.Clone(run.Tags)
	notes, err := u.callChange(run)
	if err != nil {
		return err
	}
	if err := was.check(run); err != nil {
		return err
	}
	run.LaunchedAs = was.launchedAs(run)
	if u.payload, err = marshalRun(run); err != nil {
		return err
	}
	if stored.unknown {
		if u.payload, err = keepUnknown(u.payload, stored.payload); err != nil {
			return fmt.Errorf("update run %s: %w", run.ID, err)
		}
	}
	u.told = detached(run)
	if !sameTerms(&old, u.told) {
		u.before, u.after = changedKeys(termsOf(u.store.texts.source(tx, &old)), termsOf(u.store.texts.source(tx, u.told)))
	}
	u.wrote = !bytes.Equal(stored.payload, u.payload) // now: the next change to the transaction may end before
	if len(notes) > 0 {
		u.pinned = true
		if u.notes, u.lastNote, err = packNotes(tx, run.Seq, u.tail.pin(run.Attempt), notes); err != nil {
			u.drop()
			return fmt.Errorf("store events of run %s: %w", run.ID, err)
		}
	}
	return nil
}

// write makes the changes.
func (u *update) write(x *txn) {
	for _, r := range u.notes {
		x.put(bucketNotes, r.key, r.value)
	}
	if u.wrote {
		x.putRun(u.told, u.payload, u.listed, u.store.keepEnded)
	}
	if len(u.before)+len(u.after) > 0 {
		x.postings().Change(u.told.Seq, u.before, u.after)
	}
}

// drop ends what prepare began when nothing comes of it.
func (u *update) drop() {
	if u.pinned {
		u.pinned = false
		u.tail.unpin()
	}
}

// callChange keeps a panic of change for its caller.
func (u *update) callChange(run *host.Run) (notes [][]byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			u.panicked = fmt.Sprintf("%v\n\n%s", p, debug.Stack())
			err = fmt.Errorf("update run %s: panic: %v", u.tail.id, p)
		}
	}()
	return u.change(run)
}

// settle is called by the writer of meta.db.
func (u *update) settle(committed bool) {
	switch {
	case committed && (u.wrote || u.pinned):
		payload := u.payload
		if u.unknown {
			payload = nil
		}
		u.store.announceRun(u.tail, u.told, payload, u.pinned, u.lastNote)
	default:
		u.drop()
	}
}

// identity is what an update may not change.
type identity struct {
	id       host.RunID
	seq      uint64
	job      host.JobName
	launched host.JobName
	created  time.Time
	attempt  uint32
	status   host.RunStatus
}

func identityOf(r *host.Run) identity {
	return identity{
		id: r.ID, seq: r.Seq, job: r.Job, launched: r.LaunchedAs, created: r.CreatedAt, attempt: r.Attempt, status: r.Status,
	}
}

func (i identity) check(r *host.Run) error {
	switch {
	case r.ID != i.id || r.Seq != i.seq || !r.CreatedAt.Equal(i.created):
		return invalid("update run %s: its id, number and time of creation never change", i.id)
	case r.Job != i.job && (!startable(i.status) || !startable(r.Status)):
		return invalid("update run %s: its job changes only while it is %s or %s, and it goes from %s to %s",
			i.id, host.Queued, host.WaitingForCode, i.status, r.Status)
	case r.Attempt < i.attempt:
		return invalid("update run %s: its attempt cannot go back from %d to %d", i.id, i.attempt, r.Attempt)
	case !r.Status.Valid():
		return invalid("update run %s: %.32q is not a status", i.id, r.Status)
	}
	return nil
}

// startable says that nothing was started of a run with this status.
func startable(s host.RunStatus) bool { return s == host.Queued || s == host.WaitingForCode }

// launchedAs is what a run was launched as, zero while that is its job.
func (i identity) launchedAs(r *host.Run) host.JobName {
	switch {
	case i.launched != (host.JobName{}):
		return i.launched
	case r.Job != i.job:
		return i.job
	default:
		return host.JobName{}
	}
}
