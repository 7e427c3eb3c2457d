package boltstore

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

func TestSecondOpenIsRefusedSoon(t *testing.T) {
	first, dir := openNew(t, nil)
	run := create(t, first)
	began := time.Now()
	_, err := Open(dir, nil)
	wantReason(t, "Open of a store in use", err, host.Conflict, reasonLocked)
	if took := time.Since(began); took > 20*lockWait {
		t.Errorf("Open took %s to refuse", took)
	}
	var e *host.Error
	if !errors.As(err, &e) || !strings.Contains(e.Message, dir) || e.Remedy == "" {
		t.Errorf("the error %+v does not name the directory %s and a remedy", e, dir)
	}
	if _, err := first.Run(t.Context(), run.ID); err != nil {
		t.Errorf("the first store afterwards: %v", err)
	}
}

func TestEventsFileInUseIsRefused(t *testing.T) {
	dir, _ := filled(t)
	db, err := bbolt.Open(filepath.Join(dir, eventsName(1)), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = Open(dir, nil)
	wantReason(t, "Open", err, host.Conflict, reasonLocked)
}

func TestNewerStoreIsLeftAlone(t *testing.T) {
	for _, name := range []string{metaName, eventsName(1)} {
		t.Run(name, func(t *testing.T) {
			original, _ := filled(t)
			dir := copied(t, original)
			setMeta(t, filepath.Join(dir, name), map[string]uint64{string(metaFormat): 9, string(metaReader): formatVersion + 1})
			before := snapshot(t, dir)
			_, err := Open(dir, nil)
			wantReason(t, "Open", err, host.Conflict, reasonTooNew)
			if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
				t.Errorf("Open changed files: -before +after\n%s", diff)
			}
		})
	}
}

func TestNewerStoreThatAllowsItIsOpened(t *testing.T) {
	dir, sound := filled(t)
	newer := map[string]uint64{string(metaFormat): formatVersion + 1}
	setMeta(t, filepath.Join(dir, metaName), newer)
	setMeta(t, filepath.Join(dir, eventsName(1)), newer)
	s := open(t, dir, nil)
	if got, errs := readAll(t, s); len(errs) > 0 || len(got.runs) != len(sound.runs) {
		t.Errorf("%d runs are there, errors %v; want %d", len(got.runs), errs, len(sound.runs))
	}
	create(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		if f.format != formatVersion+1 {
			t.Errorf("the format is %d now, want it left at %d", f.format, formatVersion+1)
		}
		return err
	})
}

func setMeta(t *testing.T, path string, values map[string]uint64) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for key, value := range values {
			if err := tx.Bucket(bucketMeta).Put([]byte(key), seqKey(value)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestInterruptedCreationIsFinished leaves what a new store has after each step of its creation.
func TestInterruptedCreationIsFinished(t *testing.T) {
	made := filepath.Join(t.TempDir(), "store")
	if err := open(t, made, nil).Close(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(dir string) error{
		"EmptyDirectory": func(dir string) error {
			return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700))
		},
		"MetaEmpty": func(dir string) error {
			return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700), os.WriteFile(filepath.Join(dir, metaName), nil, 0o600))
		},
		"MetaWithoutBuckets": func(dir string) error {
			if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
				return err
			}
			db, err := bbolt.Open(filepath.Join(dir, metaName), 0o600, nil)
			return errors.Join(err, db.Close())
		},
		"MetaAlone": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, identityName)), os.Remove(filepath.Join(dir, eventsName(1))))
		},
		"EventsEmpty": func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, identityName)), os.Truncate(filepath.Join(dir, eventsName(1)), 0))
		},
		"WithoutIdentity": func(dir string) error { return os.Remove(filepath.Join(dir, identityName)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, made)
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			for want := uint64(1); want <= 2; want++ {
				s := open(t, dir, nil)
				if run := start(t, s); run.Seq != want {
					t.Errorf("a run has Seq %d, want %d", run.Seq, want)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestLostIdentityIsRestored(t *testing.T) {
	dir, sound := filled(t)
	path := filepath.Join(dir, identityName)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, nil)
	got, errs := readAll(t, s)
	if err := s.Close(); err != nil || len(errs) > 0 || len(got.runs) != len(sound.runs) {
		t.Errorf("%d runs are there, errors %v, %v", len(got.runs), errs, err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the identity is %q, %v; want %q as before", after, err, before)
	}
}

func TestOpenWhereNoStoreCanBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Open of a file = %v, want an error that names it", err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	s, dir := openNew(t, nil)
	create(t, s)
	for _, name := range []string{".", metaName, eventsName(1), identityName} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s, want it for its owner alone", name, info.Mode())
		}
	}
}

func TestLongScansRenewTheirTransaction(t *testing.T) {
	s, _ := openNew(t, nil)
	const runs = 2*sliceLen + 7
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		for range runs {
			c := creation{store: s, new: newRun()}
			if err := errors.Join(c.prepare(), c.apply(x)); err != nil {
				return err
			}
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	open, err := s.OpenRuns(t.Context())
	if err != nil || len(open) != runs {
		t.Fatalf("OpenRuns = %d, %v; want %d", len(open), err, runs)
	}
	page, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	if err != nil || len(page.Runs) != runs || page.Next != 0 {
		t.Fatalf("Runs = %d, next %d, %v; want %d", len(page.Runs), page.Next, err, runs)
	}
	for i, run := range open {
		if run.Seq != uint64(i)+1 || page.Runs[runs-1-i].Seq != run.Seq {
			t.Fatalf("place %d has runs %d and %d", i, run.Seq, page.Runs[runs-1-i].Seq)
		}
	}
	// Nothing matches after the newest.
	updated(t, s, open[runs-1].ID, func(r *host.Run) { r.Status = host.Canceled })
	if page, err = s.Runs(t.Context(), host.StatusIn(host.Canceled), 0, 1); err != nil || len(page.Runs) != 1 || page.Next != 0 {
		t.Errorf("Runs = %d, next %d, %v; want the only one", len(page.Runs), page.Next, err)
	}
	if _, err := s.Runs(t.Context(), nil, math.MaxUint64, 1); err != nil {
		t.Errorf("Runs below the largest number: %v", err)
	}
	if got := fmt.Sprint(s.Size()); strings.HasPrefix(got, "0 ") {
		t.Errorf("Size = %s", got)
	}
}
