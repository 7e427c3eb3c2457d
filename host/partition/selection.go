package partition

import (
	"context"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
)

// Selection selects partitions: all that any of its parts has.
type Selection struct {
	// All selects all that exist.
	All bool
	// Keys are those of whole partitions.
	Keys []string
	// Ranges are of the first dimension: of two, with every key of the second.
	Ranges []Range
}

// Range is keys in their order, ends included. An empty end is the first, or the last, that there is.
type Range struct{ From, To string }

// maxNamed is how many keys an error names.
const maxNamed = 20

// Select is the keys that a selection has, each once, in order. Invalid with PARTITION_UNKNOWN when it names keys that do
// not exist, each a problem; when it selects nothing; or more than [host.MaxBackfillPartitions].
func (s *Set) Select(ctx context.Context, sel Selection) ([]string, error) {
	n, err := s.Count(ctx)
	if err != nil {
		return nil, err
	}
	var parts []interval
	var problems []host.Problem
	if sel.All {
		parts = append(parts, interval{0, n})
	}
	for _, key := range sel.Keys {
		at, err := s.index(ctx, key)
		switch {
		case err == nil:
			parts = append(parts, interval{at, at + 1})
		case host.ReasonOf(err) != unknownReason:
			return nil, err
		default:
			problems = append(problems, host.Problem{Field: "partitions", Path: clip(key), Message: err.Error()})
		}
	}
	for _, r := range sel.Ranges {
		part, problem, err := s.interval(ctx, r)
		if err != nil {
			return nil, err
		}
		if problem != nil {
			problems = append(problems, *problem)
			continue
		}
		parts = append(parts, part)
	}
	if len(problems) > 0 {
		return nil, s.unselected(problems)
	}
	return s.materialize(ctx, parts)
}

// interval is indexes from one on, before another one.
type interval struct{ from, to int }

// interval is the indexes of a range.
func (s *Set) interval(ctx context.Context, r Range) (interval, *host.Problem, error) {
	row, width := s.rows[0], 1
	n, err := row.count(ctx)
	if err == nil && len(s.rows) == 2 {
		width, err = s.rows[1].count(ctx)
	}
	if err != nil {
		return interval{}, nil, err
	}
	ends := interval{0, n - 1}
	for _, end := range []struct {
		key string
		at  *int
	}{{r.From, &ends.from}, {r.To, &ends.to}} {
		if end.key == "" {
			continue
		}
		at, found, why, err := row.index(ctx, end.key)
		if err != nil {
			return interval{}, nil, err
		}
		if !found {
			return interval{}, &host.Problem{Field: "partitions", Path: clip(end.key), Message: s.unknown(ctx, 0, end.key, why).Error()}, nil
		}
		*end.at = at
	}
	if r.From != "" && r.To != "" && ends.from > ends.to {
		return interval{}, &host.Problem{
			Field: "partitions", Path: clip(r.From + ".." + r.To),
			Message: fmt.Sprintf("the range begins with %q, which comes after its end %q", clip(r.From), clip(r.To)),
		}, nil
	}
	return interval{ends.from * width, (ends.to + 1) * width}, nil, nil
}

// materialize is the keys of indexes.
func (s *Set) materialize(ctx context.Context, parts []interval) ([]string, error) {
	slices.SortFunc(parts, func(a, b interval) int { return a.from - b.from })
	var merged []interval
	total := 0
	for _, p := range parts {
		if last := len(merged) - 1; last >= 0 && p.from < merged[last].to {
			p.from = merged[last].to
		}
		if p.from < p.to {
			merged = append(merged, p)
			total += p.to - p.from
		}
	}
	switch {
	case total == 0:
		return nil, &host.Error{
			Code: host.Invalid, Reason: "NO_PARTITIONS_SELECTED",
			Message: fmt.Sprintf("of the partitions of job %s none is selected", s.job),
			Remedy:  s.howToList(),
		}
	case total > host.MaxBackfillPartitions:
		return nil, tooMany(s.job, total, host.MaxBackfillPartitions)
	}
	keys := make([]string, 0, total)
	for _, p := range merged {
		all, err := s.slice(ctx, p.from, p.to)
		if err != nil {
			return nil, err
		}
		keys = append(keys, keysOf(all)...)
	}
	return keys, nil
}
