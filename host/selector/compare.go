package selector

import (
	"fmt"
	"strconv"
	"strings"
)

// compared reads what follows an operator, which stands at a byte.
func (p *parser) compared(s subject, op string, at int) *Expr {
	p.space()
	expected, missing := "a value after "+op, emptyHint
	if s.field != nil && s.field.Time {
		expected, missing = "a time after "+op, timeHint
	}
	v, ok := p.literal(expected, missing)
	if !ok || p.stopped {
		return nil
	}
	switch op {
	case "=":
		return p.equal(s, op, v)
	case "!=":
		return None(p.equal(s, op, v))
	case "=~":
		return p.beginning(s, v)
	default:
		return p.ordered(s, op, at, v)
	}
}

// problem notes what is wrong with the value of a condition, and returns something in its place. When there is a tag of
// the field's name, that may be what was meant.
func (p *parser) problem(s subject, at int, suggestion, format string, args ...any) *Expr {
	if s.on == Field && p.o.KnownKeys != nil && p.knows(s.name) {
		if suggestion != "" {
			suggestion += "; "
		}
		suggestion += fmt.Sprintf("the tag of this name is written %s%s", prefixTag, s.name)
	}
	p.notef(at, suggestion, format, args...)
	return &Expr{Op: Exists, On: s.on, Name: s.name}
}

// equal makes the condition that one value is v.
func (p *parser) equal(s subject, op string, v literal) *Expr {
	switch {
	case v.star || !v.quoted && strings.Contains(v.text, "*"):
		return p.starred(s, op, v)
	case s.on != Field:
	case s.field.Time:
		return p.problem(s, v.at, fmt.Sprintf("a day is %s>=2026-11-01 and %s<2026-11-02", s.name, s.name),
			"%s is a time, which %s does not compare: use <, <=, > or >=", s.name, op)
	case len(s.field.Words) > 0:
		return p.word(s, v)
	case s.field.Beginning:
		return p.idBeginning(s, v)
	case s.field.Path && !isPath(v.text):
		return p.problem(s, v.at, "", "%s is not the name of a job: write location/repository/job, repository/job, or job", strconv.Quote(clip(v.text)))
	}
	return &Expr{Op: Is, On: s.on, Name: s.name, Value: v.text}
}

// starred says that a value that is compared as a whole has a star, which is not what it looks like.
func (p *parser) starred(s subject, op string, v literal) *Expr {
	name := SubjectText(s.on, s.name)
	suggestion := "put it in quotes"
	if before := strings.TrimSuffix(v.text, "*"); !strings.Contains(before, "*") {
		value := QuoteValue(before)
		if before == "" {
			value = ""
		}
		suggestion = fmt.Sprintf("the beginning is %s=~%s*", name, value)
		if op == "!=" || op == "in" {
			suggestion = fmt.Sprintf("a beginning is compared by =~, as in %s=~%s*", name, value)
		}
		if !v.star {
			suggestion += fmt.Sprintf(", and the value with the star is %s", strconv.Quote(v.text))
		}
	}
	return p.problem(s, v.at, suggestion, "%s compares whole values, and stars mean nothing to it", op)
}

// word makes the condition that a field is one of its words.
func (p *parser) word(s subject, v literal) *Expr {
	for _, w := range s.field.Words {
		if strings.EqualFold(w, v.text) {
			return FieldIs(s.name, w)
		}
	}
	suggestion := ""
	if near := nearest(v.text, s.field.Words, 3); near != "" {
		suggestion = "perhaps " + strings.ToLower(near) + " is meant"
	}
	return p.problem(s, v.at, suggestion, "%s is not a %s: there are %s", strconv.Quote(clip(v.text)), s.name, wordList(s.field.Words))
}

func wordList(words []string) string { return strings.ToLower(strings.Join(words, ", ")) }

// idBeginning makes the condition that a field's value, which is of hex digits, begins with v.
func (p *parser) idBeginning(s subject, v literal) *Expr {
	text := strings.ToLower(v.text)
	switch {
	case strings.Trim(text, "0123456789abcdef-") != "":
		return p.problem(s, v.at, "", "%s is no %s, which has hex digits and dashes", strconv.Quote(clip(v.text)), s.name)
	case len(text) < MinBeginning:
		return p.problem(s, v.at, "", "%s is too short for the beginning of an id: give at least %d characters", strconv.Quote(v.text), MinBeginning)
	}
	return FieldHasPrefix(s.name, text)
}

// isPath tells whether text is "job", "repository/job" or "location/repository/job".
func isPath(text string) bool {
	parts := strings.Split(text, "/")
	return len(parts) <= 3 && !strings.Contains("/"+text+"/", "//")
}

// beginning makes the condition that a value begins with what stands before the star.
func (p *parser) beginning(s subject, v literal) *Expr {
	before, ok := v.text, v.star
	if !ok {
		if before, ok = strings.CutSuffix(v.text, "*"); ok && strings.Contains(before, "*") {
			return p.problem(s, v.at, fmt.Sprintf("a star that is part of the value stands in quotes, the last one behind them: %s*", strconv.Quote(before)),
				"=~ takes one star, at the end")
		}
	}
	if !ok {
		value := QuoteValue(v.text)
		return p.problem(s, v.at, fmt.Sprintf("write %s=~%s* for what begins so, or %s=%s", SubjectText(s.on, s.name), value, SubjectText(s.on, s.name), value),
			"=~ takes a beginning with a star behind it, found %s", strconv.Quote(clip(v.text)))
	}
	v.text = before
	switch {
	case s.on != Field:
	case s.field.Time:
		return p.equal(s, "=~", literal{text: before, at: v.at})
	case len(s.field.Words) > 0:
		return p.wordBeginning(s, v)
	case s.field.Beginning:
		return p.idBeginning(s, v)
	}
	return &Expr{Op: HasPrefix, On: s.on, Name: s.name, Value: before}
}

// wordBeginning makes the condition that a field is one of its words that begin so.
func (p *parser) wordBeginning(s subject, v literal) *Expr {
	var fitting []*Expr
	for _, w := range s.field.Words {
		if strings.HasPrefix(w, strings.ToUpper(v.text)) {
			fitting = append(fitting, FieldIs(s.name, w))
		}
	}
	if len(fitting) == 0 {
		return p.problem(s, v.at, "", "no %s begins with %s: there are %s", s.name, strconv.Quote(clip(v.text)), wordList(s.field.Words))
	}
	return Any(fitting...)
}

// ordered makes the condition that a time is before or after v.
func (p *parser) ordered(s subject, op string, at int, v literal) *Expr {
	if s.on != Field || !s.field.Time {
		times := "no " + p.schema.What + " has a time to compare"
		if names := p.schema.times(); len(names) > 0 {
			times = "times are " + strings.Join(names, ", ")
		}
		return p.problem(s, at, "", "%s compares times, and %s is none: %s", op, SubjectText(s.on, s.name), times)
	}
	t, wrong := parseTime(v.text, p.o.Location)
	if wrong != "" {
		suggestion := timeHint
		if d, ok := parseDistance(v.text); ok && d <= maxAgo {
			suggestion = fmt.Sprintf("%s ago is -%s", v.text, v.text)
		}
		return p.problem(s, v.at, suggestion, "%s", wrong)
	}
	ops := map[string]Op{"<": Before, "<=": NotAfter, ">": After, ">=": NotBefore}
	return &Expr{Op: ops[op], On: Field, Name: s.name, Time: t}
}
