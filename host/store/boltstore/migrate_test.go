package boltstore

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// format3 copies a store of format 3.
func format3(t *testing.T) string {
	t.Helper()
	return copied(t, filepath.Join("testdata", "format3"))
}

// TestStoreOfFormat3IsMigrated opens a store that the last code of format 3 wrote.
func TestStoreOfFormat3IsMigrated(t *testing.T) {
	dir := format3(t)
	was := everyRecord(t, filepath.Join(dir, metaName))
	for range 2 {
		s := open(t, dir, nil)
		checkFormat3(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	is := everyRecord(t, filepath.Join(dir, metaName))
	for name, records := range was {
		if name == string(bucketMeta) {
			continue
		}
		if diff := cmp.Diff(records, is[name]); diff != "" {
			t.Errorf("bucket %s: -before +after\n%s", name, diff)
		}
	}
	if names, err := namesIn(dir, func(string) bool { return true }); err != nil ||
		!slices.Equal(names, []string{"README.md", identityName, eventsName(1), metaName}) {
		t.Errorf("the directory has %q, %v", names, err)
	}
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		if got := tx.DB().Info().PageSize; got != pageSize {
			t.Errorf("its pages have %d bytes, want %d", got, pageSize)
		}
		f, err := readFacts(tx)
		if f.format != formatVersion || f.reader != readerVersion {
			t.Errorf("it says %+v", f)
		}
		return err
	})
}

// checkFormat3 checks what the fixture is to have.
func checkFormat3(t *testing.T, s *Store) {
	t.Helper()
	page, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	if err != nil || len(page.Runs) != 23 {
		t.Fatalf("Runs = %d, %v; want 23", len(page.Runs), err)
	}
	counts, err := s.CountRuns(t.Context(), nil)
	if err != nil || counts[host.Success] != 3 || counts[host.Queued] != 3 || counts[host.Canceled] != 2 {
		t.Errorf("CountRuns = %v, %v", counts, err)
	}
	if terms, err := s.RunTerms(t.Context(), host.TermQuery{On: selector.Tag, Name: "team", Limit: 10}); err != nil ||
		!cmp.Equal(terms.Terms, []host.TermCount{{Text: "etl", Runs: 12}, {Text: "ml", Runs: 11}}) {
		t.Errorf("RunTerms = %+v, %v", terms, err)
	}
	if runs, err := s.RunsToRetry(t.Context()); err != nil || len(runs) != 1 || runs[0].Seq != 7 {
		t.Errorf("RunsToRetry = %d, %v", len(runs), err)
	}
	if places, err := s.LocationsToCollect(t.Context()); err != nil || len(places) != 1 {
		t.Errorf("LocationsToCollect = %q, %v", places, err)
	}
	last := page.Runs[0]
	if events, err := s.Events(t.Context(), last.ID, host.Cursor{}, math.MaxInt); err != nil || len(events) != 111+3 {
		t.Errorf("run %d has %d events, %v", last.Seq, len(events), err)
	}
	if body, err := s.Body(t.Context(), last.Launched.Definition); err != nil || string(body) != "definition 1" {
		t.Errorf("its definition is %q, %v", body, err)
	}
	if got := historyOf(t, s, 1); len(got) != 2 || !got[0].Current {
		t.Errorf("JobHistory = %+v", got)
	}
}

// everyRecord is every record of a closed file.
func everyRecord(t *testing.T, path string) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	readOnly(t, path, func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			records := map[string]string{}
			all[string(name)] = records
			return b.ForEach(func(k, v []byte) error {
				records[fmt.Sprintf("%x", k)] = string(v)
				return nil
			})
		})
	})
	return all
}

// errStopped is what a step answers at which a rewrite is stopped.
var errStopped = errors.New("stopped here")

// stopAt stops at the step of this number; what comes after does not happen, as after a kill.
func stopAt(n int, steps *[]string) func(string) error {
	return func(what string) error {
		if len(*steps) < n {
			*steps = append(*steps, what)
		}
		if len(*steps) == n {
			return errStopped
		}
		return nil
	}
}

// TestStoppedRewriteLeavesAStoreThatOpens stops migrations and compactions before each of their steps.
func TestStoppedRewriteLeavesAStoreThatOpens(t *testing.T) {
	compacting := format3(t)
	if err := open(t, compacting, nil).Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from string
		run  func(dir string, o *Options) error
	}{
		"Migrate": {filepath.Join("testdata", "format3"), func(dir string, o *Options) error {
			s, err := Open(dir, o)
			if err == nil {
				err = s.Close()
			}
			return err
		}},
		"Compact": {compacting, func(dir string, o *Options) error {
			_, err := Compact(dir, o)
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				dir := copied(t, c.from)
				var steps []string
				err := c.run(dir, &Options{rewriteStep: stopAt(n, &steps)})
				if len(steps) < n && err == nil {
					if n < 6 {
						t.Errorf("there were only the steps %q", steps)
					}
					return
				}
				if !errors.Is(err, errStopped) {
					t.Fatalf("stopped before step %d, %q: %v", n, steps[len(steps)-1], err)
				}
				if _, err := Inspect(dir); err != nil {
					t.Errorf("Inspect after a stop before %q: %v", steps[len(steps)-1], err)
				}
				if found, _ := problems(t, dir); len(found) > 0 {
					t.Errorf("Fsck after a stop before %q: %v", steps[len(steps)-1], found)
				}
				s := open(t, dir, nil)
				checkFormat3(t, s)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if left, err := namesIn(dir, func(name string) bool { return strings.Count(name, ".") > 1 }); err != nil || len(left) > 0 {
					t.Errorf("after a stop before %q there are left %q, %v", steps[len(steps)-1], left, err)
				}
			}
		})
	}
}

