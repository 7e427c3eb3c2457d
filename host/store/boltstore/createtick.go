package boltstore

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/penstock-run/penstock/host"
)

// maxTickBytes is how much one tick adds at most: all of it is one write, for which there must be room, and others wait.
const maxTickBytes = maxUnpacked

// CreateTick implements host.Store.
func (s *Store) CreateTick(ctx context.Context, n host.NewTick) (tick host.Tick, created bool, err error) {
	if err := ctx.Err(); err != nil {
		return tick, false, err
	}
	c := tickCreation{store: s, new: n}
	if err := c.prepare(); err != nil {
		return tick, false, err
	}
	if err := s.meta.do(&write{ctx: ctx, size: c.size, apply: c.apply, settle: c.settle}); err != nil {
		return tick, false, err
	}
	return c.answer, c.created, nil
}

// tickCreation is one call of CreateTick.
type tickCreation struct {
	store *Store
	new   host.NewTick
	// automation and key are those of the tick.
	automation, key []byte
	// runs are those that come along, bodies those of all of them.
	runs   []tickRun
	bodies []record
	size   int

	answer  host.Tick
	created bool
}

// tickRun is a run that comes along with a tick.
type tickRun struct {
	*creation

	runKey, partition string
	// left tells that it is not made: there was one of its run key.
	left bool
}

// prepare does all that does not need the writer.
func (c *tickCreation) prepare() (err error) {
	t := &c.new.Tick
	if c.automation, err = automationKey(t.Name); err != nil {
		return err
	}
	if err := checkTick(t); err != nil {
		return err
	}
	if len(c.new.Runs) > 0 && t.Status != host.TickSuccess || len(c.new.Runs) > host.MaxTickRuns || len(t.Runs) > 0 {
		return invalid("tick of %s %s: %d runs are too many for a tick that is %s; the limit of one that is %s is %d, and it names none itself",
			t.Name.Kind, t.Name, len(c.new.Runs), t.Status, host.TickSuccess, host.MaxTickRuns)
	}
	c.key = tickKey(c.automation, t.At)
	next := c.new.Next
	next.Name = t.Name
	if _, err := encodeAutomationState(&next); err != nil {
		return err
	}
	if err := c.prepareRuns(); err != nil {
		return err
	}
	for _, k := range c.new.Keys {
		if err := checkPartitionKeys(&k); err != nil {
			return err
		}
	}
	value, err := packTick(c.key, c.tick())
	if err != nil {
		return err
	}
	c.size += sizeOf(c.bodies) + len(c.key) + len(value) + len(next.Cursor)
	for i := range c.new.Keys {
		c.size += sizeOfKeys(&c.new.Keys[i])
	}
	if c.size > maxTickBytes {
		return tooLarge(t, c.size)
	}
	return nil
}

func (c *tickCreation) prepareRuns() (err error) {
	bodies := map[host.Digest][]byte{}
	for i := range c.new.Runs {
		maps.Copy(bodies, c.new.Runs[i].Bodies)
	}
	ids, requests := map[host.RunID]bool{}, map[string]bool{}
	for i := range c.new.Runs {
		r := &c.new.Runs[i]
		switch {
		case r.Run.Status != host.Queued:
			return invalid("tick of %s: run %s is %.32q; what a tick makes is %s", c.new.Tick.Name, r.Run.ID, r.Run.Status, host.Queued)
		case ids[r.Run.ID] || requests[r.RequestID]:
			return invalid("tick of %s: run %s, or its request id %.80q, comes twice", c.new.Tick.Name, r.Run.ID, r.RequestID)
		case len(r.RunKey) > host.MaxRunKeyBytes:
			return invalid("tick of %s: a run key has %d bytes; the limit is %d", c.new.Tick.Name, len(r.RunKey), host.MaxRunKeyBytes)
		}
		ids[r.Run.ID], requests[r.RequestID] = true, true
		run := &creation{store: c.store, new: r.NewRun}
		run.new.Bodies = bodies
		if err := run.prepareRun(); err != nil {
			return err
		}
		c.runs = append(c.runs, tickRun{creation: run, runKey: r.RunKey, partition: r.Partition})
		c.size += run.size() + len(r.RunKey)
	}
	c.bodies, err = c.store.packBodies(bodies)
	return err
}

// tick is the tick with the runs that it makes.
func (c *tickCreation) tick() *host.Tick {
	t := c.new.Tick
	t.KnownKeys = slices.Clone(t.KnownKeys)
	if t.Count = max(t.Count, 1); t.LastAt.IsZero() {
		t.LastAt = t.EndedAt
	}
	for _, r := range c.runs {
		if !r.left {
			t.Runs = append(t.Runs, host.TickRun{Run: r.told.ID, RunKey: r.runKey, Partition: r.partition})
			continue
		}
		t.KnownKeyCount++
		if len(t.KnownKeys) < host.MaxTickKnownKeys && !slices.Contains(t.KnownKeys, r.runKey) {
			t.KnownKeys = append(t.KnownKeys, r.runKey)
		}
	}
	return &t
}

