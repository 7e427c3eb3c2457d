package selector_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host/selector"
)

// known are the tags that there are.
func known(key string) bool { return key == "status" || key == "jobs" || key == "team" }

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		// What the grammar allows.
		{"and", `column 1: expected a condition such as team=etl, found "and"; the tag and is written tag:and`},
		{"a and", "column 6: expected a condition such as team=etl, found the end"},
		{"a and or b", `column 7: expected a condition such as team=etl, found "or"; the tag or is written tag:or`},
		{"a or not", "column 9: expected a condition such as team=etl, found the end"},
		{"not=1", `column 1: "not" is a word of the language; the tag not is written tag:not`},
		{"in=1", `column 1: expected a condition such as team=etl, found "in"; the tag in is written tag:in`},
		{"!a", `column 1: expected a condition such as team=etl, found "!"; write not for a negation`},
		{"=a", `column 1: expected a condition such as team=etl, found "="`},
		{"()", `column 2: expected a condition such as team=etl, found ")"`},
		{"(a", "column 1: this ( is not closed"},
		{"a)", "column 2: this ) closes nothing"},
		{"(a b)", `column 4: expected an operator such as =, and, or or, found "b"; write a=b`},
		{"(a=b c)", `column 6: expected and, or, or ), found "c"; a value with spaces or parentheses needs quotes: "b c"`},
		{"a, b", `column 2: expected and, or, or the end, found ","`},
		{"a not b", `column 7: expected in after a not, found "b"`},
		{"a in b", `column 6: expected ( after in, found "b"; write a in (a, b)`},
		{"a in ()", `column 7: expected a value, found ")"; the empty value is ""`},
		{"a in (b", "column 8: expected a comma or ), found the end"},
		{"a in (b,)", `column 9: expected a value, found ")"; the empty value is ""`},
		{"a in (b c)", `column 9: expected a comma or ), found "c"; a value with spaces or parentheses needs quotes: "b c"`},
		{`a"b"`, `column 2: expected one of =, !=, =~, in, not in, <, <=, > and >=, or the end of the condition, found "\""`},
		{"a!b", `column 2: expected one of =, !=, =~, in, not in, <, <=, > and >=, or the end of the condition, found "!"`},

		{"env~=dev", `column 4: expected one of =, !=, =~, in, not in, <, <=, > and >=, or the end of the condition, found "~"; write env=~dev* for what begins so`},
		{"env ~ 'a b'", `column 5: expected one of =, !=, =~, in, not in, <, <=, > and >=, or the end of the condition, found "~"; a beginning is compared by =~, with a star behind it`},
		{"env~*dev*", `column 4: expected one of =, !=, =~, in, not in, <, <=, > and >=, or the end of the condition, found "~"; write env=~dev* for what begins so`},
		{"env~=", `column 4: expected one of =, !=, =~, in, not in, <, <=, > and >=, or the end of the condition, found "~"; a beginning is compared by =~, with a star behind it`},

		// Values.
		{"a=", `column 3: expected a value after =, found the end; the empty value is ""`},
		{"a= and b", `column 4: expected a value after =, found "and"; as a value it needs quotes: "and"`},
		{"a==b", `column 3: expected a value after =, found "="; write = for equal`},
		{"a=>b", `column 3: expected a value after =, found ">"; a value that begins so needs quotes`},
		{"a<>b", `column 3: expected a value after <, found ">"; write != for not equal`},
		{"a=b && c=d", `column 5: expected and, or, or the end, found "&&"; write and`},
		{"a=b || c", `column 5: expected and, or, or the end, found "||"; write or`},
		{"owner=data team", `column 12: expected and, or, or the end, found "team"; a value with spaces or parentheses needs quotes: "data team"`},
		{"owner=f(x)", `column 8: expected and, or, or the end, found "("; a value with spaces or parentheses needs quotes: "f(x)"`},
		{"owner=don't", `column 10: a quotation mark cannot stand in a value without quotes; put the whole value in quotes: "don't"`},
		{`owner="a`, "column 7: this quotation mark has no second one"},
		{`owner="a\`, "column 7: this quotation mark has no second one"},
		{`owner="a\q"`, `column 9: this backslash begins nothing that is known; in quotes, \\ is a backslash, and \", \', \n, \t, \xff, \u00e9 are allowed`},
		{`owner="a"b`, `column 10: expected a space after the quotation mark, found "b"`},
		{"owner=a\u200bb", `column 8: '\u200b' cannot stand outside of quotes; remove it, or put the whole value in quotes`},
		{"te\u200bam", `column 3: '\u200b' cannot stand outside of quotes; remove it, or put the whole name in quotes`},
		{"ä=b and é=\xff", "column 11: this is not UTF-8"},

		// Beginnings.
		{"team=et*", `column 6: = compares whole values, and stars mean nothing to it; the beginning is team=~et*, and the value with the star is "et*"`},
		{"team!=et*", `column 7: != compares whole values, and stars mean nothing to it; a beginning is compared by =~, as in team=~et*, and the value with the star is "et*"`},
		{`team="et"*`, `column 6: = compares whole values, and stars mean nothing to it; the beginning is team=~et*`},
		{"team=*", `column 6: = compares whole values, and stars mean nothing to it; the beginning is team=~*, and the value with the star is "*"`},
		{"team=a*b", "column 6: = compares whole values, and stars mean nothing to it; put it in quotes"},
		{"team=~et", `column 7: =~ takes a beginning with a star behind it, found "et"; write team=~et* for what begins so, or team=et`},
		{"team=~a*b*", `column 7: =~ takes one star, at the end; a star that is part of the value stands in quotes, the last one behind them: "a*b"*`},

		// Keys.
		{"team:etl", `column 1: "team:etl" is no key of a tag, which has letters, digits, _ . - and at most one /; write team=etl`},
		{"metadata:owner=x", `column 1: "metadata:owner" is no key of a tag, which has letters, digits, _ . - and at most one /; write meta:owner`},
		{"Tags:env=x", `column 1: "Tags:env" is no key of a tag, which has letters, digits, _ . - and at most one /; write env`},
		{"metadata:=x", `column 1: "metadata:" is no key of a tag, which has letters, digits, _ . - and at most one /; metadata of this key is meta:metadata:`},
		{"a/b/c=d", `column 1: "a/b/c" is no key of a tag, which has letters, digits, _ . - and at most one /; metadata of this key is meta:a/b/c`},
		{"-team", `column 1: "-team" is no key of a tag, which has letters, digits, _ . - and at most one /; metadata of this key is meta:-team`},
		{`"data team"=x`, `column 1: "data team" is no key of a tag, which has letters, digits, _ . - and at most one /; metadata of this key is meta:"data team"`},
		{`tag:=x`, `column 5: expected a key directly behind tag:, found "="`},
		{`meta: owner`, `column 6: expected a key directly behind meta:, found " "`},
		{`meta:""=x`, "column 6: a key is not empty"},
		{`"status"=x`, `column 1: "status" in quotes may be the field or a tag; the field is written status, the tag tag:status`},
		{"ended>-2h", "column 1: a run has no ended; the tag is written tag:ended\ncolumn 6: > compares times, and tag:ended is none: times are created, started"},
		// A tag that nobody has, with a key like the name of a field; and a field with the name of a tag.
		{"statuss=failure", `column 1: no run has a tag "statuss"; perhaps the field status is meant; a tag of this key is written tag:statuss`},
		{"stat=failure", `column 1: no run has a tag "stat"; perhaps the field status is meant; a tag of this key is written tag:stat`},
		{"status=ok", "column 8: \"ok\" is not a status: there are queued, started, success, failure; the tag of this name is written tag:status"},

		// Values of fields.
		{"id=01", "column 4: \"01\" is too short for the beginning of an id: give at least 4 characters"},
		{"id=last", `column 4: "last" is no id, which has hex digits and dashes`},
		{"job=a/b/c/d", `column 5: "a/b/c/d" is not the name of a job: write location/repository/job, repository/job, or job`},
		{"job=/a", `column 5: "/a" is not the name of a job: write location/repository/job, repository/job, or job`},
		{"status=failed", "column 8: \"failed\" is not a status: there are queued, started, success, failure; perhaps failure is meant; the tag of this name is written tag:status"},
		{"status=~x*", "column 9: no status begins with \"x\": there are queued, started, success, failure; the tag of this name is written tag:status"},

		// Times.
		{"team>5", "column 5: > compares times, and team is none: times are created, started"},
		{"status<failure", "column 7: < compares times, and status is none: times are created, started; the tag of this name is written tag:status"},
		{"started=2026-11-01", "column 9: started is a time, which = does not compare: use <, <=, > or >=; a day is started>=2026-11-01 and started<2026-11-02"},
		{"started=~2026*", "column 10: started is a time, which =~ does not compare: use <, <=, > or >=; a day is started>=2026-11-01 and started<2026-11-02"},
		{"started in (now)", "column 13: started is a time, which in does not compare: use <, <=, > or >=; a day is started>=2026-11-01 and started<2026-11-02"},
		{"started>", "column 9: expected a time after >, found the end; " + selector.TimeHint},
		{"started>2h", `column 9: "2h" is not a time; 2h ago is -2h`},
		{"started>-2 h", `column 9: "-2" is not a distance from now; ` + selector.TimeHint +
			"\ncolumn 12: expected and, or, or the end, found \"h\"; a value with spaces or parentheses needs quotes: \"-2 h\""},
		{"started>-2h3d", `column 9: "-2h3d" is not a distance from now; ` + selector.TimeHint},
		{"started>-1y", `column 9: "-1y" is not a distance from now; ` + selector.TimeHint},
		{"started>-99999999999999999999d", `column 9: "-99999999999999999999d" is not a distance from now; ` + selector.TimeHint},
		{"started>-10001d", `column 9: "-10001d" is more than 10000 days from now; ` + selector.TimeHint},
		{"started>2026-13-01", `column 9: "2026-13-01" is not a time; ` + selector.TimeHint},
		{"started>1969-12-31", `column 9: "1969-12-31" is not of the years 1970 to 9999; ` + selector.TimeHint},

		// Several at once, as long as the grammar holds.
		{"status=a and started>b and id=c", strings.Join([]string{
			"column 8: \"a\" is not a status: there are queued, started, success, failure; the tag of this name is written tag:status",
			"column 22: \"b\" is not a time; " + selector.TimeHint,
			"column 31: \"c\" is too short for the beginning of an id: give at least 4 characters",
		}, "\n")},
		{"(status=a", "column 1: this ( is not closed\ncolumn 9: \"a\" is not a status: there are queued, started, success, failure; the tag of this name is written tag:status"},
	} {
		_, err := selector.Parse(c.text, runs, &selector.Options{KnownKeys: known})
		if e, ok := errors.AsType[*selector.Error](err); !ok || e.Error() != c.want {
			t.Errorf("Parse(%q):\n%v, want\n%s", c.text, err, c.want)
		}
	}
}

