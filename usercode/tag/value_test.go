package tag_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

type (
	env    string
	spec   struct{ Zone, Arch string }
	shouts string
	broken struct{}
)

func (s shouts) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(s))), nil }
func (broken) MarshalJSON() ([]byte, error)   { panic("boom") }
func object(text string) map[string]any       { return map[string]any{"k": json.RawMessage(text)} }
func only(l tag.List, err error) (string, error) {
	if err != nil || len(l) != 1 {
		return "", err
	}
	return l[0].Value, nil
}

func TestFromAnyText(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{"bar", "bar"},
		{`{"b":1, "a":2}`, `{"b":1, "a":2}`},
		{"", ""},
		{"\ufffd", "\ufffd"},
		{env("prod"), "prod"},
		{json.Number("1e400"), "1e400"},
		{shouts("x"), `"X"`},
		{nil, "null"},
		{true, "true"},
		{5, "5"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{0.1, "0.1"},
		{1e21, "1e+21"},
		{[]string{"a", "<b>"}, `["a","<b>"]`},
		{[]any{}, "[]"},
		{map[string]any{"b": 1, "a": map[string]int{"z": 1, "y": 2}}, `{"a":{"y":2,"z":1},"b":1}`},
		{map[int]bool{2: true, 1: false}, `{"1":false,"2":true}`},
		{spec{"eu", "arm"}, `{"Arch":"arm","Zone":"eu"}`},
		{&spec{}, `{"Arch":"","Zone":""}`},
		{json.RawMessage(` { "n" : 123456789012345678901234567890, "a" : [ 1.50 ] } `), `{"a":[1.50],"n":123456789012345678901234567890}`},
		{json.RawMessage(`"\u00e9"`), `"é"`},
		{time.Unix(0, 0).UTC(), `"1970-01-01T00:00:00Z"`},
	} {
		got, err := only(tag.FromAny(map[string]any{"k": c.in}))
		if err != nil || got != c.want {
			t.Errorf("%T %v: got %q, error %v; want %q", c.in, c.in, got, err, c.want)
		}
	}
}

func TestFromAnyRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		in   any
		want string
	}{
		"Channel":       {make(chan int), `tag "k": a Go chan int cannot become the text of a tag: json: unsupported type: chan int; use a string`},
		"Function":      {func() {}, "a Go func()"},
		"NaN":           {math.NaN(), "NaN"},
		"Error":         {errors.New("x"), "use err.Error()"},
		"Panic":         {broken{}, "boom"},
		"Metadata":      {metadata.URL("https://example.com"), "give it a metadata key of its own"},
		"NotUTF8":       {[]string{"a\xff"}, "was not UTF-8"},
		"NotUTF8Key":    {map[string]int{"a\xff": 1}, "was not UTF-8"},
		"NotUTF8Raw":    {json.RawMessage("\"\xff\""), "not UTF-8"},
		"DuplicateKey":  {json.RawMessage(`{"a":{"b":1,"b":1}}`), `the key "b" twice`},
		"BrokenJSON":    {json.RawMessage(`{"a":`), "unexpected end of JSON"},
		"TwoValues":     {json.RawMessage(`1 2`), "invalid character"},
		"TooLong":       {[]string{strings.Repeat("x", 4096)}, "4100 bytes; the limit is 4096"},
		"ControlInText": {"\x00", "control character"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := tag.FromAny(map[string]any{"k": c.in})
			if err == nil || l != nil || !strings.Contains(err.Error(), c.want) || len(problemsOf(t, err)) != 1 {
				t.Errorf("got %v, error %v; want an error with %q", l, err, c.want)
			}
		})
	}
}

func TestFromAny(t *testing.T) {
	t.Run("SortedWithoutOrigin", func(t *testing.T) {
		l, err := tag.FromAny(map[string]any{"foo": "bar", tag.KeyPriority: 5, "Env": nil})
		want := tag.List{{Key: "Env", Value: "null"}, {Key: "foo", Value: "bar"}, {Key: tag.KeyPriority, Value: "5"}}
		if err != nil || !slices.Equal(l, want) {
			t.Errorf("got %v, %v", l, err)
		}
	})
	t.Run("SteeringFromGoValues", func(t *testing.T) {
		_, err := tag.FromAny(map[string]any{tag.KeyMemoize: true, tag.KeyMaxRetries: 3, tag.KeyMaxRuntime: 60, tag.KeyKubernetes: map[string]any{"pod": spec{}}})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("ErrEverythingTogether", func(t *testing.T) {
		_, err := tag.FromAny(map[string]any{"a a": 1, "b": make(chan int), "c c": make(chan int), "d": "ok", tag.KeyJob: "x", "": ""})
		var keys []string
		for _, p := range problemsOf(t, err) {
			keys = append(keys, p.Key)
		}
		if got, want := strings.Join(keys, "|"), "|a a|b|c c|c c|penstock/job"; got != want {
			t.Errorf("problems with keys %q, want %q:\n%v", got, want, err)
		}
	})
	t.Run("ErrTooMany", func(t *testing.T) {
		m := map[string]any{}
		for i := range 257 {
			m["k"+strings.Repeat("x", i%60)+string(rune('a'+i/60))] = i
		}
		if _, err := tag.FromAny(m); err == nil || err.Error() != "tags: there are 257 tags; the limit is 256" {
			t.Errorf("got %v", err)
		}
	})
}

// What FromAny accepts must be the one text of its value: reading it again gives the same text and the same value.
func FuzzFromAny(f *testing.F) {
	for _, s := range []string{`{"b":[1,2.50,null],"a":"\u2028<"}`, `12345678901234567890`, `{"a":1,"a":2}`, `"\ud800"`, `1e999`, ` [ ] `} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		first, err := only(tag.FromAny(object(text)))
		if err != nil {
			return
		}
		if !json.Valid([]byte(text)) {
			t.Fatalf("accepted %q, which is not JSON", text)
		}
		second, err := only(tag.FromAny(object(first)))
		if err != nil || second != first {
			t.Errorf("%q became %q, and then %q, error %v", text, first, second, err)
		}
		if a, b := decode(t, text), decode(t, first); a != b {
			t.Errorf("%q became %q with another value", text, first)
		}
	})
}

func decode(t *testing.T, text string) string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	out, err := json.Marshal(tree)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return string(out)
}
