package output_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/penstock-run/penstock/usercode/output"
)

func TestDiskIsFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("outputs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small disk cannot be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := local(t, dir)
	small, large := []byte(strings.Repeat("x", 600<<10)), make([]byte, 700<<10)
	if err := s.Put(t.Context(), "runs/a/1", small); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "runs/a/2", large); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("got %v; want that the disk is full", err)
	}
	if _, err := s.Get(t.Context(), "runs/a/2", 1<<20); !errors.Is(err, output.ErrNotFound) {
		t.Errorf("got %v of what did not fit", err)
	}
	if files, err := os.ReadDir(filepath.Join(dir, "runs", "a")); err != nil || len(files) != 1 {
		t.Errorf("what did not fit takes room still: %v, %v", files, err)
	}
	if err := s.Delete(t.Context(), "runs/a/1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), "runs/a/2", large); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
