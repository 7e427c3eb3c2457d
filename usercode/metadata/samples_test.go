package metadata_test

import (
	"encoding/json"
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode/metadata"
)

var (
	instant = time.Date(2026, 3, 29, 2, 30, 0, 123456789, time.FixedZone("CEST", 7200))
	schema  = metadata.Schema{
		Columns: []metadata.Column{
			{Name: "name", Type: "string", Description: "of the table", NotNull: true, Unique: true},
			{Name: "rows", Type: "int", Constraints: []string{">= 0"}, Tags: map[string]string{"unit": "1", "pii": "no"}},
		},
		Constraints: []string{"sorted by name"},
	}
)

// samples holds a valid value of every kind, none of them empty.
func samples() map[metadata.Kind]metadata.Value {
	return map[metadata.Kind]metadata.Value{
		metadata.KindText:        metadata.Text("data team"),
		metadata.KindURL:         metadata.URL("https://docs.example.com/a?b=c#d"),
		metadata.KindPath:        metadata.Path("/srv/in put.csv"),
		metadata.KindNotebook:    metadata.Notebook("explore.ipynb"),
		metadata.KindJSON:        metadata.JSON(map[string]any{"b": []any{1, nil}, "a": "<x>"}),
		metadata.KindMarkdown:    metadata.Markdown("# Title\n\nbody"),
		metadata.KindInt:         metadata.Int(-42),
		metadata.KindFloat:       metadata.Float(0.1),
		metadata.KindBool:        metadata.Bool(true),
		metadata.KindNull:        metadata.Null(),
		metadata.KindTimestamp:   metadata.Timestamp(instant),
		metadata.KindTable:       metadata.Table(schema, metadata.Row{"orders", 1200}, metadata.Row{"refunds", nil}),
		metadata.KindTableSchema: metadata.TableSchema(schema),
		metadata.KindCode:        metadata.Code(metadata.CodeReference{Module: "etl", Symbol: "Load", File: "load.go", Line: 7, RepositoryURL: "https://git.example.com/etl"}),
		metadata.KindRun:         metadata.Run("0198c5a0-0000-7000-8000-000000000001"),
		metadata.KindJob:         metadata.Job(metadata.JobReference{Location: "etl", Repository: "main", Job: "load"}),
		metadata.KindAsset:       metadata.Asset("warehouse", "orders"),
	}
}

func TestEveryKindHasASample(t *testing.T) {
	all := samples()
	for _, k := range metadata.Kinds() {
		v, ok := all[k]
		if !ok {
			t.Errorf("no sample of kind %s", k)
			continue
		}
		if v.Err() != nil || v.Kind() != k || !k.Known() {
			t.Errorf("sample of %s: kind %s, known %v, error %v", k, v.Kind(), k.Known(), v.Err())
		}
		for other, w := range all {
			if got, want := v.Equal(w), k == other; got != want {
				t.Errorf("%s equal to %s: got %v", k, other, got)
			}
		}
		if !v.Equal(samples()[k]) {
			t.Errorf("%s differs from the same value made again", k)
		}
	}
	if len(all) != len(metadata.Kinds()) {
		t.Errorf("got %d samples for %d kinds", len(all), len(metadata.Kinds()))
	}
}

func TestAccessors(t *testing.T) {
	s := samples()
	n, ok := s[metadata.KindInt].Int64()
	checks := map[string]bool{
		"text":      s[metadata.KindText].Text() == "data team",
		"url":       s[metadata.KindURL].URL() == "https://docs.example.com/a?b=c#d",
		"path":      s[metadata.KindPath].Path() == "/srv/in put.csv",
		"notebook":  s[metadata.KindNotebook].Path() == "explore.ipynb",
		"json":      s[metadata.KindJSON].JSON() == `{"a":"<x>","b":[1,null]}`,
		"markdown":  s[metadata.KindMarkdown].Markdown() == "# Title\n\nbody",
		"int":       ok && n == -42 && s[metadata.KindInt].Digits() == "-42",
		"float":     s[metadata.KindFloat].Float() == 0.1,
		"bool":      s[metadata.KindBool].Bool(),
		"timestamp": s[metadata.KindTimestamp].Time().Equal(instant) && s[metadata.KindTimestamp].Time().Location() == time.UTC,
		"schema":    s[metadata.KindTableSchema].Schema().Columns[1].Tags["unit"] == "1",
		"code":      s[metadata.KindCode].Code().Line == 7,
		"run":       s[metadata.KindRun].RunID() == "0198c5a0-0000-7000-8000-000000000001",
		"job":       s[metadata.KindJob].Job() == metadata.JobReference{Location: "etl", Repository: "main", Job: "load"},
		"asset":     len(s[metadata.KindAsset].Asset()) == 2 && s[metadata.KindAsset].Asset()[1] == "orders",
	}
	for name, ok := range checks {
		if !ok {
			t.Errorf("the accessor of %s answers something else than was given", name)
		}
	}
	rows := s[metadata.KindTable].Table().Rows
	if len(rows) != 2 || rows[0][0].Text() != "orders" || rows[0][1].Digits() != "1200" || rows[1][1].Kind() != metadata.KindNull {
		t.Errorf("table rows: got %v", rows)
	}
}

