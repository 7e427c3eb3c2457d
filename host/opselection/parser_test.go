package opselection

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "*"},
		{" \n", "*"},
		{"*", "*"},
		// The classic form.
		{"a", "a"},
		{" a ,b.c,\n*d ", "a, b.c, *d"},
		{"*a*", "*a*"},
		{"+a", "+a"},
		{"++a+++", "2+a+3"},
		{"é", "é"},
		// It has names that have become words.
		{"and", `name:"and"`},
		{"*or, not+,(AND)", `*name:"or", name:"not"+, name:"AND"`},
		{"roots, +sinks+, name", "roots, +sinks+, name"},
		{"2+not", `2+name:"not"`},
		// Levels.
		{"2+a", "2+a"},
		{"a+3", "a+3"},
		{"1+a+1", "+a+"},
		{"0+a+0", "a"},
		{"* a +", "*a+"},
		{"+(+a)", "+(+a)"},
		{"(*)+", "(*)+"},
		{"2 + name : a + 3", "2+a+3"},
		// Names and patterns.
		{`name:"a"`, "a"},
		{`name:"g.*"`, `name:"g.*"`},
		{"name:a*", `name:"a*"`},
		{`name:"a*"*`, `name:"a*"*`},
		{`name:"a"*`, "a*"},
		{"name:*.x+", `name:"*.x"+`},
		{`name:"*"`, `name:"*"`},
		{`name:"3"`, `name:"3"`},
		// Operators, from the strongest to the weakest: signs, not, and, or, comma.
		{"a and b", "a and b"},
		{"a AND b OR NOT c", "a and b or not c"},
		{"not a+ and b or c, d", "not a+ and b or c, d"},
		{"((not (+a)) and b) or c, d", "not +a and b or c, d"},
		{"not (a and b)", "not (a and b)"},
		{"(not a) and b", "not a and b"},
		{"a and (b or c)", "a and (b or c)"},
		{"(a and b) or c", "a and b or c"},
		{"a and (b and c)", "a and b and c"},
		{"a or (b or (c, d))", "a or b or c or d"},
		{"(((a)))", "a"},
		{"not not a", "not not a"}, //nolint:dupword // twice is allowed
		{"not *", "not *"},
		{"* and not a", "* and not a"},
		{"*and a", "* and a"},
		{"not and", ""},
		{"a and AND", ""},
		{`a and name:"and"`, `a and name:"and"`},
		{"not +a", "not +a"},
		{"+(not a)", "+(not a)"},
		{"(a, b)*", "(a or b)*"},
		{"(a and b)+", "(a and b)+"},
		// Functions.
		{"roots(*)", "roots(*)"},
		{"roots()", "roots(*)"},
		{"sinks( )", "sinks(*)"},
		{"sinks(a, b*)", "sinks(a or b*)"},
		{"roots (sinks(a))", "roots(sinks(a))"},
		{"+roots(a)+2", "+roots(a)+2"},
		{"not roots(a) and b", "not roots(a) and b"},
	} {
		s, problems := Parse(c.text)
		if c.want == "" {
			if len(problems) == 0 {
				t.Errorf("Parse(%q) = %s, want a problem", c.text, s)
			}
			continue
		}
		if len(problems) > 0 || s.String() != c.want {
			t.Errorf("Parse(%q) = %s, %v; want %s", c.text, s, problems, c.want)
		}
	}
}