// These have a near field, or look wrong, and are right all the same.
func TestParseKnows(t *testing.T) {
	for _, text := range []string{"jobs=1", "tag:statuss=failure", "team=etl", "owner=me", "state", "meta:statuss"} {
		if _, err := selector.Parse(text, runs, &selector.Options{KnownKeys: known}); err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		}
	}
	if _, err := selector.Parse("statuss=failure", runs, nil); err != nil {
		t.Errorf("without KnownKeys: %v", err)
	}
}

func TestParseLimits(t *testing.T) {
	asked := 0
	o := &selector.Options{KnownKeys: func(string) bool { asked++; return true }}
	nested := func(before string, n int, after string) string {
		return strings.Repeat(before, n) + "a" + strings.Repeat(after, n)
	}
	list := func(n int) string { return "a in (" + strings.TrimSuffix(strings.Repeat("x,", n), ",") + ")" }
	typos := func(n int) string {
		var keys []string
		for i := range n {
			keys = append(keys, "job"+string(rune('a'+i)))
		}
		return strings.Join(keys, " and ")
	}
	for _, c := range []struct{ text, want string }{
		{nested("(", selector.MaxDepth, ")"), ""},
		{nested("(", selector.MaxDepth+1, ")"), "column 65: this nests deeper than 64"},
		{nested("not ", selector.MaxDepth, ""), ""},
		{nested("not ", selector.MaxDepth+1, ""), "column 257: this nests deeper than 64"},
		{list(selector.MaxTerms), ""},
		{list(selector.MaxTerms + 1), "column 2007: this is condition 1001; at most 1000 are allowed"},
		{"a=" + strings.Repeat("x", selector.MaxBytes-2), ""},
		{"a=" + strings.Repeat("x", selector.MaxBytes-1), "column 1: it is 8193 bytes long; at most 8192 are allowed"},
		{typos(20), ""},
	} {
		_, err := selector.Parse(c.text, runs, o)
		if c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("Parse(%.40q…): %v, want %q", c.text, err, c.want)
		}
	}
	if asked != 10 {
		t.Errorf("KnownKeys was asked %d times", asked)
	}
	var e *selector.Error
	_, err := selector.Parse(strings.Repeat("status=x and ", 30)+"a", runs, nil)
	if !errors.As(err, &e) || len(e.Problems) != selector.MaxProblems {
		t.Errorf("30 problems: %v", err)
	}
}
