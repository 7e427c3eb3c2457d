package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNew builds what penstock new writes, and runs it with penstock dev.
func TestNew(t *testing.T) {
	clone, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "my-etl")
	r := penstock(t, "", "new", dir, "--replace", "../..")
	r.want(t, exitOK, "go mod tidy && go build -o bin/my-etl . && ", "go.mod takes the module from "+clone)
	for _, args := range [][]string{{"mod", "tidy"}, {"vet", "."}, {"build", "-o", "bin/my-etl", "."}} {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	content, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(content), "\n"); lines > 25 {
		t.Errorf("main.go has %d lines", lines)
	}
	if out, err := exec.Command("gofmt", "-l", dir).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt -l: %s%v", out, err)
	}

	d := startDev(t, filepath.Join(dir, "bin", "my-etl"))
	d.open(t)
	penstock(t, d.url, "job", "show", "hello").want(t, exitOK, "docs   https://example.com/my-etl", "")
	penstock(t, d.url, "launch", "my-etl/hello", "--wait").want(t, exitOK, "SUCCESS", "")
	penstock(t, d.url, "run", "list", "--tag", "team=data").want(t, exitOK, "my-etl/my-etl/hello", "")
}

func TestNewErrors(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{full, "--replace", "../.."}, exitRejected, "is not empty: it has x, and nothing in it is touched"},
		{[]string{file, "--replace", "../.."}, exitUsage, "not a directory"},
		{[]string{filepath.Join(dir, "3d"), "--replace", "../.."}, exitUsage, `the name "3d" starts with '3'`},
		{[]string{filepath.Join(dir, "a b"), "--replace", "../.."}, exitUsage, `the name "a b" holds ' '`},
		{[]string{filepath.Join(dir, "a"), "--replace", dir}, exitUsage, "is no clone of Penstock"},
		{[]string{filepath.Join(dir, "a")}, exitUsage, "name the clone that it was built from with --replace DIR"},
		{nil, exitUsage, "accepts 1 arg(s), received 0"},
	} {
		penstock(t, "", append([]string{"new"}, c.args...)...).want(t, c.code, "", c.want)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestNewLeavesNothingHalfDone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x")
	m := &module{dir: dir, Name: "x"}
	saved := newModuleFiles
	defer func() { newModuleFiles = saved }()
	newModuleFiles = append(newModuleFiles[:2:2], [2]string{"no/such/dir", "go.mod.tmpl"})
	if err := m.write(); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is there: %v", err)
	}
}

func TestReleaseOf(t *testing.T) {
	for text, want := range map[string]string{
		"v1.2.3": "v1.2.3", "v0.15.0-rc.1": "v0.15.0-rc.1", "dev": "", "v1.2.3-dirty": "", "v1.2.3-4-gabcdef0": "", "v1.2.3-rc.1-4-gabcdef0": "",
		"v1.2": "", "1.2.3": "", "": "",
	} {
		if got := releaseOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestModuleGoIsCurrent compares with Penstock's own go.mod.
func TestModuleGoIsCurrent(t *testing.T) {
	content, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(content), "module "+modulePath+"\n") || !strings.Contains(string(content), "\ngo "+moduleGo+"\n") {
		t.Errorf("go.mod is not that of %s with go %s", modulePath, moduleGo)
	}
}
