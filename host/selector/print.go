package selector

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// String is e in the language. [Parse] makes an equal Expr of it, with a Schema that has its fields, as long as e is one
// that Parse could have made; nil is the empty text.
func (e *Expr) String() string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	e.print(&b)
	return b.String()
}

func (e *Expr) print(b *strings.Builder) {
	switch e.Op {
	case And:
		e.printArgs(b, " and ")
	case Or:
		if of, values := e.list(); of != nil {
			b.WriteString(of.subject() + " in " + values)
			return
		}
		e.printArgs(b, " or ")
	case Not:
		e.printNot(b)
	default:
		b.WriteString(e.term("="))
	}
}

// printArgs prints arguments, in parentheses where they would bind otherwise.
func (e *Expr) printArgs(b *strings.Builder, word string) {
	for i, arg := range e.Args {
		if i > 0 {
			b.WriteString(word)
		}
		arg.printInside(b, e.Op)
	}
}

// printInside prints e as an argument of op. And is an argument of Or without parentheses.
func (e *Expr) printInside(b *strings.Builder, op Op) {
	list, _ := e.list()
	if list != nil || e.Op != Or && (e.Op != And || op == Or) {
		e.print(b)
		return
	}
	b.WriteByte('(')
	e.print(b)
	b.WriteByte(')')
}

func (e *Expr) printNot(b *strings.Builder) {
	arg := e.Args[0]
	if of, values := arg.list(); of != nil {
		b.WriteString(of.subject() + " not in " + values)
		return
	}
	if arg.Op == Is {
		b.WriteString(arg.term("!="))
		return
	}
	b.WriteString("not ")
	arg.printInside(b, Not)
}

// list prints the values of an Or that compares one thing with each of them; of is nil when e is none.
func (e *Expr) list() (of *Expr, values string) {
	if e.Op != Or || len(e.Args) < 2 {
		return nil, ""
	}
	first := e.Args[0]
	if slices.ContainsFunc(e.Args, func(arg *Expr) bool { return arg.Op != Is || arg.On != first.On || arg.Name != first.Name }) {
		return nil, ""
	}
	all := make([]string, len(e.Args))
	for i, arg := range e.Args {
		all[i] = QuoteValue(arg.Value)
	}
	return first, "(" + strings.Join(all, ", ") + ")"
}

// term prints an Expr without arguments; is stands for the operator of Is.
func (e *Expr) term(is string) string {
	switch e.Op {
	case Exists:
		return e.subject()
	case Is:
		return e.subject() + is + QuoteValue(e.Value)
	case HasPrefix:
		if e.Value == "" {
			return e.subject() + "=~*"
		}
		return e.subject() + "=~" + QuoteValue(e.Value) + "*"
	case Before:
		return e.subject() + "<" + e.Time.String()
	case NotAfter:
		return e.subject() + "<=" + e.Time.String()
	case After:
		return e.subject() + ">" + e.Time.String()
	default: // NotBefore
		return e.subject() + ">=" + e.Time.String()
	}
}

func (e *Expr) subject() string { return SubjectText(e.On, e.Name) }

// SubjectText is a tag or metadata of a key, or a field, as the language writes it: team, tag:status, meta:"data team".
func SubjectText(on Subject, name string) string {
	switch {
	case on == Field:
		return name
	case on == Metadata:
		return prefixMetadata + quoteName(name)
	case !isTagKey(name) || isWord(name) || isFieldWord(name):
		return prefixTag + quoteName(name)
	default:
		return name
	}
}

// quoteName is a name as it stands behind a prefix.
func quoteName(name string) string {
	if plain(name) && nameBytes(name) == len(name) {
		return name
	}
	return strconv.Quote(name)
}

// QuoteValue is a value as the language writes it, in quotes where it needs them.
func QuoteValue(value string) string {
	if plain(value) && valueBytes(value) == len(value) && !isWord(value) && !strings.ContainsAny(value, `"'*`) {
		return value
	}
	return strconv.Quote(value)
}

// plain tells whether text is something that can be seen.
func plain(text string) bool {
	_, at := hidden(text)
	return at < 0 && text != "" && utf8.ValidString(text)
}
