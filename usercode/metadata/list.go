package metadata

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Entry is one key of a list.
type Entry struct {
	Key   string // 1-256 bytes of UTF-8 without control characters, unique in its list
	Value Value
}

// List is metadata in the order in which it is shown: the ordered form of a map.
type List []Entry

// Validate checks keys, values and sizes. The error is Problems: all of them, in the list's order.
func (l List) Validate() error {
	var all Problems
	if len(l) > MaxEntries {
		all = append(all, Problem{Err: overLimit("there are", len(l), "entries", MaxEntries)})
	}
	seen := make(map[string]bool, len(l))
	total := 0
	for _, e := range l {
		if err := checkKey(e.Key); err != nil {
			all = append(all, Problem{Key: e.Key, Err: err})
		} else if seen[e.Key] {
			all = append(all, Problem{Key: e.Key, Err: errors.New("the key occurs twice; keep one of them")})
		}
		seen[e.Key] = true
		if err := e.Value.Err(); err != nil {
			all = append(all, Problem{Key: e.Key, Err: err})
		}
		total += len(e.Key) + e.Value.size()
	}
	if total > MaxTotalBytes {
		all = append(all, Problem{Err: overLimit("keys and values hold", total, "bytes together", MaxTotalBytes)})
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func checkKey(key string) error {
	switch {
	case key == "":
		return errors.New("the key is empty")
	case len(key) > MaxKeyBytes:
		return overLimit("the key has", len(key), "bytes", MaxKeyBytes)
	case !utf8.ValidString(key):
		return errors.New("the key is not valid UTF-8")
	}
	if i := strings.IndexFunc(key, unicode.IsControl); i >= 0 {
		return fmt.Errorf("the key holds a control character at byte %d", i)
	}
	return nil
}

// Problem is one thing that is wrong with a list.
type Problem struct {
	Key string // as given; empty when it concerns the list, or the key is empty
	Err error  // what is wrong and what to do; without the key
}

// Error is one line, safe to print.
func (p Problem) Error() string {
	what := Inert(p.Err.Error()) // may quote the author's own errors
	if p.Key == "" {
		return "metadata: " + what
	}
	return "metadata " + quote(p.Key) + ": " + what
}

// Unwrap is Err.
func (p Problem) Unwrap() error { return p.Err }

// Problems is everything that is wrong with a list; never empty when it is an error.
type Problems []Problem

// maxProblemsShown bounds the text, not the list: a valid list cannot hold more entries than this.
const maxProblemsShown = MaxEntries

// Error has one line for each problem, up to 256.
func (ps Problems) Error() string {
	lines := make([]string, 0, min(len(ps), maxProblemsShown)+1)
	for i, p := range ps {
		if i == maxProblemsShown {
			lines = append(lines, fmt.Sprintf("metadata: and %d more problems", len(ps)-i))
			break
		}
		lines = append(lines, p.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each Problem to errors.Is and errors.As.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

const maxQuotedBytes = 64

// quote makes text from users fit for a message: quoted, escaped, cut at 64 bytes.
func quote(s string) string {
	if len(s) <= maxQuotedBytes {
		return strconv.Quote(s)
	}
	cut := maxQuotedBytes
	for cut > maxQuotedBytes-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "…"
}
