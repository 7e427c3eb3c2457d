package launch

import (
	"strconv"
	"strings"
	"testing"
)

func TestProblemWording(t *testing.T) {
	for _, test := range []struct{ name, schema, value, want string }{
		{"Minimum", `{"minimum":1.50}`, "1", "it is the number 1; it must be at least 1.5"},
		{"Maximum", `{"maximum":10}`, "11", "it must be at most 10"},
		{"ExclusiveMinimum", `{"exclusiveMinimum":0}`, "0", "it must be more than 0"},
		{"ExclusiveMaximum", `{"exclusiveMaximum":1e3}`, "1000", "it must be less than 1000"},
		{"MultipleOf", `{"multipleOf":0.25}`, "0.3", "it must be a multiple of 0.25"},
		{"MinLength", `{"minLength":3}`, "éé", "it has 2 characters and must have at least 3"},
		{"MaxLength", `{"maxLength":1}`, "éé", "it has 2 characters and may have at most 1"},
		{"Pattern", `{"pattern":"^a"}`, "b", `it is the text "b"; it must match the pattern ^a`},
		{"MinItems", `{"minItems":1}`, "[]", "it has 0 items and must have at least 1"},
		{"MaxItems", `{"maxItems":1}`, "[1, 2]", "it has 2 items and may have at most 1"},
		{"UniqueItems", `{"uniqueItems":true}`, "[1, 2, 1.0]", "those at 0 and 2 are the same"},
		{"MinProperties", `{"minProperties":1}`, "{}", "it has 0 keys and must have at least 1"},
		{"MaxProperties", `{"maxProperties":1}`, "{x: 1, y: 2}", "it has 2 keys and may have at most 1"},
		{"DependentRequired", `{"dependentRequired":{"x":["y"]}}`, "{x: 1}", "with the key x it also needs y"},
		{"Const", `{"const":"on"}`, "off", `it is the text "off"; only "on" is allowed`},
		{"Enum", `{"enum":["red","green",1,null]}`, "gren", `allowed are "red", "green", 1, null; did you mean "green"?`},
		{"Not", `{"not":{"type":"string"}}`, "x", "this is ruled out by the job's schema"},
		{"False", `false`, "x", "nothing is allowed here; remove it"},
		{"PropertyNames", `{"propertyNames":{"maxLength":1}}`, "{xy: 1}", "a key like this is not allowed here"},
		{"OneOfBoth", `{"oneOf":[{"minimum":1},{"maximum":5}]}`, "3", "it fits more than one of the forms that exclude each other"},
		{"OneOfNone", `{"oneOf":[{"maximum":1},{"minimum":5}]}`, "3", "it must be at most 1; or it is the number 3; it must be at least 5"},
		{"AnyOfTypes", `{"anyOf":[{"type":"string"},{"type":"array"}]}`, "3", `it must be a list or text: write "3", with the quotes`},
		{"AnyOfOneForTheType", `{"anyOf":[{"type":"null"},{"type":"object","required":["y"],"properties":{"y":{"type":"integer","description":"How many.\nMore."}}}]}`, "{}", "it is missing: a whole number (How many.)"},
		{"QuoteADate", `{"type":"integer"}`, "2024-01-02", `it is the text "2024-01-02"; it must be a whole number`},
		{"QuoteABool", `{"type":"string"}`, "true", `it is true; it must be text: write "true", with the quotes`},
		{"QuoteAVersion", `{"type":"string"}`, "1.10", `it is the number 1.1; it must be text: write "1.10", with the quotes`},
		{"Null", `{"type":"string"}`, "", "it is null; it must be text"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := checkConfig(mustCompile(t, `{"properties":{"a":`+test.schema+`}}`), "a: "+test.value+"\n")
			if len(problems) != 1 || !strings.Contains(problems[0].Message, test.want) || problems[0].Line != 1 {
				t.Errorf("got %q, want %q on line 1", lines(problems), test.want)
			}
		})
	}
}

func TestProblemPaths(t *testing.T) {
	s := mustCompile(t, `{"additionalProperties":{"items":{"type":"string"},"additionalProperties":{"type":"string"}}}`)
	_, problems := checkConfig(s, "odd key: [x, 1]\n\"\\e[2J\": {\"a.b\": 1}\n")
	want := []string{`config ["odd key"][1] (line 1, column 14): `, `config ["\x1b[2J"]["a.b"] (line 2, column 11): `}
	if len(problems) != 2 || !strings.HasPrefix(problems[0].String(), want[0]) || !strings.HasPrefix(problems[1].String(), want[1]) {
		t.Errorf("got %q, want %q", lines(problems), want)
	}
}

func TestProblemsAreCounted(t *testing.T) {
	s := mustCompile(t, `{"properties":{"a":{"items":{"type":"string"}}}}`)
	check := func(n int) []string {
		_, problems := checkConfig(s, "a: ["+strings.Repeat("1,", n)+"]")
		return lines(problems)
	}
	if got := check(MaxProblems); len(got) != MaxProblems {
		t.Errorf("%d problems are listed as %d", MaxProblems, len(got))
	}
	for _, n := range []int{MaxProblems + 7, maxCollected + 7} {
		got := check(n)
		if want := "and " + strconv.Itoa(n-MaxProblems) + " more problems"; len(got) != MaxProblems+1 || !strings.Contains(got[MaxProblems], want) {
			t.Errorf("%d problems are listed as %d, the last %q, want %q", n, len(got), got[len(got)-1], want)
		}
	}
}

func TestNearest(t *testing.T) {
	for _, test := range []struct {
		text  string
		names []string
		want  string
	}{
		{"Path", []string{"other", "path"}, "path"},
		{"pahts", []string{"paths", "parts"}, "paths"},
		{"limt", []string{"since", "limit"}, "limit"},
		{"x", []string{"y"}, ""},
		{"", []string{"a"}, ""},
		{"entirely", []string{"different"}, ""},
		{strings.Repeat("x", maxQuoted+1), []string{strings.Repeat("x", maxQuoted)}, ""},
	} {
		if got := nearest(test.text, test.names); got != test.want {
			t.Errorf("nearest to %.20q of %.60q: got %q, want %q", test.text, test.names, got, test.want)
		}
	}
}
