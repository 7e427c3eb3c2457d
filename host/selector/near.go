package selector

import "strings"

// nearest is the candidate that text most likely means, with at most so many letters that differ; empty when none is like it.
func nearest(text string, candidates []string, most int) string {
	text = strings.ToLower(text)
	best, fewest := "", min(len(text)/2, most)+1
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := lettersApart(text, lower)
		if len(text) > 2 && strings.HasPrefix(lower, text) {
			d = min(d, 1)
		}
		if d < fewest {
			best, fewest = c, d
		}
	}
	return best
}

// maxLikeness is the longest text that is compared letter by letter.
const maxLikeness = 64

// lettersApart is how many bytes to add, drop, change or swap with their neighbour to get from a to b.
func lettersApart(a, b string) int {
	if len(a) > maxLikeness || len(b) > maxLikeness {
		return maxLikeness
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
