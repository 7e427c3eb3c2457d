package launch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
)

// reportSchema is what a job with two configs has.
const reportSchema = `{"type":"object","properties":{"config":{"type":"object","properties":{
	"read":{"type":"object","description":"What to read.","properties":{
		"path":{"type":"string","description":"A Git repository."},
		"since":{"type":["string","null"],"default":null},
		"limit":{"type":"integer","default":100,"minimum":1,"maximum":1000},
		"authors":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"weight":{"type":"number","default":1.5}},"required":["name"],"additionalProperties":false}}
	},"required":["path"],"additionalProperties":false},
	"write":{"type":"object","properties":{
		"format":{"enum":["csv","markdown"],"default":"csv"},
		"options":{"type":"object","properties":{"header":{"type":"boolean","default":true}},"additionalProperties":false}
	},"additionalProperties":false}
},"required":["read"],"additionalProperties":false}},"required":["config"],"additionalProperties":false}`

func mustCompile(t testing.TB, text string) *schema {
	t.Helper()
	s, err := compileSchema([]byte(text))
	if err != nil {
		t.Fatalf("compile %.200s: %v", text, err)
	}
	return s
}

func lines(problems []host.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

func TestConfigDefaults(t *testing.T) {
	s := mustCompile(t, reportSchema)
	c, problems := checkConfig(s, "# what I want\nconfig:\n  read:\n    path: .\n    authors:\n    - name: \"007\"\n    - {name: Ann, weight: 2.0}\n")
	if len(problems) > 0 {
		t.Fatalf("problems: %v", lines(problems))
	}
	wantJSON := `{"config":{"read":{"authors":[{"name":"007","weight":1.5},{"name":"Ann","weight":2}],"limit":100,"path":".","since":null},` +
		`"write":{"format":"csv","options":{"header":true}}}}`
	if got := string(c.json); got != wantJSON {
		t.Errorf("json:\n got %s\nwant %s", got, wantJSON)
	}
	wantYAML := `config:
  read:
    path: .
    authors:
    - name: '007'
      weight: 1.5
    - name: Ann
      weight: 2
    limit: 100
    since: null
  write:
    format: csv
    options:
      header: true
`
	if diff := cmp.Diff(wantYAML, c.yaml); diff != "" {
		t.Errorf("yaml (-want +got):\n%s", diff)
	}
}

func TestConfigAllProblemsAtOnce(t *testing.T) {
	s := mustCompile(t, reportSchema)
	text := `config:
  raed:
    path: x
  read:
    limit: 5000
    snce: monday
    authors:
    - {name: 12, weight: heavy}
    - [a]
  write: {format: cvs}
extra: 1
`
	_, problems := checkConfig(s, text)
	want := []string{
		`config config.raed (line 2, column 3): unknown key; did you mean "read"? Known are read, write`,
		`config config.read.path (line 4, column 3): it is missing: text (A Git repository.)`,
		`config config.read.limit (line 5, column 5): it is the number 5000; it must be at most 1000`,
		`config config.read.snce (line 6, column 5): unknown key; did you mean "since"? Known are authors, limit, path, since`,
		`config config.read.authors[0].name (line 8, column 8): it is the number 12; it must be text: write "12", with the quotes`,
		`config config.read.authors[0].weight (line 8, column 18): it is the text "heavy"; it must be a number`,
		`config config.read.authors[1] (line 9, column 7): it is a list; it must be an object (lines of "key: value")`,
		`config config.write.format (line 10, column 11): it is the text "cvs"; allowed are "csv", "markdown"; did you mean "csv"?`,
		`config extra (line 11, column 1): unknown key; known are config`,
	}
	if diff := cmp.Diff(want, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestConfigWithoutText(t *testing.T) {
	s := mustCompile(t, reportSchema)
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "null", "{}", "~", "...\n"} {
		_, problems := checkConfig(s, text)
		if len(problems) != 1 || problems[0].Path != "config.read.path" || !strings.Contains(problems[0].Message, "missing") {
			t.Errorf("%q: problems %q, want the missing path alone", text, lines(problems))
		}
		c, problems := checkConfig(&schema{}, text)
		if len(problems) > 0 || string(c.json) != "{}" || c.yaml != "" {
			t.Errorf("%q without a schema: %+v, problems %q", text, c, lines(problems))
		}
	}
	if _, problems := checkConfig(&schema{}, "a: 1"); len(problems) != 1 || !strings.Contains(problems[0].Message, "takes no config") {
		t.Errorf("config for a job without one: %q", lines(problems))
	}
}

func TestConfigText(t *testing.T) {
	deep := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", c, c, c-1, c-1, c-1, c-1, c-1, c-1, c-1, c-1)
	}
	for _, test := range []struct{ name, text, want string }{
		{"ErrNotYAML", "a: [1, 2\nb: 3\n", `config (line 2, column 2): it is not YAML`},
		{"ErrTabs", "a:\n\tb: c\n", `config (line 2, column 1): it is not YAML`},
		{"ErrTwoDocuments", "a: 1\n---\nb: 2\n", `config (line 2, column 1): a second document begins here`},
		{"ErrSecondDocumentBroken", "a: 1\n---\n[", `it is not YAML`},
		{"ErrDuplicateKey", "a: 1\nb: 2\na: 3\n", `config (line 3, column 1): the key "a" is there already, on line 1`},
		{"ErrDuplicateKeyJSON", "{\"é\": 1,\n \"b\": {}, \"é\": 2}", `config (line 2, column 11): the key "é" is there already, on line 1`},
		{"ErrDuplicateKeyEscaped", `{"a": 1, "\u0061": 2}`, `config (line 1, column 10): the key "a" is there already`},
		{"ErrNumberKey", "1: x\n", `config (line 1, column 1): the key 1 is the number 1; keys are text, so put it in quotes: "1"`},
		{"ErrNullKey", "~: x\n", `keys are text`},
		{"ErrObjectKey", "? {a: 1}\n: x\n", `a key is a list or an object here`},
		{"ErrMergeKey", "a: &x {b: 1}\nc:\n  <<: *x\n", `config (line 3, column 3): merge keys`},
		{"ErrTag", "a: !go 1\n", `the tag !go is not known here`},
		{"ErrTagOnObject", "a: !x {}\n", `the tag "!x" is not known here`},
		{"ErrBinary", "a: !!binary aGk=\n", `the tag !!binary is not known here`},
		{"ErrTagDoesNotFit", "a: !!int x\n", `the tag !!int does not fit: this is the text "x"`},
		{"ErrInfinity", "a: .inf\n", `.inf is not a number that JSON has`},
		{"ErrNumberRange", "a: 1e309\n", `the number 1e309 is out of range`},
		{"ErrNumberRangeJSON", `{"a": 1e99999999999}`, `is out of range`},
		{"ErrList", "- a\n", `config (line 1, column 1): it is a list; a config is an object`},
		{"ErrText", "hello", `it is the text "hello"; a config is an object`},
		{"ErrNotUTF8", "a: é\nbé: \xff\n", `config (line 2, column 5): it is not UTF-8 text`},
		{"ErrControl", "a: é\x00\n", `config (line 1, column 5): it holds the control character`},
		{"ErrHalfSurrogate", `{"a": "\ud83d"}`, `half of a \u surrogate pair`},
		{"ErrUnknownAlias", "a: *x\n", `config (line 1, column 4): it is not YAML: unknown anchor 'x' referenced`},
		{"ErrEndlessAlias", "a: &x [*x]\n", `config (line 1, column 8): the alias *x stands inside its own anchor`},
		{"ErrBomb", bomb, `aliases written out; the limit is 100000`},
		{"ErrTextBomb", "a: &a " + strings.Repeat("x", 1000) + "\nb: [" + strings.Repeat("*a,", 1100) + "]\n", `bytes of text, aliases written out`},
		{"ErrTooLarge", "a: " + strings.Repeat("x", MaxConfigBytes-2), `it has 1048577 bytes; the limit is 1048576`},
		{"ErrTooDeep", deep(MaxConfigDepth + 1), `nest deeper than 64 here`},
		{"ErrTooDeepYAML", strings.ReplaceAll(deep(MaxConfigDepth+1), `"a":`, `a: `), `nest deeper than 64 here`},
		{"ErrTooManyValues", "a: [" + strings.Repeat("1,", MaxConfigValues-2) + "]", `holds more than 100000 values`},
	} {
		t.Run(test.name, func(t *testing.T) {
			doc, problems := readConfig(test.text)
			if doc != nil || len(problems) == 0 || !strings.Contains(problems[0].String(), test.want) {
				t.Errorf("got %.300q, want a problem with %q", lines(problems), test.want)
			}
		})
	}
	for _, test := range []struct{ name, text string }{
		{"DepthAtLimit", deep(MaxConfigDepth)},
		{"SizeAtLimit", "a: " + strings.Repeat("x", MaxConfigBytes-3)},
		{"ValuesAtLimit", "a: [" + strings.Repeat("1,", MaxConfigValues-3) + "]"},
		{"TabsInJSON", "{\n\t\"a\":\t1\n}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, problems := readConfig(test.text); len(problems) > 0 {
				t.Errorf("got %.300q, want none", lines(problems))
			}
		})
	}
}

