package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// overList is a job of list → each parse → report, of these items, which are their own keys.
func overList(parse, report runFunc, items ...any) Attempt {
	m := &spec.Map{
		Name: "parse", Items: wireFrom("list"),
		Split: func(list any) []any { return list.([]any) },
		Key:   func(item any) (string, bool) { return fmt.Sprint(item), true },
	}
	each := place("parse", parse, "in:item")
	each.Map = m
	each.Inputs[0].Value = spec.Value{Sources: []spec.Source{{ItemOf: m}}}
	gathered := spec.Value{Sources: []spec.Source{{Gather: &spec.Gather{Map: m, Value: wireFrom("parse"), List: func(y []any) any { return y }}}}}
	take := place("report", report, "parse")
	take.Inputs[0].Value = gathered
	a := attempt(place("list", constant(items)), each, take)
	a.Job.Graph.Maps = []*spec.Map{m}
	return a
}

func echo(_ context.Context, in []any) (any, error) { return in[0], nil }

func numbers(n int) []any {
	items := make([]any, n)
	for i := range items {
		items[i] = i
	}
	return items
}

func TestExpansionIsTold(t *testing.T) {
	r, _ := execute(t, t.Context(), overList(echo, echo, numbers(4001)...), Options{})
	var sizes []int
	var keys []string
	for _, ev := range r.events {
		if m := ev.GetMapExpanded(); m != nil {
			sizes = append(sizes, len(m.GetKeys()))
			keys = append(keys, m.GetKeys()...)
			if m.GetTotal() != 4001 || !slices.Equal(m.GetOpPaths(), []string{"parse"}) || ev.GetOpPath() != "" || ev.GetMessage() != "4001 instances of parse" {
				t.Errorf("got %v %d of %q", m.GetOpPaths(), m.GetTotal(), ev.GetMessage())
			}
		}
	}
	if !slices.Equal(sizes, []int{2000, 2000, 1}) || keys[0] != "0" || keys[4000] != "4000" {
		t.Errorf("pages of %v keys", sizes)
	}
	r, finished := execute(t, t.Context(), overList(echo, echo), Options{})
	wantStory(t, r, "run_started", "list op_started", "list op_finished SUCCESS", "map_expanded", "report op_started", "report op_finished SUCCESS", "run_finished SUCCESS")
	if finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
		t.Errorf("got %v", finished)
	}
}

