package opselection

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind int

const (
	// end comes once, last.
	end kind = iota
	word
	// signs are "+" and "*" in any number, without space.
	signs
	comma
	opening
	closing
	// value is a colon and the pattern behind it; text is the pattern.
	value
	// quoted is text in quotation marks that no colon comes before.
	quoted
	// broken is what cannot be read; text says why. Only end follows.
	broken
)

type token struct {
	kind kind
	text string
	at   Place
	// glued tells that no space is between it and the token before.
	glued bool
}

// String is the token as a message names it.
func (t token) String() string {
	switch t.kind {
	case end:
		return "the end"
	case comma:
		return "a comma"
	case value:
		return `":"`
	default:
		return fmt.Sprintf("%.80q", t.text)
	}
}

// lexer cuts a text into tokens.
type lexer struct {
	text string
	// pos is the byte at which the rest begins; at is its place.
	pos int
	at  Place
}

func tokens(text string) []token {
	l := lexer{text: text, at: Place{Line: 1, Column: 1}}
	var all []token
	for {
		spaced := l.space()
		t := l.next()
		t.glued = !spaced && len(all) > 0
		all = append(all, t)
		switch t.kind {
		case end:
			return all
		case broken:
			return append(all, token{kind: end, at: l.at})
		default:
		}
	}
}

func (l *lexer) next() token {
	t := token{at: l.at}
	rest := l.text[l.pos:]
	if rest == "" {
		return t
	}
	switch rest[0] {
	case ',':
		t.kind, t.text = comma, l.take(1)
	case '(':
		t.kind, t.text = opening, l.take(1)
	case ')':
		t.kind, t.text = closing, l.take(1)
	case '+', '*':
		t.kind, t.text = signs, l.take(len(rest)-len(strings.TrimLeft(rest, "+*")))
	case ':':
		return l.value()
	case '"':
		return l.quoted()
	default:
		t.kind, t.text = word, l.take(wordBytes(rest))
	}
	return t
}

// value reads a colon and what follows it.
func (l *lexer) value() token {
	t := token{kind: value}
	l.take(1)
	l.space()
	t.at = l.at
	rest := l.text[l.pos:]
	if strings.HasPrefix(rest, `"`) {
		t = l.quoted()
		if t.kind == quoted {
			t.kind = value
		}
	} else {
		n := 0
		for n < len(rest) && (rest[n] == '*' || wordBytes(rest[n:]) > 0) {
			n += max(1, wordBytes(rest[n:]))
		}
		t.text = l.take(n)
	}
	if t.kind != value {
		return t
	}
	keys := strings.ContainsAny(t.text, "[]")
	switch wrong := strings.IndexFunc(t.text, func(r rune) bool { return !inPattern(r) && (!keys || r != '-') }); {
	case t.text == "":
		t.kind, t.text = broken, `a pattern is missing here: write name:"a*", where * stands for any characters`
	case wrong >= 0:
		r, _ := utf8.DecodeRuneInString(t.text[wrong:])
		t.kind, t.text = broken, fmt.Sprintf("the pattern %.80q holds %q; letters, digits, _, dots and * are allowed, and - in a key as in parse[a-1]", t.text, r)
	}
	return t
}

func (l *lexer) quoted() token {
	t := token{kind: quoted, at: l.at}
	rest := l.text[l.pos+1:]
	n := strings.IndexByte(rest, '"')
	if n < 0 {
		t.kind, t.text = broken, `this quotation mark has no second one`
		return t
	}
	t.text = rest[:n]
	l.take(n + 2)
	return t
}

// space skips white space and tells whether there was any.
func (l *lexer) space() bool {
	rest := l.text[l.pos:]
	n := len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	l.take(n)
	return n > 0
}

// take moves past n bytes and returns them.
func (l *lexer) take(n int) string {
	taken := l.text[l.pos : l.pos+n]
	l.pos += n
	if breaks := strings.Count(taken, "\n"); breaks > 0 {
		l.at.Line += breaks
		l.at.Column = 1 + utf8.RuneCountInString(taken[strings.LastIndexByte(taken, '\n')+1:])
	} else {
		l.at.Column += utf8.RuneCountInString(taken)
	}
	return taken
}

// wordBytes is how many bytes at the start of text are a word.
func wordBytes(text string) int {
	n := strings.IndexFunc(text, func(r rune) bool { return strings.ContainsRune(`,()+*:"`, r) || unicode.IsSpace(r) })
	if n < 0 {
		return len(text)
	}
	return n
}

func inPattern(r rune) bool {
	return r == '_' || r == '.' || r == '*' || r == '[' || r == ']' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// reserved tells whether a word is an operator.
func reserved(word string) bool {
	switch word {
	case "and", "AND", "or", "OR", "not", "NOT":
		return true
	default:
		return false
	}
}

func isNumber(word string) bool {
	return word != "" && strings.Trim(word, "0123456789") == ""
}
