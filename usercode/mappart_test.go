package usercode_test

import (
	"context"
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
