package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// writeConfig puts a run config into a file and returns its path.
func writeConfig(t *testing.T, w *world, text string) string {
	t.Helper()
	path := filepath.Join(w.dir, "run.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ownSources is the top of this module.
func ownSources(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
