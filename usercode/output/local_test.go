package output_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/usercode/output/outputtest"
)

func TestLocal(t *testing.T) {
	outputtest.Exercise(t, func(t *testing.T) output.Store {
		return local(t, filepath.Join(t.TempDir(), "not", "there", "yet"))
	})
}

func local(t *testing.T, dir string) output.Store {
	t.Helper()
	s, err := output.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestFilesAreTheirOwners(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outputs")
	if err := local(t, dir).Put(t.Context(), "runs/a/1", []byte("1")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "runs": 0o700, "runs/a": 0o700, "runs/a/1": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q: got %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}

// writerDir, when it is set, makes this test binary store outputs there until it is killed.
const writerDir = "OUTPUT_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		os.Exit(writeForEver(dir))
	}
	os.Exit(m.Run())
}

func writeForEver(dir string) int {
	s, err := output.NewLocal(dir)
	for i := 0; err == nil; i++ {
		data := []byte(strings.Repeat(fmt.Sprintf("output %d of process %d\n", i, os.Getpid()), 5000))
		name := nameOf(data)
		if err = s.Put(context.Background(), name, data); err == nil {
			_, err = fmt.Fprintln(os.Stdout, name)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func nameOf(data []byte) string {
	digest := sha256.Sum256(data)
	return "runs/a/" + hex.EncodeToString(digest[:])
}

func TestKilledWriterLeavesWholeFiles(t *testing.T) {
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerDir+"="+dir)
		cmd.Stderr = os.Stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		for range 10 + round {
			if !lines.Scan() {
				t.Fatalf("the writer ended by itself: %v", lines.Err())
			}
			acknowledged[lines.Text()] = true
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
	}
	s := local(t, dir)
	names, err := s.List(t.Context(), "runs/a")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := s.Get(t.Context(), name, 1<<20)
		if err != nil || nameOf(data) != name {
			t.Errorf("%s has %d bytes that are not its own, %v", name, len(data), err)
		}
		delete(acknowledged, name)
	}
	if len(acknowledged) > 0 {
		t.Errorf("acknowledged, but not there: %v", acknowledged)
	}
	if err := s.Delete(t.Context(), "runs/a"); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "runs")); err != nil || len(left) > 0 {
		t.Errorf("deleting left %v, %v", left, err)
	}
}

// TestTemporaryFileIsNobodysOutput is the crash between writing and naming, which leaves a file behind.
func TestTemporaryFileIsNobodysOutput(t *testing.T) {
	dir := t.TempDir()
	s := local(t, dir)
	if err := s.Put(t.Context(), "runs/a/1", []byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "runs", "a", ".tmp-123"), []byte("half of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	names, err := s.List(t.Context(), "runs/a")
	if err != nil || len(names) != 1 || path.Base(names[0]) != "1" {
		t.Errorf("got %v, %v", names, err)
	}
	if err := s.Delete(t.Context(), "runs/a"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "runs", "a")); !os.IsNotExist(err) {
		t.Errorf("the temporary file outlives the run: %v", err)
	}
}

func TestDirectoryIsRemovedByOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "outputs")
	s := local(t, dir)
	for _, gone := range []string{"runs/a", "runs", ""} {
		if err := s.Put(t.Context(), "runs/a/1", []byte(gone)); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), "runs/a/2", []byte(gone)); err != nil {
			t.Errorf("%q is removed: %v", gone, err)
		}
		if got, err := s.Get(t.Context(), "runs/a/2", 100); err != nil || string(got) != gone {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

func TestPlaceIsNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := output.NewLocal(file); err == nil || !strings.Contains(err.Error(), "a directory is needed") {
		t.Errorf("got %v", err)
	}
	s := local(t, filepath.Join(file, "below"))
	if err := s.Put(t.Context(), "runs/a/1", nil); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v; want an error that names the file", err)
	}
}
