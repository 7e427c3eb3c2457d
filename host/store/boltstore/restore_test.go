package boltstore

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
)

// TestDamagedBackupIsRefused spoils a backup in ways that happen to files.
func TestDamagedBackupIsRefused(t *testing.T) {
	s, _ := openNew(t, clocked())
	create(t, s)
	sound, err := os.ReadFile(backedUp(t, s))
	if err != nil {
		t.Fatal(err)
	}
	flipped := func(at int) []byte {
		spoilt := bytes.Clone(sound)
		spoilt[at] ^= 1
		return spoilt
	}
	manifest := bytes.LastIndex(sound, []byte(`"sha256"`))
	for name, content := range map[string][]byte{
		"Empty":           nil,
		"Half":            sound[:len(sound)/2],
		"WithoutManifest": sound[:bytes.LastIndex(sound, []byte(manifestName))-1024&^511],
		"FlippedRecord":   flipped(3*512 + 5000),
		"FlippedManifest": flipped(manifest + 15),
		"Rubbish":         bytes.Repeat([]byte("rubbish "), 1000),
		"OtherNames":      archive(t, "../../etc/passwd", "x"),
		"ALink":           link(t),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "backup.tar")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := CheckBackup(t.Context(), bytes.NewReader(content))
			wantReason(t, "CheckBackup", err, host.Internal, reasonBackupDamaged)
			dir := filepath.Join(t.TempDir(), "restored")
			_, err = restoreInto(t, path, dir)
			wantReason(t, "Restore", err, host.Internal, reasonBackupDamaged)
			if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

func archive(t *testing.T, name, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: name, Size: int64(len(content)), Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func link(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := errors.Join(w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: metaName, Linkname: "/etc/passwd"}), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRestoreRefusesAStore(t *testing.T) {
	s, _ := openNew(t, clocked())
	backup := backedUp(t, s)
	for _, name := range []string{identityName, metaName, metaName + suffixOld, eventsName(7)} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		before := snapshot(t, dir)
		_, err := restoreInto(t, backup, dir)
		wantReason(t, "Restore beside "+name, err, host.Conflict, "STORE_EXISTS")
		if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
			t.Errorf("it changed: %s", diff)
		}
	}
}

// TestInterruptedRestoreBeginsAnew leaves what a kill leaves, before the file that names the store is in its place.
func TestInterruptedRestoreBeginsAnew(t *testing.T) {
	s, _ := openNew(t, clocked())
	run := create(t, s)
	backup := backedUp(t, s)
	inside := []string{partialName + "/" + identityName, partialName + "/" + metaName}
	for reason, left := range map[string][]string{
		reasonMissing: inside,
		reasonDamaged: append(inside, eventsName(1), metaName),
	} {
		dir := t.TempDir()
		for _, name := range left {
			if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700), os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		before := snapshot(t, dir)
		_, err := Open(dir, nil)
		wantReason(t, fmt.Sprintf("Open with %q", left), err, host.Internal, reason)
		if diff := cmp.Diff(before, snapshot(t, dir)); diff != "" {
			t.Errorf("files were changed: -before +after\n%s", diff)
		}
		if _, err := restoreInto(t, backup, dir); err != nil {
			t.Fatal(err)
		}
		again := open(t, dir, clocked())
		have(t, again, []host.RunID{run.ID})
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRestoreDropsEventsOfNoRun restores events of a run that was made a moment after meta.db was read: its number is
// given to another.
func TestRestoreDropsEventsOfNoRun(t *testing.T) {
	s, dir := openNew(t, clocked())
	create(t, s)
	var meta bytes.Buffer
	tx, err := s.meta.begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.WriteTo(&meta); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	late := start(t, s)
	if _, err := s.AppendEvents(t.Context(), late.ID, numbered(1, 9)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := copied(t, dir)
	if err := os.WriteFile(filepath.Join(other, metaName), meta.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dropStrayEvents(other); err != nil {
		t.Fatal(err)
	}
	again := open(t, other, clocked())
	defer again.Close()
	run := start(t, again)
	if events, err := again.Events(t.Context(), run.ID, host.Cursor{}, math.MaxInt); err != nil || run.Seq != late.Seq || len(events) != 1 {
		t.Errorf("run %d has %d events, %v; want its note alone", run.Seq, len(events), err)
	}
}

func TestRestoreOfANewerBackup(t *testing.T) {
	backup := filepath.Join(t.TempDir(), "backup.tar")
	if err := os.WriteFile(backup, archive(t, manifestName, `{"backup": 1, "minimum_reader": 99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := restoreInto(t, backup, t.TempDir())
	wantReason(t, "Restore", err, host.Conflict, reasonTooNew)
}

func TestRestoreNeedsRoom(t *testing.T) {
	s, _ := openNew(t, clocked())
	dir := t.TempDir()
	_, err := Restore(t.Context(), backedUp(t, s), dir, RestoreOptions{
		Clock: wallClock{}, Fence: fenceTo, Free: func(string) (uint64, error) { return minFree, nil },
	})
	wantReason(t, "Restore", err, host.Unavailable, host.ReasonFull)
	if !strings.Contains(err.Error(), dir) {
		t.Errorf("the error %q does not say where", err)
	}
}
