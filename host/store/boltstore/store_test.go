package boltstore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"
	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/storetest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		crashWriter(dir)
		return
	}
	if dir := os.Getenv(stepDir); dir != "" {
		dieAtStep(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestStore(t *testing.T) {
	checked := map[string]bool{}
	storetest.Exercise(t, func(t *testing.T, path string) host.Store {
		// Every other store has small chunks in its index, so that they are full and sealed all the time.
		o := &Options{
			MetadataTexts: storetest.MetadataTexts, chunkBits: map[bool]int{true: 3}[crc32.ChecksumIEEE([]byte(path))%2 == 0],
			unsynced: unsynced(t),
		}
		if !checked[path] { // once it is closed for good
			checked[path] = true
			t.Cleanup(func() { checkStore(t, path, o) })
		}
		s, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

// unsynced tells that a test of storetest does without syncs. Those with clients at once do not: while one commit is
// synced, the next gathers writes of others.
func unsynced(t *testing.T) bool { return !strings.Contains(t.Name(), "/Concurrent/") }

// open opens a store. The test must close it; at its end the files must be sound.
func open(t testing.TB, path string, o *Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { checkStore(t, path, o) })
	return s
}

// openNew opens a new store, which is closed at the end of the test.
func openNew(t testing.TB, o *Options) (s *Store, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store")
	s = open(t, path, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s, path
}

// readOnly reads a file of a store that is closed.
func readOnly(t testing.TB, path string, f func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if err != nil {
		t.Errorf("open %s: %v", path, err)
		return
	}
	defer db.Close()
	if err := db.View(f); err != nil {
		t.Errorf("read %s: %v", path, err)
	}
}

// checkFiles checks what must hold whenever a store is closed, however it came to that.
func checkFiles(t testing.TB, dir string) {
	t.Helper()
	checkStore(t, dir, nil)
}

// checkStore is checkFiles of a store that was opened with these options.
func checkStore(t testing.TB, dir string, o *Options) {
	t.Helper()
	if _, err := Fsck(context.Background(), dir, o, func(p Problem) { t.Errorf("%s: %s", p.File, p.Message) }); err != nil {
		t.Error(err)
	}
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error { return checkHistory(t, tx) })
	checkEpochs(t, dir)
}

// newRun makes a queued run with one note.
func newRun() host.NewRun {
	id := uuid.Must(uuid.NewV7()).String()
	return host.NewRun{
		RequestID: "request " + id,
		Run: host.Run{
			ID: host.RunID(id), Status: host.Queued, CreatedAt: time.Unix(1_770_000_000, 0).UTC(),
			Job: host.JobName{Location: "here", Repository: "tutorial", Job: "my_job"},
		},
		Events: [][]byte{[]byte("queued")},
	}
}

func create(t testing.TB, s *Store) host.Run {
	t.Helper()
	run, _, err := s.CreateRun(t.Context(), newRun())
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// start makes a run whose first attempt may report events.
func start(t testing.TB, s *Store) host.Run {
	t.Helper()
	return updated(t, s, create(t, s).ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 })
}

func updated(t testing.TB, s *Store, id host.RunID, change func(*host.Run), notes ...string) host.Run {
	t.Helper()
	run, err := s.UpdateRun(t.Context(), id, func(r *host.Run) (events [][]byte, err error) {
		change(r)
		for _, note := range notes {
			events = append(events, []byte(note))
		}
		return events, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// numbered makes events whose data is their number.
func numbered(first, last uint64) host.EventBatch {
	b := host.EventBatch{Attempt: 1, First: first}
	for seq := first; seq <= last; seq++ {
		b.Events = append(b.Events, fmt.Append(nil, seq))
	}
	return b
}

func wantReason(t testing.TB, what string, err error, code host.Code, reason string) {
	t.Helper()
	if host.CodeOf(err) != code || host.ReasonOf(err) != reason {
		t.Errorf("%s = %v (code %d, reason %q), want code %d, reason %s", what, err, host.CodeOf(err), host.ReasonOf(err), code, reason)
	}
}

func digestOf(b []byte) host.Digest { return sha256.Sum256(b) }
