package metadata_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode/metadata"
)

type panicky struct{}

func (panicky) MarshalJSON() ([]byte, error) { panic("boom") }

type cyclic struct{ Next *cyclic }

// Each constructor gets input that it must refuse; the words are what the author needs to mend it.
func TestInvalidInput(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	column := metadata.Schema{Columns: []metadata.Column{{Name: "a"}}}
	loop := &cyclic{}
	loop.Next = loop
	for name, c := range map[string]struct {
		v    metadata.Value
		want string
	}{
		"ZeroValue":         {metadata.Value{}, "metadata.Null()"},
		"TextTooLong":       {metadata.Text(long(64<<10 + 1)), "65537 bytes; the limit is 65536"},
		"TextNotUTF8":       {metadata.Text("a\xff"), `"a\xff" is not valid UTF-8`},
		"MarkdownTooLong":   {metadata.Markdown(long(256<<10 + 1)), "the limit is 262144"},
		"PathEmpty":         {metadata.Path(""), "empty"},
		"NotebookEmpty":     {metadata.Notebook(""), "empty"},
		"RunEmpty":          {metadata.Run(""), "empty"},
		"JSONTooLong":       {metadata.JSON(long(1 << 20)), "the limit is 1048576"},
		"JSONBroken":        {metadata.JSON(json.RawMessage(`{"a":`)), "unexpected end of JSON"},
		"JSONNotUTF8":       {metadata.JSON(json.RawMessage("\"\xff\"")), "not valid UTF-8"},
		"JSONChannel":       {metadata.JSON(make(chan int)), "chan int"},
		"JSONNaN":           {metadata.JSON([]any{math.NaN()}), "NaN"},
		"JSONCycle":         {metadata.JSON(loop), "cycle"},
		"JSONPanics":        {metadata.JSON(panicky{}), "boom"},
		"JSONError":         {metadata.JSON(errors.New("x")), "metadata.Text(err.Error())"},
		"BigIntNil":         {metadata.BigInt((*big.Int)(nil)), "metadata.Null()"},
		"DigitsTooLong":     {metadata.Digits(long(64<<10 + 1)), "the limit is 65536"},
		"TimestampTooLate":  {metadata.Timestamp(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), "10000"},
		"TableNoColumns":    {metadata.Table(metadata.Schema{}), "no columns"},
		"TableTooWide":      {metadata.Table(column, metadata.Row{1, 2}), "row 1 has 2 cells, the schema has 1 columns"},
		"TableTooLarge":     {metadata.Table(column, make([]metadata.Row, 10_001)...), "10001 cells; the limit is 10000"},
		"TableBadCell":      {metadata.Table(column, metadata.Row{metadata.URL("/x")}), `row 1, column "a": a cell cannot be of kind url`},
		"TableOddCell":      {metadata.Table(column, metadata.Row{struct{}{}}), "struct {}"},
		"TableBigCell":      {metadata.Table(column, metadata.Row{uint64(math.MaxUint64)}), "64 bits"},
		"SchemaNoName":      {metadata.TableSchema(metadata.Schema{Columns: []metadata.Column{{}}}), "column 1 has no name"},
		"SchemaSameName":    {metadata.TableSchema(metadata.Schema{Columns: []metadata.Column{{Name: "a"}, {Name: "a"}}}), `"a"`},
		"SchemaNotUTF8":     {metadata.TableSchema(metadata.Schema{Columns: []metadata.Column{{Name: "a", Description: "\xff"}}}), "UTF-8"},
		"SchemaBadTag":      {metadata.TableSchema(metadata.Schema{Columns: []metadata.Column{{Name: "a", Tags: map[string]string{"": "x"}}}}), "without a key"},
		"ConstraintTooLong": {metadata.TableSchema(metadata.Schema{Constraints: []string{long(64<<10 + 1)}}), "the limit is 65536"},
		"CodeNoSymbol":      {metadata.Code(metadata.CodeReference{Module: "m"}), "Module and Symbol"},
		"CodeBadLine":       {metadata.Code(metadata.CodeReference{Module: "m", Symbol: "s", Line: -1}), "-1"},
		"CodeBadLink":       {metadata.Code(metadata.CodeReference{Module: "m", Symbol: "s", RepositoryURL: "javascript:1"}), "http, https"},
		"CodeNotUTF8":       {metadata.Code(metadata.CodeReference{Module: "m", Symbol: "\xff"}), "UTF-8"},
		"JobEmpty":          {metadata.Job(metadata.JobReference{Location: "x"}), "needs Job"},
		"JobNotUTF8":        {metadata.Job(metadata.JobReference{Job: "\xff"}), "UTF-8"},
		"AssetEmpty":        {metadata.Asset(), "empty"},
		"AssetEmptyPart":    {metadata.Asset("a", ""), "part 2"},
		"AssetNotUTF8":      {metadata.Asset("\xff"), "UTF-8"},
		"UnknownIsKnown":    {metadata.Unknown(metadata.KindInt, "", nil), "kind int came without its value"},
		"UnknownUpperCase":  {metadata.Unknown("Chart", "", nil), `"Chart"`},
		"UnknownEmpty":      {metadata.Unknown("", "x", nil), "1 to 64"},
		"UnknownLongKind":   {metadata.Unknown(metadata.Kind(long(65)), "x", nil), "1 to 64"},
		"FallbackTooLong":   {metadata.Unknown("chart", long(4097), nil), "the limit is 4096"},
		"RawBroken":         {metadata.Unknown("chart", "", []byte("{")), "not JSON"},
		"RawTooLong":        {metadata.Unknown("chart", "", []byte(long(1<<20+1))), "the limit is 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.v.Err()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
			if c.v.Text()+c.v.URL()+c.v.JSON()+c.v.Path()+c.v.Markdown()+c.v.Digits()+c.v.Fallback() != "" || c.v.Raw() != nil {
				t.Errorf("an invalid value holds a payload")
			}
			if s := c.v.String(); !strings.HasPrefix(s, "[invalid: ") || len(s) > 512 {
				t.Errorf("rendered as %q", s)
			}
			list := metadata.List{{Key: "k", Value: c.v}}
			if err := list.Validate(); err == nil || !strings.Contains(err.Error(), `metadata "k": `) {
				t.Errorf("Validate: got %v", err)
			}
		})
	}
}

