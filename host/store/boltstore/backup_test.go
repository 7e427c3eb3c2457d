package boltstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/storetest"
)

// wallClock is the machine's, or that of a synctest bubble.
type wallClock struct{}

func (wallClock) Now() time.Time                         { return time.Now() }
func (wallClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// clocked opens a store that knows the time.
func clocked() *Options { return &Options{Clock: wallClock{}, MetadataTexts: storetest.MetadataTexts} }

// fenceTo lets open runs be queued again at a higher attempt, or fail.
func fenceTo(run *host.Run, _ time.Time) ([][]byte, error) {
	if run.Status == host.Started {
		return [][]byte{[]byte("failed")}, run.Fail(host.FailureRestored, "restored", time.Now())
	}
	run.Attempt += 1000
	run.Status = host.Queued
	return [][]byte{[]byte("restored")}, nil
}

// backedUp takes a backup of a store that is open.
func backedUp(t *testing.T, s *Store) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Backup(t.Context(), &b, 0); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "backup.tar")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func restoreInto(t *testing.T, backup, dir string) (Restored, error) {
	t.Helper()
	return Restore(t.Context(), backup, dir, RestoreOptions{Clock: wallClock{}, Fence: fenceTo, MetadataTexts: storetest.MetadataTexts})
}

func TestRestoreOfABackup(t *testing.T) {
	s, _ := openNew(t, clocked())
	queued, ended := create(t, s), start(t, s)
	if _, err := s.AppendEvents(t.Context(), ended.ID, numbered(1, 9)); err != nil {
		t.Fatal(err)
	}
	ended = updated(t, s, ended.ID, func(r *host.Run) { r.Status = host.Success }, "ended")
	started := updated(t, s, start(t, s).ID, func(r *host.Run) { r.Status = host.Started })
	before, errs := readAll(t, s)
	backup := backedUp(t, s)
	later := create(t, s) // what comes after the backup is not in it
	if err := s.DeleteRun(t.Context(), ended.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := CheckBackup(t.Context(), fileReader(t, backup)); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "restored")
	for generation := uint64(1); generation <= 2; generation++ { // the second time from a backup of the first
		made, err := restoreInto(t, backup, dir)
		if err != nil || made.Runs != 3 || made.Generation != generation || made.Queued != 1 || made.Failed != map[uint64]int{1: 1}[generation] {
			t.Fatalf("Restore = %+v, %v", made, err)
		}
		again := open(t, dir, clocked())
		got, gotErrs := readAll(t, again)
		if diff := cmp.Diff(before.events[ended.ID], got.events[ended.ID]); diff != "" || len(gotErrs) != len(errs) {
			t.Errorf("events -before +after, %v:\n%s", gotErrs, diff)
		}
		if run, err := again.Run(t.Context(), ended.ID); err != nil || !cmp.Equal(run, ended, cmpopts.EquateEmpty()) {
			t.Errorf("a run that had ended is %+v, %v", run, err)
		}
		if run, err := again.Run(t.Context(), queued.ID); err != nil || run.Attempt != uint32(1000*generation) || run.Status != host.Queued {
			t.Errorf("a run that was queued is %+v, %v", run, err)
		}
		if run, err := again.Run(t.Context(), started.ID); err != nil || run.Status != host.Failure {
			t.Errorf("a run that was started is %+v, %v", run, err)
		}
		if _, err := again.Run(t.Context(), later.ID); host.CodeOf(err) != host.NotFound {
			t.Errorf("a run of after the backup: %v", err)
		}
		if run := create(t, again); run.Seq != 3+generation {
			t.Errorf("the next run is number %d", run.Seq)
		}
		if st, err := again.Storage(t.Context()); err != nil || st.Generation != generation {
			t.Errorf("Storage = %+v, %v", st, err)
		}
		if err := again.DeleteRun(t.Context(), deleteNewest(t, again)); err != nil {
			t.Fatal(err)
		}
		backup = backedUp(t, again)
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(t.TempDir(), "again")
	}
}

// deleteNewest ends the newest run, so that it can be deleted, and returns it.
func deleteNewest(t *testing.T, s *Store) host.RunID {
	t.Helper()
	page, err := s.Runs(t.Context(), nil, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return updated(t, s, page.Runs[0].ID, func(r *host.Run) { r.Status = host.Canceled }).ID
}

func fileReader(t *testing.T, path string) io.Reader {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(content)
}

// TestBackupOfABusyStore takes backups while runs live, end and are deleted, and epochs come and go. Each restores to a
// store that is whole: a run that has ended has all of its events.
func TestBackupOfABusyStore(t *testing.T) {
	o := clocked()
	o.epochBytes = smallEpochs
	s, _ := openNew(t, o)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := crashLife(context.WithoutCancel(ctx), s, func(string, host.Run, uint64) {}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.TidyEpochs(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	})
	for i := range 3 {
		for n := uint64(0); n < uint64(10*(i+1)); {
			counts, err := s.CountRuns(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			n = counts.Total()
		}
		dir := filepath.Join(t.TempDir(), "restored")
		if _, err := Restore(t.Context(), backedUp(t, s), dir, RestoreOptions{
			Clock: wallClock{}, MetadataTexts: storetest.MetadataTexts,
			Fence: func(*host.Run, time.Time) ([][]byte, error) { return nil, nil },
		}); err != nil {
			t.Fatal(err)
		}
		again := open(t, dir, o)
		checkAnswered(t, again, map[host.RunID]*answered{})
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	wg.Wait()
}

func TestOneBackupAtATime(t *testing.T) {
	s, _ := openNew(t, clocked())
	create(t, s)
	err := s.Backup(t.Context(), writerFunc(func(p []byte) (int, error) {
		wantReason(t, "a second backup", s.Backup(t.Context(), io.Discard, 0), host.Conflict, reasonBackup)
		return len(p), nil
	}), 0)
	if err != nil {
		t.Error(err)
	}
	if err := s.Backup(t.Context(), io.Discard, 0); err != nil {
		t.Errorf("the next backup: %v", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestBackupEndsWithItsWriter breaks the way on which a backup is sent.
func TestBackupEndsWithItsWriter(t *testing.T) {
	s, _ := openNew(t, clocked())
	create(t, s)
	broken := errors.New("broken")
	if err := s.Backup(t.Context(), writerFunc(func([]byte) (int, error) { return 0, broken }), 0); !errors.Is(err, broken) {
		t.Errorf("Backup = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Backup(ctx, writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil }), 1)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Backup = %v", err)
	}
	create(t, s)
}

// TestBackupKeepsToItsSpeed sends a megabyte with a quarter of one a second.
func TestBackupKeepsToItsSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &throttle{ctx: t.Context(), to: io.Discard, clock: wallClock{}, rate: 256 << 10, began: time.Now()}
		began := time.Now()
		for range 32 {
			if n, err := w.Write(make([]byte, 32<<10)); n != 32<<10 || err != nil {
				t.Fatal(n, err)
			}
		}
		if took := time.Since(began); took < 4*time.Second-2*maxAhead || took > 4*time.Second {
			t.Errorf("it took %s, want 4 s", took)
		}
	})
}
