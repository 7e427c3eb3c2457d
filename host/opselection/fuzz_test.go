package opselection

import (
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "*", "*a", "a++", "+g.y,*d", "a,,b", "é*", "2+a+3", `name:"a*"* and not (b, c)`, "roots(sinks(*)) or and", "+(not *)",
		"*and", "not+", "name:a.*+", "(a", `"`, "1+2+3", "a\n\xffb", "\"\x80\"",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, problems := Parse(text)
		for i, p := range problems {
			switch {
			case p.Message == "" || !utf8.ValidString(p.Message):
				t.Errorf("Parse(%q): problem %+v", text, p)
			case len(text) <= MaxBytes && (p.Line < 1 || p.Column < 1 || p.Column > utf8.RuneCountInString(text)+1):
				t.Errorf("Parse(%q): problem %+v is outside", text, p)
			case i > 0 && before(p.Place, problems[i-1].Place):
				t.Errorf("Parse(%q): problems out of order: %v", text, problems)
			}
		}
		if len(problems) > 0 {
			return
		}
		printed := s.String()
		if len(printed) > MaxBytes {
			return
		}
		again, problems := Parse(printed)
		if len(problems) > 0 || again.String() != printed || !same(s, again) {
			t.Errorf("Parse(%q) prints as %q, which is %#v, %v; want %#v", text, printed, again, problems, s)
		}
	})
}

func before(a, b Place) bool { return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column }

// same tells whether two selections differ at most in places.
func same(a, b Selection) bool {
	if len(a.Clauses) != len(b.Clauses) {
		return false
	}
	for i := range a.Clauses {
		if !sameExpr(a.Clauses[i].Expr, b.Clauses[i].Expr) {
			return false
		}
	}
	return true
}

func sameExpr(a, b Expr) bool {
	switch a := a.(type) {
	case All:
		return b == Expr(All{})
	case Name:
		b, ok := b.(Name)
		return ok && a.Path == b.Path
	case Pattern:
		b, ok := b.(Pattern)
		return ok && a.Glob == b.Glob
	case Around:
		b, ok := b.(Around)
		return ok && a.Up == b.Up && a.Down == b.Down && sameExpr(a.Of, b.Of)
	case Ends:
		b, ok := b.(Ends)
		return ok && a.Side == b.Side && sameExpr(a.Of, b.Of)
	case Not:
		b, ok := b.(Not)
		return ok && sameExpr(a.Of, b.Of)
	case And:
		b, ok := b.(And)
		return ok && sameAll(a.Of, b.Of)
	case Or:
		b, ok := b.(Or)
		return ok && sameAll(a.Of, b.Of)
	default:
		return false
	}
}

func sameAll(a, b []Expr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameExpr(a[i], b[i]) {
			return false
		}
	}
	return true
}
