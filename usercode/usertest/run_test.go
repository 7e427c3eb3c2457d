package usertest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type limits struct {
	Rows int `json:"rows"`
}

var (
	limit = usercode.NewConfig("limits", limits{Rows: 10})
	rows  = usercode.NewOp("rows", func(ctx context.Context) (int, error) { return limit.From(ctx).Rows, nil }, limit)
	twice = usercode.NewOp1("twice", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	team  = usercode.NewOp("team", func(ctx context.Context) (string, error) { return usercode.RunFrom(ctx).Tags["team"], nil })
	job   = usercode.NewJob("job", func(g *usercode.Graph) { twice(g, rows(g)); team(g) }, usercode.Tags{"team": "data"})
)

func TestRun(t *testing.T) {
	tests := map[string]struct {
		opts *usertest.Options
		want map[string]any // by op path
	}{
		"Defaults":    {nil, map[string]any{"rows": 10, "twice": 20, "team": "data"}},
		"ConfigMap":   {&usertest.Options{Config: map[string]any{"limits": map[string]any{"rows": 3}}}, map[string]any{"rows": 3, "twice": 6, "team": "data"}},
		"ConfigValue": {&usertest.Options{Config: map[string]any{"limits": limits{Rows: 4}}}, map[string]any{"rows": 4, "twice": 8, "team": "data"}},
		"Tags":        {&usertest.Options{Tags: usercode.Tags{"team": "api"}}, map[string]any{"rows": 10, "twice": 20, "team": "api"}},
		"SomeOps":     {&usertest.Options{Ops: []string{"team"}}, map[string]any{"team": "data"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := usertest.Run(t.Context(), job, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]any{}
			for _, op := range r.Ops {
				v, err := usertest.Output[any](r, op.Path)
				if err != nil {
					t.Error(err)
				}
				got[op.Path] = v
			}
			if diff := cmp.Diff(test.want, got); diff != "" || r.Outcome != usertest.Success {
				t.Errorf("%s %s\n%s", r.Outcome, r.Message, diff)
			}
		})
	}
}

func TestRunIsRefused(t *testing.T) {
	broken := usercode.NewJob("broken", nil)
	tests := map[string]struct {
		job  *usercode.Job
		opts usertest.Options
		want []string
	}{
		"NilJob":        {nil, usertest.Options{}, []string{"is not a job"}},
		"BadDefinition": {broken, usertest.Options{}, []string{`job "broken": its body is nil`}},
		"BadLaunch": {
			job, usertest.Options{Config: map[string]any{"limits": map[string]any{"rows": "many"}}, Tags: usercode.Tags{"penstock/priority": "high"}},
			[]string{`config.limits.rows: an integer is needed`, `tag "penstock/priority" = "high"`},
		},
		"NoJSON":      {job, usertest.Options{Config: map[string]any{"limits": make(chan int)}}, []string{`job "job": config:`}},
		"NoSuchOp":    {job, usertest.Options{Ops: []string{"three"}}, []string{`job "job": `, `no op "three"`}},
		"LacksAnOp":   {job, usertest.Options{Ops: []string{"twice"}}, []string{`from rows, which is not selected`}},
		"OtherConfig": {job, usertest.Options{Config: map[string]any{"limit": nil}}, []string{`config.limit: no op of this job has a config of that name; known: limits`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := usertest.Run(t.Context(), test.job, &test.opts)
			if err == nil {
				t.Fatalf("it ran: %+v", r)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}

func TestOutputSaysWhatIsWrong(t *testing.T) {
	fails := usercode.NewOp("fails", func(context.Context) (int, error) { return 0, errors.New("no luck") })
	task := usercode.NewTask("task", func(context.Context) error { return nil })
	r, err := usertest.Run(t.Context(), usercode.NewJob("mixed", func(g *usercode.Graph) { fails(g); rows(g); task(g) }), nil)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"none": "no such op was executed", "fails": "it ended with failure: no luck", "rows": "it is a int, not a string", "task": "it has none",
	} {
		if _, err := usertest.Output[string](r, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

func TestRunIsCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	waits := usercode.NewTask("waits", func(ctx context.Context) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	never := usercode.NewTask("never", func(context.Context) error { return nil })
	r, err := usertest.Run(ctx, usercode.NewJob("canceled", func(g *usercode.Graph) { never(g.After(waits(g))) }), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Outcome != usertest.Canceled {
		t.Errorf("got %s, want canceled", r.Outcome)
	}
	if op, ok := r.Op("never"); !ok || op.Outcome == usertest.Success {
		t.Errorf("got %+v %v, want an op that did not start", op, ok)
	}
}