func TestAtTheLimit(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	wide := metadata.Schema{Columns: []metadata.Column{{Name: "a"}, {Name: "b"}}}
	rows := make([]metadata.Row, 5000)
	for i := range rows {
		rows[i] = metadata.Row{i, nil}
	}
	for name, v := range map[string]metadata.Value{
		"Text":     metadata.Text(long(64 << 10)),
		"Markdown": metadata.Markdown(long(256 << 10)),
		"JSON":     metadata.JSON(long(1<<20 - 2)),
		"URL":      metadata.URL("/" + long(2047)),
		"Cells":    metadata.Table(wide, rows...),
		"NoRows":   metadata.Table(wide),
		"Kind":     metadata.Unknown(metadata.Kind(long(64)), long(4096), nil),
		"Raw":      metadata.Unknown("chart", "", []byte(`"`+long(1<<20-2)+`"`)),
		"Empty":    metadata.Text(""),
		"Year1":    metadata.Timestamp(time.Time{}),
	} {
		if err := v.Err(); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSafeLink(t *testing.T) {
	for _, ok := range []string{
		"https://example.com", "HTTP://EXAMPLE.com/x", "http://[::1]:3000/", "mailto:team@example.com", "/runs?tag=a", "/",
		"https://bücher.example/ü", "https://h/%0a", "https://user@h/x",
	} {
		if !metadata.SafeLink(ok) || metadata.URL(ok).URL() != ok {
			t.Errorf("%q: refused: %v", ok, metadata.URL(ok).Err())
		}
	}
	for _, bad := range []string{
		"", "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x",
		"vbscript:x", "file:///etc/passwd", "//evil.example", "/\\evil.example", "\\\\evil", "https:evil.example", "https:///x",
		"https://:80/", "mailto:", "example.com", "a/b", "#x", "?x", "https://a b/", "/a b", "/a\tb", "https://h/\u202e", "/\x00",
		"https://h/\u00a0", "https://%zz/", "https://h:port/", "ftp://h/", "http://h/\xff", "x:/" + strings.Repeat("y", 4000),
		"/" + strings.Repeat("y", 2048), "blob:https://h/x", "\u0001javascript:alert(1)", "1http://x",
	} {
		v := metadata.URL(bad)
		if metadata.SafeLink(bad) || v.Err() == nil || v.URL() != "" {
			t.Errorf("%q: accepted", bad)
		} else if len(v.Err().Error()) > 300 {
			t.Errorf("%q: %d bytes of error", bad, len(v.Err().Error()))
		}
	}
}
