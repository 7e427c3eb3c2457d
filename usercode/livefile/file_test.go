package livefile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func refreshed(t *testing.T, f *File, changed bool, want string) {
	t.Helper()
	if got := f.Refresh(time.Now()); got != changed {
		t.Errorf("Refresh answers %t, want %t", got, changed)
	}
	data, err := f.Content()
	if wrong, isErr := strings.CutPrefix(want, "error: "); isErr {
		if err == nil || !strings.Contains(err.Error(), wrong) || data != nil {
			t.Errorf("the content is %q, %v, want an error with %q", data, err, wrong)
		}
	} else if err != nil || string(data) != want {
		t.Errorf("the content is %q, %v, want %q", data, err, want)
	}
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	f := New(path, 10)
	refreshed(t, f, true, "error: no such file")
	refreshed(t, f, false, "error: no such file")
	write(t, path, "one")
	refreshed(t, f, true, "one")
	refreshed(t, f, false, "one")
	write(t, path, "two") // of the same length, at once
	refreshed(t, f, true, "two")
	write(t, path, "two")
	refreshed(t, f, false, "two")
	write(t, path, strings.Repeat("x", 10))
	refreshed(t, f, true, "xxxxxxxxxx")
	write(t, path, strings.Repeat("x", 11))
	refreshed(t, f, true, "error: larger than 10 bytes")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	refreshed(t, f, true, "error: not a regular file")
}

// A volume of Kubernetes: files are links into a folder that is a link, which is switched.
func TestFileBehindLinks(t *testing.T) {
	dir := t.TempDir()
	for version, content := range map[string]string{"v1": "one", "v2": "two"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, version, "f"), content)
		old := time.Now().Add(-time.Hour) // both of the same time
		if err := os.Chtimes(filepath.Join(dir, version, "f"), old, old); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to string) {
		if err := os.Symlink(to, filepath.Join(dir, "..new")); err != nil {
			t.Skipf("this system has no links: %v", err)
		}
		if err := os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")); err != nil {
			t.Fatal(err)
		}
	}
	link("v1")
	if err := os.Symlink("..data/f", filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	f := New(filepath.Join(dir, "f"), 10)
	refreshed(t, f, true, "one")
	refreshed(t, f, false, "one")
	link("v2")
	refreshed(t, f, true, "two")
	refreshed(t, f, false, "two")
}

// A file that did not change for a while is not read again.
func TestFileIsNotReadInVain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "one")
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	f := New(path, 10)
	refreshed(t, f, true, "one")
	data := &f.data[0]
	refreshed(t, f, false, "one")
	if data != &f.data[0] {
		t.Error("the file was read again")
	}
	if err := os.WriteFile(path, []byte("two"), 0o600); err != nil {
		t.Fatal(err)
	}
	refreshed(t, f, true, "two")
}
