package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// endsOf are how ops ended, by path.
func (r *recorder) endsOf() map[string]workerv1.Outcome {
	ends := map[string]workerv1.Outcome{}
	for _, ev := range r.events {
		if f := ev.GetOpFinished(); f != nil && f.RetryAfter == nil {
			ends[ev.GetOpPath()] = f.GetOutcome()
		}
	}
	return ends
}

// drawMapJob draws a job and what becomes of it in simple terms.
func drawMapJob(t *rapid.T, fails func(path string) bool) (Attempt, *simpleRun) {
	d := &mapDrawer{t: t}
	a := attempt()
	a.Job.Graph = d.graph(false, 3)
	model := &simpleRun{fails: fails, ends: map[string]workerv1.Outcome{}, value: map[string]any{}, needs: map[string][]string{}}
	model.graph(a.Job.Graph, "", nil, simple{})
	return a, model
}

// TestAnyMap draws graphs with maps, and compares how every instance ends with a simple model.
func TestAnyMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint32().Draw(t, "seed")
		fails := func(path string) bool { return hashOf(seed, path)%9 == 0 }
		a, model := drawMapJob(t, fails)
		var mu sync.Mutex
		outputs := map[string]any{}
		r := &recorder{}
		opts := Options{
			Limit: rapid.IntRange(1, 4).Draw(t, "limit"),
			Fail: func(path string, _ int) error {
				if fails(path) {
					return errors.New("drawn")
				}
				return nil
			},
			Output: func(path string, v any) {
				mu.Lock()
				defer mu.Unlock()
				outputs[path] = v
			},
		}
		finished := Run(context.Background(), a, r.sink, opts)
		r.check(t)
		if diff := cmp.Diff(model.ends, r.endsOf()); diff != "" {
			t.Fatalf("ends:\n%s\n%q", diff, r.story())
		}
		if diff := cmp.Diff(model.value, outputs); diff != "" {
			t.Fatal(diff)
		}
		if bad := slices.Contains(slices.Collect(maps.Values(model.ends)), workerv1.Outcome_OUTCOME_FAILURE); bad != (finished.GetOutcome() == workerv1.Outcome_OUTCOME_FAILURE) {
			t.Fatalf("the run ended as %v", finished)
		}
		checkOrder(t, r, model)
	})
}

// checkOrder checks that every op started after all that it needs had ended.
func checkOrder(t *rapid.T, r *recorder, model *simpleRun) {
	ended := map[string]bool{}
	for _, ev := range r.events {
		switch {
		case ev.GetOpStarted() != nil:
			for _, need := range model.needs[ev.GetOpPath()] {
				if _, runs := model.ends[need]; runs && !ended[need] {
					t.Fatalf("%s started before %s ended: %q", ev.GetOpPath(), need, r.story())
				}
			}
		case ev.GetOpFinished() != nil:
			ended[ev.GetOpPath()] = true
		}
	}
}

// kept is outputs in memory.
type kept struct {
	mu     sync.Mutex
	stored map[string]any
	broken string // the path of one that cannot be loaded
	given  map[string]any
	loads  map[string]int
	saved  map[string]any
	reuse  map[string]any
	uses   []Use
}

func (k *kept) Stored(path string) bool { return k.stored[path] != nil }

func (k *kept) Load(_ context.Context, _ *spec.Op, path string) (any, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.loads == nil {
		k.loads = map[string]int{}
	}
	if k.loads[path]++; path == k.broken {
		return nil, errors.New("the bytes are others")
	}
	return k.stored[path], nil
}

func (k *kept) Given(path, input string) bool { return k.given[path+" "+input] != nil }

func (k *kept) Literal(_ *spec.Op, path, input string) (any, error) {
	if err, bad := k.given[path+" "+input].(error); bad {
		return nil, err
	}
	return k.given[path+" "+input], nil
}

func (k *kept) MayReuse(*spec.Op) bool { return k.reuse != nil }

func (k *kept) Reuse(_ context.Context, use Use) (Reused, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.uses = append(k.uses, use)
	v, ok := k.reuse[use.OpPath]
	return Reused{Output: v, Event: &workerv1.Output{ReusedFrom: "0189"}}, ok
}

