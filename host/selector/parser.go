package selector

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of a text.
const (
	// MaxBytes is how long it may be.
	MaxBytes = 8 << 10
	// MaxDepth is how deep parentheses and not may nest.
	MaxDepth = 64
	// MaxTerms is how many conditions it may have; each value of a list counts.
	MaxTerms = 1000
	// MaxProblems is how many problems are told at once.
	MaxProblems = 20
)

// Options of Parse.
type Options struct {
	// KnownKeys says whether there is a tag of this key. It is asked for keys that are like the name of a field, a few times
	// at most, so that statuss=failure is an error and not the search for a tag that nobody has. Default: not known, so no
	// such key is an error.
	KnownKeys func(key string) bool
	// Location is where dates and times without a zone are. Default: UTC.
	Location *time.Location
}

// Parse reads a selector; empty text selects everything and is nil. nil options are legal. The error is an [*Error].
func Parse(text string, schema Schema, o *Options) (*Expr, error) {
	p := parser{scanner: scanner{text: text}, schema: schema, known: map[string]bool{}}
	if o != nil {
		p.o = *o
	}
	if p.o.Location == nil {
		p.o.Location = time.UTC
	}
	var e *Expr
	if len(text) > MaxBytes {
		p.fail(0, "", "it is %d bytes long; at most %d are allowed", len(text), MaxBytes)
	} else if at := invalid(text); at >= 0 {
		p.fail(at, "", "this is not UTF-8")
	} else if p.space(); !p.atEnd() {
		e = p.whole()
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Column - b.Column })
		return nil, &Error{Problems: p.problems}
	}
	return e, nil
}

// invalid is where text is not UTF-8, -1 when it is.
func invalid(text string) int {
	for at, r := range text {
		if _, size := utf8.DecodeRuneInString(text[at:]); r == utf8.RuneError && size == 1 {
			return at
		}
	}
	return -1
}

// parser reads a text. What is wrong with the meaning of a condition is noted, and the parser goes on; what is wrong with
// the grammar makes it stop. Methods that read return nil then.
type parser struct {
	scanner
	schema   Schema
	o        Options
	problems []Problem
	stopped  bool
	depth    int
	terms    int
	// bare and bareEnd are where the last bare value begins and ends.
	bare, bareEnd int
	// known are the keys that KnownKeys was asked for.
	known map[string]bool
}

// note adds a problem at a byte of the text.
func (p *parser) notef(at int, suggestion, format string, args ...any) {
	if len(p.problems) < MaxProblems {
		p.problems = append(p.problems, Problem{Column: p.column(at), Message: fmt.Sprintf(format, args...), Suggestion: suggestion})
	}
}

// fail notes a problem after which the text cannot be read on.
func (p *parser) fail(at int, suggestion, format string, args ...any) *Expr {
	if !p.stopped {
		p.notef(at, suggestion, format, args...)
	}
	p.stopped = true
	return nil
}

// whole reads the text, which is not empty.
func (p *parser) whole() *Expr {
	e := p.anyOf()
	switch {
	case p.stopped:
		return nil
	case p.at(")"):
		return p.fail(p.pos, "", "this ) closes nothing")
	case !p.atEnd():
		return p.fail(p.pos, p.joining(), "expected and, or, or the end, found %s", p.found())
	}
	return e
}

// joining suggests what is to stand between two conditions.
func (p *parser) joining() string {
	for sign, word := range map[string]string{"&": "and", "|": "or"} {
		if p.at(sign) {
			return "write " + word
		}
	}
	return p.unquoted()
}

// unquoted suggests quotes when what is next may belong to the bare value before it.
func (p *parser) unquoted() string {
	if p.bareEnd == 0 || strings.TrimSpace(p.text[p.bareEnd:p.pos]) != "" {
		return ""
	}
	end := p.pos + nameBytes(p.rest())
	if p.at("(") {
		end += strings.IndexByte(p.rest(), ')') + 1
	}
	if end == p.pos {
		return ""
	}
	return fmt.Sprintf("a value with spaces or parentheses needs quotes: %s", strconv.Quote(clip(p.text[p.bare:end])))
}

func (p *parser) anyOf() *Expr { return p.chain(Or, wordOr, p.allOf) }

func (p *parser) allOf() *Expr { return p.chain(And, wordAnd, p.factor) }

// chain reads parts with a word between them.
func (p *parser) chain(op Op, word string, part func() *Expr) *Expr {
	var args []*Expr
	for {
		args = append(args, part())
		if p.stopped {
			return nil
		}
		if !p.takeWord(word) {
			break
		}
		p.space()
	}
	if len(args) == 1 {
		return args[0]
	}
	return &Expr{Op: op, Args: args}
}

// factor reads a condition, one that is negated, or one in parentheses, and the space behind it.
func (p *parser) factor() *Expr {
	begin := p.pos
	switch {
	case p.take("("):
		return p.parenthesis(begin)
	case p.takeWord(wordNot):
		if p.at(marks) {
			return p.fail(begin, "the tag not is written tag:not", `"not" is a word of the language`)
		}
		p.space()
		if !p.enter(begin) {
			return nil
		}
		e := p.factor()
		p.depth--
		if p.stopped {
			return nil
		}
		return None(e)
	default:
		e := p.term()
		p.space()
		return e
	}
}

// parenthesis reads what is behind an opening one.
func (p *parser) parenthesis(begin int) *Expr {
	if !p.enter(begin) {
		return nil
	}
	p.space()
	e := p.anyOf()
	p.depth--
	switch {
	case p.stopped:
		return nil
	case p.atEnd():
		return p.fail(begin, "", "this ( is not closed")
	case !p.take(")"):
		return p.fail(p.pos, p.unquoted(), "expected and, or, or ), found %s", p.found())
	}
	p.space()
	return e
}

// enter goes one level deeper, or says that this is too deep.
func (p *parser) enter(at int) bool {
	if p.depth == MaxDepth {
		p.fail(at, "", "this nests deeper than %d", MaxDepth)
		return false
	}
	p.depth++
	return true
}

// count counts a condition, or says that there are too many.
func (p *parser) count(at int) {
	if p.terms++; p.terms > MaxTerms {
		p.fail(at, "", "this is condition %d; at most %d are allowed", p.terms, MaxTerms)
	}
}
