package launch

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzReadConfig checks that any text is read or refused with places in it, and
// that what is read has one canonical text, which YAML for people keeps.
func FuzzReadConfig(f *testing.F) {
	for _, seed := range []string{
		"", "a: 1", "config:\n  read: {path: \"x\", n: 0x1F}\n", "a: &x [1, 2.50]\nb: *x\n", `{"a": [null, true, 1e3, "\u00e9"]}`,
		"a: |\n  text\n  more\n", "? a\n: b", "a: 'it''s'\nb: \"\\t\"", "- x", "a: 1\n---\nb: 2", "a: 2024-01-01\nb: yes\nc: 0777\nd: .inf",
		"\ufeffa: 1", "%YAML 1.2\n---\na: 1\n", "a: !!str 1\nb: !x y", "<<: {a: 1}", "a: \"\u2028\"\n", "a: >\n\n  x\n", "'': ''", "a: \" x\\n y \"",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, problems := readConfig(text)
		if len(problems) > 0 {
			rows := strings.Count(text, "\n") + strings.Count(text, "\r") + strings.Count(text, "\u0085") + strings.Count(text, "\u2028") + strings.Count(text, "\u2029") + 2
			for _, p := range problems {
				if p.Field != "config" || p.Message == "" || !utf8.ValidString(p.String()) || p.Line < 0 || p.Line > rows {
					t.Fatalf("problem %+v of %d lines", p, rows)
				}
			}
			return
		}
		filled, _ := doc.plain().(map[string]any)
		canonical := canonicalJSON(filled)
		again, problems := readConfig(string(canonical))
		if len(problems) > 0 || string(canonicalJSON(again.plain())) != string(canonical) {
			t.Fatalf("%q reads again as %s, problems %q", canonical, canonicalJSON(again.plain()), lines(problems))
		}
		shown := renderYAML(doc, filled)
		again, problems = readConfig(shown)
		if len(problems) > 0 || string(canonicalJSON(again.plain())) != string(canonical) {
			t.Fatalf("%s is shown as %q, which has problems %q", canonical, shown, lines(problems))
		}
	})
}

// FuzzCheckConfig checks that no schema and no config break or stall the check.
func FuzzCheckConfig(f *testing.F) {
	f.Add(reportSchema, "config: {read: {path: 1}}")
	f.Add(`{"anyOf":[{"type":"string"},{"required":["a"]}],"properties":{"a":{"default":1}}}`, "b: 1")
	f.Add(`{"patternProperties":{"^a+$":{"multipleOf":0.1}},"unevaluatedProperties":false}`, "aa: 0.3")
	f.Add(`{"properties":{"a":{"items":{"$ref":"#"},"uniqueItems":true,"contains":{"const":1}}},"propertyNames":{"maxLength":3}}`, "a: [1, 1, {}]")
	f.Add(`{"if":{"required":["a"]},"then":{"required":["b"]},"dependentRequired":{"c":["d"]},"not":{"required":["e"]}}`, "a: 1\nc: 2")
	f.Add(`{"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":1,"exclusiveMinimum":true}}}`, "a: 1")
	f.Fuzz(func(t *testing.T, schemaText, text string) {
		begin := time.Now()
		s, err := compileSchema([]byte(schemaText))
		if err != nil {
			return
		}
		c, problems := checkConfig(s, text)
		if took := time.Since(begin); took > 20*time.Second {
			t.Fatalf("took %s", took)
		}
		for _, p := range problems {
			if p.Message == "" || !utf8.ValidString(p.String()) {
				t.Fatalf("problem %+v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		same, problems := checkConfig(s, string(c.json))
		if len(problems) > 0 || string(same.json) != string(c.json) {
			t.Fatalf("%s does not fit again: %q", c.json, lines(problems))
		}
	})
}