// TestConfigScalars is the list of what plain scalars mean.
func TestConfigScalars(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "null"}, {"~", "null"}, {"null", "null"}, {"NULL", "null"}, {`"null"`, `"null"`},
		{"true", "true"}, {"True", "true"}, {"yes", `"yes"`}, {"on", `"on"`}, {"No", `"No"`}, {"y", `"y"`},
		{"1", "1"}, {"+1", "1"}, {"-0", "0"}, {"1.0", "1"}, {"1.50", "1.5"}, {".5", "0.5"}, {"-.5", "-0.5"}, {"5.", "5"},
		{"1e3", "1000"}, {"1E-3", "0.001"}, {"1e300", "1e300"}, {"123456789012345678901234567890", "123456789012345678901234567890"},
		{"0.1e-300", "1e-301"}, {"1.25e-7", "1.25e-7"}, {"0x1F", "31"}, {"0o17", "15"}, {"0777", `"0777"`}, {"00", `"00"`}, {"007.5", `"007.5"`},
		{"1_000", `"1_000"`}, {"12:30:45", `"12:30:45"`}, {"2024-01-02", `"2024-01-02"`}, {"2024-01-02T03:04:05Z", `"2024-01-02T03:04:05Z"`},
		{"!!str 1", `"1"`}, {"!!float 1", "1"}, {"!!int 3", "3"}, {`!!int "3"`, "3"}, {"!!null ''", "null"}, {"!!str", `""`},
		{".", `"."`}, {"+", `"+"`}, {"e5", `"e5"`}, {".e5", `".e5"`}, {"1e", `"1e"`}, {"=", `"="`}, {"v1.10", `"v1.10"`},
		{`"\ud83d\ude00"`, `"😀"`}, {"<<", `"<<"`}, {"a & <b>", `"a & <b>"`},
	} {
		text := "a: " + test.text + "\n"
		if strings.Contains(test.text, `\ud`) {
			text = `{"a": ` + test.text + `}` // escapes of JSON
		}
		doc, problems := readConfig(text)
		if len(problems) > 0 {
			t.Errorf("%q: %q", text, lines(problems))
			continue
		}
		if got := string(canonicalJSON(doc.plain())); got != `{"a":`+test.want+`}` {
			t.Errorf("%q: got %s, want %s", text, got, test.want)
		}
	}
}

