package host

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	// maxSuggestions is how many names of one selection are compared with those that there are.
	maxSuggestions = 10
	// maxLikeness is the longest name that is compared letter by letter.
	maxLikeness = 128
	// maxListed is how many ops a message lists.
	maxListed = 10
)

// suggestion says which op or nested graph a name that matches none may mean, or which ops there are.
func (g *OpGraph) suggestion(name string) string {
	paths := append(slices.Clone(g.Paths), slices.Sorted(maps.Keys(g.inside))...)
	for _, p := range paths {
		if strings.EqualFold(p, name) || strings.HasSuffix(strings.ToLower(p), "."+strings.ToLower(name)) {
			return fmt.Sprintf("; did you mean %q?", p)
		}
	}
	best, fewest := "", min(max(len(name)/3, 1), 3, len(name)-1)+1 // one letter is not like another
	for _, p := range paths {
		d := lettersApart(name, p, fewest-1)
		if at := strings.LastIndexByte(p, '.'); !strings.Contains(name, ".") && at >= 0 {
			d = min(d, lettersApart(name, p[at+1:], fewest-1))
		}
		if d < fewest {
			best, fewest = p, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if len(name) > 1 && slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, name) }) {
		return fmt.Sprintf(`; all that begins so is name:"%s*"`, name)
	}
	return g.listed()
}

// listed says which ops there are.
func (g *OpGraph) listed() string {
	if len(g.Paths) > maxListed {
		return fmt.Sprintf("; the job has %d ops, for example %s", len(g.Paths), strings.Join(g.Paths[:maxListed], ", "))
	}
	return "; the job has " + strings.Join(g.Paths, ", ")
}

// lettersApart is how many bytes to add, drop, change or swap with their
// neighbour to get from a to b; above most once it is certain to be more.
func lettersApart(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most || len(a) > maxLikeness {
		return most + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least > most+1 {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
