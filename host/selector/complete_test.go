package selector_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host/selector"
)

// completion is what Complete answers for a text with the cursor at |, and the text with [] around what is replaced.
func completion(text string) (c selector.Completion, shown string) {
	before, after, _ := strings.Cut(text, "|")
	c = selector.Complete(before+after, utf8.RuneCountInString(before), runs)
	r := []rune(before + after)
	return c, string(r[:c.From]) + "[" + string(r[c.From:c.To]) + "]" + string(r[c.To:])
}

func TestComplete(t *testing.T) {
	const (
		name      = "name"
		operators = "= != =~ in ( not in ( and or"
	)
	for _, c := range []struct{ text, want, shown string }{
		// Names: of fields and tags, with the words that may stand there, too.
		{"|", `name "": not tag: meta: (`, "[]"},
		{"te|", `name "te":`, "[te]"},
		{"t|", `name "t": tag:`, "[t]"},
		{"te|am=etl", `name "te":`, "[team]=etl"},
		{"NO|", `name "NO": not`, "[NO]"},
		{"a and (|", `name "": not tag: meta: (`, "a and ([]"},
		{"a=b or not ü|", `name "ü":`, "a=b or not [ü]"},
		{"tag:te|", `name tag "te":`, "[tag:te]"},
		{"meta:|", `name metadata "":`, "[meta:]"},
		{`meta:"git h|`, `name metadata "git h":`, `[meta:"git h]`},
		{`meta:"git h|ash"=x`, `name metadata "git h":`, `[meta:"git hash"]=x`},
		{`meta:"git hash"|`, `name metadata "git hash":`, `[meta:"git hash"]`},
		// Operators.
		{"team |", "word \"\": " + operators + " of tag team", "team []"},
		{"team !|", `word "!": != of tag team`, "team [!]"},
		{"team n|", `word "n": not in ( of tag team`, "team [n]"},
		{"team not |", `word "": in (`, "team not []"},
		{"team in|", `word "in": in ( of tag team`, "team [in]"},
		{"team in |", `word "": (`, "team in []"},
		{"started |", `word "": > >= < <= and or of field started`, "started []"},
		{"(team |", `word "": ` + operators + " ) of tag team", "(team []"},
		// Values.
		{"team=|", `value "": of tag team`, "team=[]"},
		{"team = e|", `value "e": of tag team`, "team = [e]"},
		{"team=e|tl and x", `value "e": of tag team`, "team=[etl] and x"},
		{"team=|etl", `value "": of tag team`, "team=[etl]"},
		{`team="data t|`, `value "data t": of tag team`, `team=["data t]`},
		{`team="data t|eam" and x`, `value "data t": of tag team`, `team=["data team"] and x`},
		{"team=~e|", `value "e": of tag team`, "team=~[e]"},
		{"team=~e*|", `value "e": of tag team`, "team=~[e*]"},
		{`team=~"e f"*|`, `value "e f": of tag team`, `team=~["e f"*]`},
		{"team in (a, |", `value "": of tag team`, "team in (a, []"},
		{"team not in (a,b|", `value "b": of tag team`, "team not in (a,[b]"},
		{"meta:owner=d|", `value "d": of metadata owner`, "meta:owner=[d]"},
		{"tag:status=d|", `value "d": of tag status`, "tag:status=[d]"},
		{"STATUS=f|", `value "f": of field status`, "STATUS=[f]"},
		{"started>|", `value "": -1h -24h -7d -30d now of field started`, "started>[]"},
		{"started>-2|", `value "-2": -24h of field started`, "started>[-2]"},
		// What is between conditions.
		{"team=etl |", `word "": and or`, "team=etl []"},
		{"team=etl a|", `word "a": and`, "team=etl [a]"},
		{"(team=etl |", `word "": and or )`, "(team=etl []"},
		{"(team=etl) |", `word "": and or`, "(team=etl) []"},
		{"team in (a |", `word "": , )`, "team in (a []"},
		{"team in (a) |", `word "": and or`, "team in (a) []"},
		// Where nothing can stand.
		{"and x|", "nothing", "and x[]"},
		{"a,|", "nothing", "a,[]"},
		{"a==|", "nothing", "a==[]"},
		{`a="\q|`, "nothing", `a="\q[]`},
		{"a) |", "nothing", "a) []"},
		{"a=b c=|", "nothing", "a=b c=[]"},
	} {
		got, shown := completion(c.text)
		if text := describe(got); text != c.want || shown != c.shown {
			t.Errorf("Complete(%s) = %s, replaces %s, want %s, replaces %s", c.text, text, shown, c.want, c.shown)
		}
	}
}

func describe(c selector.Completion) string {
	if c.Want == selector.WantNothing {
		return "nothing"
	}
	subject := map[selector.Subject]string{selector.Tag: "tag", selector.Metadata: "metadata", selector.Field: "field"}[c.On]
	parts := []string{map[selector.Want]string{selector.WantName: "name", selector.WantValue: "value", selector.WantWord: "word"}[c.Want]}
	if c.Want == selector.WantName && subject != "" {
		parts = append(parts, subject)
	}
	parts = append(append(parts, fmt.Sprintf("%q:", c.Typed)), c.Words...)
	if c.Name != "" {
		parts = append(parts, "of", subject, c.Name)
	}
	return strings.Join(parts, " ")
}

func TestCompletionInserts(t *testing.T) {
	for _, c := range []struct{ text, value, want string }{
		{"team=|", "etl", "etl"},
		{"team=|", "data team", `"data team"`},
		{"team=~|", "etl", "etl*"},
		{"team=~|", "data team", `"data team"*`},
		{"status=|", "FAILURE", "failure"},
	} {
		if got, _ := completion(c.text); got.InsertValue(c.value) != c.want {
			t.Errorf("%s: %s becomes %s, want %s", c.text, c.value, got.InsertValue(c.value), c.want)
		}
	}
	for _, c := range []struct {
		text string
		on   selector.Subject
		want string
	}{
		{"|", selector.Tag, "tag:status"},
		{"tag:|", selector.Tag, "tag:status"},
		{"|", selector.Metadata, "meta:status"},
	} {
		if got, _ := completion(c.text); got.InsertName(c.on, "status") != c.want {
			t.Errorf("%s: status becomes %s, want %s", c.text, got.InsertName(c.on, "status"), c.want)
		}
	}
}

// Wherever the cursor stands in a selector, something may stand there, and what it is fits what does.
func TestCompleteAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := exprs(2).Draw(t, "expr")
		text := e.String()
		if len(text) > selector.MaxBytes {
			t.Skip("longer than a text may be")
		}
		cursor := rapid.IntRange(0, utf8.RuneCountInString(text)).Draw(t, "cursor")
		c := selector.Complete(text, cursor, runs)
		if c.From > cursor || c.To < cursor {
			t.Fatalf("Complete(%q, %d) = %+v", text, cursor, c)
		}
		if c.Want != selector.WantValue || c.From == c.To || cursor != c.To || c.Field != nil && c.Field.Time {
			return
		}
		r := []rune(text)
		value := c.InsertValue(c.Typed)
		again, err := selector.Parse(string(r[:c.From])+value+string(r[c.To:]), runs, nil)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%q with what is typed at %d put there as %s is %v, %v", text, cursor, value, again, err)
		}
	})
}