func TestConfigAlias(t *testing.T) {
	doc, problems := readConfig("a: &x\n  b: [1, &y 2]\nc: *x\nd: *y\n")
	if len(problems) > 0 {
		t.Fatal(lines(problems))
	}
	if got, want := string(canonicalJSON(doc.plain())), `{"a":{"b":[1,2]},"c":{"b":[1,2]},"d":2}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s := mustCompile(t, `{"properties":{"c":{"type":"string"}}}`)
	if _, problems := checkConfig(s, "a: &x\n  b: 1\nc: *x\n"); len(problems) != 1 || problems[0].Line != 3 {
		t.Errorf("problem of an alias: %q, want it where the alias is, on line 3", lines(problems))
	}
}

// sdkSchema is what the Go SDK makes of a struct with a field of every kind.
const sdkSchema = `{"type":"object","properties":{"config":{"type":"object","properties":{"read":{"type":"object","properties":{"path":{"type":"string","description":"where to read","default":"."},"inner":{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["null","integer"],"default":null},"l":{"type":["null","array"],"items":{"type":"object","properties":{"x":{"type":"integer","default":0},"any":{"default":null}},"additionalProperties":false},"default":[]},"d":{"type":"string","default":"0s","pattern":"^[-+]?([0-9.]+(ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$"}},"required":["a"],"additionalProperties":false},"p":{"type":["null","object"],"properties":{"x":{"type":"integer","default":0},"any":{"default":null}},"default":null,"additionalProperties":false},"m":{"type":"object","default":{},"additionalProperties":{"type":"object","properties":{"x":{"type":"integer","default":0},"any":{"default":null}},"additionalProperties":false}},"f":{"type":"number","default":1.5}},"required":["inner"],"additionalProperties":false}},"required":["read"],"additionalProperties":false}},"required":["config"],"additionalProperties":false}`

func TestConfigOfTheSDK(t *testing.T) {
	s := mustCompile(t, sdkSchema)
	_, problems := checkConfig(s, "config: {read: {f: 1e400}}")
	if diff := cmp.Diff([]string{"config (line 1, column 20): the number 1e400 is out of range; numbers go from 1e-308 to 1e308 in size"}, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	_, problems = checkConfig(s, "")
	if diff := cmp.Diff([]string{"config config.read.inner.a: it is missing: text"}, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	_, problems = checkConfig(s, "config:\n  read:\n    inner: {a: x, d: 5 minutes, l: {}, b: 1.5}\n    p: {y: 1}\n")
	want := []string{
		"config config.read.inner.d (line 3, column 19): it is the text \"5 minutes\"; it must match the pattern ^[-+]?([0-9.]+(ns|us|µs|μs|ms|s|m|h))+$|^[-+]?0$",
		"config config.read.inner.l (line 3, column 33): it is an object; it must be null or a list",
		"config config.read.inner.b (line 3, column 40): it is the number 1.5; it must be null or a whole number",
		"config config.read.p.y (line 4, column 9): unknown key; known are any, x",
	}
	if diff := cmp.Diff(want, lines(problems)); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	c, problems := checkConfig(s, "config:\n  read:\n    inner: {a: x, b: 3.0, l: [{}]}\n    m: {k: {x: 2}}\n    p: {}\n")
	if len(problems) > 0 {
		t.Fatalf("problems %q", lines(problems))
	}
	if got, want := string(c.json), `{"config":{"read":{"f":1.5,"inner":{"a":"x","b":3,"d":"0s","l":[{"any":null,"x":0}]},"m":{"k":{"any":null,"x":2}},"p":{"any":null,"x":0},"path":"."}}}`; got != want {
		t.Errorf("json:\n got %s\nwant %s", got, want)
	}
}
