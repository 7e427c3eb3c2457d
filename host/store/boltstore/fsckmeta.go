package boltstore

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// meta looks at the records of meta.db. Runs come first: others refer to them.
func (c *fsck) meta(tx *bbolt.Tx) error {
	for _, pass := range []struct {
		bucket []byte
		each   func(k, v []byte)
	}{
		{bucketRuns, func(k, v []byte) { c.run1(tx, k, v) }},
		{bucketIDs, c.plain(bucketIDs)},
		{bucketOpen, c.ofRun(bucketOpen, true)},
		{bucketRetries, c.plain(bucketRetries)},
		{bucketPurge, func(k, v []byte) {
			c.plain(bucketPurge)(k, v)
			if seq, ok := seqOf(k); ok {
				c.purged.add(seq)
			}
		}},
		{bucketNotes, c.events1(bucketNotes)},
		{bucketBodies, c.decoded(bucketBodies, func(k, v []byte) error {
			payload, err := unpack(string(bucketBodies), k, v)
			if sum := sha256.Sum256(payload); err == nil && !bytes.Equal(sum[:], k) {
				err = fmt.Errorf("its digest is %x", sum)
			}
			return err
		})},
		{bucketIdempotency, c.decoded(bucketIdempotency, func(k, v []byte) error {
			payload, err := unpack(string(bucketIdempotency), k, v)
			if err == nil && len(payload) != launchLen {
				_, err = decodeMemory(k, payload)
			}
			return err
		})},
		{bucketLocations, c.decoded(bucketLocations, func(k, v []byte) error {
			_, err := decodeKnown(tx, k, v)
			return err
		})},
		{bucketHistory, c.decoded(bucketHistory, func(k, v []byte) error {
			if len(k) < seqLen {
				return errors.New("it is no period of a job")
			}
			_, err := decodePeriod(k, v)
			return err
		})},
		{bucketOutputs, c.decoded(bucketOutputs, func(k, v []byte) error {
			_, rest, ok := locationOf(k)
			if _, isID := idOf(rest); !ok || !isID {
				return errors.New("it is not a location and the id of a run")
			}
			_, err := unpack(string(bucketOutputs), k, v)
			return err
		})},
		{bucketBulks, c.decoded(bucketBulks, func(k, v []byte) error { return c.checkRecord(tx, bulkRequests, k, v) })},
		{bucketAlerts, c.decoded(bucketAlerts, checkAlert)},
		{bucketLimitChanges, c.decoded(bucketLimitChanges, func(k, v []byte) error {
			_, err := decodeLimitChange(k, v)
			return err
		})},
		{bucketBulkRequests, c.checkRequest(tx, bulkRequests)},
	} {
		if err := c.each(tx, pass.bucket, pass.each); err != nil {
			return err
		}
	}
	if err := c.automation(tx); err != nil {
		return err
	}
	if err := c.ids(tx); err != nil {
		return err
	}
	return c.index(tx)
}

// each passes the records of a bucket on, if it is there: older formats lack some.
func (c *fsck) each(tx *bbolt.Tx, bucket []byte, each func(k, v []byte)) error {
	b := tx.Bucket(bucket)
	if b == nil {
		if c.facts.format >= formatVersion {
			c.problemf(false, "bucket %s is missing", bucket)
		}
		return nil
	}
	cursor := b.Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		if c.checked.Records++; c.checked.Records%sliceLen == 0 {
			if err := c.ctx.Err(); err != nil {
				return err
			}
		}
		each(k, v)
	}
	return nil
}

// decoded reports what decode says.
func (c *fsck) decoded(bucket []byte, decode func(k, v []byte) error) func(k, v []byte) {
	return func(k, v []byte) {
		if err := decode(k, v); err != nil {
			c.record(false, bucket, k, err)
		}
	}
}

// plain looks at records without a checksum, which are made from others.
func (c *fsck) plain(bucket []byte) func(k, v []byte) {
	check := checksOf(bucket)
	return func(k, v []byte) {
		if err := check(k, v); err != nil {
			c.record(true, bucket, k, err)
		}
	}
}

