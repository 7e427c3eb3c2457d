package selector

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// Completion says what may stand at a place of a text. Keys and values are for the caller to find: those of On and Name
// that begin with Typed.
type Completion struct {
	// From and To are the part of the text that a suggestion replaces, in code points: the first, and the one behind the last.
	From, To int
	// Typed is what is there before the cursor, without quotes and prefix.
	Typed string
	// Want says what may stand there.
	Want Want
	// On says of what Typed is the name, or what the values are of; 0 for a name that may be of anything.
	On Subject
	// Name is the key or field that operators or values are of.
	Name string
	// Field is that of the schema, nil when it is none.
	Field *SchemaField
	// Words are the operators and words of the language that may stand there and begin with Typed, as they are written.
	Words []string
	// beginning tells that a value is followed by a star; behindEquals that it follows = without a space, which a ~ makes =~.
	beginning, behindEquals bool
}

// Want is what may stand at a place.
type Want int

// What may stand at a place.
const (
	// WantNothing: what is before it is no beginning of a selector.
	WantNothing Want = iota
	// WantName: a field or a key, or what Words say.
	WantName
	// WantValue: a value of On and Name, or what Words say.
	WantValue
	// WantWord: what Words say, and nothing else.
	WantWord
)

// InsertName is a key as it is put into the text.
func (c *Completion) InsertName(on Subject, key string) string {
	if on == Tag && c.On == Tag {
		return prefixTag + quoteName(key) // as it was begun
	}
	return SubjectText(on, key)
}

// InsertValue is a value as it is put into the text.
func (c *Completion) InsertValue(value string) string {
	if c.Field != nil && len(c.Field.Words) > 0 {
		value = strings.ToLower(value)
	}
	if c.beginning {
		return QuoteValue(value) + "*"
	}
	return QuoteValue(value)
}

// InsertBeginning is the beginning of values as it is put into the text; false where a whole value has to stand.
func (c *Completion) InsertBeginning(value string) (text string, ok bool) {
	text = QuoteValue(value) + "*"
	if c.behindEquals {
		text = "~" + text
	}
	return text, c.beginning || c.behindEquals
}

// Operators are what may follow a name: of the field, or of a key when it is nil.
func Operators(f *SchemaField) []string {
	if f != nil && f.Time {
		return []string{">", ">=", "<", "<="}
	}
	return []string{"=", "!=", "=~", "in (", "not in ("}
}

// timeWords are the times that are offered.
var timeWords = []string{"-1h", "-24h", "-7d", "-30d", wordNow}

// Complete says what may stand in text where the cursor is, in code points from 0. A cursor behind the text is at its end.
func Complete(text string, cursor int, schema Schema) Completion {
	at := len(text)
	if n := utf8.RuneCountInString(text); cursor < n {
		cursor = max(cursor, 0)
		at = len(string([]rune(text)[:cursor]))
	} else {
		cursor = n
	}
	none := Completion{From: cursor, To: cursor}
	if len(text) > MaxBytes || !utf8.ValidString(text) {
		return none
	}
	c := completer{scanner: scanner{text: text[:at]}, whole: text, schema: schema, none: none}
	return c.complete()
}

// completer goes through what is before the cursor, as a parser that only remembers what may come next.
type completer struct {
	scanner
	whole  string
	schema Schema
	none   Completion
	// depth is how many parentheses are open.
	depth int
	// subject is what the condition is on that was begun last.
	on    Subject
	name  string
	field *SchemaField
	op    string
}

// step reads one piece of the text and answers the one that reads the next; nil when the cursor is there, or when the text
// cannot be read on: then there is the result.
type step func() (result Completion, next step)

func (c *completer) complete() Completion {
	for do := c.operand; do != nil; {
		c.space()
		result, next := do()
		if next == nil {
			return result
		}
		do = next
	}
	return c.none
}

// wants is the result at a piece that begins at a byte; more is how much of what is behind the cursor belongs to it.
func (c *completer) wants(want Want, begin int, typed string, more int) Completion {
	r := c.none
	r.Want, r.Typed, r.From = want, typed, c.column(begin)-1
	r.To += utf8.RuneCountInString(c.whole[len(c.text) : len(c.text)+more])
	return r
}

// words is the result where only these may stand.
func (c *completer) words(begin int, typed string, words ...string) (Completion, step) {
	r := c.wants(WantWord, begin, typed, nameBytes(c.whole[len(c.text):]))
	if typed == "" {
		r.To = r.From
	}
	r.Words = beginningWith(words, typed)
	return r, nil
}

func beginningWith(words []string, typed string) (fitting []string) {
	for _, w := range words {
		if beginsWith(w, typed) {
			fitting = append(fitting, w)
		}
	}
	return fitting
}

// wordAhead is the bare word that is next; ends tells that it goes up to the cursor.
func (c *completer) wordAhead() (word string, ends bool) {
	word = c.peekWord()
	return word, c.pos+len(word) == len(c.text)
}

// operand reads a parenthesis, not, or a name.
func (c *completer) operand() (Completion, step) {
	begin := c.pos
	c.on, c.name, c.field = 0, "", nil
	if c.take("(") {
		c.depth++
		return c.none, c.operand
	}
	word, ends := c.wordAhead()
	if !ends && strings.EqualFold(word, wordNot) {
		c.pos += len(word)
		return c.none, c.operand
	}
	if !ends && isWord(word) {
		return c.none, nil
	}
	c.pos += len(word)
	c.name = word
	for prefix, on := range map[string]Subject{prefixTag: Tag, prefixMetadata: Metadata} {
		if beginsWith(word, prefix) {
			c.on, c.name = on, word[len(prefix):]
		}
	}
	if c.name == "" && c.at(quotes) {
		return c.quotedName(begin)
	}
	if ends {
		return c.nameHere(begin, nameBytes(c.whole[len(c.text):])), nil
	}
	if word == "" {
		return c.none, nil
	}
	if c.on == 0 {
		c.on = Tag
		if c.field = c.schema.field(c.name); c.field != nil {
			c.on, c.name = Field, c.field.Name
		}
	}
	return c.none, c.operator
}

