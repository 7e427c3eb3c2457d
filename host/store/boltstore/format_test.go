package boltstore

import (
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// TestStoreOfFormat1IsTakenOver opens a store that the first layout's code wrote: three runs, one ended with events, one
// waiting for its code, one queued, and no buckets of locations.
func TestStoreOfFormat1IsTakenOver(t *testing.T) {
	dir := copied(t, filepath.Join("testdata", "format1"))
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		if f.format != 1 || tx.Bucket(bucketHistory) != nil {
			t.Fatalf("the fixture has format %d", f.format)
		}
		return err
	})
	for range 2 {
		s := open(t, dir, nil)
		page, err := s.Runs(t.Context(), nil, 0, 10)
		if err != nil || len(page.Runs) != 3 {
			t.Fatalf("Runs = %d, %v; want 3", len(page.Runs), err)
		}
		ended := page.Runs[2]
		if ended.Status != host.Success || ended.LaunchedJob() != ended.Job || !ended.WaitingSince.IsZero() || ended.Launched.CodeVersion != "" {
			t.Errorf("the run that had ended is %+v", ended)
		}
		if events, err := s.Events(t.Context(), ended.ID, host.Cursor{}, 100); err != nil || len(events) != 8 {
			t.Errorf("it has %d events, %v; want 8", len(events), err)
		}
		if body, err := s.Body(t.Context(), ended.Launched.Definition); err != nil || string(body) != "definition of "+string(ended.ID) {
			t.Errorf("its definition is %q, %v", body, err)
		}
		if open, err := s.OpenRuns(t.Context()); err != nil || len(open) != 2 {
			t.Errorf("OpenRuns = %d, %v; want 2", len(open), err)
		}
		know(t, s, 1, "definition of "+string(ended.ID))
		if got := historyOf(t, s, 0); len(got) != 1 || !got[0].Current {
			t.Errorf("JobHistory = %+v", got)
		}
		updated(t, s, page.Runs[1].ID, func(r *host.Run) { r.WaitingSince = time.Unix(1_780_000_000, 0).UTC() })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
			f, err := readFacts(tx)
			if f.format != formatVersion || f.reader != readerVersion || f.next.seq != 4 {
				t.Errorf("it says %+v now, want format %d", f, formatVersion)
			}
			return err
		})
	}
}

// TestFormatIsNeverLowered opens a store that a newer host wrote, which this one may read, without a bucket of this one.
func TestFormatIsNeverLowered(t *testing.T) {
	dir := copied(t, filepath.Join("testdata", "format1"))
	setMeta(t, filepath.Join(dir, metaName), map[string]uint64{string(metaFormat): formatVersion + 5, string(metaReader): formatVersion})
	if err := open(t, dir, nil).Close(); err != nil {
		t.Fatal(err)
	}
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		if f.format != formatVersion+5 || f.reader != formatVersion {
			t.Errorf("it says %+v now, want it left as it was", f)
		}
		return err
	})
}
