package house

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// card is the whole top level, names that start with a dot aside.
var card = []string{
	"buf.gen.yaml", "buf.yaml", "CHANGELOG.md", "cmd", "docs", "go.mod", "go.sum", "host", "LICENSE", "Makefile",
	"proto", "README.md", "usercode", "versioncheck",
}

func TestTopLevelIsTheCard(t *testing.T) {
	for _, name := range files(t) {
		top, _, _ := strings.Cut(name, "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(card, top) {
			t.Errorf("%s: %q is not one of the top-level names %s", name, top, strings.Join(card, ", "))
		}
	}
}

// TestFilesAreShort holds hand-written source to the ceiling at which a file has become two.
func TestFilesAreShort(t *testing.T) {
	const most = 400
	source := []string{".go", ".ts", ".tsx", ".js", ".mjs"}
	for _, name := range files(t) {
		if !slices.Contains(source, path.Ext(name)) || generated(name) {
			continue
		}
		if lines := bytes.Count(read(t, name), []byte("\n")); lines > most {
			t.Errorf("%s has %d lines; a file ends at %d: give its second noun a file of its own", name, lines, most)
		}
	}
}

// TestNoMachinePaths finds paths that hold only where somebody worked: this clone, a home, Go's caches.
func TestNoMachinePaths(t *testing.T) {
	patterns := []string{`/(?:home|Users)/[A-Za-z]`}
	for _, dir := range machineFolders(t) {
		patterns = append(patterns, regexp.QuoteMeta(dir)+`(?:/|\b)`)
	}
	pattern := regexp.MustCompile(`(?:^|[^A-Za-z0-9._~/-])(` + strings.Join(patterns, "|") + `)`)
	for _, name := range files(t) {
		content := read(t, name)
		if bytes.IndexByte(content, 0) >= 0 {
			continue // a picture or another binary
		}
		for number, line := range bytes.Split(content, []byte("\n")) {
			if found := pattern.FindSubmatch(line); found != nil {
				t.Errorf("%s:%d: %q holds on one machine only: write a relative path, or one under /srv as an example",
					name, number+1, found[1])
			}
		}
	}
}

// TestLockFilesHoldNoAddresses keeps it open from where packages come: checksums say that they are the right ones.
func TestLockFilesHoldNoAddresses(t *testing.T) {
	address := regexp.MustCompile(`"resolved"\s*:|^\s*(//.*:_authToken|registry)\s*=`)
	for _, name := range files(t) {
		if base := path.Base(name); base != "package-lock.json" && base != ".npmrc" {
			continue
		}
		for number, line := range bytes.Split(read(t, name), []byte("\n")) {
			if address.Match(line) {
				t.Errorf("%s:%d: %s: set omit-lockfile-registry-resolved=true in .npmrc beside it and lock again",
					name, number+1, bytes.TrimSpace(line))
			}
		}
	}
}

// machineFolders are the absolute folders of this clone, of the user, and of Go's caches.
func machineFolders(t *testing.T) (folders []string) {
	t.Helper()
	candidates := []string{root(t)}
	for _, variable := range []string{"GOMODCACHE", "GOCACHE"} {
		out, err := exec.Command("go", "env", variable).Output()
		if err != nil {
			t.Fatalf("go env %s: %v", variable, err)
		}
		candidates = append(candidates, strings.TrimSpace(string(out)))
	}
	for _, c := range candidates {
		// A clone right below / has a name like /src, which is a legitimate path in a page.
		if strings.Count(filepath.ToSlash(c), "/") >= 2 {
			folders = append(folders, filepath.ToSlash(c))
		}
	}
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		folders = append(folders, filepath.ToSlash(home))
	}
	return folders
}

func generated(name string) bool {
	return strings.HasPrefix(name, "proto/gen/") || strings.HasPrefix(name, "host/web/src/gen/")
}

// files lists what is committed and what would be, with slashes, relative to the module's root.
func files(t *testing.T) (names []string) {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = moduleRoot()
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("git ls-files: %v: the files of a release archive are those that were checked before it", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		info, err := os.Lstat(filepath.Join(moduleRoot(), filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted and not yet committed
		} else if err != nil {
			t.Fatal(err)
		}
		if info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	if !slices.Contains(names, "go.mod") {
		t.Fatalf("git ls-files in %s lists no go.mod, so nothing would be checked", root(t))
	}
	return names
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(moduleRoot(), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