// quotedName reads a name in quotes.
func (c *completer) quotedName(begin int) (Completion, step) {
	open := c.pos
	name, _, err := c.quoted()
	c.name = name
	if errors.Is(err, errUnclosed) || err == nil && c.atEnd() {
		return c.nameHere(begin, c.restOfQuoted(open)), nil
	}
	if c.on == 0 {
		c.on = Tag
	}
	if err != nil {
		return c.none, nil
	}
	return c.none, c.operator
}

// restOfQuoted is how many bytes behind the cursor belong to the quoted name that begins at a byte.
func (c *completer) restOfQuoted(begin int) int {
	whole := scanner{text: c.whole, pos: begin}
	if _, _, err := whole.quoted(); err != nil {
		return 0
	}
	return whole.pos - len(c.text)
}

// nameHere is the result where a name is being typed.
func (c *completer) nameHere(begin, more int) Completion {
	r := c.wants(WantName, begin, c.name, more)
	if r.On = c.on; c.on == 0 {
		words := []string{wordNot, prefixTag, prefixMetadata}
		if c.name == "" {
			words = append(words, "(")
		}
		r.Words = beginningWith(words, c.name)
	}
	return r
}

// operator reads what follows a name.
func (c *completer) operator() (Completion, step) {
	begin := c.pos
	if c.op = (&c.scanner).operator(); c.op != "" {
		return c.none, c.value
	}
	typed := c.rest()
	if word, ends := c.wordAhead(); ends || typed == "!" {
		r, _ := c.words(begin, typed, append(Operators(c.field), c.links()...)...)
		r.On, r.Name, r.Field = c.on, c.name, c.field
		return r, nil
	} else if c.takeWord(wordIn) {
		c.op = wordIn
		return c.none, c.opening
	} else if strings.EqualFold(word, wordNot) {
		c.pos += len(word)
		return c.none, c.in
	}
	return c.link()
}

// in reads the word after not.
func (c *completer) in() (Completion, step) {
	if word, ends := c.wordAhead(); ends {
		return c.words(c.pos, word, "in (")
	}
	if c.takeWord(wordIn) {
		c.op = wordIn
		return c.none, c.opening
	}
	return c.none, nil
}

// opening reads the parenthesis of a list.
func (c *completer) opening() (Completion, step) {
	switch {
	case c.atEnd():
		return c.words(c.pos, "", "(")
	case c.take("("):
		return c.none, c.value
	default:
		return c.none, nil
	}
}

// value reads a value.
func (c *completer) value() (Completion, step) {
	begin := c.pos
	if c.at(quotes) {
		text, _, err := c.quoted()
		switch {
		case errors.Is(err, errUnclosed) || err == nil && c.atEnd():
			return c.valueHere(begin, text), nil
		case err != nil:
			return c.none, nil
		}
		if c.take("*") && c.atEnd() {
			return c.valueHere(begin, text), nil
		}
	} else {
		n := valueBytes(c.rest())
		text := c.rest()[:n]
		if c.pos += n; c.atEnd() {
			return c.valueHere(begin, text), nil
		} else if n == 0 {
			return c.none, nil
		}
	}
	if c.op == wordIn {
		return c.none, c.separator
	}
	return c.none, c.link
}

// restOfValue is how many bytes behind the cursor belong to the value that begins at a byte, if anything of it does.
func (c *completer) restOfValue(begin int) int {
	whole := scanner{text: c.whole, pos: begin}
	if whole.at(quotes) {
		if _, _, err := whole.quoted(); err != nil {
			return 0
		}
		if c.op == "=~" {
			whole.take("*")
		}
	} else {
		whole.pos += valueBytes(whole.rest())
	}
	return max(whole.pos-len(c.text), 0)
}

// valueHere is the result where a value is being typed.
func (c *completer) valueHere(begin int, typed string) Completion {
	r := c.wants(WantValue, begin, typed, c.restOfValue(begin))
	r.On, r.Name, r.Field, r.beginning = c.on, c.name, c.field, c.op == "=~"
	r.behindEquals = c.op == "=" && c.text[begin-1] == '='
	if r.beginning {
		r.Typed = strings.TrimSuffix(typed, "*")
	}
	if c.field != nil && c.field.Time {
		r.Words = beginningWith(timeWords, typed)
	}
	return r
}

// separator reads what follows a value of a list.
func (c *completer) separator() (Completion, step) {
	switch {
	case c.atEnd():
		return c.words(c.pos, "", ",", ")")
	case c.take(","):
		return c.none, c.value
	case c.take(")"):
		return c.none, c.link
	default:
		return c.none, nil
	}
}

// links are what may follow a condition.
func (c *completer) links() []string {
	if c.depth > 0 {
		return []string{wordAnd, wordOr, ")"}
	}
	return []string{wordAnd, wordOr}
}

// link reads what is between conditions.
func (c *completer) link() (Completion, step) {
	if c.depth > 0 && c.take(")") {
		c.depth--
		return c.none, c.link
	}
	if word, ends := c.wordAhead(); ends {
		return c.words(c.pos, word, c.links()...)
	}
	if c.takeWord(wordAnd) || c.takeWord(wordOr) {
		return c.none, c.operand
	}
	return c.none, nil
}
