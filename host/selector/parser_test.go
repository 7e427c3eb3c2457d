package selector_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host/selector"
)

// runs is what the tests select: like runs, but for the words.
var runs = selector.Schema{What: "run", Fields: []selector.SchemaField{
	{Name: "status", Words: []string{"QUEUED", "STARTED", "SUCCESS", "FAILURE"}},
	{Name: "job", Path: true},
	{Name: "location"},
	{Name: "id", Beginning: true},
	{Name: "partition"},
	{Name: "created", Time: true},
	{Name: "started", Time: true},
}}

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{" \n\t", ""},

		// A tag by its key, whatever its value, and by its value.
		{"team", "team"},
		{"team=etl", "team=etl"},
		{" team = etl ", "team=etl"},
		{"team.example/env=prod", "team.example/env=prod"},
		{"penstock/priority=-1", "penstock/priority=-1"},
		// Who has no such tag has not this value either.
		{"team!=etl", "team!=etl"},
		{"not team=etl", "team!=etl"},
		{"not team", "not team"},
		// The beginning of a value.
		{"team=~et*", "team=~et*"},
		{"team=~*", "team=~*"},
		{`team=~"a b"*`, `team=~"a b"*`},
		{`team=~"a b*"`, `team=~"a b"*`},
		{`team=~"a*b"*`, `team=~"a*b"*`},
		// One of several values.
		{"team in (etl, ml)", "team in (etl, ml)"},
		{"team IN(etl,ml)", "team in (etl, ml)"},
		{"team in (etl)", "team=etl"},
		{"team not in (etl, ml)", "team not in (etl, ml)"},
		{"team not in (etl)", "team!=etl"},
		{"not team in (a, b)", "team not in (a, b)"},
		{"team=etl or team=ml", "team in (etl, ml)"},

		// A bare value ends at a space, a comma or a parenthesis, and may hold all else.
		{"url=https://x.example/?a=b&c<d", "url=https://x.example/?a=b&c<d"},
		{`path=C:\temp`, `path=C:\temp`},
		{"stadt=Köln", "stadt=Köln"},
		{"expr=a=b", "expr=a=b"},
		// Quotes of both kinds, and what they are needed for.
		{`team="data team"`, `team="data team"`},
		{`team='data team'`, `team="data team"`},
		{`team="say \"hi\" it\'s"`, `team="say \"hi\" it's"`},
		{`team='a"b'`, `team="a\"b"`},
		{`team=""`, `team=""`},
		{`team="and"`, `team="and"`},
		{`team="(x)"`, `team="(x)"`},
		{`team="=x"`, `team="=x"`},
		{`team="a*"`, `team="a*"`},
		{`team="etl"`, "team=etl"},
		{`team="a\tb\n\\ \u00e9 \xff"`, `team="a\tb\n\\ é \xff"`},
		{"team=\"\u200d\"", `team="\u200d"`},

		// Fields are words of the language, in any case; tag: and meta: say what is meant.
		{"status=failure", "status=FAILURE"},
		{"STATUS=Failure", "status=FAILURE"},
		{"status in (success, failure)", "status in (SUCCESS, FAILURE)"},
		{"status!=success", "status!=SUCCESS"},
		{"status=~s*", "status in (STARTED, SUCCESS)"},
		{"status=~suc*", "status=SUCCESS"},
		{"tag:status=failure", "tag:status=failure"},
		{"tag:team=etl", "team=etl"},
		{"Tag:not", "tag:not"},
		{"meta:owner=me", "meta:owner=me"},
		{`meta:owner="data team"`, `meta:owner="data team"`},
		{`meta:"git hash"=abc`, `meta:"git hash"=abc`},
		{"meta:a:b", "meta:a:b"},
		{`"team"=etl`, "team=etl"},
		{`"and"=x`, "tag:and=x"},
		{"job=load", "job=load"},
		{"job=etl/main/load", "job=etl/main/load"},
		{"job=~et*", "job=~et*"},
		{"partition", "partition"},
		{"id=0198A", "id=~0198a*"},
		{"id=~0198*", "id=~0198*"},
		{"id in (0198, 0199)", "id=~0198* or id=~0199*"},

		// Times: now, so long ago or from now, and dates, which are of UTC unless they say otherwise.
		{"started>-2h", "started>-2h"},
		{"started>=-1w2d", "started>=-9d"},
		{"started<-1.5h", "started<-1h30m"},
		{"started<-0.000000001s", "started<-0.000000001s"},
		{"started<=now", "started<=now"},
		{"started<-0s", "started<now"},
		{"started<+1d", "started<+1d"},
		{"created>=2026-11-01", "created>=2026-11-01T00:00:00Z"},
		{"created<2026-11-01T10:00Z", "created<2026-11-01T10:00:00Z"},
		{"created<2026-11-01t10:00:05.5+02:00", "created<2026-11-01T08:00:05.5Z"},
		{`created<"2026-11-01 10:00"`, "created<2026-11-01T10:00:00Z"},
		{"started", "started"},
		{"not started", "not started"},

		// not binds more than and, and that more than or.
		{"a and b or c", "a and b or c"},
		{"a or b and c", "a or b and c"},
		{"(a or b) and c", "(a or b) and c"},
		{"not a and b", "not a and b"},
		{"not (a and b)", "not (a and b)"},
		{"not (a or b)", "not (a or b)"},
		{"((a))", "a"},
		{"not not a", "not not a"}, //nolint:dupword // twice is allowed
		{"not a!=b", "not a!=b"},
		{"a AND NOT b Or c", "a and not b or c"},
		{"a and (b and c)", "a and (b and c)"},
		{"a or (b or c)", "a or (b or c)"},
		{"a in (b, c) or d", "a in (b, c) or d"},
		{"a in (b, c) and d", "a in (b, c) and d"},
		{"(a=b or a=c) and d", "a in (b, c) and d"},
		{"(a)and(b)or(not(c))", "a and b or not c"},
		{"a=b\nand c=d", "a=b and c=d"},
		{"team=etl and not env=dev and status=failure and started>-2h", "team=etl and env!=dev and status=FAILURE and started>-2h"},
	} {
		e, err := selector.Parse(c.text, runs, nil)
		if c.want == "" && strings.TrimSpace(c.text) != "" {
			if err == nil {
				t.Errorf("Parse(%q) = %s, want an error", c.text, e)
			}
			continue
		}
		if err != nil {
			t.Errorf("Parse(%q): %v", c.text, err)
			continue
		}
		if e.String() != c.want {
			t.Errorf("Parse(%q) = %s, want %s", c.text, e, c.want)
		}
		again, err := selector.Parse(c.want, runs, nil)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("Parse(%q) prints as %q, which is %v, %v", c.text, c.want, again, err)
		}
	}
}

