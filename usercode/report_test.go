package usercode_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
	"github.com/penstock-run/penstock/usercode/usertest"
)

// reports is a job of one op, which has an output.
func reports(f func(ctx context.Context) error) *usercode.Job {
	op := usercode.NewOp("op", func(ctx context.Context) (int, error) { return 1, f(ctx) })
	return usercode.NewJob("reports", func(g *usercode.Graph) { op(g) })
}

func TestProgressTakesNumbersOfAllKinds(t *testing.T) {
	type rows int64
	for _, c := range []struct {
		name string
		call func(ctx context.Context)
		want []usertest.Progress
	}{
		{"Ints", func(ctx context.Context) { usercode.Progress(ctx, 3, 10, "rows") }, []usertest.Progress{{Done: 3, Total: 10, Unit: "rows"}}},
		{"Mixed", func(ctx context.Context) { usercode.Progress(ctx, rows(3), 2.5, "") }, []usertest.Progress{{Done: 3, Total: 2.5}}},
		{"UnknownTotal", func(ctx context.Context) { usercode.Progress(ctx, uint8(3), 0, "") }, []usertest.Progress{{Done: 3}}},
		{"Negative", func(ctx context.Context) { usercode.Progress(ctx, -3, -1, "") }, []usertest.Progress{{}}},
		{"NaN", func(ctx context.Context) { usercode.Progress(ctx, math.NaN(), 1, "") }, nil},
		{"NaNTotal", func(ctx context.Context) { usercode.Progress(ctx, 1, math.NaN(), "") }, nil},
		{"Infinite", func(ctx context.Context) { usercode.Progress(ctx, math.Inf(1), 1, "") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, reports(func(ctx context.Context) error { c.call(ctx); return nil }), nil)
			for i := range c.want {
				c.want[i].OpPath, c.want[i].Attempt = "op", 1
			}
			if diff := cmp.Diff(c.want, r.Progress); diff != "" {
				t.Error(diff)
			}
		})
	}
	usercode.Progress(t.Context(), 1, 2, "outside of a run")
}

func TestReportsOfAnOp(t *testing.T) {
	table := metadata.Table(metadata.Schema{Columns: []metadata.Column{{Name: "id", Type: "int"}}}, metadata.Row{1})
	ordered := usercode.MetadataList{{Key: "z", Value: metadata.Int(1)}, {Key: "a", Value: table}}
	r := run(t, reports(func(ctx context.Context) error {
		fmt.Fprint(usercode.Stdout(ctx), "out")
		fmt.Fprint(usercode.Stderr(ctx), "err")
		return errors.Join(
			usercode.Note(ctx, "alone"),
			usercode.Note(ctx, "with a map", usercode.Metadata{"b": true, "a": metadata.Markdown("*x*")}),
			usercode.Note(ctx, "with a list", ordered, nil, usercode.Metadata{"more": 1.5}),
			usercode.OutputMetadata(ctx, usercode.Metadata{"rows": 1, "kept": "yes"}),
			usercode.OutputMetadata(ctx, usercode.Metadata{"rows": 2}),
			usercode.TagRun(ctx, usercode.Tags{"region": "eu", "limits": []int{1, 2}}),
			usercode.TagRun(ctx, nil),
		)
	}), nil)
	if r.Outcome != usertest.Success || r.Stdout("op") != "out" || r.Stderr("op") != "err" {
		t.Errorf("%s %s, wrote %q and %q", r.Outcome, r.Message, r.Stdout("op"), r.Stderr("op"))
	}
	var notes []string
	for _, n := range r.Notes {
		line := fmt.Sprintf("%s %d %s:", n.OpPath, n.Attempt, n.Message)
		for _, e := range n.Metadata {
			line += fmt.Sprintf(" %s=%s", e.Key, e.Value.Kind())
		}
		notes = append(notes, line)
	}
	want := []string{"op 1 alone:", "op 1 with a map: a=markdown b=bool", "op 1 with a list: z=int a=table more=float"}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
	if got := r.OutputMetadata["op"]; len(got) != 2 || got[0].Key != "kept" || got[1].Value.Digits() != "2" {
		t.Errorf("metadata of the output: got %v", got)
	}
	if diff := cmp.Diff(map[string]string{"region": "eu", "limits": "[1,2]"}, r.Tags); diff != "" {
		t.Error(diff)
	}
}

