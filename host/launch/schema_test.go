package launch

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCompileSchemaRefuses(t *testing.T) {
	manyValues := `{"enum":[` + strings.TrimSuffix(strings.Repeat("1,", MaxSchemaValues), ",") + `]}`
	deep := strings.Repeat(`{"items":`, MaxSchemaDepth+1) + "{}" + strings.Repeat("}", MaxSchemaDepth+1)
	chain := func(n int) string {
		var b strings.Builder
		b.WriteString(`{"$ref":"#/$defs/s1","$defs":{`)
		for i := 1; i < n-1; i++ {
			fmt.Fprintf(&b, `"s%d":{"$ref":"#/$defs/s%d"},`, i, i+1)
		}
		fmt.Fprintf(&b, `"s%d":{"type":"object"}}}`, n-1)
		return b.String()
	}
	for _, test := range []struct{ name, schema, want string }{
		{"ErrNotJSON", `{`, "it is not JSON"},
		{"ErrTooLarge", `{"title":"` + strings.Repeat("x", MaxSchemaBytes) + `"}`, "the limit is 262144"},
		{"ErrTooManyValues", manyValues, "the limit is 20000"},
		{"ErrTooDeep", deep, "the limit is 128"},
		{"ErrDuplicateKey", `{"type":"object","type":"string"}`, `the key "type" is there already`},
		{"ErrNotASchema", `{"properties":{"a":{"type":"text"}}}`, "it is not a JSON schema: at /properties/a/type"},
		{"ErrRemoteRef", `{"$ref":"https://example.com/schema.json"}`, "a host fetches nothing"},
		{"ErrFileRef", `{"$ref":"file:///etc/passwd"}`, "a host fetches nothing"},
		{"ErrRelativeRef", `{"$ref":"other.json"}`, "a host fetches nothing"},
		{"ErrRemoteMetaSchema", `{"$schema":"http://example.com/meta"}`, "a host fetches nothing"},
		{"ErrRefToNothing", `{"$ref":"#/$defs/x"}`, "#/$defs/x"},
		{"ErrEndlessRef", `{"$ref":"#"}`, "which has no end"},
		{"ErrEndlessAllOf", `{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}`, "which has no end"},
		{"ErrChain", chain(MaxSchemaChain + 1), "more than 100 schemas apply"},
		{"ErrDynamicRef", `{"$dynamicAnchor":"x","properties":{"a":{"$dynamicRef":"#x"}}}`, "$dynamicRef"},
		{"ErrPattern", `{"properties":{"a":{"pattern":"("}}}`, "("},
		{"ErrPatternBackreference", `{"properties":{"a":{"pattern":"(?=x)"}}}`, "(?="},
		{"ErrPatternTooLong", `{"properties":{"a":{"pattern":"` + strings.Repeat("x", MaxPatternBytes+1) + `"}}}`, "the limit is 1000"},
		{"ErrPatternTooLarge", `{"properties":{"a":{"pattern":"(` + strings.Repeat("x", 40) + `){500}"}}}`, "too large together"},
		{"ErrPatternPropertiesTooLarge", `{"patternProperties":{"(` + strings.Repeat("x", 25) + `){500}":{},"(` + strings.Repeat("y", 25) + `){500}":{}}}`, "too large together"},
		{"ErrNumber", `{"maximum":1e999999999}`, "out of range"},
		{"ErrMultipleOfZero", `{"multipleOf":0}`, "multipleOf"},
	} {
		t.Run(test.name, func(t *testing.T) {
			begin := time.Now()
			_, err := compileSchema([]byte(test.schema))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %.300v, want an error with %q", err, test.want)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
	for _, test := range []struct{ name, schema string }{
		{"Empty", `{}`},
		{"True", `true`},
		{"ChainAtLimit", chain(MaxSchemaChain)},
		{"PatternAtLimit", `{"properties":{"a":{"pattern":"` + strings.Repeat("x", MaxPatternBytes) + `"}}}`},
		{"SizeAtLimit", `{"title":"` + strings.Repeat("x", MaxSchemaBytes-12) + `"}`},
		{"Recursive", `{"properties":{"left":{"$ref":"#"},"right":{"$ref":"#"}}}`},
		{"Draft7", `{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"type":"string"}},"properties":{"a":{"$ref":"#/definitions/a"}}}`},
		{"OwnID", `{"$id":"https://example.com/config","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := compileSchema([]byte(test.schema)); err != nil {
				t.Errorf("compile %.200s: %v", test.schema, err)
			}
		})
	}
}

// doubling is n schemas that each apply the next one twice to the same value.
func doubling(n int, keyword, end string) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/s0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"s%d":{%q:[{"$ref":"#/$defs/s%d"},{"$ref":"#/$defs/s%d"}]},`, i, keyword, i+1, i+1)
	}
	fmt.Fprintf(&b, `"s%d":%s}}`, n, end)
	return b.String()
}

// TestCheckIsBounded has schemas that take exponential time without a bound.
func TestCheckIsBounded(t *testing.T) {
	nested := strings.Repeat("[", 40) + "1" + strings.Repeat("]", 40)
	manyKeys := "{"
	for i := range 20_000 {
		manyKeys += fmt.Sprintf("k%d: 1, ", i)
	}
	manyKeys += "}"
	for _, test := range []struct{ name, schema, config string }{
		{"AllOf", doubling(30, "allOf", "{}"), "a: 1"},
		{"AnyOf", doubling(30, "anyOf", "false"), "a: 1"},
		{"OneOf", doubling(30, "oneOf", "false"), "a: 1"},
		{"ItemsAndContains", `{"properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"items":{"$ref":"#/$defs/x"},"contains":{"$ref":"#/$defs/x"}}}}`, "a: " + nested},
		{"Dependencies", `{"$schema":"http://json-schema.org/draft-07/schema#","not":{"$ref":"#/definitions/s0"},"definitions":{` + dependencies(30) + `}}`, "a: 1\nb: 1"},
		{"PatternProperties", `{"patternProperties":{` + patternProperties(15) + `}}`, manyKeys},
		{"LongPattern", `{"properties":{"a":{"pattern":"(x{1,90}y?){10}z"}}}`, "a: " + strings.Repeat("x", 900_000)},
		{"Enum", `{"additionalProperties":{"enum":[` + strings.Repeat(`"x",`, 1000) + `1]}}`, manyKeys},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := mustCompile(t, test.schema)
			begin := time.Now()
			_, problems := checkConfig(s, test.config)
			if len(problems) != 1 || !strings.Contains(problems[0].Message, "would take too long") {
				t.Errorf("got %.300q, want that it would take too long", lines(problems))
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func dependencies(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf(`"s%d":{"dependencies":{"a":{"$ref":"#/definitions/s%d"},"b":{"$ref":"#/definitions/s%d"}}}`, i, i+1, i+1))
	}
	return strings.Join(append(parts, fmt.Sprintf(`"s%d":{"type":"string"}`, n)), ",")
}

func patternProperties(n int) string {
	var parts []string
	for i := range n {
		parts = append(parts, fmt.Sprintf(`"k.{0,%d}":{"type":"string"}`, 40+i))
	}
	return strings.Join(parts, ",")
}

func TestWorkAtTheBound(t *testing.T) {
	s := mustCompile(t, `{"additionalProperties":{"enum":["a","b","c"]}}`)
	object := map[string]any{}
	for i := 0; ; i++ {
		object[fmt.Sprintf("k%d", i)] = true
		if s.workOf(object, 0) > 10_000 {
			break
		}
	}
	// A key of 2 to 5 letters with a scalar is at most 1.4 in size, and costs 1 for
	// its parent's look at it, 1 for its own schema and 3 for the values that are allowed.
	if n := len(object); n < 1_000 || n > 10_000/5 {
		t.Errorf("%d members cost 10,000 steps, want about 1,500", n)
	}
}

func TestSchemaCache(t *testing.T) {
	c := newSchemaCache()
	a, err := c.get([]byte(`{"type":"object"}`))
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.get([]byte(`{"type":"object"}`))
	if err != nil || a != b {
		t.Errorf("the same schema was compiled twice (error %v)", err)
	}
	if _, err := c.get([]byte(`{`)); err == nil {
		t.Error("what is not JSON was compiled")
	}
	for i := range maxCachedSchemas + 10 {
		if _, err := c.get(fmt.Appendf(nil, `{"title":"%d"}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.recent.entries); n != maxCachedSchemas {
		t.Errorf("%d schemas are kept, want %d", n, maxCachedSchemas)
	}
	if again, err := c.get([]byte(`{"type":"object"}`)); err != nil || again == a {
		t.Errorf("the oldest schema is still there (error %v)", err)
	}
}

func TestRecentIsBoundedBySize(t *testing.T) {
	r := newRecent[int, int](100, 10)
	for i := range 5 {
		r.get(i, 4, func() int { return i })
	}
	if len(r.entries) != 2 || r.size != 8 {
		t.Errorf("%d values of size %d are kept, want 2 of 8", len(r.entries), r.size)
	}
	if got := r.get(99, 11, func() int { return 7 }); got != 7 {
		t.Errorf("a value that is too large: got %d, want it made", got)
	}
	if _, ok := r.peek(99); ok {
		t.Error("a value that is too large is kept")
	}
	if v, ok := r.peek(4); !ok || v != 4 {
		t.Errorf("the newest value: %d, %t", v, ok)
	}
}
