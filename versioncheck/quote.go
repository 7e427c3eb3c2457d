package versioncheck

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// MaxText bounds every text in an answer of this package, in bytes.
	MaxText = 512

	// maxQuoted is the length of the longest quoted text, quotes included.
	maxQuoted = 64
)

// quote returns s in double quotes as printable ASCII, cut at 64 characters;
// a cut text ends in an ellipsis. It reads no more of s than it shows.
func quote(s string) string {
	if len(s) <= maxQuoted-len(`""`) {
		if q := strconv.QuoteToASCII(s); len(q) <= maxQuoted {
			return q
		}
	}
	const end = `"...`
	var b strings.Builder
	b.WriteByte('"')
	for s != "" {
		_, size := utf8.DecodeRuneInString(s)
		escaped := strconv.QuoteToASCII(s[:size])
		escaped = escaped[1 : len(escaped)-1]
		if b.Len()+len(escaped)+len(end) > maxQuoted {
			break
		}
		b.WriteString(escaped)
		s = s[size:]
	}
	b.WriteString(end)
	return b.String()
}

// plain returns s as it is when it is short and made of the characters of
// versions, names and ids, and quoted otherwise. Nothing stays nothing.
func plain(s string) string {
	if len(s) > maxQuoted {
		return quote(s)
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9', c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		case c == '.', c == '-', c == '+', c == '_':
		default:
			return quote(s)
		}
	}
	return s
}

// phrase returns words of a sentence as they are when they are printable ASCII
// that is short, and quoted otherwise. Nothing stays nothing.
func phrase(s string) string {
	if len(s) > maxQuoted {
		return quote(s)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return quote(s)
		}
	}
	return s
}

// quoteReported is quote, with nothing for a version that was not reported.
func quoteReported(s string) string {
	if s == "" {
		return ""
	}
	return quote(s)
}