// apply is called by the writer of meta.db.
func (c *tickCreation) apply(x *txn) error {
	name := c.new.Tick.Name
	a, err := automationState(x.Tx, c.automation)
	if err != nil {
		return err
	}
	if a == nil {
		return noAutomation(name)
	}
	there, err := tickByKey(x.Tx, c.key)
	if err != nil {
		return err
	}
	if there != nil {
		c.answer = *there
		return nil
	}
	if c.new.Version != a.Version {
		return &host.Error{
			Code: host.Conflict, Reason: host.ReasonAutomationChanged,
			Message: fmt.Sprintf("%s %s was changed while it was evaluated: it has version %d by now, and was evaluated for %d", name.Kind, name, a.Version, c.new.Version),
			Remedy:  "evaluate it again",
		}
	}
	c.leaveKnown(x)
	joined, again := c.joined(x)
	switch {
	case again:
		c.answer = *joined
		return nil
	case joined != nil:
		return c.add(x, tickKey(c.automation, joined.At), joined, a)
	default:
		return c.add(x, c.key, c.tick(), a)
	}
}

// add adds the tick t under key, and moves the schedule or sensor, which is a now. An error comes before anything is
// written.
func (c *tickCreation) add(x *txn, key []byte, t *host.Tick, a *host.Automation) error {
	seq := c.store.next.seq
	for _, r := range c.runs {
		if r.left {
			continue
		}
		if err := r.checkNew(x, seq); err != nil {
			return err
		}
		seq++
	}
	keys := newKeysPlan(x.Tx)
	if err := keys.changeAll(c.new.Keys); err != nil {
		return err
	}
	value, err := packTick(key, t)
	if err != nil {
		return err
	}
	if c.answer, _, err = decodeTick(key, value); err != nil {
		return err
	}
	next := *a
	next.From, next.Cursor, next.Ended, next.EvaluatedAt = later(a.From, c.new.Next.From), c.new.Next.Cursor, c.new.Next.Ended, c.new.Next.EvaluatedAt
	if err := x.moveAutomation(c.automation, a, &next); err != nil {
		return err
	}
	c.writeRuns(x)
	x.put(bucketTicks, key, value)
	keys.write(x)
	c.created = true
	return nil
}

// madeNothing tells that a tick did not fail and made no run: it skipped, or all of its run keys were used.
func madeNothing(t *host.Tick) bool { return t.Status != host.TickFailure && len(t.Runs) == 0 }

// joined is the newest tick when this one is to be counted with it, which it is then, and nil else. again tells that it
// was counted there before.
func (c *tickCreation) joined(x *txn) (newest *host.Tick, again bool) {
	t := c.tick()
	if t.Name.Kind != host.SensorKind || !madeNothing(t) || len(t.LogLines)+len(c.new.Keys) > 0 {
		return nil, false
	}
	_, newest, err := newestTick(x.Tx, c.automation)
	if err != nil || newest == nil { // one that cannot be read stays as it is
		return nil, false
	}
	if !madeNothing(newest) || newest.Status != t.Status || newest.SkipReason != t.SkipReason || newest.Cursor != t.Cursor ||
		newest.Error != t.Error || newest.Late != t.Late || len(newest.LogLines) > 0 || t.At.Before(newest.At) ||
		newest.KnownKeyCount != t.KnownKeyCount || !slices.Equal(newest.KnownKeys, t.KnownKeys) {
		return nil, false
	}
	if !t.At.After(newest.LastAt) {
		return newest, true
	}
	newest.Count += t.Count
	newest.LastAt = later(newest.LastAt, t.LastAt)
	return newest, false
}

// leaveKnown leaves out runs whose keys were used.
func (c *tickCreation) leaveKnown(x *txn) {
	here := map[string]bool{}
	for i := range c.runs {
		r := &c.runs[i]
		if r.runKey == "" {
			continue
		}
		r.left = here[r.runKey] || runKeyUsed(x.Tx, c.automation, r.runKey)
		here[r.runKey] = true
	}
}

// checkNew finds out whether the run can be added with the number seq, and writes nothing.
func (r tickRun) checkNew(x *txn, seq uint64) error {
	known, err := runOfRequest(x.Tx, r.new.RequestID)
	if err != nil {
		return err
	}
	if known != nil {
		return host.RequestUsed(r.new.RequestID, fmt.Sprintf("made run %s, which is none of this tick", known.ID))
	}
	return r.check(x, seq)
}

// writeRuns adds the runs and their keys.
func (c *tickCreation) writeRuns(x *txn) {
	for _, r := range c.runs {
		if r.left {
			continue
		}
		r.write(x)
		if r.runKey != "" {
			key := runKeyOf(c.automation, r.runKey)
			x.put(bucketRunKeys, key, runKeyRecord(key, r.told.Seq))
		}
	}
	x.putBodies(c.bodies)
}

// settle is called by the writer of meta.db.
func (c *tickCreation) settle(committed bool) {
	for _, r := range c.runs {
		r.settle(committed)
	}
}
