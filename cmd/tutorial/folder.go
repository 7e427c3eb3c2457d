package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode"
)

// folder is one at the top of a repository, with all files below it.
type folder struct {
	// Name is the folder's; "." holds the files at the top.
	Name  string
	Files []blob
	// ID is the name as far as a key may be like it.
	ID string
}

// blob is a file by what is in it, so that a run that is executed again reads the same.
type blob struct {
	Path, Hash string
}

// Key names the instance that counts the folder: count_lines[usercode].
func (f folder) Key() string { return f.ID }

// folderLines is what was counted in a folder.
type folderLines struct {
	Folder       string
	Files, Lines int
}

// errOverBudget is a folder that trying again does not make smaller.
var errOverBudget = errors.New("the folder has more lines than line_budget allows")

// lineRetry tries again what may be better a moment later.
var lineRetry = usercode.Retry{Max: 2, Delay: 200 * time.Millisecond, Backoff: 2, When: func(err error) bool {
	return !errors.Is(err, errOverBudget)
}}

func listFolders(ctx context.Context) ([]folder, error) {
	r, err := resolveHead(ctx, survey.From(ctx).Repository)
	if err != nil {
		return nil, err
	}
	files := map[string][]blob{}
	err = r.git(ctx, 0, func(part string) error {
		about, path, _ := strings.Cut(part, "\t")
		fields := strings.Fields(about)
		if len(fields) != 3 {
			return fmt.Errorf("git ls-tree answered %q, want mode, type, hash and path", part)
		}
		if fields[1] == "blob" { // a submodule has no content here
			name := folderOf(path, 1)
			files[name] = append(files[name], blob{Path: path, Hash: fields[2]})
		}
		return nil
	}, "ls-tree", "-r", "-z", "--full-tree", r.Head)
	if err != nil {
		return nil, err
	}
	folders := make([]folder, 0, len(files))
	for name, files := range files {
		folders = append(folders, folder{Name: name, Files: files})
	}
	slices.SortFunc(folders, func(a, b folder) int { return strings.Compare(a.Name, b.Name) })
	taken := map[string]bool{}
	for i := range folders {
		folders[i].ID = keyFor(folders[i].Name, taken)
	}
	return folders, usercode.TagRun(ctx, usercode.Tags{"head": r.Head[:12]})
}

// keyFor makes a key of a name, which may be anything that a file system takes. Two never get the same.
func keyFor(name string, taken map[string]bool) string {
	const most = 50
	key := strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if name == "." {
		key = "top"
	}
	key = key[:min(len(key), most)]
	unique := key
	for n := 2; taken[unique]; n++ {
		unique = fmt.Sprintf("%s-%d", key, n)
	}
	taken[unique] = true
	return unique
}

func countLines(ctx context.Context, f folder) (folderLines, error) {
	store, err := objects.From(ctx)
	if err != nil {
		return folderLines{}, err
	}
	counted := folderLines{Folder: f.Name, Files: len(f.Files)}
	for i, file := range f.Files {
		content, err := store.read(ctx, file.Hash)
		if err != nil {
			return counted, fmt.Errorf("read %s: %w", file.Path, err)
		}
		counted.Lines += bytes.Count(content, []byte("\n"))
		usercode.Progress(ctx, i+1, len(f.Files), "files")
	}
	if budget := survey.From(ctx).LineBudget; budget > 0 && counted.Lines > budget {
		return counted, fmt.Errorf("%s has %d lines, %d are allowed: %w", f.Name, counted.Lines, budget, errOverBudget)
	}
	return counted, usercode.OutputMetadata(ctx, usercode.Metadata{"files": counted.Files, "lines": counted.Lines})
}