// TestInstancesStartInTheirOrder demands that what is written out has the order of the items, an item after the other, and
// that priority comes first.
func TestInstancesStartInTheirOrder(t *testing.T) {
	a := overList(echo, echo, "b", "a", "c")
	g := a.Job.Graph
	second := place("second", echo, "parse")
	second.Map = g.Maps[0]
	late := place("late", constant(1))
	late.Op.Priority = -1
	g.Nodes = append(g.Nodes[:2:2], second, late, place("other", constant(1)))
	r, _ := execute(t, t.Context(), a, Options{Limit: 1})
	var started []string
	for _, ev := range r.events {
		if ev.GetOpStarted() != nil {
			started = append(started, ev.GetOpPath())
		}
	}
	// What is placed later starts while the items are found out.
	want := []string{"parse[b]", "second[b]", "parse[a]", "second[a]", "parse[c]", "second[c]"}
	if got := slices.DeleteFunc(started, func(p string) bool { return !strings.Contains(p, "[") }); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMapThatCannotBeExpanded(t *testing.T) {
	goexit := func(any) []any { runtime.Goexit(); return nil }
	panics := func(any) []any { panic(errors.New("oh")) }
	for name, c := range map[string]struct {
		split func(any) []any
		items []any
		paths []string
		want  string
	}{
		"Goexit":      {goexit, nil, nil, "making the items ended the goroutine with runtime.Goexit"},
		"Panic":       {panics, nil, nil, "making the items: panic: oh"},
		"Twice":       {nil, []any{"a", "b", "a", "a"}, nil, "items 0 and 2 have the same key \"a\"; each needs one of its own\nitems 2 and 3 have the same key \"a\"; each needs one of its own"},
		"NotSelected": {nil, []any{"a"}, []string{"list", "parse[b]", "report"}, `parse[b] is to be executed, and the list has no item with the key "b"`},
	} {
		t.Run(name, func(t *testing.T) {
			a := overList(echo, echo, c.items...)
			if c.split != nil {
				a.Job.Graph.Maps[0].Split = c.split
			}
			a.OpPaths = c.paths
			r, finished := execute(t, t.Context(), a, Options{Outputs: &kept{}})
			if f := r.finishedOf(t, "parse"); f.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE || f.GetFailure().GetReason() != "map_keys" || f.GetFailure().GetMessage() != c.want {
				t.Errorf("parse: got %v, want %s", f, c.want)
			}
			if f := r.finishedOf(t, "report"); f.GetOutcome() != workerv1.Outcome_OUTCOME_SKIPPED || f.GetFailure().GetMessage() != "Not run, because op parse failed" {
				t.Errorf("report: got %v", f)
			}
			if f := r.finishedOf(t, "list"); f.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS || finished.GetFailure().GetReason() != "op_failure" {
				t.Errorf("list: %v, run: %v", f, finished)
			}
			if name == "Panic" && !strings.Contains(r.finishedOf(t, "parse").GetFailure().GetStack(), "maprun_test.go") {
				t.Errorf("stack: %s", r.finishedOf(t, "parse").GetFailure().GetStack())
			}
		})
	}
}

// TestMapOfStoredItems executes only what takes the results, and cannot expand the map between: who takes them fails.
func TestMapOfStoredItems(t *testing.T) {
	a := overList(echo, echo)
	a.OpPaths = []string{"report"}
	outputs := &kept{stored: map[string]any{"list": []any{"a", "a"}, "parse[a]": 1}}
	r, finished := execute(t, t.Context(), a, Options{Outputs: outputs})
	if f := r.finishedOf(t, "report").GetFailure(); f.GetReason() != "map_keys" || !strings.Contains(f.GetMessage(), `the same key "a"`) || finished.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE {
		t.Errorf("got %v, %v", f, finished)
	}
}

func TestRunHasAMostOfOps(t *testing.T) {
	a := overList(echo, echo, numbers(maxInstances)...)
	g := a.Job.Graph
	for i := range 10 {
		n := place(fmt.Sprint("more", i), constant(1))
		n.Map = g.Maps[0]
		g.Nodes = slices.Insert(g.Nodes, 2, n)
	}
	r, _ := execute(t, t.Context(), a, Options{})
	want := "with 10000 instances of parse, more9, more8, … the run has 110002 ops to execute; at most 100000 are allowed: let one item stand for several"
	if f := r.finishedOf(t, "parse").GetFailure(); f.GetReason() != "map_keys" || f.GetMessage() != want {
		t.Errorf("got %v", f)
	}
}

func TestPartsOfMaps(t *testing.T) {
	stored := func() map[string]any {
		return map[string]any{"list": []any{"a", "b", "c"}, "parse[a]": "A", "parse[b]": "B", "parse[c]": "C"}
	}
	t.Run("OneInstance", func(t *testing.T) {
		a := overList(echo, echo)
		a.OpPaths = []string{"parse[b]", "report"}
		outputs := &kept{stored: stored()}
		var got any
		r, _ := execute(t, t.Context(), a, Options{Outputs: outputs, Limit: 1, Output: func(p string, v any) {
			if p == "report" {
				got = v
			}
		}})
		wantStory(t, r, "run_started", "map_expanded", "parse[b] op_started", "parse[b] op_finished SUCCESS", "parse[b] output",
			"report op_started", "report op_finished SUCCESS", "report output", "run_finished SUCCESS")
		if want := []any{"A", "b", "C"}; !cmp.Equal(got, any(want)) || !cmp.Equal(outputs.loads, map[string]int{"list": 1, "parse[a]": 1, "parse[c]": 1}) {
			t.Errorf("got %v after loading %v", got, outputs.loads)
		}
	})
	t.Run("CannotBeLoaded", func(t *testing.T) {
		a := overList(echo, echo)
		a.OpPaths = []string{"parse[b]", "report"}
		outputs := &kept{stored: stored(), broken: "parse[c]"}
		r, _ := execute(t, t.Context(), a, Options{Outputs: outputs})
		if f := r.finishedOf(t, "report"); f.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE || f.GetFailure().GetReason() != "stored_output" ||
			f.GetFailure().GetMessage() != "the output of parse[c]: the bytes are others" {
			t.Errorf("got %v", f)
		}
	})
	t.Run("ItemsCannotBeLoaded", func(t *testing.T) {
		a := overList(echo, echo)
		a.OpPaths = []string{"parse", "report"}
		r, _ := execute(t, t.Context(), a, Options{Outputs: &kept{stored: stored(), broken: "list"}})
		if f := r.finishedOf(t, "parse"); f.GetFailure().GetReason() != "stored_output" || r.finishedOf(t, "report").GetOutcome() != workerv1.Outcome_OUTCOME_SKIPPED {
			t.Errorf("got %v", f)
		}
	})
	t.Run("NotStored", func(t *testing.T) {
		a := overList(echo, echo)
		a.OpPaths = []string{"parse[b]", "report"}
		outputs := &kept{stored: stored()}
		delete(outputs.stored, "parse[c]")
		r, _ := execute(t, t.Context(), a, Options{Outputs: outputs})
		want := "the output of parse[c]: it is neither made by this run nor stored by one that it takes outputs from; select the op too"
		if f := r.finishedOf(t, "report").GetFailure(); f.GetReason() != "stored_output" || f.GetMessage() != want {
			t.Errorf("got %v", f)
		}
	})
	for name, c := range map[string]struct {
		paths   []string
		outputs Outputs
		want    string
	}{
		"NoSuchKeyPlace": {[]string{"list[a]"}, &kept{}, `the job has no op "list[a]"`},
		"TooManyKeys":    {[]string{"parse[a][b]"}, &kept{}, `the job has no op "parse[a][b]"`},
		"NoStore":        {[]string{"list", "report"}, nil, "op report needs its input a from parse, which is not selected"},
		"NoItems":        {[]string{"parse"}, &kept{}, "the map of parse needs its items from list, which is not selected"},
	} {
		t.Run(name, func(t *testing.T) {
			a := overList(echo, echo)
			a.OpPaths = c.paths
			_, finished := execute(t, t.Context(), a, Options{Outputs: c.outputs})
			if f := finished.GetFailure(); f.GetReason() != "op_selection" || f.GetMessage() != c.want {
				t.Errorf("got %v, want %s", f, c.want)
			}
		})
	}
}

func TestGivenInputs(t *testing.T) {
	a := attempt(place("one", constant(1)), place("twice", echo, "one"))
	a.OpPaths = []string{"twice"}
	got := map[string]any{}
	outputs := &kept{given: map[string]any{"twice a": 5}}
	execute(t, t.Context(), a, Options{Outputs: outputs, Output: func(p string, v any) { got[p] = v }})
	if !cmp.Equal(got, map[string]any{"twice": 5}) {
		t.Errorf("got %v", got)
	}
	outputs.given["twice a"] = errors.New("config: not a number")
	r, _ := execute(t, t.Context(), a, Options{Outputs: outputs})
	if f := r.finishedOf(t, "twice").GetFailure(); f.GetReason() != "input" || f.GetMessage() != "config: not a number" {
		t.Errorf("got %v", f)
	}
	a.OpPaths = nil
	_, finished := execute(t, t.Context(), a, Options{Outputs: outputs})
	if m := finished.GetFailure().GetMessage(); m != "inputs give a of op twice, which the run makes itself; leave it out of the config" {
		t.Errorf("got %s", m)
	}
}

func TestReuse(t *testing.T) {
	outputs := &kept{reuse: map[string]any{"list": []any{"a", "b"}, "parse[b]": "B"}}
	var got any
	r, finished := execute(t, t.Context(), overList(echo, echo), Options{Outputs: outputs, Limit: 1, Output: func(p string, v any) {
		if p == "report" {
			got = v
		}
	}})
	wantStory(t, r, "run_started", "list op_finished REUSED", "list output", "map_expanded", "parse[a] op_started", "parse[a] op_finished SUCCESS", "parse[a] output",
		"parse[b] op_finished REUSED", "parse[b] output", "report op_started", "report op_finished SUCCESS", "report output", "run_finished SUCCESS")
	if !cmp.Equal(got, any([]any{"a", "B"})) || finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
		t.Errorf("got %v, %v", got, finished)
	}
	if want := map[string]any{"parse[a]": "encoded a", "report": "encoded [a B]"}; !cmp.Equal(outputs.saved, want) {
		t.Errorf("saved %v, want %v", outputs.saved, want)
	}
	item := func(key string) []Origin {
		return []Origin{{Item: &Item{Key: key, Value: key}, Parts: []Origin{{OpPath: "list"}}}}
	}
	want := map[string][]Origin{
		"list": nil, "parse[a]": item("a"), "parse[b]": item("b"),
		"report": {{Parts: []Origin{{OpPath: "parse[a]"}, {OpPath: "parse[b]"}}}},
	}
	for _, use := range outputs.uses {
		if diff := cmp.Diff(want[use.OpPath], use.Inputs); diff != "" {
			t.Errorf("%s: %s", use.OpPath, diff)
		}
	}
}

