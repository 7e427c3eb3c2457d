package tag

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Validate is the one rule for tags that users set: keys, values, their number, no key twice, and what is reserved.
// The error is Problems: all of them, in the list's order. Origins play no part, so apply it before system tags are
// merged in; they do not obey it.
func Validate(l List) error {
	all := checkCount(len(l))
	first := make(map[string]string, len(l))
	for _, t := range l {
		if err := check(t.Key, t.Value); err != nil {
			all = append(all, Problem{Key: t.Key, Value: t.Value, Err: err})
			continue
		}
		if value, ok := first[t.Key]; ok {
			all = append(all, Problem{Key: t.Key, Value: t.Value, Err: fmt.Errorf("the key is already there with %s; keep one of them", quote(value))})
			continue
		}
		first[t.Key] = t.Value
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func checkCount(n int) Problems {
	if n <= MaxPerRun {
		return nil
	}
	return Problems{{Err: fmt.Errorf("there are %d tags; the limit is %d", n, MaxPerRun)}}
}

// CheckKey says whether a tag can have this key, of users or of the host itself. The error is a Problem.
func CheckKey(key string) error {
	if err := checkKey(key); err != nil {
		return Problem{Key: key, Err: err}
	}
	return nil
}

func check(key, value string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := checkValue(key, value); err != nil {
		return err
	}
	if strings.HasPrefix(key, Namespace) {
		return checkReserved(key, value)
	}
	return nil
}

func checkValue(key, value string) error {
	limit := MaxValueBytes
	if key == KeyKubernetes {
		limit = MaxKubernetesBytes
	}
	if len(value) > limit {
		return fmt.Errorf("the value has %d bytes; the limit is %d", len(value), limit)
	}
	if !utf8.ValidString(value) {
		return errors.New("the value is not valid UTF-8")
	}
	for i, r := range value {
		if unicode.IsControl(r) && r != '\t' && r != '\n' {
			return fmt.Errorf("the value holds the control character %q at byte %d; only tabs and newlines are allowed", r, i)
		}
	}
	return nil
}

// Problem is one tag that is wrong, or what is wrong with the list as a whole.
type Problem struct {
	Key   string // as given; may be anything
	Value string // as given; empty when Err concerns the list or a value that has no text
	Err   error  // what is wrong and what to do; never nil
}

// Error names the key, quotes the value, both cut, and says the limit or the rule, on one line that is safe to print.
func (p Problem) Error() string {
	what := strings.Map(printable, p.Err.Error()) // may quote the author's own errors
	switch {
	case p.Key == "" && p.Value == "":
		return "tags: " + what
	case p.Value == "":
		return "tag " + quote(p.Key) + ": " + what
	}
	return "tag " + quote(p.Key) + " = " + quote(p.Value) + ": " + what
}

// Unwrap is Err.
func (p Problem) Unwrap() error { return p.Err }

// Problems is everything that is wrong with a list of tags; never empty when it is an error.
type Problems []Problem

// Error has one line for each problem, up to 256: no list that could be right holds more tags.
func (ps Problems) Error() string {
	lines := make([]string, 0, min(len(ps), MaxPerRun)+1)
	for i, p := range ps {
		if i == MaxPerRun {
			lines = append(lines, fmt.Sprintf("tags: and %d more problems", len(ps)-i))
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

func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return utf8.RuneError
}

const maxQuotedBytes = 64

// quote makes text from users fit for a message: quoted, escaped, cut at 64 bytes.
func quote(s string) string {
	if len(s) <= maxQuotedBytes {
		return strconv.Quote(s)
	}
	return strconv.Quote(cut(s, maxQuotedBytes)) + "…"
}
