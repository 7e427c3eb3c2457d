package selector

import (
	"fmt"
	"strconv"
	"strings"
)

// subject is what a condition looks at, as it was written.
type subject struct {
	on   Subject
	name string
	// field of the schema, when it is one.
	field *SchemaField
	// at is the byte at which it begins.
	at int
}

// literal is a value as it was written.
type literal struct {
	// text without quotes.
	text   string
	quoted bool
	// star tells that a * follows what is quoted.
	star bool
	at   int
}

// term reads a condition on one thing.
func (p *parser) term() *Expr {
	p.count(p.pos)
	s, ok := p.subject()
	if !ok || p.stopped {
		return nil
	}
	p.checkSpelling(s)
	end := p.pos
	p.space()
	at := p.pos
	if op := p.operator(); op != "" {
		return p.compared(s, op, at)
	}
	if p.takeWord(wordIn) {
		return p.among(s)
	}
	if p.takeWord(wordNot) {
		p.space()
		if !p.takeWord(wordIn) {
			return p.fail(p.pos, "", "expected in after %s not, found %s", SubjectText(s.on, s.name), p.found())
		}
		if e := p.among(s); e != nil {
			return None(e)
		}
		return nil
	}
	if p.at(marks + quotes) {
		return p.fail(at, p.misspelt(s), "expected one of =, !=, =~, in, not in, <, <=, > and >=, or the end of the condition, found %s", p.found())
	}
	if word := p.peekWord(); word != "" && !isWord(word) {
		return p.fail(at, fmt.Sprintf("write %s=%s", SubjectText(s.on, s.name), QuoteValue(clip(word))),
			"expected an operator such as =, and, or or, found %s", p.found())
	}
	p.pos = end
	return &Expr{Op: Exists, On: s.on, Name: s.name}
}

// misspelt suggests an operator for what stands in the place of one.
func (p *parser) misspelt(s subject) string {
	if !p.at("~") {
		return ""
	}
	// Many other languages write ~, ~= and ~* where this one writes =~ and a star behind.
	value := strings.TrimLeft(p.rest(), "~=* ")
	value = strings.TrimRight(value[:valueBytes(value)], "*")
	if value == "" || isWord(value) || strings.ContainsAny(value, quotes) {
		return "a beginning is compared by =~, with a star behind it"
	}
	return fmt.Sprintf("write %s=~%s* for what begins so", SubjectText(s.on, s.name), QuoteValue(clip(value)))
}

// subject reads the name of a field, or a key.
func (p *parser) subject() (s subject, ok bool) {
	s = subject{on: Tag, at: p.pos}
	const expected = "expected a condition such as team=etl, found %s"
	if p.at(quotes) {
		if s.name, ok = p.quotedName(); ok {
			p.checkQuotedKey(s)
		}
		return s, ok
	}
	word := p.peekWord()
	if word == "" || p.atEnd() {
		suggestion := ""
		if op := p.operatorAhead(); op == "!" || op == "~" {
			suggestion = "write not for a negation"
		}
		p.fail(p.pos, suggestion, expected, p.found())
		return s, false
	}
	if isWord(word) {
		p.fail(p.pos, fmt.Sprintf("the tag %s is written tag:%s", word, word), expected, p.found())
		return s, false
	}
	if r, at := hidden(word); at >= 0 {
		p.fail(p.pos+at, "remove it, or put the whole name in quotes", "%q cannot stand outside of quotes", r)
		return s, false
	}
	for prefix, on := range map[string]Subject{prefixTag: Tag, prefixMetadata: Metadata} {
		if beginsWith(word, prefix) {
			s.on = on
			p.pos += len(prefix)
			s.name, ok = p.prefixed(prefix)
			return s, ok
		}
	}
	p.pos += len(word)
	return p.bareName(s, word)
}

func (p *parser) operatorAhead() string {
	if p.at(marks) {
		return p.rest()[:1]
	}
	return ""
}

// prefixed reads the key behind a prefix.
func (p *parser) prefixed(prefix string) (name string, ok bool) {
	if p.at(quotes) {
		return p.quotedName()
	}
	word := p.peekWord()
	if word == "" {
		p.fail(p.pos, "", "expected a key directly behind %s, found %s", prefix, p.found())
		return "", false
	}
	p.pos += len(word)
	return word, true
}

// quotedName reads a name in quotes.
func (p *parser) quotedName() (name string, ok bool) {
	begin := p.pos
	name, at, err := p.quoted()
	switch {
	case err != nil:
		p.fail(at, "", "%s", err)
		return "", false
	case name == "":
		p.fail(begin, "", "a key is not empty")
		return "", false
	}
	return name, true
}

// bareName says what a name without prefix and quotes is.
func (p *parser) bareName(s subject, word string) (subject, bool) {
	s.name = word
	if !isFieldWord(word) {
		p.checkKey(s)
		return s, true
	}
	if s.field = p.schema.field(word); s.field == nil {
		p.notef(s.at, fmt.Sprintf("the tag is written tag:%s", word), "a %s has no %s", p.schema.What, strings.ToLower(word))
		return s, true
	}
	s.on, s.name = Field, s.field.Name
	return s, true
}

