package metadata_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/metadata"
)

func TestString(t *testing.T) {
	want := map[metadata.Kind]string{
		metadata.KindText:        "data team",
		metadata.KindURL:         "https://docs.example.com/a?b=c#d",
		metadata.KindPath:        "/srv/in put.csv",
		metadata.KindNotebook:    "explore.ipynb",
		metadata.KindJSON:        `{"a":"<x>","b":[1,null]}`,
		metadata.KindMarkdown:    `# Title\n\nbody`,
		metadata.KindInt:         "-42",
		metadata.KindFloat:       "0.1",
		metadata.KindBool:        "true",
		metadata.KindNull:        "null",
		metadata.KindTimestamp:   "2026-03-29T00:30:00.123456789Z",
		metadata.KindTable:       "table of 2 rows and 2 columns",
		metadata.KindTableSchema: "table schema of 2 columns",
		metadata.KindCode:        "etl.Load (load.go:7) https://git.example.com/etl",
		metadata.KindRun:         "0198c5a0-0000-7000-8000-000000000001",
		metadata.KindJob:         "etl/main/load",
		metadata.KindAsset:       "warehouse / orders",
	}
	for k, v := range samples() {
		if v.String() != want[k] {
			t.Errorf("%s: got %q, want %q", k, v.String(), want[k])
		}
	}
	if got, want := metadata.Unknown("chart", "a \x1b[31mchart", nil).String(), `a \x1b[31mchart [kind chart, which needs a newer Penstock]`; got != want {
		t.Errorf("unknown: got %q, want %q", got, want)
	}
	if got, want := metadata.Unknown("chart", "", nil).String(), `[kind chart, which needs a newer Penstock]`; got != want {
		t.Errorf("unknown without fallback: got %q, want %q", got, want)
	}
}

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		v    metadata.Value
		want string
	}{
		"Markdown": {metadata.Markdown("# A\r\n\n\tcode \x1b[2J\n\n"), "# A||    code \\x1b[2J"},
		"Text":     {metadata.Text("one\ntwo"), "one|two"},
		"Empty":    {metadata.Text(""), ""},
		"Table":    {samples()[metadata.KindTable], "name     rows|orders   1200|refunds  null"},
		"Schema":   {samples()[metadata.KindTableSchema], "name string, not null, unique: of the table|rows int, >= 0, pii=no, unit=1|constraint: sorted by name"},
		"NoSchema": {metadata.TableSchema(metadata.Schema{}), "table schema of 0 columns"},
		"Other":    {metadata.Int(1), "1"},
		"Invalid":  {metadata.Path(""), "[invalid: the value is empty]"},
		"Hostile": {
			metadata.Table(metadata.Schema{Columns: []metadata.Column{{Name: "a\tb\n"}, {Name: "c"}}}, metadata.Row{"x\ty\xc2\x9b", "\v\f"}),
			`a\tb\n      c|x\ty\u009b  \v\f`,
		},
	} {
		if got := strings.Join(c.v.Lines(), "|"); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestInert(t *testing.T) {
	for in, want := range map[string]string{
		"plain ünïcode 日本 'x' \\":  "plain ünïcode 日本 'x' \\",
		"👩\u200d💻 می\u200cخواهم":   "👩\u200d💻 می\u200cخواهم",
		"a\u00a0b":                 "a\u00a0b",
		"\x1b[31m\a\r\n\t\x7f":     `\x1b[31m\a\r\n\t\x7f`,
		"\u009b31m\u202e\u2028":    `\u009b31m\u202e\u2028`,
		"\xff\xc3":                 `\xff\xc3`,
		"\ufffd":                   "\ufffd",
		"\U000e0041 tag character": `\U000e0041 tag character`,
	} {
		if got := metadata.Inert(in); got != want {
			t.Errorf("Inert(%q): got %q, want %q", in, got, want)
		}
	}
}

func FuzzRender(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b]8;;http://x\a\xff\u202e\n\r\t|")
	f.Fuzz(func(t *testing.T, s string) {
		values := []metadata.Value{
			metadata.Text(s), metadata.URL(s), metadata.Path(s), metadata.Markdown(s), metadata.JSON(s), metadata.Digits(s), metadata.Asset(s),
			metadata.Code(metadata.CodeReference{Module: s, Symbol: s, File: s}), metadata.Unknown(metadata.Kind(s), s, []byte(s)),
			metadata.Table(metadata.Schema{Columns: []metadata.Column{{Name: s, Type: s}}}, metadata.Row{s}),
			metadata.TableSchema(metadata.Schema{Columns: []metadata.Column{{Name: s}}, Constraints: []string{s}}),
		}
		for _, v := range values {
			for _, line := range append(v.Lines(), v.String(), metadata.Inert(s)) {
				if !utf8.ValidString(line) || strings.IndexFunc(line, unicode.IsControl) >= 0 {
					t.Errorf("%s of %q renders as %q", v.Kind(), s, line)
				}
			}
			if !v.Equal(v) {
				t.Errorf("%s of %q differs from itself", v.Kind(), s)
			}
		}
	})
}

func FuzzURL(f *testing.F) {
	f.Add("https://example.com/x")
	f.Add("/\\x")
	f.Add("java\tscript:x")
	f.Fuzz(func(t *testing.T, s string) {
		if !metadata.SafeLink(s) {
			return
		}
		lower := strings.ToLower(s)
		sameOrigin := strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//")
		if !sameOrigin && !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") && !strings.HasPrefix(lower, "mailto:") {
			t.Errorf("accepted %q", s)
		}
		if strings.ContainsAny(s, "\\ \t\r\n\x00") || len(s) > metadata.MaxURLBytes {
			t.Errorf("accepted %q", s)
		}
	})
}
