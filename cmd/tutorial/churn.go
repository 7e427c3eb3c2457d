package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/usercode"
)

// folderChurn is how many lines came and went in a folder; "." holds the files at the top.
type folderChurn struct {
	Folder         string
	Added, Deleted int
}

func (c folderChurn) lines() int { return c.Added + c.Deleted }

func measureChurn(ctx context.Context, r repository) ([]folderChurn, error) {
	depth := report.From(ctx).FolderDepth
	folders := map[string]*folderChurn{}
	err := r.git(ctx, 0, func(part string) error {
		fields := strings.SplitN(strings.TrimLeft(part, "\n"), "\t", 3)
		if len(fields) != 3 {
			return fmt.Errorf("git log answered %q, want added, deleted and path", part)
		}
		added, err := countOf(fields[0])
		if err != nil {
			return err
		}
		deleted, err := countOf(fields[1])
		if err != nil {
			return err
		}
		folder := folderOf(fields[2], depth)
		if folders[folder] == nil {
			folders[folder] = &folderChurn{Folder: folder}
		}
		folders[folder].Added += added
		folders[folder].Deleted += deleted
		return nil
	}, "log", "-z", "--numstat", "--no-renames", "--format=", r.Head)
	if err != nil {
		return nil, err
	}
	rows := make([]folderChurn, 0, len(folders))
	for _, f := range folders {
		rows = append(rows, *f)
	}
	slices.SortFunc(rows, func(a, b folderChurn) int {
		return cmp.Or(cmp.Compare(b.lines(), a.lines()), cmp.Compare(a.Folder, b.Folder))
	})
	usercode.Log(ctx).Info("measured churn", "folders", len(rows))
	return rows, nil
}

// countOf reads a number of lines; git says "-" for a binary file, which has none.
func countOf(s string) (int, error) {
	if s == "-" {
		return 0, nil
	}
	return strconv.Atoi(s)
}

// folderOf returns the first depth folders of a path.
func folderOf(path string, depth int) string {
	parts := strings.Split(path, "/")
	parts = parts[:len(parts)-1]
	if len(parts) == 0 {
		return "."
	}
	return strings.Join(parts[:min(depth, len(parts))], "/")
}