// checkKey says what no tag's key can hold.
func (p *parser) checkKey(s subject) {
	if isTagKey(s.name) {
		return
	}
	suggestion := "metadata of this key is " + SubjectText(Metadata, s.name)
	key, value, ok := strings.Cut(s.name, ":")
	switch on, known := prefixes[strings.ToLower(key)]; {
	case !ok || value == "":
	case known:
		suggestion = "write " + SubjectText(on, value)
	case isTagKey(key):
		suggestion = fmt.Sprintf("write %s=%s", SubjectText(Tag, key), QuoteValue(value))
	}
	p.notef(s.at, suggestion, "%q is no key of a tag, which has letters, digits, _ . - and at most one /", clip(s.name))
}

// checkQuotedKey says what a name in quotes without prefix cannot be: it would look like what it is not.
func (p *parser) checkQuotedKey(s subject) {
	if isFieldWord(s.name) {
		lower := strings.ToLower(s.name)
		p.notef(s.at, fmt.Sprintf("the field is written %s, the tag tag:%s", lower, s.name), "%q in quotes may be the field or a tag", s.name)
		return
	}
	p.checkKey(s)
}

// checkSpelling says that a tag of this key is not known, where a field is like it.
func (p *parser) checkSpelling(s subject) {
	if s.on != Tag || p.o.KnownKeys == nil || beginsWith(p.text[s.at:], prefixTag) {
		return
	}
	names := make([]string, 0, len(p.schema.Fields))
	for _, f := range p.schema.Fields {
		names = append(names, f.Name)
	}
	if near := nearest(s.name, names, min(len(s.name)/3, 2)); near != "" && !p.knows(s.name) {
		p.notef(s.at, fmt.Sprintf("perhaps the field %s is meant; a tag of this key is written %s%s", near, prefixTag, quoteName(s.name)),
			"no %s has a tag %s", p.schema.What, strconv.Quote(clip(s.name)))
	}
}

// maxAsked is how many keys of one text KnownKeys is asked for; further ones count as known.
const maxAsked = 10

// knows asks KnownKeys, once for a key.
func (p *parser) knows(key string) bool {
	known, asked := p.known[key]
	if asked || len(p.known) == maxAsked {
		return known || !asked
	}
	p.known[key] = p.o.KnownKeys(key)
	return p.known[key]
}

// literal reads a value. ok is false when it cannot be read on; missing suggests what to write when there is none.
func (p *parser) literal(expected, missing string) (v literal, ok bool) {
	v.at = p.pos
	if p.at(quotes) {
		text, at, err := p.quoted()
		if err != nil {
			p.fail(at, "", "%s", err)
			return v, false
		}
		v.text, v.quoted, v.star = text, true, p.take("*")
		if !p.atEnd() && valueBytes(p.rest()) > 0 || p.at(marks+quotes) {
			p.fail(p.pos, "", "expected a space after the quotation mark, found %s", p.found())
			return v, false
		}
		return v, true
	}
	n := valueBytes(p.rest())
	v.text = p.rest()[:n]
	if r, at := hidden(v.text); at >= 0 {
		p.fail(p.pos+at, "remove it, or put the whole value in quotes", "%q cannot stand outside of quotes", r)
		return v, false
	}
	switch {
	case n == 0 && p.at(marks):
		suggestion := "a value that begins so needs quotes"
		if p.at("=") {
			suggestion = "write = for equal"
		}
		if p.pos > 0 && p.text[p.pos-1] == '<' && p.at(">") {
			suggestion = "write != for not equal"
		}
		p.fail(p.pos, suggestion, "expected %s, found %s", expected, strconv.Quote(p.rest()[:1]))
		return v, false
	case n == 0:
		p.fail(p.pos, missing, "expected %s, found %s", expected, p.found())
		return v, false
	case isWord(v.text):
		p.fail(p.pos, fmt.Sprintf("as a value it needs quotes: %q", v.text), "expected %s, found %s", expected, p.found())
		return v, false
	case strings.ContainsAny(v.text, quotes):
		p.fail(p.pos+strings.IndexAny(v.text, quotes), "put the whole value in quotes: "+QuoteValue(v.text), "a quotation mark cannot stand in a value without quotes")
		return v, false
	}
	p.pos += n
	p.bare, p.bareEnd = v.at, p.pos
	return v, true
}

// emptyHint says how the empty value is written.
const emptyHint = `the empty value is ""`

// among reads the values of in.
func (p *parser) among(s subject) *Expr {
	p.space()
	if !p.take("(") {
		return p.fail(p.pos, fmt.Sprintf("write %s in (a, b)", SubjectText(s.on, s.name)), "expected ( after in, found %s", p.found())
	}
	var args []*Expr
	for {
		p.space()
		if len(args) > 0 {
			p.count(p.pos)
		}
		v, ok := p.literal("a value", emptyHint)
		if !ok || p.stopped {
			return nil
		}
		args = append(args, p.equal(s, "in", v))
		p.space()
		if p.take(")") {
			break
		}
		if !p.take(",") {
			return p.fail(p.pos, p.unquoted(), "expected a comma or ), found %s", p.found())
		}
	}
	if len(args) > 1 {
		return &Expr{Op: Or, Args: args}
	}
	return args[0]
}
