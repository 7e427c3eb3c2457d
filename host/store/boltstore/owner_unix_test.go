//go:build unix

package boltstore

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestFilesKeepTheirOwner compacts, migrates and repairs as root the store of somebody else, who goes on with it.
func TestFilesKeepTheirOwner(t *testing.T) {
	const mode, another = 0o640, 54321
	root := os.Getuid() == 0
	belongs := func(dir string) {
		t.Helper()
		names, err := namesIn(dir, func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			is, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			owner, ok := is.Sys().(*syscall.Stat_t)
			if !ok || is.Mode().Perm() != mode || root && (owner.Uid != another || owner.Gid != another) {
				t.Errorf("%s is %s and belongs to %d:%d", name, is.Mode(), owner.Uid, owner.Gid)
			}
		}
	}
	for name, c := range map[string]struct {
		from string
		run  func(dir string) error
	}{
		"Compact": {sealed(t), func(dir string) error {
			_, err := Compact(dir, smallChunks())
			return err
		}},
		"Repair": {sealed(t), func(dir string) error {
			if err := os.Remove(filepath.Join(dir, identityName)); err != nil {
				return err
			}
			return Repair(t.Context(), dir, smallChunks())
		}},
		"Migrate": {filepath.Join("testdata", "format3"), func(dir string) error {
			s, err := Open(dir, nil)
			if err == nil {
				err = s.Close()
			}
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, c.from)
			if err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				if root {
					if err := os.Chown(filepath.Join(dir, path), another, another); err != nil {
						return err
					}
				}
				return os.Chmod(filepath.Join(dir, path), mode)
			}); err != nil {
				t.Fatal(err)
			}
			if err := c.run(dir); err != nil {
				t.Fatal(err)
			}
			belongs(dir)
		})
	}
}