// TestInterruptedRewriteIsNotTakenFromWhoIsAtIt opens the store while its file has no name.
func TestInterruptedRewriteIsNotTakenFromWhoIsAtIt(t *testing.T) {
	dir := format3(t)
	s, err := Open(dir, &Options{rewriteStep: func(what string) error {
		if !strings.HasPrefix(what, "put the new") && !strings.HasPrefix(what, "remove") {
			return nil // each try takes as long as the lock is waited for
		}
		_, err := Open(dir, nil)
		wantReason(t, "Open before the step: "+what, err, host.Conflict, reasonLocked)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	checkFormat3(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestMigrationNamesDamagedRecords spoils two records of a store of format 3: it is refused and left as it is.
func TestMigrationNamesDamagedRecords(t *testing.T) {
	dir := format3(t)
	path := filepath.Join(dir, metaName)
	var want []string
	for _, bucket := range [][]byte{bucketRuns, bucketNotes} {
		_, key, value := recordIn(t, path, bucket, func(k []byte) bool { return k[seqLen-1] == 5 })
		flip(t, path, value, 8*len(value)-1)
		want = append(want, fmt.Sprintf("record %x of bucket %s", key, bucket))
	}
	before := snapshot(t, dir)
	_, err := Open(dir, nil)
	wantReason(t, "Open", err, host.Internal, reasonDamaged)
	for _, name := range want {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %q: %v", name, err)
		}
	}
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("files were changed: -before +after\n%s", diff)
	}
}

// TestRewriteNeedsRoom migrates and compacts on a disk that has none.
func TestRewriteNeedsRoom(t *testing.T) {
	dir := format3(t)
	free := uint64(minFree)
	o := &Options{Free: func(string) (uint64, error) { return free, nil }}
	before := snapshot(t, dir)
	_, err := Open(dir, o)
	wantReason(t, "Open", err, host.Unavailable, host.ReasonFull)
	if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
		t.Errorf("files were changed: -before +after\n%s", diff)
	}
	free = 2 * minFree
	if err := open(t, dir, o).Close(); err != nil {
		t.Fatal(err)
	}
	free = minFree
	_, err = Compact(dir, o)
	wantReason(t, "Compact", err, host.Unavailable, host.ReasonFull)
}

// TestRewriteHasTheRoomOfAnInterruptedOne migrates on a disk that is filled by the copy that a kill left.
func TestRewriteHasTheRoomOfAnInterruptedOne(t *testing.T) {
	dir := format3(t)
	left := filepath.Join(dir, metaName+suffixNew)
	if err := os.WriteFile(left, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, &Options{Free: func(string) (uint64, error) {
		if there, err := exists(left); there || err != nil {
			return minFree, err
		}
		return minFree + 1<<20, nil
	}})
	checkFormat3(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCompactLeavesAllRecords compacts a store of which most was deleted.
func TestCompactLeavesAllRecords(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, nil)
	for i := range 60 {
		run := start(t, s)
		if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 400)); err != nil {
			t.Fatal(err)
		}
		updated(t, s, run.ID, func(r *host.Run) { r.Status, r.ConfigYAML = host.Success, strings.Repeat(fmt.Sprint(i, " "), 2000) })
		if i%20 > 0 {
			if err := s.DeleteRun(t.Context(), run.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	meta, events := everyRecord(t, filepath.Join(dir, metaName)), everyRecord(t, filepath.Join(dir, eventsName(1)))
	made, err := Compact(dir, nil)
	if err != nil || len(made) != 2 {
		t.Fatalf("Compact = %+v, %v", made, err)
	}
	for _, c := range made {
		info, err := os.Stat(filepath.Join(dir, c.Name))
		if err != nil || info.Size() != c.After || c.After > c.Before/2 {
			t.Errorf("%s went from %d to %d bytes, and has %d, %v", c.Name, c.Before, c.After, info.Size(), err)
		}
	}
	if diff := cmp.Diff(meta, everyRecord(t, filepath.Join(dir, metaName))); diff != "" {
		t.Errorf("%s: -before +after\n%s", metaName, diff)
	}
	if diff := cmp.Diff(events, everyRecord(t, filepath.Join(dir, eventsName(1)))); diff != "" {
		t.Errorf("%s: -before +after\n%s", eventsName(1), diff)
	}
	if err := open(t, dir, nil).Close(); err != nil {
		t.Fatal(err)
	}
}

// TestCompactWithoutAStore makes none.
func TestCompactWithoutAStore(t *testing.T) {
	dir := t.TempDir()
	_, err := Compact(dir, nil)
	wantReason(t, "Compact", err, host.NotFound, "STORE_NOT_FOUND")
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("it made %v, %v", names, err)
	}
}
