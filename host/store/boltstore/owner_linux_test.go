package boltstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// TestFileOfOthersIsNotDamaged looks at a store of which one file may not be read.
func TestFileOfOthersIsNotDamaged(t *testing.T) {
	original := sealed(t)
	for _, name := range []string{metaName, eventsName(1)} {
		dir := copied(t, original)
		for _, other := range []string{identityName, metaName, eventsName(1)} {
			mode := fs.FileMode(0o644)
			if other == name {
				mode = 0
			}
			if err := os.Chmod(filepath.Join(dir, other), mode); err != nil {
				t.Fatal(err)
			}
		}
		for _, way := range []string{dir, filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))} {
			if err := os.Chmod(way, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		err := asNobody(t, func() error {
			_, err := Inspect(dir)
			return err
		})
		if !errors.Is(err, fs.ErrPermission) || host.ReasonOf(err) == reasonDamaged {
			t.Errorf("Inspect without the right to read %s: %v", name, err)
		}
	}
}

// asNobody calls f as somebody who owns nothing, if this process is root; its thread ends with it.
func asNobody(t *testing.T, f func() error) error {
	t.Helper()
	if os.Getuid() != 0 {
		return f()
	}
	answer := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks it
		if err := syscall.Setfsuid(65534); err != nil {
			answer <- err
			return
		}
		answer <- f()
	}()
	return <-answer
}