func (k *kept) Encode(_ context.Context, made Made) any { return fmt.Sprint("encoded ", made.Output) }

func (k *kept) Save(made Made, report func(*workerv1.Output)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.saved == nil {
		k.saved = map[string]any{}
	}
	k.saved[made.OpPath] = made.Encoded
	report(&workerv1.Output{Address: made.OpPath})
}

func (k *kept) Flush(context.Context) {}

// TestAnyPartOfAMap executes some ops and instances of a graph that ran before, with what the others yielded then.
func TestAnyPartOfAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, model := drawMapJob(t, func(string) bool { return false })
		var candidates []string
		for _, path := range slices.Sorted(maps.Keys(model.value)) {
			for strings.Contains(path, "[") {
				candidates = append(candidates, path)
				at := strings.LastIndex(path, "[")
				path = path[:at] + path[strings.Index(path[at:], "]")+at+1:]
			}
			candidates = append(candidates, path)
		}
		a.OpPaths = rapid.SliceOfN(rapid.SampledFrom(candidates), 1, 4).Draw(t, "op paths")
		want := map[string]any{}
		outputs := &kept{stored: map[string]any{}}
		for path, v := range model.value {
			if slices.ContainsFunc(a.OpPaths, func(p string) bool { return isOf(path, p) }) {
				want[path] = v
			} else {
				outputs.stored[path] = v
			}
		}
		var mu sync.Mutex
		got := map[string]any{}
		r := &recorder{}
		finished := Run(context.Background(), a, r.sink, Options{
			Limit: rapid.IntRange(1, 4).Draw(t, "limit"), Outputs: outputs,
			Output: func(path string, v any) {
				mu.Lock()
				defer mu.Unlock()
				got[path] = v
			},
		})
		r.check(t)
		if diff := cmp.Diff(want, got); diff != "" || finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
			t.Fatalf("%v %s\n%q", finished, diff, r.story())
		}
		for path, n := range outputs.loads {
			if n != 1 || outputs.stored[path] == nil {
				t.Errorf("%s was loaded %d times", path, n)
			}
		}
	})
}

// isOf reports whether a path, which has all keys, is selected by another, which may lack the inner ones.
func isOf(path, selected string) bool {
	for {
		if path == selected {
			return true
		}
		at := strings.LastIndex(path, "[")
		if at < 0 {
			return false
		}
		path = path[:at] + path[strings.Index(path[at:], "]")+at+1:]
	}
}

// TestValuesAreLetGo checks that no value is kept when all that could read it has ended, well or not.
func TestValuesAreLetGo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint32().Draw(t, "seed")
		fails := func(path string) bool { return hashOf(seed, path)%9 == 0 }
		a, _ := drawMapJob(t, fails)
		opts := Options{Limit: 2, Fail: func(path string, _ int) error {
			if fails(path) {
				return errors.New("drawn")
			}
			return nil
		}}.withDefaults()
		p, err := newPlan(a.Job.Graph, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		emit := &emitter{sink: func(*workerv1.Event) {}, now: opts.Now}
		s := newSchedule(p, emit, opts)
		s.outlet = newOutlet(emit, nil, nil)
		defer s.outlet.close()
		s.execution = func(path string, attempt int) *spec.Execution {
			return &spec.Execution{OpPath: path, OpAttempt: attempt, Reports: s.newReports(path, attempt)}
		}
		s.run(context.Background())
		var look func(f *frame)
		look = func(f *frame) {
			for _, step := range f.steps {
				if step != nil && (step.output != nil || step.readers != 0) {
					t.Errorf("%s: %v, %d readers", step.path, step.output, step.readers)
				}
			}
			for _, e := range f.maps {
				if e.items != nil || e.readers != 0 {
					t.Errorf("%s: items %v, %d readers", e.of.label(), e.items, e.readers)
				}
				for _, inside := range e.frames {
					look(inside)
				}
			}
		}
		look(s.job)
	})
}
