package jobdiff

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// cutPair shortens two texts so that what is different between them can be seen, and says how much is left out.
func cutPair(before, after string) (string, string) {
	if len(before) <= MaxTextBytes && len(after) <= MaxTextBytes {
		return before, after
	}
	start := 0
	if same := commonPrefix(before, after); same > MaxTextBytes/2 {
		start = runeStart(before, same-MaxTextBytes/8)
	}
	return cutText(before, start), cutText(after, start)
}

// cutText is a text from start, cut.
func cutText(text string, start int) string {
	if len(text) <= MaxTextBytes && start == 0 {
		return text
	}
	rest := text[min(start, len(text)):]
	var b strings.Builder
	if start > 0 {
		fmt.Fprintf(&b, "(%s the same) … ", count(start, "byte"))
	}
	if len(rest) <= MaxTextBytes {
		b.WriteString(rest)
		return b.String()
	}
	end := runeStart(rest, MaxTextBytes)
	fmt.Fprintf(&b, "%s… (%s more)", rest[:end], count(len(rest)-end, "byte"))
	return b.String()
}

func cutPath(path string) string {
	if len(path) <= maxPathBytes {
		return path
	}
	return path[:runeStart(path, maxPathBytes)] + "…"
}

// commonPrefix is how many bytes two texts begin with in common.
func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// runeStart is the last place up to at where a character begins.
func runeStart(text string, at int) int {
	for at > 0 && at < len(text) && !utf8.RuneStart(text[at]) {
		at--
	}
	return at
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
