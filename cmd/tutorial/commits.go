package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/usercode"
)

// authorWeek is how much an author committed in a week.
type authorWeek struct {
	// Week is ISO 8601, for example 2026-W47.
	Week, Author string
	Commits      int
}

func countCommits(ctx context.Context, r repository) ([]authorWeek, error) {
	count := map[authorWeek]int{}
	total := 0
	err := r.git(ctx, 0, func(part string) error {
		week, author, ok := strings.Cut(part, " ")
		if !ok {
			return fmt.Errorf("git log answered %q, want a week and an author", part)
		}
		count[authorWeek{Week: week, Author: author}]++
		total++
		return nil
	}, "log", "-z", "--format=%ad %aN", "--date=format-local:%G-W%V", r.Head)
	if err != nil {
		return nil, err
	}
	rows := make([]authorWeek, 0, len(count))
	for row, n := range count {
		row.Commits = n
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b authorWeek) int {
		return cmp.Or(cmp.Compare(a.Week, b.Week), cmp.Compare(a.Author, b.Author))
	})
	usercode.Log(ctx).Info("counted commits", "commits", total, "rows", len(rows))
	return rows, nil
}
