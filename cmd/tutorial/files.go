package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// file is a file of a commit.
type file struct {
	Path  string
	Bytes int64
}

func listFiles(ctx context.Context, r repository) ([]file, error) {
	var files []file
	err := r.git(ctx, 0, func(part string) error {
		about, path, _ := strings.Cut(part, "\t")
		fields := strings.Fields(about)
		if len(fields) != 4 {
			return fmt.Errorf("git ls-tree answered %q, want mode, type, hash, size and path", part)
		}
		if fields[1] != "blob" {
			return nil // a submodule has no size
		}
		n, err := strconv.ParseInt(fields[3], 10, 64)
		files = append(files, file{Path: path, Bytes: n})
		return err
	}, "ls-tree", "-r", "-l", "-z", "--full-tree", r.Head)
	return files, err
}

func largestFiles(ctx context.Context, files []file) ([]file, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path))
	})
	return files[:min(report.From(ctx).Top, len(files))], nil
}
