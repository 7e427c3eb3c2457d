package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// TestDamagedRunIsLeftOut spoils one of several runs that something acts on: the others are there, and the damage is told.
func TestDamagedRunIsLeftOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var runs []host.Run
	for range 3 {
		run, _, err := s.CreateRun(t.Context(), newRun())
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, updated(t, s, run.ID, func(r *host.Run) { r.Status, r.RetryDue = host.Starting, true }))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	bad := runs[1]
	path := filepath.Join(dir, metaName)
	_, key, value := recordIn(t, path, bucketRuns, func(k []byte) bool { return bytes.Equal(k, seqKey(bad.Seq)) })
	flip(t, path, value, 8*len(value)-1)
	if s, err = Open(dir, nil); err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]func() ([]host.Run, error){
		"OpenRuns":    func() ([]host.Run, error) { return s.OpenRuns(t.Context()) },
		"RunsToRetry": func() ([]host.Run, error) { return s.RunsToRetry(t.Context()) },
	} {
		got, err := list()
		if len(got) != 2 || got[0].ID != runs[0].ID || got[1].ID != runs[2].ID {
			t.Errorf("%s returned %d runs, want the two that can be read", name, len(got))
		}
		damage, other := host.DamageIn(err)
		wantReason(t, name, err, host.Internal, reasonDamaged)
		if want := fmt.Sprintf("record %x of bucket %s", key, bucketRuns); len(damage) != 1 || other != nil || !strings.Contains(damage.Error(), want) {
			t.Errorf("%s: damage %v, other error %v; want one that names %q", name, damage, other, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestDamagedOutputRecordIsLeftOut(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var ids []host.RunID
	for range 2 {
		run, _, err := s.CreateRun(t.Context(), newRun())
		if err != nil {
			t.Fatal(err)
		}
		updated(t, s, run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Canceled, 1 })
		if err := s.DeleteRun(t.Context(), run.ID); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, run.ID)
	}
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		id, _ := idKey(ids[0])
		x.put(bucketOutputs, outputsKey("here", id), []byte("rubbish"))
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.OutputsToCollect(t.Context(), "here", "", 10)
	damage, other := host.DamageIn(err)
	if len(got) != 1 || got[0] != ids[1] || len(damage) != 1 || other != nil {
		t.Errorf("OutputsToCollect = %v, %v; want the sound one, and the damage", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestRetriesOfAnOlderHost finds keys of retries that an older host made stale: it does not know the bucket.
func TestRetriesOfAnOlderHost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, nil)
	run, _, err := s.CreateRun(t.Context(), newRun())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		x.put(bucketRetries, seqKey(run.Seq), nil)
		x.put(bucketRetries, seqKey(run.Seq+1), nil)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.RunsToRetry(t.Context()); err != nil || len(got) > 0 {
		t.Errorf("RunsToRetry = %v, %v; want none", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBucketsOfFormat3AreMade opens a store of format 2, which lacks them.
func TestBucketsOfFormat3AreMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	if err := open(t, dir, nil).Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, metaName)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(tx.DeleteBucket(bucketRetries), tx.DeleteBucket(bucketOutputs))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	setMeta(t, path, map[string]uint64{string(metaFormat): 2})
	s := open(t, dir, nil)
	if _, err := s.RunsToRetry(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.LocationsToCollect(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	readOnly(t, path, func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		if f.format != formatVersion || f.reader != readerVersion {
			t.Errorf("it says %+v now", f)
		}
		return err
	})
}