// TestCancelOfMaps cancels while instances run, and while the items are being found out.
func TestCancelOfMaps(t *testing.T) {
	t.Run("Instances", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			wait := func(ctx context.Context, _ []any) (any, error) { <-ctx.Done(); return nil, ctx.Err() }
			time.AfterFunc(time.Minute, cancel)
			r, finished := execute(t, ctx, overList(wait, echo, "a", "b", "c"), Options{Limit: 2})
			for _, path := range []string{"parse[a]", "parse[b]", "parse[c]", "report"} {
				if f := r.finishedOf(t, path); f.GetOutcome() != workerv1.Outcome_OUTCOME_CANCELED {
					t.Errorf("%s: %v", path, f)
				}
			}
			if finished.GetOutcome() != workerv1.Outcome_OUTCOME_CANCELED || len(r.endsOf()) != 5 {
				t.Errorf("%v %q", finished, r.story())
			}
		})
	})
	t.Run("Items", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			abandon, release := make(chan struct{}), make(chan struct{})
			a := overList(echo, echo, "a")
			a.Job.Graph.Maps[0].Split = func(any) []any { <-release; return nil }
			time.AfterFunc(time.Minute, cancel)
			time.AfterFunc(2*time.Minute, func() { close(abandon) })
			began := time.Now()
			r, finished := execute(t, ctx, a, Options{Abandon: abandon})
			wantStory(t, r, "run_started", "list op_started", "list op_finished SUCCESS", "parse op_finished CANCELED", "report op_finished CANCELED", "run_finished CANCELED")
			if took := time.Since(began); took != 2*time.Minute || finished.GetOutcome() != workerv1.Outcome_OUTCOME_CANCELED {
				t.Errorf("%v after %v", finished, took)
			}
			close(release)
		})
	})
	t.Run("Loads", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			a := overList(echo, echo)
			a.OpPaths = []string{"parse"}
			time.AfterFunc(time.Minute, cancel)
			r, _ := execute(t, ctx, a, Options{Outputs: slowOutputs{&kept{stored: map[string]any{"list": []any{"a"}}}}})
			wantStory(t, r, "run_started", "parse op_finished CANCELED", "run_finished CANCELED")
		})
	})
}

