package metadata_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode/metadata"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		in   any
		want metadata.Value
	}{
		{"x", metadata.Text("x")},
		{"", metadata.Text("")},
		{true, metadata.Bool(true)},
		{int(-1), metadata.Int(-1)}, {int8(-1), metadata.Int(-1)}, {int16(-1), metadata.Int(-1)}, {int32(-1), metadata.Int(-1)},
		{int64(math.MinInt64), metadata.Int(int64(math.MinInt64))},
		{uint(1), metadata.Int(1)}, {uint8(1), metadata.Int(1)}, {uint16(1), metadata.Int(1)}, {uint32(1), metadata.Int(1)},
		{uint64(math.MaxUint64), metadata.Digits("18446744073709551615")},
		{float32(0.5), metadata.Float(0.5)},
		{math.Inf(1), metadata.Float(math.Inf(1))}, {math.NaN(), metadata.Float(math.NaN())},
		{nil, metadata.Null()},
		{map[string]any{"a": uint64(math.MaxUint64)}, metadata.JSON(json.RawMessage(`{"a":18446744073709551615}`))},
		{[]any{"a", nil}, metadata.JSON([]any{"a", nil})},
		{json.RawMessage(`{"b":1, "a":1}`), metadata.JSON(json.RawMessage(`{"b":1,"a":1}`))},
		{instant, metadata.Timestamp(instant.UTC())},
		{&url.URL{Scheme: "https", Host: "h", Path: "/a b"}, metadata.URL("https://h/a%20b")},
		{metadata.Markdown("*x*"), metadata.Markdown("*x*")},
	} {
		got, err := metadata.Of(c.in)
		if err != nil || !got.Equal(c.want) {
			t.Errorf("Of(%T %v): got %s %v, error %v; want %s %v", c.in, c.in, got.Kind(), got, err, c.want.Kind(), c.want)
		}
	}
}

type (
	team  string
	level int
	ratio float64
	flag  bool
)

func TestOfNamesTypeAndConstructor(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{time.Second, "a Go time.Duration has no kind of its own; use metadata.Text(d.String())"},
		{big.NewInt(1), "a Go *big.Int has no kind of its own; use metadata.BigInt"},
		{url.URL{}, "metadata.URL(u.String())"},
		{(*url.URL)(nil), "metadata.Null()"},
		{&url.URL{Scheme: "javascript", Opaque: "x"}, "http, https"},
		{errors.New("x"), "metadata.Text(err.Error())"},
		{[]byte("x"), "json.RawMessage"},
		{[]string{"x"}, "a Go []string has no kind of its own; use metadata.JSON"},
		{map[string]string{}, "metadata.JSON"}, {struct{ A int }{}, "metadata.JSON"}, {new(int), "metadata.JSON"},
		{metadata.Schema{}, "metadata.TableSchema"}, {[]metadata.Row{}, "metadata.Table"},
		{metadata.CodeReference{}, "metadata.Code"}, {metadata.JobReference{}, "metadata.Job"},
		{metadata.List{}, "one of its values"}, {&metadata.Value{}, "not a pointer"}, {metadata.Value{}, "constructor"},
		{team("x"), "a Go metadata_test.team has no kind of its own; use metadata.Text(string(v))"},
		{level(1), "metadata.Int(v)"}, {ratio(1), "metadata.Float(float64(v))"}, {flag(true), "metadata.Bool(bool(v))"},
		{complex(1, 2), "complex128"}, {make(chan int), "chan int"}, {func() {}, "func()"}, {uintptr(1), "uintptr"},
		{strings.Repeat("x", 1<<17), "the limit is 65536"},
	} {
		if v, err := metadata.Of(c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Of(%T): got %v, error %v; want an error with %q", c.in, v, err, c.want)
		}
	}
}

func TestFromMap(t *testing.T) {
	t.Run("SortedByKey", func(t *testing.T) {
		list, err := metadata.FromMap(map[string]any{"owner": "data team", "docs": metadata.URL("https://docs.example.com"), "Z": 1})
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, e := range list {
			keys = append(keys, e.Key)
		}
		if got := strings.Join(keys, " "); got != "Z docs owner" {
			t.Errorf("order: got %s", got)
		}
		if got := list[2].Value; got.Kind() != metadata.KindText || got.Text() != "data team" {
			t.Errorf("owner: got %v", got)
		}
	})
	t.Run("ErrEverythingTogether", func(t *testing.T) {
		list, err := metadata.FromMap(map[string]any{"a": time.Second, "b": metadata.URL("javascript:x"), "c\n": "x", "ok": 1, "": nil})
		var problems metadata.Problems
		if !errors.As(err, &problems) || list != nil {
			t.Fatalf("got %v, %v", list, err)
		}
		if len(problems) != 4 || strings.Count(err.Error(), "\n") != 3 {
			t.Errorf("got %d problems:\n%v", len(problems), err)
		}
		for _, want := range []string{`metadata "a": a Go time.Duration`, `metadata "b": the URL "javascript:x"`, `metadata "c\n": the key holds a control`, "metadata: the key is empty"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in\n%v", want, err)
			}
		}
		var one metadata.Problem
		if !errors.As(err, &one) || one.Key != "" {
			t.Errorf("errors.As to the first Problem: got %+v", one)
		}
	})
	t.Run("EmptyIsNoError", func(t *testing.T) {
		if list, err := metadata.FromMap(nil); err != nil || len(list) != 0 {
			t.Errorf("got %v, %v", list, err)
		}
	})
}
