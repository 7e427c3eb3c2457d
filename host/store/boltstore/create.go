package boltstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// CreateRun implements host.Store.
func (s *Store) CreateRun(ctx context.Context, n host.NewRun) (run host.Run, created bool, err error) {
	if err := ctx.Err(); err != nil {
		return host.Run{}, false, err
	}
	c := creation{store: s, new: n}
	if err := c.prepare(); err != nil {
		return host.Run{}, false, err
	}
	if err := s.meta.do(&write{ctx: ctx, size: c.size(), apply: c.apply, settle: c.settle}); err != nil {
		return host.Run{}, false, err
	}
	return *detached(c.told), c.created, nil
}

// checkNewRun checks what can be checked without the store, and fills in the time.
func (s *Store) checkNewRun(n *host.NewRun) error {
	if !validRequestID(n.RequestID) {
		return invalid("request id %.80q must have 16 to 64 characters", n.RequestID)
	}
	if n.Run.CreatedAt.IsZero() {
		if s.clock == nil {
			return invalid("create run %s: it has no time of creation", n.Run.ID)
		}
		n.Run.CreatedAt = s.clock.Now()
	}
	// What fits nanoseconds in 64 bits.
	if y := n.Run.CreatedAt.UTC().Year(); y < 1970 || y > 2261 {
		return invalid("create run %s: %d is not a year of creation", n.Run.ID, y)
	}
	if n.Run.Status.Final() || !n.Run.Status.Valid() {
		return invalid("create run %s: %.32q is not a status to begin with", n.Run.ID, n.Run.Status)
	}
	return nil
}

func validRequestID(id string) bool {
	n := utf8.RuneCountInString(id)
	return utf8.ValidString(id) && n >= 16 && n <= 64
}

// creation is one call of CreateRun.
type creation struct {
	store  *Store
	new    host.NewRun
	bodies []record

	// id is the key of the run, record the run but for what the writer knows. told is the run as stored, for listeners, or
	// the one that the request made before.
	id     []byte
	record newRecord
	told   *host.Run
	// terms are what the run is found by.
	terms    []tagindex.Term
	created  bool
	notes    []record
	lastNote host.Cursor
}

// prepare does all that does not need the writer, who is busy with others.
func (c *creation) prepare() (err error) {
	if err := c.prepareRun(); err != nil {
		return err
	}
	c.bodies, err = c.store.packBodies(c.new.Bodies)
	return err
}

// prepareRun is prepare but for the bodies.
func (c *creation) prepareRun() (err error) {
	if err := c.store.checkNewRun(&c.new); err != nil {
		return err
	}
	c.told = detached(&c.new.Run)
	c.told.LaunchedAs = host.JobName{}
	if c.record, err = newRecordOf(c.told); err != nil {
		return err
	}
	c.id, _ = idKey(c.told.ID)
	c.terms = termsOf(host.RunSource{Run: c.told, Texts: c.store.texts.of(c.told.Launched.Metadata, c.metadata)})
	return nil
}

// metadata is the body with which the run is launched, if it is there. The writer looks again.
func (c *creation) metadata() (body []byte, err error) {
	d := c.told.Launched.Metadata
	if body, comes := c.new.Bodies[d]; comes && sha256.Sum256(body) == d {
		return body, nil
	}
	err = c.store.meta.view(func(tx *bbolt.Tx) error {
		b, err := readBody(tx, d)
		body = bytes.Clone(b)
		return err
	})
	return body, err
}

// size is about how much the creation adds.
func (c *creation) size() int { return updateSize + len(c.record.payload) + sizeOf(c.bodies) }

// apply is called by the writer of meta.db.
func (c *creation) apply(x *txn) error {
	if known, err := runOfRequest(x.Tx, c.new.RequestID); err != nil || known != nil {
		if err == nil && known.LaunchedJob() != c.new.Run.Job {
			err = host.RequestUsed(c.new.RequestID, fmt.Sprintf("made run %s of job %s, not of job %s", known.ID, known.LaunchedJob(), c.new.Run.Job))
		}
		c.told = known
		return err
	}
	if err := c.check(x, c.store.next.seq); err != nil {
		return err
	}
	c.write(x)
	return nil
}

// check finds out whether the run can be added with the number seq, and writes nothing.
func (c *creation) check(x *txn, seq uint64) (err error) {
	if x.Bucket(bucketIDs).Get(c.id) != nil {
		return conflict(reasonRunExists, "there is a run %s already", c.told.ID)
	}
	if err := c.missingBody(x, c.told); err != nil {
		return err
	}
	c.notes, c.lastNote, err = packFirstNotes(seq, host.Cursor{Attempt: c.told.Attempt}, c.new.Events)
	if err != nil {
		return fmt.Errorf("store events of run %s: %w", c.told.ID, err)
	}
	return nil
}

// write adds the run, which check has let through with the number that is the next one now.
func (c *creation) write(x *txn) {
	run, next := c.told, &c.store.next
	run.Seq, c.created = next.seq, true
	if run.CreatedAt.Before(next.created) {
		run.CreatedAt = next.created
	}
	for _, r := range c.notes {
		x.add(bucketNotes, r.key, r.value)
	}
	x.putNewRun(run, c.record.complete(run.Seq, run.CreatedAt))
	x.put(bucketIDs, c.id, seqKey(run.Seq))
	x.putRequest(c.new.RequestID, c.id, run)
	x.putBodies(c.bodies)
	x.postings().Add(run.Seq, c.terms)
	next.seq, next.created = run.Seq+1, run.CreatedAt
	x.next = next
}

// missingBody returns the error of a run that names a body that neither comes along nor is there.
func (c *creation) missingBody(x *txn, run *host.Run) error {
	for _, d := range []host.Digest{run.Launched.Definition, run.Launched.Metadata, run.TakenOutputs} {
		if _, comes := c.new.Bodies[d]; !d.IsZero() && !comes && x.Bucket(bucketBodies).Get(d[:]) == nil {
			return invalid("create run %s: body %s, which it names, is missing", run.ID, d)
		}
	}
	return nil
}

// settle is called by the writer of meta.db.
func (c *creation) settle(committed bool) {
	if !committed || !c.created {
		return
	}
	c.store.announcing.Lock()
	defer c.store.announcing.Unlock()
	c.store.tell(host.Change{Run: *c.told, Events: len(c.new.Events) > 0, LastEvent: c.lastNote})
}
