package reexecution

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/penstock-run/penstock/host"
)

var (
	seed   = flag.Uint64("seed", 0, "run the property tests with this seed alone")
	rounds = flag.Int("rounds", 400, "how many random jobs the property tests execute")
)

func none(string, string) bool { return false }

// TestResumeUntilDone executes random jobs and resumes what fails until nothing does. On the way each run must have all that
// its ops need, and must not execute again what ended well without a reason; in the end every value must be made of those
// that there are now.
func TestResumeUntilDone(t *testing.T) {
	if *seed != 0 {
		resumeUntilDone(t, *seed)
		return
	}
	for i := range *rounds {
		n := rand.Uint64()
		if !t.Run(fmt.Sprint(i), func(t *testing.T) { resumeUntilDone(t, n) }) {
			t.Fatalf("repeat it with -seed %d", n)
		}
	}
}

func resumeUntilDone(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	m := randomModel(r, 12)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("maps %+v\nops %+v", m.maps, m.ops)
		}
	})
	w := newWorld(t, r, m)
	d := m.definition()
	all, err := Make(t.Context(), nil, Want{Definition: d, Strategy: Selected, Given: none})
	if err != nil || all.Subset || len(all.Missing) > 0 {
		t.Fatalf("all of it: %+v, %v", all, err)
	}
	run := w.execute(nil, all, 0.3)
	for failing := 0.25; ; failing *= 0.8 {
		if failing < 0.02 {
			failing = 0
		}
		past, err := Read(t.Context(), w, run)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := Make(t.Context(), past, Want{Definition: d, Strategy: FromFailure, Given: none})
		if run.Status == host.Success {
			if host.ReasonOf(err) != ReasonNothingFailed || host.CodeOf(err) != host.Conflict {
				t.Fatalf("resume what ended well: %+v, %v", plan, err)
			}
			break
		}
		if err != nil || len(plan.OpPaths) == 0 || len(plan.Missing) > 0 {
			t.Fatalf("resume %s: %+v, %v", run.ID, plan, err)
		}
		w.checkReasons(run, plan)
		run = w.execute(run, plan, failing)
	}
	w.checkFresh()
}

// nearest is the last execution that is so.
func (w *world) nearest(is func(*execution) bool) *execution {
	for _, e := range slices.Backward(w.executions) {
		if is(e) {
			return e
		}
	}
	return nil
}

// keysNow are those of a map as it was expanded last.
func (w *world) keysNow(of int, around []string) (keys []string, ok bool) {
	scope := fmt.Sprint(w.model.maps[of].name, around)
	e := w.nearest(func(e *execution) bool { return e.expanded[scope] != nil })
	if e == nil {
		return nil, false
	}
	return e.expanded[scope], true
}

// each calls f with every instance that there is, as far as it is known.
func (w *world) each(f func(op int, keys []string, path string)) {
	for i, op := range w.model.ops {
		all, _ := w.model.instances(w.keysNow, op.in, nil)
		for _, keys := range all {
			f(i, keys, w.model.path(i, keys))
		}
	}
}

// before are the instances that one takes values of, those that make the lists of its maps and of the instances that it
// takes, and the ones that it waits for.
func (w *world) before(i int, keys []string) (data, order []string) {
	m, op := w.model, w.model.ops[i]
	data = w.lists(op.in, keys)
	take := func(from int) (paths, lists []string) {
		first := keys[:m.common(m.ops[from].in, op.in)]
		paths, _ = m.sources(w.keysNow, from, op.in, keys)
		return paths, w.lists(m.ops[from].in, first)
	}
	for _, from := range op.feeds() {
		paths, lists := take(from)
		data = slices.Concat(data, paths, lists)
	}
	for _, from := range op.after {
		paths, lists := take(from)
		order = slices.Concat(order, paths, lists)
	}
	return data, order
}

// around are the ops of before, whatever instances there are.
func (w *world) around(op int) (froms []int) {
	m := w.model
	var lists func(in int)
	lists = func(in int) {
		for _, of := range m.chain(in) {
			froms = append(froms, m.maps[of].items...)
			for _, from := range m.maps[of].items {
				lists(m.ops[from].in)
			}
		}
	}
	lists(m.ops[op].in)
	for _, from := range slices.Concat(m.ops[op].feeds(), m.ops[op].after) {
		froms = append(froms, from)
		lists(m.ops[from].in)
	}
	return froms
}