func TestAccessorsOfAnotherKindAreZero(t *testing.T) {
	v := metadata.Text("x")
	if v.URL() != "" || v.Path() != "" || v.JSON() != "" || v.Markdown() != "" || v.RunID() != "" || v.Digits() != "" ||
		v.Float() != 0 || v.Bool() || !v.Time().IsZero() || v.Table().Rows != nil || v.Schema().Columns != nil ||
		v.Code() != (metadata.CodeReference{}) || v.Job() != (metadata.JobReference{}) || v.Asset() != nil ||
		v.Fallback() != "" || v.Raw() != nil {
		t.Error("an accessor of another kind answers a payload for kind text")
	}
	if _, ok := v.Int64(); ok {
		t.Error("Int64 of kind text: got ok")
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	huge, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	for _, c := range []struct {
		v      metadata.Value
		digits string
		fits   bool
	}{
		{metadata.Int(uint64(math.MaxInt64)), "9223372036854775807", true},
		{metadata.Int(uint64(math.MaxInt64) + 1), "9223372036854775808", false},
		{metadata.Int(uint64(math.MaxUint64)), "18446744073709551615", false},
		{metadata.Int(int64(math.MinInt64)), "-9223372036854775808", true},
		{metadata.Int(time.Second), "1000000000", true},
		{metadata.BigInt(big.NewInt(7)), "7", true},
		{metadata.BigInt(huge), "-123456789012345678901234567890", false},
		{metadata.Digits("0"), "0", true},
	} {
		_, fits := c.v.Int64()
		if c.v.Err() != nil || c.v.Digits() != c.digits || fits != c.fits || c.v.String() != c.digits {
			t.Errorf("want %s (fits %v): got %s (fits %v), error %v", c.digits, c.fits, c.v.Digits(), fits, c.v.Err())
		}
	}
	for _, bad := range []string{"", "-", "+1", "01", "-0", "1.5", "1e3", " 1", "0x10", "１", "-09223372036854775809"} {
		if v := metadata.Digits(bad); v.Err() == nil || v.Digits() != "" {
			t.Errorf("Digits(%q): got %v, want an error", bad, v)
		}
	}
	if !math.IsNaN(metadata.Float(math.NaN()).Float()) || !metadata.Float(math.NaN()).Equal(metadata.Float(math.NaN())) {
		t.Error("NaN does not survive or does not equal itself")
	}
	if metadata.Float(0).Equal(metadata.Float(math.Copysign(0, -1))) {
		t.Error("0 equals -0, which is shown differently")
	}
	nan := metadata.Table(metadata.Schema{Columns: []metadata.Column{{Name: "x"}}}, metadata.Row{math.NaN()}, metadata.Row{math.Inf(-1)})
	if !nan.Equal(nan) || nan.Table().Rows[1][0].String() != "-Inf" {
		t.Errorf("NaN and -Inf in a table: got %v", nan.Table())
	}
}

func TestValueIsImmutable(t *testing.T) {
	mutable := metadata.Schema{Columns: []metadata.Column{{Name: "a", Tags: map[string]string{"k": "v"}, Constraints: []string{"c"}}}}
	row := metadata.Row{"x"}
	path := []string{"p"}
	object := map[string]any{"k": 1}
	table, asset, doc := metadata.Table(mutable, row), metadata.Asset(path...), metadata.JSON(object)
	mutable.Columns[0].Tags["k"], mutable.Columns[0].Constraints[0], mutable.Columns[0].Name = "!", "!", "!"
	row[0], path[0], object["k"] = "!", "!", 2
	got := table.Table()
	got.Rows[0][0], got.Schema.Columns[0].Tags["k"] = metadata.Null(), "?"
	asset.Asset()[0] = "?"

	again := table.Table()
	if c := again.Schema.Columns[0]; c.Name != "a" || c.Tags["k"] != "v" || c.Constraints[0] != "c" || again.Rows[0][0].Text() != "x" {
		t.Errorf("the table changed: %+v", again)
	}
	if asset.Asset()[0] != "p" || doc.JSON() != `{"k":1}` {
		t.Errorf("changed: asset %v, json %s", asset.Asset(), doc.JSON())
	}
	unknown := metadata.Unknown("chart", "", []byte(`{}`))
	unknown.Raw()[0] = '!'
	if string(unknown.Raw()) != `{}` {
		t.Errorf("the raw JSON changed: %s", unknown.Raw())
	}
}

func TestUnknown(t *testing.T) {
	raw := `{ "n": 12345678901234567890, "z":1,"z":1 }`
	v := metadata.Unknown("chart.v2", "a chart", []byte(raw))
	if v.Err() != nil || v.Kind().Known() || v.Kind() != "chart.v2" || v.Fallback() != "a chart" || string(v.Raw()) != raw {
		t.Errorf("got %v, kind %s, fallback %q, raw %s, error %v", v, v.Kind(), v.Fallback(), v.Raw(), v.Err())
	}
	if v := metadata.Unknown("x", "", nil); v.Err() != nil || v.Raw() != nil {
		t.Errorf("without fallback and raw: raw %q, error %v", v.Raw(), v.Err())
	}
}

func TestValueRefusesToBecomeJSON(t *testing.T) {
	if b, err := json.Marshal(metadata.Text("x")); err == nil {
		t.Errorf("got %s, want an error", b)
	}
	want := "a metadata.Value cannot be part of a JSON value or a tag; give it a metadata key of its own"
	err := metadata.JSON(map[string]any{"a": metadata.Text("x")}).Err()
	if err == nil || err.Error() != "a map[string]interface {} cannot become JSON: "+want {
		t.Errorf("a Value inside JSON: got %v", err)
	}
}
