package boltstore

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
	"github.com/penstock-run/penstock/usercode/tag"
)

// severalEpochs makes a closed store with some epochs of events, whose index has sealed chunks.
func severalEpochs(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	o := crashOptions()
	s := open(t, dir, o)
	for epoch := uint64(1); epoch < 3; epoch++ {
		for range 20 { // some chunks of the index
			create(t, s)
		}
		event := make([]byte, smallEpochs)
		if _, err := rand.Read(event); err != nil { // which cannot be compressed
			t.Fatal(err)
		}
		run := start(t, s)
		for first := uint64(1); first <= 2; first++ { // the second one finds out how much there is
			if _, err := s.AppendEvents(t.Context(), run.ID, host.EventBatch{Attempt: 1, First: first, Events: [][]byte{event}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.beginEpoch(t.Context()); err != nil || s.epochs.current().name.number <= epoch {
			t.Fatalf("the current epoch is %d, %v", s.epochs.current().name.number, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shrink(t, dir)
	return dir
}

// TestDamagedFileIsRefused spoils each file of a store as a whole: none is opened, none is made anew, and fsck tells of it.
func TestDamagedFileIsRefused(t *testing.T) {
	original := severalEpochs(t)
	names := append(epochFiles(t, original), metaName)
	if len(names) < 4 {
		t.Fatalf("there are only %q", names)
	}
	for _, name := range names {
		page := int64(0)
		readOnly(t, filepath.Join(original, name), func(tx *bbolt.Tx) error {
			page = int64(tx.DB().Info().PageSize)
			return nil
		})
		info, err := os.Stat(filepath.Join(original, name))
		if err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			spoil  func(path string) error
			reason string
		}{
			"Empty":      {func(path string) error { return os.Truncate(path, 0) }, reasonMissing},
			"Gone":       {os.Remove, reasonMissing},
			"Half":       {func(path string) error { return os.Truncate(path, info.Size()/2) }, reasonDamaged},
			"APageShort": {func(path string) error { return os.Truncate(path, info.Size()-page) }, reasonDamaged},
			"FirstMeta":  {flipAt(pageHeader + 20), reasonDamaged},
			"SecondMeta": {flipAt(page + pageHeader + 20), reasonDamaged},
		} {
			t.Run(name+what, func(t *testing.T) {
				dir := copied(t, original)
				if err := c.spoil(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
				before := snapshot(t, dir)
				_, err := Open(dir, crashOptions())
				wantReason(t, "Open", err, host.Internal, c.reason)
				_, err = Inspect(dir)
				wantReason(t, "Inspect", err, host.Internal, c.reason)
				_, err = Compact(dir, crashOptions())
				wantReason(t, "Compact", err, host.Internal, c.reason)
				if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
					t.Errorf("files were changed: -before +after\n%s", diff)
				}
				said := ""
				if _, err := Fsck(t.Context(), dir, crashOptions(), func(p Problem) { said += p.File + ": " + p.Message + "\n" }); err != nil || !strings.Contains(said, name) {
					t.Errorf("Fsck says %q, %v", said, err)
				}
			})
		}
	}
}

// TestDamagedListOfOpenRunsIsNotCounted flips a bit of the status that it has of a run.
func TestDamagedListOfOpenRunsIsNotCounted(t *testing.T) {
	dir := copied(t, sealed(t))
	s, err := Open(dir, smallChunks())
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.CountRuns(t.Context(), nil)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	change(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketOpen).Put(seqKey(1), []byte("QUEUEE"))
	})
	if s, err = Open(dir, smallChunks()); err != nil {
		t.Fatal(err)
	}
	if got, err := s.CountRuns(t.Context(), nil); err != nil || !cmp.Equal(got, want) {
		t.Errorf("CountRuns = %v, %v; want %v", got, err, want)
	}
	if got, err := s.CountRuns(t.Context(), host.StatusIn(host.Queued)); err != nil || got.Total() != want[host.Queued] {
		t.Errorf("CountRuns of those that are queued = %v, %v; want %d", got, err, want[host.Queued])
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedListOfFreePagesIsRefused flips a byte of the page that has it: only who writes needs it.
func TestDamagedListOfFreePagesIsRefused(t *testing.T) {
	original := severalEpochs(t)
	for _, name := range append(epochFiles(t, original), metaName) {
		dir := copied(t, original)
		path := filepath.Join(dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, _ := readMetaPages(bytes.NewReader(content))
		if err := flipAt(int64(m.freelist)*int64(m.pageSize) + 8)(path); err != nil {
			t.Fatal(err)
		}
		said := ""
		if _, err := Fsck(t.Context(), dir, crashOptions(), func(p Problem) { said += p.File + ": " + p.Message + "\n" }); err != nil || !strings.Contains(said, name) {
			t.Errorf("Fsck says %q, %v", said, err)
		}
		_, err = Open(dir, crashOptions()) // last, see guardedOpen
		wantReason(t, "Open with "+name, err, host.Internal, reasonDamaged)
	}
}

// flipAt changes a byte of a file.
func flipAt(at int64) func(path string) error {
	return func(path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content[at] ^= 0x40
		return os.WriteFile(path, content, 0o600)
	}
}

// TestDamagedContainerIsNotServed flips a bit of a container of the index: what depends on it is an error, until the index
// is made anew.
func TestDamagedContainerIsNotServed(t *testing.T) {
	dir := copied(t, sealed(t))
	change(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error {
		b := tx.Bucket(tagindex.Buckets()[0])
		c := b.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if strings.Contains(string(k), "team1") {
				spoilt := bytes.Clone(v)
				spoilt[len(spoilt)-1] ^= 1
				return b.Put(bytes.Clone(k), spoilt)
			}
		}
		return fmt.Errorf("there is no such posting")
	})
	s, err := Open(dir, smallChunks())
	if err != nil {
		t.Fatal(err)
	}
	where := &selector.Expr{Op: selector.Is, On: selector.Tag, Name: "team", Value: "team1"}
	_, err = s.CountRuns(t.Context(), where)
	wantReason(t, "CountRuns", err, host.Internal, reasonDamaged)
	_, err = s.Runs(t.Context(), where, 0, 100)
	wantReason(t, "Runs", err, host.Internal, reasonDamaged)
	if other, err := s.CountRuns(t.Context(), &selector.Expr{Op: selector.Is, On: selector.Tag, Name: "team", Value: "team2"}); err != nil || other.Total() != 13 {
		t.Errorf("another tag: %v, %v", other, err)
	}
	// An edit is stored, though the container cannot be written anew, and goes on not to be served.
	page, err := s.Runs(t.Context(), nil, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	updated(t, s, page.Runs[0].ID, func(r *host.Run) { r.Tags = tag.List{{Key: "team", Value: "other"}} })
	_, err = s.CountRuns(t.Context(), where)
	wantReason(t, "CountRuns after an edit", err, host.Internal, reasonDamaged)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Repair(t.Context(), dir, smallChunks()); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, smallChunks())
	defer s.Close()
	if counts, err := s.CountRuns(t.Context(), where); err != nil || counts.Total() != 12 {
		t.Errorf("after Repair: %v, %v", counts, err)
	}
}