// lists are the instances that make the items of all maps around, of those whose instances begin with these keys.
func (w *world) lists(in int, first []string) (paths []string) {
	m := w.model
	for n, of := range m.chain(in) {
		around, _ := m.instances(w.keysNow, m.maps[of].parent, first[:min(n, len(first))])
		for _, keys := range around {
			for _, from := range m.maps[of].items {
				more, _ := m.sources(w.keysNow, from, m.maps[of].parent, keys)
				paths = append(paths, more...)
				paths = append(paths, w.lists(m.ops[from].in, keys[:m.common(m.ops[from].in, m.maps[of].parent)])...)
			}
		}
	}
	return paths
}

// checkReasons demands that each op of a plan that ended well before is executed again because something before it is, or
// because its output is needed and not stored.
func (w *world) checkReasons(run *host.Run, plan *Plan) {
	w.t.Helper()
	chosen := coverageOf(&host.Run{Subset: plan.Subset, OpPaths: plan.OpPaths})
	needed := map[string]bool{} // by op: which instances there will be may not be known yet
	need := func(froms []int) {
		for _, from := range froms {
			needed[w.model.ops[from].name] = true
			for _, of := range w.model.chain(w.model.ops[from].in) {
				for _, list := range w.model.maps[of].items {
					needed[w.model.ops[list].name] = true
				}
			}
		}
	}
	for _, op := range w.model.ops {
		if !chosen.all && !chosen.named[op.name] {
			continue
		}
		need(op.feeds())
		for _, of := range w.model.chain(op.in) {
			need(w.model.maps[of].items)
		}
	}
	w.each(func(op int, keys []string, path string) {
		e := w.nearest(func(e *execution) bool { return e.chosen.has(path) })
		if !chosen.has(path) || e == nil || e.made[path] == 0 {
			return
		}
		data, order := w.before(op, keys)
		if slices.ContainsFunc(append(data, order...), chosen.has) {
			return
		}
		if slices.ContainsFunc(w.around(op), func(from int) bool {
			return slices.ContainsFunc(plan.OpPaths, func(path string) bool {
				name, keys := splitPath(path)
				return name == w.model.ops[from].name && len(keys) < w.model.depth(w.model.ops[from].in)
			})
		}) {
			return // all instances below some keys, of which there may be none so far
		}
		if e.stored[path] || !needed[w.model.ops[op].name] {
			w.t.Errorf("%s ended well in %s (stored: %t) and is executed again after %s without a reason: %v",
				path, e.run.ID, e.stored[path], run.ID, plan.OpPaths)
		}
	})
}

// checkFresh demands that every value was made of the values that there are now.
func (w *world) checkFresh() {
	w.t.Helper()
	now := func(path string) int {
		if e := w.nearest(func(e *execution) bool { return e.made[path] > 0 }); e != nil {
			return e.made[path]
		}
		w.t.Errorf("%s never ended well", path)
		return 0
	}
	w.each(func(op int, keys []string, path string) {
		want := map[string]int{}
		for _, from := range w.model.ops[op].feeds() {
			paths, ok := w.model.sources(w.keysNow, from, w.model.ops[op].in, keys)
			if !ok {
				w.t.Errorf("it is not known which instances %s takes", path)
			}
			for _, p := range paths {
				want[p] = now(p)
			}
		}
		if made := w.values[now(path)]; !maps.Equal(made.of, want) {
			w.t.Errorf("%s was made of %v, and there are %v now", path, made.of, want)
		}
	})
	for of, m := range w.model.maps {
		all, _ := w.model.instances(w.keysNow, m.parent, nil)
		for _, around := range all {
			sum := 0
			for _, from := range m.items {
				paths, _ := w.model.sources(w.keysNow, from, m.parent, around)
				for _, p := range paths {
					sum += now(p)
				}
			}
			if keys, ok := w.keysNow(of, around); !ok || fmt.Sprint(keys) != fmt.Sprint(itemsOf(sum)) {
				w.t.Errorf("the keys of %s%v are %v, and the list has %v", m.name, around, keys, itemsOf(sum))
			}
		}
	}
}
