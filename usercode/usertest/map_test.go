package usertest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type fileName string

func (n fileName) Key() string { return string(n) }

var (
	fileNames = usercode.NewOp("names", func(context.Context) ([]fileName, error) { return []fileName{"a", "b.c"}, nil })
	upperOp   = usercode.NewOp1("upper", func(_ context.Context, n fileName) (string, error) { return strings.ToUpper(string(n)), nil })
	joinOp    = usercode.NewOp1("join", func(_ context.Context, s []string) (string, error) { return strings.Join(s, "+"), nil })
	mappedJob = usercode.NewJob("mapped", func(g *usercode.Graph) {
		joinOp(g, usercode.Map(g, fileNames(g), func(g *usercode.Graph, n usercode.Value[fileName]) usercode.Value[string] { return upperOp(g, n) }))
	})
)

// TestPartsOfMaps executes one instance, all of them, and only what takes the list.
func TestPartsOfMaps(t *testing.T) {
	stored := map[string]any{"names": []fileName{"a", "b.c", "d"}, "upper[a]": "stored a", "upper[b.c]": "stored b", "upper[d]": "stored d"}
	for selected, want := range map[string]map[string]any{
		"upper[b.c],join": {"upper[b.c]": "B.C", "join": "stored a+B.C+stored d"},
		"upper,join":      {"upper[a]": "A", "upper[b.c]": "B.C", "upper[d]": "D", "join": "A+B.C+D"},
		"join":            {"join": "stored a+stored b+stored d"},
		"names,upper[a]":  {"names": []fileName{"a", "b.c"}, "upper[a]": "A"},
	} {
		t.Run(selected, func(t *testing.T) {
			r, err := usertest.Run(t.Context(), mappedJob, &usertest.Options{Ops: strings.Split(selected, ","), Outputs: stored})
			if err != nil || r.Outcome != usertest.Success {
				t.Fatal(err, r)
			}
			got := map[string]any{}
			for _, op := range r.Ops {
				if got[op.Path], err = usertest.Output[any](r, op.Path); err != nil {
					t.Error(err)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := usertest.Run(t.Context(), mappedJob, &usertest.Options{Ops: []string{"names[a]"}}); err == nil || !strings.Contains(err.Error(), `no op "names[a]"`) {
		t.Errorf("got %v", err)
	}
}