func TestParseLocation(t *testing.T) {
	o := &selector.Options{Location: time.FixedZone("", 2*60*60)}
	for text, want := range map[string]string{
		"created>2026-11-01":           "created>2026-10-31T22:00:00Z",
		"created>2026-11-01T10:00":     "created>2026-11-01T08:00:00Z",
		"created>2026-11-01T10:00Z":    "created>2026-11-01T10:00:00Z",
		"created>2026-11-01T10:00:00Z": "created>2026-11-01T10:00:00Z",
	} {
		if e, err := selector.Parse(text, runs, o); err != nil || e.String() != want {
			t.Errorf("Parse(%q) = %v, %v, want %s", text, e, err, want)
		}
	}
}

// The functions that make an Expr make the same as the text.
func TestParseMakesTheSame(t *testing.T) {
	for text, want := range map[string]*selector.Expr{
		"":                        nil,
		"a=b":                     selector.TagIs("a", "b"),
		"a!=b":                    selector.None(selector.TagIs("a", "b")),
		"status=failure and a=b":  selector.All(selector.FieldIs("status", "FAILURE"), selector.TagIs("a", "b")),
		"a in (b, c) or job=load": selector.Any(selector.Any(selector.TagIs("a", "b"), selector.TagIs("a", "c")), selector.FieldIs("job", "load")),
		"id=0198":                 selector.FieldHasPrefix("id", "0198"),
		"meta:x=~y*":              {Op: selector.HasPrefix, On: selector.Metadata, Name: "x", Value: "y"},
		"started>-2h":             {Op: selector.After, On: selector.Field, Name: "started", Time: selector.Time{Ago: 2 * time.Hour, Relative: true}},
		"created<=2026-11-01": {
			Op: selector.NotAfter, On: selector.Field, Name: "created",
			Time: selector.Time{At: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)},
		},
	} {
		if got, err := selector.Parse(text, runs, nil); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("Parse(%q) = %#v, %v, want %#v", text, got, err, want)
		}
	}
}