// ofRun is plain for keys that must be of a run that is there.
func (c *fsck) ofRun(bucket []byte, mendable bool) func(k, v []byte) {
	check := checksOf(bucket)
	return func(k, v []byte) {
		err := check(k, v)
		if seq, ok := seqOf(k); ok && !c.runs.has(seq) {
			err = errors.New("there is no such run")
		}
		if err != nil {
			c.record(mendable, bucket, k, err)
		}
	}
}

// run1 looks at one run, and at what is made from it.
func (c *fsck) run1(tx *bbolt.Tx, k, v []byte) {
	c.checked.Runs++
	seq, ok := seqOf(k)
	if ok {
		c.runs.add(seq)
	}
	run, _, err := decodeRun(k, v)
	if err != nil {
		c.record(false, bucketRuns, k, err)
		return
	}
	if seq >= c.facts.next.seq {
		c.problemf(true, "run %d (%s) is there, and the next one would be %d", seq, run.ID, c.facts.next.seq)
	}
	id, _ := idKey(run.ID)
	if at := tx.Bucket(bucketIDs).Get(id); !bytes.Equal(at, k) {
		c.problemf(true, "run %d is not found by its id %s", seq, run.ID)
	}
	if is := tx.Bucket(bucketOpen).Get(k); (is == nil) != run.Status.Final() || is != nil && string(is) != string(run.Status) {
		c.problemf(true, "run %d (%s) is %s, and the list of open runs says %q", seq, run.ID, run.Status, is)
	}
	if b := tx.Bucket(bucketRetries); b != nil && run.RetryDue && b.Get(k) == nil {
		c.problemf(true, "a retry of run %d (%s) is due, and the list of retries lacks it", seq, run.ID)
	}
	for _, d := range []host.Digest{run.Launched.Definition, run.Launched.Metadata, run.TakenOutputs} {
		if !d.IsZero() && tx.Bucket(bucketBodies).Get(d[:]) == nil {
			c.problemf(false, "run %d (%s) refers to body %s, which is missing", seq, run.ID, d)
		}
	}
}

// ids looks for ids of no run: those of runs were found with these.
func (c *fsck) ids(tx *bbolt.Tx) error {
	cursor := tx.Bucket(bucketIDs).Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		seq, ok := seqOf(v)
		if !ok {
			continue // told before
		}
		if !c.runs.has(seq) {
			c.record(true, bucketIDs, k, fmt.Errorf("there is no run %d", seq))
			continue
		}
		if run, err := runBySeq(tx, seq); err == nil && run != nil {
			if id, _ := idKey(run.ID); !bytes.Equal(id, k) {
				c.record(true, bucketIDs, k, fmt.Errorf("run %d is another, %s", seq, run.ID))
			}
		}
	}
	return c.ctx.Err()
}

// events1 looks at records of events of runs that are there.
func (c *fsck) events1(bucket []byte) func(k, v []byte) {
	var before runRecord
	var last uint64
	return func(k, v []byte) {
		events, err := unpackEvents(bucket, k, v)
		if err != nil {
			c.record(false, bucket, k, err)
			return
		}
		run, _ := seqOf(k[:min(seqLen, len(k))])
		at, ok := placeOf(run, k)
		switch {
		case !ok:
			c.record(false, bucket, k, errNoPlace)
			return
		case !c.runs.has(run) && !c.purged.has(run):
			c.record(false, bucket, k, fmt.Errorf("there is no run %d", run))
		case at.Note == 0 && run == last && at.Attempt == before.at.Attempt && at.Seq <= before.end():
			c.record(false, bucket, k, fmt.Errorf("its first event, %d, is in the record before, too", at.Seq))
		}
		before, last = runRecord{at: at, events: events}, run
	}
}

// events looks at the records of an epoch.
func (c *fsck) events(tx *bbolt.Tx, number uint64) error {
	f, err := readFacts(tx)
	if err != nil {
		return err
	}
	if f.format == 0 {
		c.problemf(false, "%v", errNoFormat)
	}
	if f.store != c.facts.store || f.epoch != number {
		c.problemf(false, "it holds events of epoch %d of store %.64q; it should be epoch %d of %.64q", f.epoch, f.store, number, c.facts.store)
	}
	return c.each(tx, bucketEvents, c.events1(bucketEvents))
}
