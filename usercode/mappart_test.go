package usercode_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

// TestOneInstanceAndWhatComesAfterItsMap executes one instance of a map in a map, and an op that only comes after all of
// them: what the other instances of the outer map were made of is needed by nobody.
func TestOneInstanceAndWhatComesAfterItsMap(t *testing.T) {
	split := usercode.NewOp1("split", func(_ context.Context, s string) ([]string, error) { return []string{s + "1", s + "2"}, nil })
	mark := usercode.NewOp1("mark", func(_ context.Context, s string) (int, error) { return len(s), nil })
	report := usercode.NewTask("report", func(context.Context) error { return nil })
	job := usercode.NewJob("j", func(g graph) {
		marks := usercode.Map(g, list("a", "b")(g), func(g graph, s usercode.Value[string]) usercode.Value[[]int] {
			return usercode.Map(g, split(g, s), func(g graph, s usercode.Value[string]) usercode.Value[int] { return mark(g, s) })
		})
		report(g.After(marks))
	})
	r, err := usertest.Run(t.Context(), job, &usertest.Options{
		Ops:     []string{"mark[0][0]", "report"},
		Outputs: map[string]any{"list": []string{"a", "b"}, "split[0]": []string{"a1", "a2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantPaths(t, r, "mark[0][0] success", "report success")
}

// TestReaderOfItemsAlone executes nothing but an op that reads the items which the instances of maps pass on: there is no
// instance to execute or to load, and yet it matters which items there are.
func TestReaderOfItemsAlone(t *testing.T) {
	mark := usercode.NewOp1("mark", func(_ context.Context, s string) (int, error) { return len(s), nil })
	split := usercode.NewOp1("split", func(_ context.Context, s string) ([]string, error) { return []string{s + "1", s + "2"}, nil })
	var got, gotNested any
	report := usercode.NewOp1("report", func(_ context.Context, all []string) (int, error) { got = all; return len(all), nil })
	nested := usercode.NewOp1("nested", func(_ context.Context, all [][]string) (int, error) { gotNested = all; return len(all), nil })
	job := usercode.NewJob("j", func(g graph) {
		all := list("a", "b")(g)
		report(g, usercode.Map(g, all, func(g graph, s usercode.Value[string]) usercode.Value[string] {
			mark(g, s)
			return s
		}))
		nested(g, usercode.Map(g, all, func(g graph, s usercode.Value[string]) usercode.Value[[]string] {
			return usercode.Map(g, split(g, s), func(g graph, s usercode.Value[string]) usercode.Value[string] {
				mark(g.As("inner"), s)
				return s
			})
		}))
	})
	r, err := usertest.Run(t.Context(), job, &usertest.Options{
		Ops:     []string{"report", "nested"},
		Outputs: map[string]any{"list": []string{"a", "b"}, "split[0]": []string{"a1", "a2"}, "split[1]": []string{"b1", "b2"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantPaths(t, r, "nested success", "report success")
	if fmt.Sprint(got, gotNested) != "[a b] [[a1 a2] [b1 b2]]" {
		t.Errorf("got %v and %v", got, gotNested)
	}
}

// TestOneInstanceThatReadsAMap executes one instance that reads a map beside it, and an op that comes after all of these
// maps: those of other instances are needed by nobody.
func TestOneInstanceThatReadsAMap(t *testing.T) {
	split := usercode.NewOp1("split", func(_ context.Context, s string) ([]string, error) { return []string{s + "1", s + "2"}, nil })
	mark := usercode.NewOp1("mark", func(_ context.Context, s string) (int, error) { return len(s), nil })
	sum := usercode.NewOp1("sum", func(_ context.Context, all []int) (int, error) { return len(all), nil })
	report := usercode.NewTask("report", func(context.Context) error { return nil })
	job := usercode.NewJob("j", func(g graph) {
		sums := usercode.Map(g, list("a", "b")(g), func(g graph, s usercode.Value[string]) usercode.Value[int] {
			return sum(g, usercode.Map(g, split(g, s), func(g graph, s usercode.Value[string]) usercode.Value[int] { return mark(g, s) }))
		})
		report(g.After(sums))
	})
	r, err := usertest.Run(t.Context(), job, &usertest.Options{
		Ops: []string{"sum[0]", "report"},
		Outputs: map[string]any{
			"list": []string{"a", "b"}, "split[0]": []string{"a1", "a2"}, "mark[0][0]": 1, "mark[0][1]": 2,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantPaths(t, r, "report success", "sum[0] success")
}