// slowOutputs loads until it is told to stop.
type slowOutputs struct{ *kept }

func (slowOutputs) Load(ctx context.Context, _ *spec.Op, _ string) (any, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestInstancesAreLimited runs no more instances at a time than the job allows, and lets one take too long alone.
func TestInstancesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wait := func(ctx context.Context, in []any) (any, error) {
			took := time.Second
			if in[0] == 3 {
				took = time.Hour
			}
			select {
			case <-time.After(took):
				return in[0], nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		a := overList(wait, echo, numbers(10)...)
		a.Job.MaxConcurrent = 2
		a.Job.Graph.Nodes[1].Op.Timeout = 3 * time.Second
		began := time.Now()
		r, _ := execute(t, t.Context(), a, Options{})
		ends := r.endsOf()
		if took := time.Since(began); took != 6*time.Second || ends["parse[3]"] != workerv1.Outcome_OUTCOME_FAILURE || ends["parse[9]"] != workerv1.Outcome_OUTCOME_SUCCESS || ends["report"] != workerv1.Outcome_OUTCOME_SKIPPED {
			t.Errorf("%v after %v", ends, took)
		}
	})
}

func BenchmarkMap(b *testing.B) {
	for _, n := range []int{100, 1000, maxInstances} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			a := overList(echo, echo, numbers(n)...)
			b.ReportAllocs()
			for b.Loop() {
				Run(context.Background(), a, func(*workerv1.Event) {}, Options{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/instance")
		})
	}
}
