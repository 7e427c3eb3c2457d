package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/usercode"
)

// temporaryFolder is where runs without a configured output put theirs.
func temporaryFolder() string { return filepath.Join(os.TempDir(), "penstock-tutorial") }

// writeCSV returns the path of what it wrote.
func writeCSV(ctx context.Context, weeks []authorWeek) (string, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"week", "author", "commits"}}
	for _, row := range weeks {
		rows = append(rows, []string{row.Week, row.Author, strconv.Itoa(row.Commits)})
	}
	if err := w.WriteAll(rows); err != nil {
		return "", err
	}
	return writeReport(ctx, "commits.csv", b.Bytes())
}

// writeMarkdown returns the path of what it wrote.
func writeMarkdown(ctx context.Context, f findings) (string, error) {
	top := report.From(ctx).Top
	authors := map[string]int{}
	total := 0
	for _, w := range f.Weeks {
		authors[w.Author] += w.Commits
		total += w.Commits
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Repository report\n\nCommit %s: %d commits by %d authors.\n", f.Repository.Head, total, len(authors))
	fmt.Fprint(&b, "\n## Latest weeks\n\n| Week | Author | Commits |\n|---|---|---:|\n")
	for i := len(f.Weeks) - 1; i >= max(0, len(f.Weeks)-top); i-- {
		fmt.Fprintf(&b, "| %s | %s | %d |\n", f.Weeks[i].Week, cell(f.Weeks[i].Author), f.Weeks[i].Commits)
	}
	fmt.Fprint(&b, "\n## Churn per folder\n\n| Folder | Added | Deleted |\n|---|---:|---:|\n")
	for _, c := range f.Churn[:min(top, len(f.Churn))] {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", cell(c.Folder), c.Added, c.Deleted)
	}
	fmt.Fprint(&b, "\n## Largest files\n\n| File | Bytes |\n|---|---:|\n")
	for _, l := range f.Largest {
		fmt.Fprintf(&b, "| %s | %d |\n", cell(l.Path), l.Bytes)
	}
	return writeReport(ctx, "report.md", []byte(b.String()))
}

// cell makes text fit for a cell of a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ").Replace(text)
}

// writeReport writes a file into the folder of the run.
func writeReport(ctx context.Context, name string, data []byte) (string, error) {
	return writeFile(ctx, outputFolder(ctx), name, data)
}

// writeFile writes a file as a whole or not at all.
func writeFile(ctx context.Context, folder, name string, data []byte) (string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // a report is for everybody to read
		return "", fmt.Errorf("make the folder of the report: %w", err)
	}
	temporary, err := os.CreateTemp(folder, name+".*")
	if err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // after the rename it is gone
	_, err = temporary.Write(data)
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	path := filepath.Join(folder, name)
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("write %s: %w", name, err)
	}
	usercode.Log(ctx).Info("wrote a report", "path", path, "bytes", len(data))
	return path, nil
}
