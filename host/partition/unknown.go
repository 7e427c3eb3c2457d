package partition

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
)

const unknownReason = "PARTITION_UNKNOWN"

// unknown says that a dimension has no such key, why, and which are like it.
func (s *Set) unknown(ctx context.Context, dimension int, key, why string) error {
	what := fmt.Sprintf("job %s has no partition %q", s.job, clip(key))
	if len(s.rows) == 2 {
		what = fmt.Sprintf("dimension %s of the partitions of job %s has no key %q", s.partitions.Dimensions[dimension].Name, s.job, clip(key))
	}
	if why != "" {
		what += ": " + why
	}
	if near := s.near(ctx, dimension, key); len(near) > 0 {
		what += "; there are " + quotedAll(near)
	} else if n, err := s.rows[dimension].count(ctx); err == nil && n == 0 {
		what += "; it has none at all now"
	}
	return &host.Error{Code: host.Invalid, Reason: unknownReason, Message: what, Remedy: s.howToList()}
}

// unsplit says that a key has too few or too many parts.
func (s *Set) unsplit(key string) error {
	e := &host.Error{Code: host.Invalid, Reason: unknownReason, Remedy: s.howToList()}
	if len(s.rows) == 1 {
		e.Message = fmt.Sprintf("job %s has no partition %q: its keys hold no %s", s.job, clip(key), host.PartitionSeparator)
		return e
	}
	d := s.partitions.Dimensions
	e.Message = fmt.Sprintf("job %s has no partition %q: write it as %s%s%s, a key of each of its two dimensions",
		s.job, clip(key), d[0].Name, host.PartitionSeparator, d[1].Name)
	return e
}

func (s *Set) howToList() string {
	return fmt.Sprintf("List them with: penstock partition list %s", s.job)
}

// unselected says that a selection names what does not exist.
func (s *Set) unselected(problems []host.Problem) error {
	e := &host.Error{
		Code: host.Invalid, Reason: unknownReason, Problems: problems[:min(len(problems), maxNamed)], Remedy: s.howToList(),
		Message: problems[0].Message,
	}
	if n := len(problems); n > 1 {
		e.Message = fmt.Sprintf("%d of what is selected of the partitions of job %s does not exist; the first: %s", n, s.job, problems[0].Message)
	}
	return e
}

func (s *Set) noDimension(name string) error {
	var names []string
	for _, d := range s.partitions.Dimensions {
		names = append(names, d.Name)
	}
	return &host.Error{
		Code: host.Invalid, Reason: "PARTITION_DIMENSION",
		Message: fmt.Sprintf("the partitions of job %s have no dimension %q; they have %s", s.job, clip(name), strings.Join(names, " and ")),
	}
}

func tooMany(job host.JobName, n, most int) error {
	return &host.Error{
		Code: host.Invalid, Reason: "TOO_MANY_PARTITIONS",
		Message: fmt.Sprintf("%d partitions of job %s are selected; the limit is %d", n, job, most),
		Remedy:  "Select fewer, several times.",
	}
}

// near are up to three keys that are like one that does not exist. For one of time they are the newest.
func (s *Set) near(ctx context.Context, dimension int, key string) (near []string) {
	const most = 3
	r := s.rows[dimension]
	n, err := r.count(ctx)
	if err != nil || n == 0 {
		return nil
	}
	if _, timed := r.(*timeRow); timed {
		newest, _ := r.slice(ctx, max(n-2, 0), n) // those of time are worked out, which does not fail
		return keysOf(newest)
	}
	all, err := r.slice(ctx, 0, n)
	if err != nil {
		return nil
	}
	type candidate struct {
		key      string
		distance int
	}
	var found []candidate
	tolerance := max(2, len(key)/3)
	for _, p := range all {
		if d := distance(strings.ToLower(key), strings.ToLower(p.Key), tolerance); d <= tolerance {
			found = append(found, candidate{p.Key, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })
	for _, c := range found[:min(len(found), most)] {
		near = append(near, c.key)
	}
	if len(near) == 0 {
		near = keysOf(all[:min(len(all), most)])
	}
	return near
}

// distance is how many bytes to add, drop or change to get from a to b; anything above most once it is certain to be more.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
			least = min(least, row[j+1])
		}
		if least > most {
			return most + 1
		}
	}
	return row[len(b)]
}

func quotedAll(keys []string) string {
	quoted := make([]string, len(keys))
	for i, key := range keys {
		quoted[i] = fmt.Sprintf("%q", clip(key))
	}
	return strings.Join(quoted, ", ")
}

// clip is a key for messages.
func clip(key string) string {
	const most = 80
	key = strings.ToValidUTF8(key, "\uFFFD")
	if len(key) <= most {
		return key
	}
	cut := most
	for !utf8.RuneStart(key[cut]) {
		cut--
	}
	return key[:cut] + "…"
}
