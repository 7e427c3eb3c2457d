package selector_test

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host/selector"
)

// exprs are all kinds of Expr, with odd keys and values.
func exprs(depth int) *rapid.Generator[*selector.Expr] {
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "team", "etl", "e*", "x y", "not", "status", "tag:a", "", "=", "a=b", "'", `"`, "\\", "\x00", "\xff", "(", "ü", "\u200d", "git hash", "y"}),
		rapid.String(),
	)
	leaf := rapid.Custom(func(t *rapid.T) *selector.Expr {
		on := rapid.SampledFrom([]selector.Subject{selector.Tag, selector.Metadata, selector.Field}).Draw(t, "on")
		e := &selector.Expr{Op: rapid.SampledFrom([]selector.Op{selector.Exists, selector.Is, selector.HasPrefix, selector.Before, selector.NotAfter, selector.After, selector.NotBefore}).Draw(t, "op"), On: on}
		switch {
		case e.Op >= selector.Before:
			e.On, e.Name = selector.Field, rapid.SampledFrom([]string{"created", "started"}).Draw(t, "field")
			if e.Time.Relative = rapid.Bool().Draw(t, "relative"); e.Time.Relative {
				e.Time.Ago = time.Duration(rapid.Int64Range(-864e15, 864e15).Draw(t, "ago"))
			} else {
				e.Time.At = time.Unix(rapid.Int64Range(0, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "nanoseconds")).UTC()
			}
			return e
		case on == selector.Field:
			e.Name = rapid.SampledFrom([]string{"location", "partition"}).Draw(t, "field")
		default:
			e.Name = text.Filter(func(s string) bool { return s != "" }).Draw(t, "key")
		}
		if e.Op != selector.Exists {
			e.Value = text.Draw(t, "value")
		}
		return e
	})
	if depth == 0 {
		return leaf
	}
	inner := rapid.Deferred(func() *rapid.Generator[*selector.Expr] { return exprs(depth - 1) })
	return rapid.OneOf(leaf,
		rapid.Map(inner, selector.None),
		rapid.Custom(func(t *rapid.T) *selector.Expr {
			op := rapid.SampledFrom([]selector.Op{selector.And, selector.Or}).Draw(t, "op")
			return &selector.Expr{Op: op, Args: rapid.SliceOfN(inner, 2, 4).Draw(t, "args")}
		}),
		rapid.Custom(func(t *rapid.T) *selector.Expr { // in
			e := &selector.Expr{Op: selector.Or}
			for _, value := range rapid.SliceOfN(text, 2, 4).Draw(t, "values") {
				e.Args = append(e.Args, selector.TagIs("team", value))
			}
			return e
		}))
}

func TestEveryExprIsWhatItsTextSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := exprs(3).Draw(t, "expr")
		text := e.String()
		if len(text) > selector.MaxBytes {
			t.Skip("longer than a text may be")
		}
		again, err := selector.Parse(text, runs, nil)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%#v prints as %q, which is %v, %v", e, text, again, err)
		}
	})
}

// What is selected obeys the laws of logic, however it is written.
func TestLogic(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		a, b := exprs(2).Draw(t, "a"), exprs(2).Draw(t, "b")
		for _, pair := range [][2]string{
			{"not (" + inside(a) + " and " + inside(b) + ")", "not " + inside(a) + " or not " + inside(b)},
			{"not (" + inside(a) + " or " + inside(b) + ")", "not " + inside(a) + " and not " + inside(b)},
			{"not not " + inside(a), a.String()}, //nolint:dupword // twice is allowed
			{inside(a) + " and (" + inside(b) + " or " + inside(a) + ")", a.String()},
		} {
			if len(pair[0]) > selector.MaxBytes {
				continue
			}
			for _, s := range sources {
				if matches(t, pair[0], now, s) != matches(t, pair[1], now, s) {
					t.Fatalf("%q and %q do not agree on %+v", pair[0], pair[1], s)
				}
			}
		}
	})
}

func inside(e *selector.Expr) string { return "(" + e.String() + ")" }

func matches(t *rapid.T, text string, now time.Time, s selector.Source) bool {
	e, err := selector.Parse(text, runs, nil)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return e.Bind(now).Matches(s)
}
