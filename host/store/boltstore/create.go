package boltstore

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
)

// CreateRun implements host.Store.
func (s *Store) CreateRun(ctx context.Context, n host.NewRun) (run host.Run, created bool, err error) {
	if err := ctx.Err(); err != nil {
		return host.Run{}, false, err
	}
	if err := s.checkNewRun(&n); err != nil {
		return host.Run{}, false, err
	}
	bodies, err := s.packBodies(n.Bodies)
	if err != nil {
		return host.Run{}, false, err
	}
	c := creation{store: s, new: n, bodies: bodies}
	if err := s.meta.do(&write{ctx: ctx, size: updateSize + sizeOf(bodies), apply: c.apply, settle: c.settle}); err != nil {
		return host.Run{}, false, err
	}
	run, err = callersOwn(c.payload)
	return run, c.created, err
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
	_, err := marshalRun(&n.Run)
	return err
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

	// payload is the run as stored, told is read from it, for listeners.
	payload  []byte
	told     *host.Run
	created  bool
	lastNote host.Cursor
}

// apply is called by the writer of meta.db.
func (c *creation) apply(x *txn) error {
	if known, err := runOfRequest(x.Tx, c.new.RequestID); err != nil || known != nil {
		if err == nil && known.LaunchedJob() != c.new.Run.Job {
			err = conflict(reasonRequest, "request id %q made run %s of job %s, not of job %s",
				c.new.RequestID, known.ID, known.LaunchedJob(), c.new.Run.Job)
		}
		if err == nil {
			c.payload, err = marshalRun(known)
		}
		return err
	}
	run := c.new.Run
	run.LaunchedAs = host.JobName{}
	key, _ := idKey(run.ID)
	if x.Bucket(bucketIDs).Get(key) != nil {
		return conflict(reasonRunExists, "there is a run %s already", run.ID)
	}
	if err := c.missingBody(x, &run); err != nil {
		return err
	}
	next := c.store.next
	run.Seq = next.seq
	if run.CreatedAt.Before(next.created) {
		run.CreatedAt = next.created
	}
	var err error
	if c.payload, err = marshalRun(&run); err != nil {
		return err
	}
	if c.told, err = unmarshalRun(c.payload); err != nil {
		return fmt.Errorf("create run %s: %w", run.ID, err)
	}
	if c.lastNote, err = putNotes(x, run.Seq, host.Cursor{Attempt: run.Attempt}, c.new.Events); err != nil {
		return fmt.Errorf("store events of run %s: %w", run.ID, err)
	}
	x.putRun(&run, c.payload)
	x.put(bucketIDs, key, seqKey(run.Seq))
	x.putRequest(c.new.RequestID, key, c.told)
	x.putBodies(c.bodies)
	c.store.next.seq, c.store.next.created = run.Seq+1, c.told.CreatedAt
	x.put(bucketMeta, metaNext, c.store.next.record())
	c.created = true
	return nil
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