func TestWrongReportsAreErrorsAndWarnings(t *testing.T) {
	large := usercode.Metadata{"text": strings.Repeat("x", 60<<10), "more": strings.Repeat("x", 60<<10), "json": []any{strings.Repeat("x", 70<<10)}}
	for _, c := range []struct {
		name   string
		report func(ctx context.Context) error
		want   []string // in the error
	}{
		{"Note", func(ctx context.Context) error {
			return usercode.Note(ctx, "hello", usercode.Metadata{"bad": struct{}{}, "worse": make(chan int), "good": 1})
		}, []string{`note: metadata "bad"`, `metadata "worse"`}},
		{"NoteTwice", func(ctx context.Context) error {
			return usercode.Note(ctx, "hello", usercode.Metadata{"a": 1}, usercode.Metadata{"a": 2})
		}, []string{`metadata "a": the key occurs twice`}},
		{"LargeNote", func(ctx context.Context) error { return usercode.Note(ctx, "hello", large) }, []string{`metadata "json"`, "the limit is 188416"}},
		{"Output", func(ctx context.Context) error {
			return usercode.OutputMetadata(ctx, usercode.Metadata{"bad": struct{}{}})
		}, []string{`metadata of the output: metadata "bad"`}},
		{"LargeOutput", func(ctx context.Context) error { return usercode.OutputMetadata(ctx, large) }, []string{`metadata "json"`, "the limit is 188416"}},
		{"Tags", func(ctx context.Context) error {
			return usercode.TagRun(ctx, usercode.Tags{"fine": "1", "not fine": "1", tag.KeyPriority: 1, "penstock/job": "x"})
		}, []string{`tags of the run: tag "not fine"`, `tag "penstock/priority"`, `tag "penstock/job"`, "decided before it starts"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var inRun error
			r := run(t, reports(func(ctx context.Context) error { inRun = c.report(ctx); return nil }), nil)
			if len(r.Notes)+len(r.OutputMetadata)+len(r.Tags) != 0 || len(r.Logs) != 1 || r.Logs[0].Level.String() != "WARN" {
				t.Fatalf("notes %v, metadata %v, tags %v, logs %v", r.Notes, r.OutputMetadata, r.Tags, r.Logs)
			}
			outside := c.report(t.Context())
			for _, want := range c.want {
				if inRun == nil || !strings.Contains(inRun.Error(), want) || !strings.Contains(fmt.Sprint(r.Logs[0].Attrs["error"]), strings.TrimPrefix(want, strings.SplitAfter(want, ": ")[0])) {
					t.Errorf("got %v, logged %v; want %s", inRun, r.Logs[0].Attrs, want)
				}
				if outside == nil || !strings.Contains(outside.Error(), want) {
					t.Errorf("outside of a run: got %v, want %s", outside, want)
				}
			}
			if problems, ok := errors.AsType[metadata.Problems](inRun); !ok && c.name != "Tags" || ok && len(problems) == 0 {
				t.Errorf("got a %T", inRun)
			}
		})
	}
}

func TestMetadataOfFailedAttemptsIsDropped(t *testing.T) {
	op := usercode.NewOp("op", func(ctx context.Context) (int, error) {
		n := usercode.RunFrom(ctx).OpAttempt
		if err := usercode.OutputMetadata(ctx, usercode.Metadata{fmt.Sprint("attempt ", n): n}); err != nil || n > 1 {
			return n, err
		}
		return 0, errors.New("once more")
	}, usercode.Retry{Max: 1})
	r := run(t, usercode.NewJob("retried", func(g *usercode.Graph) { op(g) }), nil)
	if got := r.OutputMetadata["op"]; len(got) != 1 || got[0].Key != "attempt 2" {
		t.Errorf("got %v", got)
	}
}

func BenchmarkProgress(b *testing.B) {
	job := reports(func(ctx context.Context) error {
		usercode.Progress(ctx, 0, 1000, "rows")
		i := 0
		b.ReportAllocs()
		for b.Loop() {
			i++
			usercode.Progress(ctx, i, 1000, "rows")
		}
		return nil
	})
	if _, err := usertest.Run(b.Context(), job, nil); err != nil {
		b.Fatal(err)
	}
}