func TestParseProblems(t *testing.T) {
	for _, c := range []struct {
		text         string
		line, column int
		message      string
	}{
		{"a,,b", 1, 3, "expected an op"},
		{",a", 1, 1, "found a comma"},
		{"a,", 1, 3, "found the end"},
		{"a b", 1, 3, `expected and, or, a comma or the end, found "b"`},
		{"a\nand\n  é b", 3, 5, `found "b"`},
		{"a and", 1, 6, "found the end"},
		{"é or OR b", 1, 6, `an op that is called so is name:"OR"`},
		{"not", 0, 0, ""},
		{"not and a", 1, 5, `found "and"`},
		{"(a", 1, 1, "this ( is not closed"},
		{"a and (b, (c)", 1, 7, "this ( is not closed"},
		{"(a b)", 1, 4, "a comma or )"},
		{"a)", 1, 2, "closes nothing"},
		{"()", 1, 2, `found ")"`},
		{"*+a", 1, 1, "mixes + and *"},
		{"a+*", 1, 2, "mixes + and *"},
		{"**a", 1, 1, "more than one *"},
		{"+", 1, 2, "expected an op"},
		{"+not a", 1, 2, "+(not name)"},
		{"3", 1, 1, "write 3+name or name+3"},
		{"3 a", 1, 1, "write 3+name or name+3"},
		{"2++a", 1, 1, "takes one +"},
		{"2*a", 1, 1, "takes one +"},
		{"a++2", 1, 4, "takes one +"},
		{"a+2+b", 1, 4, `found "+"`},
		{"a+1000001", 1, 3, "more than 1000000"},
		{"99999999999999999999999+a", 1, 1, "more than 1000000"},
		{`"a*"`, 1, 1, `write name:"a*"`},
		{`name:"a`, 1, 6, "no second one"},
		{`name:"a-b"`, 1, 6, `holds '-'`},
		{`name:"a[b-c]"`, 0, 0, ""},
		{`name:"a[b c]"`, 1, 6, `holds ' '`},
		{`+a[b-c.d][0]+2, name:"*[b-c]"`, 0, 0, ""},
		{"name:'a*'", 1, 6, `holds '\''`},
		{"name:", 1, 6, "a pattern is missing"},
		{`name:""`, 1, 6, "a pattern is missing"},
		{`kind:"a"`, 1, 1, `not selected by "kind"`},
		{":a", 1, 2, `found ":"`},
		{"ends(a)", 1, 1, `no function "ends"`},
		{"a and ends()", 1, 7, `no function "ends"`},
		{strings.Repeat("(", MaxDepth+1) + "a", 1, MaxDepth + 1, "deeper than 64"},
		{strings.Repeat("not ", MaxDepth+1) + "a", 1, 4*MaxDepth + 1, "deeper than 64"},
		{strings.Repeat("a", MaxBytes+1), 0, 0, "at most 16384"},
	} {
		_, problems := Parse(c.text)
		if c.message == "" {
			if len(problems) > 0 {
				t.Errorf("Parse(%.40q): %v", c.text, problems)
			}
			continue
		}
		if len(problems) != 1 {
			t.Errorf("Parse(%.40q) has problems %v, want one", c.text, problems)
			continue
		}
		p := problems[0]
		if p.Place != (Place{Line: c.line, Column: c.column}) || !strings.Contains(p.Message, c.message) {
			t.Errorf("Parse(%.40q): %+v, want line %d, column %d and %q", c.text, p, c.line, c.column, c.message)
		}
	}
}

func TestParseGoesOnAfterAProblem(t *testing.T) {
	s, problems := Parse("(a b, c), d, e) f, roots(g, h i), j,\n+, k")
	if s.String() != "d, j, k" {
		t.Errorf("the clauses without problems are %s", s)
	}
	var places []Place
	for _, p := range problems {
		places = append(places, p.Place)
	}
	want := []Place{{1, 4}, {1, 15}, {1, 31}, {2, 2}}
	if len(places) != len(want) {
		t.Fatalf("places %v, want %v", places, want)
	}
	for i := range want {
		if places[i] != want[i] {
			t.Errorf("places %v, want %v", places, want)
		}
	}
	if _, problems := Parse(strings.Repeat("+,", 1000)); len(problems) != MaxProblems {
		t.Errorf("%d problems, want %d", len(problems), MaxProblems)
	}
}

func TestParseAtItsLimits(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("(", MaxDepth) + "a" + strings.Repeat(")", MaxDepth),
		strings.Repeat("not ", MaxDepth) + "a",
		strings.Repeat("a", MaxBytes),
		strings.Repeat("+", MaxBytes-1) + "a",
		strings.TrimSuffix(strings.Repeat("a,", MaxBytes/2), ","),
		strings.TrimSuffix(strings.Repeat("a or ", MaxBytes/5), " or "),
	} {
		if _, problems := Parse(text); len(problems) > 0 {
			t.Errorf("Parse(%.20q…): %v", text, problems)
		}
	}
	for _, part := range []string{"(", "not ", "roots(", "*(", "a and (", "+", "*", ",", ":", `"`, "1+", "+1", "name:", "a ", "not"} {
		for _, end := range []string{"", "a", ")"} {
			_, problems := Parse(strings.Repeat(part, (MaxBytes-1)/len(part)) + end)
			if len(problems) > MaxProblems {
				t.Errorf("%q again and again has %d problems", part, len(problems))
			}
		}
	}
}
