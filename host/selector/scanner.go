package selector

import (
	"errors"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// marks end a name, and begin an operator.
	marks = "=!<>~"
	// separators end a name or a bare value.
	separators = "(),"
	quotes     = `"'`
)

// scanner goes through a text. What comes next depends on where it stands: a bare value may hold what ends a name.
type scanner struct {
	text string
	// pos is the byte at which the rest begins.
	pos int
}

// column is the place of a byte in code points, from 1.
func (s *scanner) column(pos int) int { return utf8.RuneCountInString(s.text[:pos]) + 1 }

func (s *scanner) rest() string { return s.text[s.pos:] }

// space skips white space.
func (s *scanner) space() {
	s.pos = len(s.text) - len(strings.TrimLeftFunc(s.rest(), unicode.IsSpace))
}

// at tells whether one of these characters is next.
func (s *scanner) at(chars string) bool {
	return s.pos < len(s.text) && strings.IndexByte(chars, s.text[s.pos]) >= 0
}

func (s *scanner) atEnd() bool { return s.pos == len(s.text) }

// take moves on if c is next.
func (s *scanner) take(c string) bool {
	if !s.at(c) {
		return false
	}
	s.pos++
	return true
}

// peekWord is the bare word that is next, without moving on.
func (s *scanner) peekWord() string { return s.rest()[:nameBytes(s.rest())] }

// takeWord moves past one of the words of the language if it is next, in any case.
func (s *scanner) takeWord(word string) bool {
	found := s.peekWord()
	if !strings.EqualFold(found, word) {
		return false
	}
	s.pos += len(found)
	return true
}

// operator moves past an operator and returns it; empty when what is next is none.
func (s *scanner) operator() string {
	for _, op := range operators {
		if strings.HasPrefix(s.rest(), op) {
			s.pos += len(op)
			return op
		}
	}
	return ""
}

// operators from the longest.
var operators = []string{"!=", "=~", "<=", ">=", "=", "<", ">"}

// nameBytes is how many bytes at the start of text are a bare name.
func nameBytes(text string) int {
	return length(text, func(r rune) bool { return !unicode.IsSpace(r) && !strings.ContainsRune(marks+separators+quotes, r) })
}

// valueBytes is how many bytes at the start of text are a bare value.
func valueBytes(text string) int {
	if text == "" || strings.IndexByte(marks+quotes, text[0]) >= 0 {
		return 0
	}
	return length(text, func(r rune) bool { return !unicode.IsSpace(r) && !strings.ContainsRune(separators, r) })
}

func length(text string, holds func(rune) bool) int {
	n := strings.IndexFunc(text, func(r rune) bool { return !holds(r) })
	if n < 0 {
		return len(text)
	}
	return n
}

// hidden is the first character of a bare word that cannot be seen, or that has to be quoted all the same: a joiner that
// came along when the text was copied would make it another word that looks the same.
func hidden(bare string) (r rune, at int) {
	at = strings.IndexFunc(bare, func(r rune) bool { return !unicode.IsPrint(r) })
	if at >= 0 {
		r, _ = utf8.DecodeRuneInString(bare[at:])
	}
	return r, at
}

// quoted reads a quoted text, whose first quotation mark is next. closed is false when the second one is missing; at is
// where the problem is.
func (s *scanner) quoted() (value string, at int, err error) {
	begin := s.pos
	quote := s.text[begin]
	s.pos++
	var b strings.Builder
	for {
		switch {
		case s.atEnd():
			return b.String(), begin, errUnclosed
		case s.text[s.pos] == quote:
			s.pos++
			return b.String(), 0, nil
		case s.text[s.pos] == '\\':
			escape := s.pos
			n, ok := unescape(s.rest(), &b)
			if !ok && strings.Trim(s.rest(), `\`) == "" {
				s.pos = len(s.text)
				return b.String(), begin, errUnclosed
			} else if !ok {
				return b.String(), escape, errEscape
			}
			s.pos += n
		default:
			b.WriteByte(s.text[s.pos])
			s.pos++
		}
	}
}

var (
	errUnclosed = errors.New("this quotation mark has no second one")
	errEscape   = errors.New(`this backslash begins nothing that is known; in quotes, \\ is a backslash, and \", \', \n, \t, \xff, \u00e9 are allowed`)
)

// unescape reads the escape at the start of text, writes what it stands for, and says how long it is.
func unescape(text string, b *strings.Builder) (n int, ok bool) {
	if len(text) > 1 && strings.IndexByte(quotes, text[1]) >= 0 {
		b.WriteByte(text[1])
		return 2, true
	}
	r, multibyte, tail, err := strconv.UnquoteChar(text, 0)
	if err != nil {
		return 0, false
	}
	if r < utf8.RuneSelf || !multibyte {
		b.WriteByte(byte(r))
	} else {
		b.WriteRune(r)
	}
	return len(text) - len(tail), true
}

// found names what is next for a message.
func (s *scanner) found() string {
	switch n := nameBytes(s.rest()); {
	case s.atEnd():
		return "the end"
	case n > 0:
		return strconv.Quote(clip(s.rest()[:n]))
	default:
		for _, op := range operators {
			if strings.HasPrefix(s.rest(), op) {
				return strconv.Quote(op)
			}
		}
		_, size := utf8.DecodeRuneInString(s.rest())
		return strconv.Quote(s.rest()[:size])
	}
}

// clip cuts text that a message repeats.
func clip(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}
