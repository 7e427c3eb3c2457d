package usercode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

// run executes a job that has to be sound.
func run(t *testing.T, job *usercode.Job, opts *usertest.Options) *usertest.Result {
	t.Helper()
	result, err := usertest.Run(t.Context(), job, opts)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func output[T any](t *testing.T, r *usertest.Result, path string) T {
	t.Helper()
	v, err := usertest.Output[T](r, path)
	if err != nil {
		t.Fatalf("%v (the run: %s %s)", err, r.Outcome, r.Message)
	}
	return v
}

// TestValuesArrive wires all shapes together and checks what reaches the ops.
func TestValuesArrive(t *testing.T) {
	type both struct {
		text string
		n    int
		list []string
	}
	number := usercode.NewOp("number", func(context.Context) (int, error) { return 3, nil })
	repeat := usercode.NewOp2("repeat", func(_ context.Context, s string, n int) (string, error) { return strings.Repeat(s, n), nil })
	three := usercode.NewOp3("three", func(_ context.Context, a string, b int, c []string) (string, error) {
		return fmt.Sprint(a, b, c), nil
	})
	take := usercode.NewOp1("take", func(_ context.Context, b both) (string, error) { return fmt.Sprintf("%+v", b), nil })
	nested := usercode.NewOp1("nested", func(_ context.Context, lists [][]string) (string, error) { return fmt.Sprint(lists), nil })
	none := usercode.NewOp1("none", func(_ context.Context, list []string) (int, error) { return len(list), nil })
	failure := usercode.NewOp("no_error", func(context.Context) (error, error) { return nil, nil })
	isNil := usercode.NewOp1("is_nil", func(_ context.Context, err error) (bool, error) { return err == nil, nil })
	inner := usercode.NewGraphOp2("inner", func(g *usercode.Graph, s usercode.Value[string], n usercode.Value[int]) usercode.Value[[]string] {
		loud := shoutOp(g, repeat(g, s, n))
		return usercode.Collect(g, s, loud) // an input of the graph and a value of it: no node of its own
	})
	same := usercode.NewGraphOp1("same", func(g *usercode.Graph, s usercode.Value[string]) usercode.Value[string] {
		taskOp(g)
		return s
	})
	three3 := usercode.NewGraphOp3("three3", func(g *usercode.Graph, a usercode.Value[string], b usercode.Value[int], c usercode.Value[[]string]) usercode.Value[string] {
		return three(g, a, b, c)
	})
	source := usercode.NewGraphOp("source", func(g *usercode.Graph) usercode.Value[string] { return helloOp(g) })
	job := usercode.NewJob("shapes", func(g *usercode.Graph) {
		s := source(g)
		n := number(g)
		list := inner(g, same(g, s), n)
		three3(g, s, n, list)
		take(g, usercode.Struct(g,
			usercode.Field(s, func(b *both, s string) { b.text = s }),
			usercode.Field(n, func(b *both, n int) { b.n = n }),
			usercode.Field(list, func(b *both, l []string) { b.list = l }),
		))
		nested(g, usercode.Collect(g, list, usercode.Collect(g, s), usercode.Collect[string](g), list))
		none(g, usercode.Collect[string](g))
		isNil(g, failure(g))
	})
	r := run(t, job, nil)
	loud := strings.Repeat("HELLO WORLD!", 3)
	list := "[Hello World! " + loud + "]"
	for path, want := range map[string]string{
		"source.hello": "Hello World!",
		"inner.shout":  loud,
		"three3.three": "Hello World!3 " + list,
		"take":         "{text:Hello World! n:3 list:" + list + "}",
		"nested":       "[" + list + " [Hello World!] [] " + list + "]",
	} {
		if got := output[string](t, r, path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if got := output[int](t, r, "none"); got != 0 {
		t.Errorf("none: got %d, want 0", got)
	}
	if !output[bool](t, r, "is_nil") {
		t.Error("is_nil: a nil interface arrived as something else")
	}
	if r.Outcome != usertest.Success {
		t.Errorf("got %s: %s", r.Outcome, r.Message)
	}
}

// TestAfterOrders checks order without data, also of and inside of graphs, by what has happened when an op starts.
func TestAfterOrders(t *testing.T) {
	var mu sync.Mutex
	var order []string
	step := func(name string) usercode.Op[usercode.None] {
		return usercode.NewTask(name, func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, name)
			return nil
		})
	}
	a, b, c, d, e := step("a"), step("b"), step("c"), step("d"), step("e")
	pair := usercode.NewGraph("pair", func(g *usercode.Graph) { c(g.After(b(g))) })
	job := usercode.NewJob("ordered", func(g *usercode.Graph) {
		last := e(g)
		first := a(g.After(last))
		middle := pair(g.After(first))
		d(g.After(middle, first))
	})
	for range 20 {
		order = nil
		if r := run(t, job, nil); r.Outcome != usertest.Success {
			t.Fatal(r.Message)
		}
		if diff := cmp.Diff([]string{"e", "a", "b", "c", "d"}, order); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestTasks(t *testing.T) {
	var got []string
	note := func(args ...any) error { got = append(got, fmt.Sprint(args...)); return nil }
	one := usercode.NewTask1("one", func(_ context.Context, a string) error { return note(a) })
	two := usercode.NewTask2("two", func(_ context.Context, a, b string) error { return note(a, b) })
	three := usercode.NewTask3("three", func(_ context.Context, a, b, c string) error { return note(a, b, c) })
	job := usercode.NewJob("tasks", func(g *usercode.Graph) {
		s := helloOp(g)
		three(g.After(two(g.After(one(g, s)), s, s)), s, s, s)
	})
	r := run(t, job, nil)
	const text = "Hello World!"
	want := []string{text, text + text, text + text + text}
	if diff := cmp.Diff(want, got); diff != "" || r.Outcome != usertest.Success {
		t.Error(r.Message, diff)
	}
	if _, err := usertest.Output[string](r, "one"); err == nil || !strings.Contains(err.Error(), "it has none") {
		t.Errorf("got %v, want that it has no output", err)
	}
}

func TestContextOfARun(t *testing.T) {
	log := usercode.NewTask("log", func(ctx context.Context) error {
		run := usercode.RunFrom(ctx)
		usercode.Log(ctx).With("attempt", run.Attempt).Warn("here", slog.String("job", run.Job), slog.Group("tags", "team", run.Tags["team"], "day", run.Tags["day"]))
		run.Tags["team"] = "changed" // its own copy
		return nil
	})
	job := usercode.NewJob("logs", func(g *usercode.Graph) { log(g); log(g.As("again")) }, usercode.Tags{"team": "data", "day": "mon"})
	r := run(t, job, &usertest.Options{Tags: usercode.Tags{"day": "tue"}})
	if len(r.Logs) != 2 {
		t.Fatalf("got %d logs, want 2: %+v", len(r.Logs), r.Logs)
	}
	for _, l := range r.Logs {
		want := map[string]any{"attempt": int64(1), "job": "logs", "tags.team": "data", "tags.day": "tue"}
		if diff := cmp.Diff(want, l.Attrs); diff != "" || l.Level != slog.LevelWarn || l.Message != "here" {
			t.Errorf("got %+v\n%s", l, diff)
		}
	}
}

func TestContextOutsideOfARun(t *testing.T) {
	var text bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
	defer slog.SetDefault(before)
	usercode.Log(t.Context()).Info("by hand")
	if !strings.Contains(text.String(), "by hand") {
		t.Errorf("the default logger got %q", text.String())
	}
	if got := usercode.RunFrom(t.Context()); got.ID != "" || got.Tags != nil {
		t.Errorf("got %+v, want an empty run", got)
	}
}

func TestFailures(t *testing.T) {
	boom := usercode.NewOp("boom", func(context.Context) (string, error) { return "", errors.New("no luck") })
	panics := usercode.NewTask("panics", func(context.Context) error { panic("oh") })
	setter := usercode.NewTask1("setter", func(context.Context, int) error { return nil })
	job := usercode.NewJob("fails", func(g *usercode.Graph) {
		shoutOp(g, boom(g))
		panics(g)
		setter(g, usercode.Struct(g, usercode.Field(helloOp(g), func(*int, string) { panic("in Field") })))
	})
	r := run(t, job, nil)
	type end struct {
		Outcome usertest.Outcome
		Reason  string
	}
	got := map[string]end{}
	for _, op := range r.Ops {
		got[op.Path] = end{op.Outcome, op.Reason}
	}
	want := map[string]end{
		"boom": {usertest.Failure, "error"}, "shout": {usertest.Skipped, got["shout"].Reason}, "panics": {usertest.Failure, "panic"},
		"hello": {usertest.Success, ""}, "setter": {usertest.Failure, "panic"},
	}
	if diff := cmp.Diff(want, got); diff != "" || r.Outcome != usertest.Failure {
		t.Error(r.Outcome, diff)
	}
	if _, err := usertest.Output[string](r, "boom"); err == nil || !strings.Contains(err.Error(), "no luck") {
		t.Errorf("got %v, want the op's own error", err)
	}
}
