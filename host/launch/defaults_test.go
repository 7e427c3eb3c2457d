package launch

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDefaults(t *testing.T) {
	for _, test := range []struct{ name, schema, config, want string }{
		{"Given", `{"properties":{"a":{"default":1}}}`, `{"a":2}`, `{"a":2}`},
		{"GivenNull", `{"properties":{"a":{"default":1}}}`, `{"a":null}`, `{"a":null}`},
		{"Absent", `{"properties":{"a":{"default":1}}}`, `{}`, `{"a":1}`},
		{"DefaultNull", `{"properties":{"a":{"default":null}}}`, `{}`, `{"a":null}`},
		{"OfNumbers", `{"properties":{"a":{"default":1.50},"b":{"default":1e2}}}`, `{}`, `{"a":1.5,"b":100}`},
		{"Nested", `{"properties":{"a":{"type":"object","properties":{"b":{"default":1}}}}}`, `{}`, `{"a":{"b":1}}`},
		{"NestedInDefault", `{"properties":{"a":{"default":{"x":1},"properties":{"b":{"default":1}}}}}`, `{}`, `{"a":{"b":1,"x":1}}`},
		{"NothingToFillIn", `{"properties":{"a":{"type":"object","properties":{"b":{}}}}}`, `{}`, `{}`},
		{"OptionalThatNeedsMore", `{"properties":{"a":{"type":"object","properties":{"b":{"default":1},"c":{}},"required":["c"]}}}`, `{}`, `{}`},
		{"OptionalNullable", `{"properties":{"a":{"type":["object","null"],"properties":{"b":{"default":1}}}}}`, `{}`, `{}`},
		{"Items", `{"properties":{"a":{"items":{"properties":{"b":{"default":1}}}}}}`, `{"a":[{},{"b":2},3]}`, `{"a":[{"b":1},{"b":2},3]}`},
		{"PrefixItems", `{"properties":{"a":{"prefixItems":[{"properties":{"b":{"default":1}}}],"items":{"properties":{"c":{"default":2}}}}}}`, `{"a":[{},{}]}`, `{"a":[{"b":1},{"c":2}]}`},
		{"ItemsOfOldDrafts", `{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"items":[{"properties":{"b":{"default":1}}}],"additionalItems":{"properties":{"c":{"default":2}}}}}}`, `{"a":[{},{}]}`, `{"a":[{"b":1},{"c":2}]}`},
		{"AdditionalProperties", `{"properties":{"a":{}},"additionalProperties":{"properties":{"b":{"default":1}}}}`, `{"a":{},"x":{}}`, `{"a":{},"x":{"b":1}}`},
		{"PatternProperties", `{"patternProperties":{"^x":{"properties":{"b":{"default":1}}}},"additionalProperties":{"properties":{"c":{"default":2}}}}`, `{"x":{},"y":{}}`, `{"x":{"b":1},"y":{"c":2}}`},
		{"Ref", `{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"object","properties":{"b":{"default":1}}}}}`, `{}`, `{"a":{"b":1}}`},
		{"AllOf", `{"allOf":[{"properties":{"a":{"properties":{"c":{"default":2}}}}},{"properties":{"a":{"default":{"b":1}}}}]}`, `{}`, `{"a":{"b":1,"c":2}}`},
		{"AnyOfChoosesNothing", `{"anyOf":[{"properties":{"a":{"default":1}}},{"properties":{"a":{"default":2}}}]}`, `{}`, `{}`},
		{"Recursive", `{"properties":{"next":{"$ref":"#"},"a":{"default":1}}}`, `{"next":{"next":{}}}`, `{"a":1,"next":{"a":1,"next":{"a":1}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, problems := checkConfig(mustCompile(t, test.schema), test.config)
			if len(problems) > 0 {
				t.Fatalf("problems %q", lines(problems))
			}
			if string(c.json) != test.want {
				t.Errorf("got %s, want %s", c.json, test.want)
			}
		})
	}
}

func TestDefaultsOfTheJobThatDoNotFit(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"$ref":"#/$defs/s0","$defs":{`)
		for i := range n {
			fmt.Fprintf(&b, `"s%d":{"type":"object","properties":{"a":{"default":{},"$ref":"#/$defs/s%d"},"b":{"default":{},"$ref":"#/$defs/s%d"}}},`, i, i+1, i+1)
		}
		fmt.Fprintf(&b, `"s%d":{}}}`, n)
		return b.String()
	}
	trials := strings.ReplaceAll(many(40), `"default":{},`, "")
	for _, test := range []struct{ name, schema, field, want string }{
		{"ErrOwnSchema", `{"properties":{"a":{"type":"string","default":1}}}`, "config", "the default in the job's definition does not fit its own schema"},
		{"ErrEndless", `{"properties":{"a":{"default":{},"$ref":"#"}}}`, "job", "its defaults, filled in, are larger"},
		{"ErrRequiredEndless", `{"type":"object","required":["a"],"properties":{"a":{"$ref":"#"}}}`, "job", "its defaults, filled in, are larger"},
		{"ErrDoubling", many(40), "job", "its defaults, filled in, are larger"},
		{"ErrDoublingTrials", trials, "job", "its defaults, filled in, are larger"},
		{"ErrTooLarge", `{"properties":{"a":{"default":"` + strings.Repeat("x", 200_000) + `"}},"additionalProperties":{"$ref":"#"}}`, "job", "its defaults, filled in, are larger"},
	} {
		t.Run(test.name, func(t *testing.T) {
			begin := time.Now()
			_, problems := checkConfig(mustCompile(t, test.schema), "{b: {}, c: {}, d: {}, e: {}, f: {}, g: {}}")
			if len(problems) == 0 || problems[0].Field != test.field || !strings.Contains(problems[0].Message, test.want) {
				t.Errorf("got %.300q, want a problem of %s with %q", lines(problems), test.field, test.want)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// schemas draws a schema with defaults at every level.
func schemas(depth int) *rapid.Generator[map[string]any] {
	names := []string{"a", "b", "c"}
	return rapid.Custom(func(t *rapid.T) map[string]any {
		s := map[string]any{}
		switch rapid.IntRange(0, 5).Draw(t, "form") {
		case 0:
			s["type"] = rapid.SampledFrom([]string{"string", "integer", "object", "array", "boolean", "null"}).Draw(t, "type")
		case 1:
			s["$ref"] = "#/$defs/" + rapid.SampledFrom(names).Draw(t, "ref")
			s["properties"] = map[string]any{}
		default:
			s["type"] = "object"
		}
		if rapid.IntRange(0, 2).Draw(t, "has default") == 0 {
			s["default"] = rapid.SampledFrom([]any{1, "x", nil, true, map[string]any{}, []any{map[string]any{}}, map[string]any{"a": map[string]any{}}}).Draw(t, "default")
		}
		if depth == 0 {
			return s
		}
		sub := schemas(depth - 1)
		properties := map[string]any{}
		for _, n := range names {
			if rapid.Bool().Draw(t, "has property") {
				properties[n] = sub.Draw(t, n)
			}
		}
		s["properties"] = properties
		for _, keyword := range []string{"items", "additionalProperties"} {
			if rapid.IntRange(0, 3).Draw(t, "has "+keyword) == 0 {
				s[keyword] = sub.Draw(t, keyword)
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "has allOf") == 0 {
			s["allOf"] = []any{sub.Draw(t, "allOf 0"), sub.Draw(t, "allOf 1")}
		}
		if rapid.IntRange(0, 3).Draw(t, "has required") == 0 {
			s["required"] = []string{rapid.SampledFrom(names).Draw(t, "required")}
		}
		return s
	})
}

func TestDefaultsAreIdempotent(t *testing.T) {
	configs := []string{"{}", "{a: {}}", "{a: {b: {}}, c: 1}", "{a: [{}, {}], b: {c: {a: {}}}}", "{x: {y: {}}}"}
	fitted := 0
	rapid.Check(t, func(t *rapid.T) {
		s := schemas(3).Draw(t, "schema")
		s["$defs"] = map[string]any{"a": schemas(1).Draw(t, "def a"), "b": schemas(1).Draw(t, "def b"), "c": map[string]any{"properties": map[string]any{"a": map[string]any{"default": 1}}}}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := compileSchema(text)
		if err != nil {
			return // a $ref that leads back to itself
		}
		config := rapid.SampledFrom(configs).Draw(t, "config")
		typed, problems := readConfig(config)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		once, err := compiled.fillDefaults(typed.plain().(map[string]any))
		if err != nil {
			return
		}
		first := string(canonicalJSON(once))
		again, err := compiled.fillDefaults(clone(once).(map[string]any))
		if err != nil {
			t.Fatalf("schema %s: fill %s again: %v", text, first, err)
		}
		if second := string(canonicalJSON(again)); second != first {
			t.Fatalf("schema %s\nconfig %s\n once %s\ntwice %s", text, config, first, second)
		}
		c, problems := checkConfig(compiled, config)
		if len(problems) > 0 {
			return
		}
		fitted++
		for _, text := range []string{string(c.json), c.yaml} {
			same, problems := checkConfig(compiled, text)
			if len(problems) > 0 || string(same.json) != string(c.json) {
				t.Fatalf("%q of %s: problems %q", text, c.json, lines(problems))
			}
		}
	})
	if fitted == 0 {
		t.Error("no config that was drawn fits its schema, so nothing was shown")
	}
}
