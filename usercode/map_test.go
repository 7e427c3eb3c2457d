package usercode_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type file struct{ name string }

func (f file) Key() string { return f.name }

type pointed struct{ name string }

func (p *pointed) Key() string { return p.name }

type graph = *usercode.Graph

// list is an op that answers the items.
func list[A any](items ...A) usercode.Op[[]A] {
	return usercode.NewOp("list", func(context.Context) ([]A, error) { return items, nil })
}

// pathsOf are the ops that ended, with how, sorted.
func pathsOf(r *usertest.Result) []string {
	var paths []string
	for _, op := range r.Ops {
		paths = append(paths, op.Path+" "+string(op.Outcome))
	}
	slices.Sort(paths)
	return paths
}

func wantPaths(t *testing.T, r *usertest.Result, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, pathsOf(r)); diff != "" {
		t.Errorf("%s %s\n%s", r.Outcome, r.Message, diff)
	}
}

var (
	sumOp   = usercode.NewOp1("sum", func(_ context.Context, n []int) (int, error) { return len(n)*1000 + total(n), nil })
	lenOp   = usercode.NewOp1("length", func(_ context.Context, f file) (int, error) { return len(f.name), nil })
	plusOp  = usercode.NewOp2("plus", func(_ context.Context, a, b int) (int, error) { return a + b, nil })
	threeOp = usercode.NewOp("three", func(context.Context) (int, error) { return 3, nil })
)

func total(n []int) int {
	sum := 0
	for _, x := range n {
		sum += x
	}
	return sum
}

func TestMap(t *testing.T) {
	job := usercode.NewJob("job", func(g graph) {
		files := list(file{"a"}, file{"bb.txt"}, file{"c-c"})(g)
		offset := threeOp(g)
		sumOp(g, usercode.Map(g, files, func(g graph, f usercode.Value[file]) usercode.Value[int] {
			return plusOp(g, lenOp(g, f), offset)
		}))
	})
	r := run(t, job, nil)
	wantPaths(t, r, "list success", "three success", "length[a] success", "length[bb.txt] success", "length[c-c] success",
		"plus[a] success", "plus[bb.txt] success", "plus[c-c] success", "sum success")
	if got := output[int](t, r, "plus[bb.txt]"); got != 9 {
		t.Errorf("plus[bb.txt]: got %d", got)
	}
	if got := output[int](t, r, "sum"); got != 3019 {
		t.Errorf("sum: got %d", got)
	}
}

func TestMapKeys(t *testing.T) {
	many := make([]int, 10_001)
	tests := map[string]struct {
		job  func(graph)
		want []string
	}{
		"Index":   {mapEach(10, 20), []string{"each[0] success", "each[1] success", "list success"}},
		"Pointer": {mapEach(pointed{"x"}), []string{"each[x] success", "list success"}},
		"Dynamic": {mapEach[any](file{"x"}, 5, nil, &pointed{"y"}), []string{"each[1] success", "each[2] success", "each[x] success", "each[y] success", "list success"}},
		"None":    {mapEach[int](), []string{"list success"}},
		"Twice":   {mapEach(file{"x"}, file{"x"}), []string{`each failure map_keys items 0 and 1 have the same key "x"; each needs one of its own`, "list success"}},
		"Empty":   {mapEach(file{""}), []string{`each failure map_keys item 0 has the key ""; a key is 1 to 63 letters, digits, _, . and -`, "list success"}},
		"Bad":     {mapEach(file{"a/b"}, file{"a]"}), []string{"each failure map_keys item 0 has the key \"a/b\"; a key is 1 to 63 letters, digits, _, . and -\nitem 1 has the key \"a]\"; a key is 1 to 63 letters, digits, _, . and -", "list success"}},
		"Long":    {mapEach(file{strings.Repeat("x", 64)}), []string{fmt.Sprintf(`each failure map_keys item 0 has the key %q; a key is 1 to 63 letters, digits, _, . and -`, strings.Repeat("x", 64)), "list success"}},
		"Panics":  {mapEach[*pointed](nil), []string{"each failure map_keys making the items: panic: runtime error: invalid memory address or nil pointer dereference", "list success"}},
		"TooMany": {mapEach(many...), []string{"each failure map_keys the list has 10001 items; a map makes at most 10000 instances: let one item stand for several", "list success"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := run(t, usercode.NewJob("job", test.job), nil)
			var got []string
			for _, op := range r.Ops {
				got = append(got, strings.TrimSpace(strings.Join([]string{op.Path, string(op.Outcome), op.Reason, op.Message}, " ")))
			}
			slices.Sort(got)
			for i := range got {
				got[i] = strings.TrimSpace(got[i])
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// mapEach is a body that maps over items and takes the results.
func mapEach[A any](items ...A) func(graph) {
	each := usercode.NewOp1("each", func(_ context.Context, item A) (A, error) { return item, nil })
	return func(g graph) {
		usercode.Map(g, list(items...)(g), func(g graph, item usercode.Value[A]) usercode.Value[A] { return each(g, item) })
	}
}

// TestMapOfEverything has a graph in a map, a map in a graph in a map, a map in a map, and what bodies can return.
func TestMapOfEverything(t *testing.T) {
	words := usercode.NewOp1("words", func(_ context.Context, f file) ([]string, error) { return strings.Split(f.name, "_"), nil })
	upper := usercode.NewOp1("upper", func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })
	join := usercode.NewOp1("join", func(_ context.Context, s []string) (string, error) { return strings.Join(s, "+"), nil })
	all := usercode.NewOp1("all", func(_ context.Context, s [][]string) (string, error) { return fmt.Sprint(s), nil })
	pair := usercode.NewOp1("pair", func(_ context.Context, s [][]string) (string, error) { return fmt.Sprint(s), nil })
	names := usercode.NewOp1("names", func(_ context.Context, f []file) (string, error) { return fmt.Sprint(f), nil })
	load := usercode.NewGraphOp1("load", func(g graph, f usercode.Value[file]) usercode.Value[string] {
		return join(g, usercode.Map(g, words(g, f), func(g graph, w usercode.Value[string]) usercode.Value[string] { return upper(g, w) }))
	})
	job := usercode.NewJob("job", func(g graph) {
		files := list(file{"a_b"}, file{"c"})(g)
		loaded := usercode.Map(g, files, func(g graph, f usercode.Value[file]) usercode.Value[string] { return load(g, f) })
		join(g.As("total"), loaded)
		all(g, usercode.Map(g, files, func(g graph, f usercode.Value[file]) usercode.Value[[]string] {
			return usercode.Map(g, words(g.As("split"), f), func(g graph, w usercode.Value[string]) usercode.Value[string] {
				return upper(g, w)
			})
		}))
		pair(g, usercode.Map(g, loaded, func(g graph, s usercode.Value[string]) usercode.Value[[]string] {
			return usercode.Collect(g, s, upper(g.As("again"), s))
		}))
		names(g, usercode.Map(g, files, func(g graph, f usercode.Value[file]) usercode.Value[file] {
			words(g.As("unused"), f)
			return f
		}))
	})
	r := run(t, job, nil)
	for path, want := range map[string]string{
		"load[a_b].upper[1]": "B", "load[c].join": "C", "total": "A+B+C", "upper[a_b][0]": "A",
		"all": "[[A B] [C]]", "pair": "[[A+B A+B] [C C]]", "names": "[{a_b} {c}]",
	} {
		if got := output[string](t, r, path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	if r.Outcome != usertest.Success || len(r.Ops) != 5+2+3+2+2+3+2+2 {
		t.Errorf("%s %s: %d ops: %q", r.Outcome, r.Message, len(r.Ops), pathsOf(r))
	}
}

func TestMapFailsOneByOne(t *testing.T) {
	job := usercode.NewJob("job", func(g graph) {
		files := list(file{"a"}, file{"b"}, file{"c"})(g)
		lengths := usercode.Map(g, files, func(g graph, f usercode.Value[file]) usercode.Value[int] {
			n := lenOp(g, f)
			return plusOp(g, n, n)
		})
		sumOp(g, lengths)
		threeOp(g)
	})
	r := run(t, job, &usertest.Options{Fail: func(path string, _ int) error {
		if path == "length[b]" {
			return errors.New("no")
		}
		return nil
	}})
	wantPaths(t, r, "list success", "length[a] success", "length[b] failure", "length[c] success",
		"plus[a] success", "plus[b] skipped", "plus[c] success", "sum skipped", "three success")
	if op, _ := r.Op("sum"); op.Message != "Not run, because op length[b] failed" {
		t.Errorf("sum: %s", op.Message)
	}
}

// TestMapOrders has order without data: into a map, inside of it, and after all of it.
func TestMapOrders(t *testing.T) {
	var mu sync.Mutex
	var order []string
	task := func(name string) usercode.Op[usercode.None] {
		return usercode.NewTask(name, func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, name)
			return nil
		})
	}
	job := usercode.NewJob("job", func(g graph) {
		files := list(1, 2)(g)
		gate := task("gate")(g)
		done := usercode.Map(g.After(gate), files, func(g graph, _ usercode.Value[int]) usercode.Value[usercode.None] {
			first := task("first")(g)
			second := task("second")(g.After(first))
			task("third")(g)
			return second
		})
		task("last")(g.After(done))
	})
	r := run(t, job, nil)
	if len(order) != 8 || order[0] != "gate" || order[7] != "last" || slices.Index(order, "first") > slices.Index(order, "second") {
		t.Errorf("%s: %q", r.Message, order)
	}
	r = run(t, job, &usertest.Options{Fail: func(path string, _ int) error {
		if path == "third[1]" {
			return errors.New("no")
		}
		return nil
	}})
	if op, _ := r.Op("last"); op.Outcome != usertest.Skipped {
		t.Errorf("last: got %s, want that it waits for all of the body", op.Outcome)
	}
}

func TestMapRetriesInstances(t *testing.T) {
	flaky := usercode.NewOp1("flaky", func(_ context.Context, n int) (int, error) { return n, nil }, usercode.Retry{Max: 2, Delay: time.Minute})
	job := usercode.NewJob("job", func(g graph) {
		sumOp(g, usercode.Map(g, list(1, 2, 3)(g), func(g graph, n usercode.Value[int]) usercode.Value[int] { return flaky(g, n) }))
	})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := run(t, job, &usertest.Options{Fail: func(path string, attempt int) error {
			if path == "flaky[0]" && attempt < 3 || path == "flaky[2]" && attempt < 2 {
				return errors.New("not yet")
			}
			return nil
		}})
		for path, want := range map[string]int{"flaky[0]": 3, "flaky[1]": 1, "flaky[2]": 2} {
			if op, _ := r.Op(path); len(op.Attempts) != want || op.Outcome != usertest.Success {
				t.Errorf("%s: %s after %d attempts, want %d", path, op.Outcome, len(op.Attempts), want)
			}
		}
		if took := time.Since(began); took != 2*time.Minute || output[int](t, r, "sum") != 3006 {
			t.Errorf("it took %v", took)
		}
	})
}

func TestMapProblems(t *testing.T) {
	var kept usercode.Value[int]
	two := usercode.NewGraphOp1("inner", func(g graph, _ usercode.Value[int]) usercode.Value[int] { return plusOp(g, kept, kept) })
	body := func(f func(g graph, items usercode.Value[[]int])) *usercode.Job {
		return usercode.NewJob("bad", func(g graph) { f(g, list(1)(g)) })
	}
	id := usercode.NewOp1("id", func(_ context.Context, n int) (int, error) { return n, nil })
	each := func(g graph, n usercode.Value[int]) usercode.Value[int] { return id(g, n) }
	tests := map[string]struct {
		job  *usercode.Job
		want []string
	}{
		"NilBody": {body(func(g graph, items usercode.Value[[]int]) { usercode.Map[int, int](g, items, nil) }), []string{`Map: its body is nil`}},
		"EmptyBody": {body(func(g graph, items usercode.Value[[]int]) {
			usercode.Map(g, items, func(_ graph, n usercode.Value[int]) usercode.Value[int] { return n })
		}), []string{`Map: its body is empty`}},
		"ZeroItems": {body(func(g graph, _ usercode.Value[[]int]) { usercode.Map(g, usercode.Value[[]int]{}, each) }), []string{`Map: the Value is a zero Value`}},
		"As":        {body(func(g graph, items usercode.Value[[]int]) { usercode.Map(g.As("x"), items, each) }), []string{`As has no meaning for Map`}},
		"SameName": {body(func(g graph, items usercode.Value[[]int]) {
			usercode.Map(g, items, each)
			usercode.Map(g, items, each)
		}), []string{`"id" is there already, placed at`}},
		"NotFromBody": {body(func(g graph, items usercode.Value[[]int]) {
			n := threeOp(g)
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] {
				id(g, m)
				return n
			})
		}), []string{`Map: what the body returns does not depend on the item`}},
		"ZeroResult": {body(func(g graph, items usercode.Value[[]int]) {
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] {
				id(g, m)
				return usercode.Value[int]{}
			})
		}), []string{`what the body of Map returns: the Value is a zero Value`}},
		"Leaks": {body(func(g graph, items usercode.Value[[]int]) {
			var leaked usercode.Value[int]
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] {
				leaked = id(g, m)
				return leaked
			})
			id(g.As("outside"), leaked)
		}), []string{`input of "outside": the Value belongs to the body of a Map, where it is another for each item`}},
		"LeaksIntoAfter": {body(func(g graph, items usercode.Value[[]int]) {
			var leaked usercode.Value[int]
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] {
				leaked = m
				return id(g, m)
			})
			threeOp(g.After(leaked))
		}), []string{`After of "three": the Value belongs to the body of a Map`}},
		"LeaksIntoAnotherMap": {body(func(g graph, items usercode.Value[[]int]) {
			var leaked usercode.Value[int]
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] {
				leaked = id(g, m)
				return leaked
			})
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] { return plusOp(g, m, leaked) })
		}), []string{`input_2 of "plus": the Value belongs to the body of a Map`}},
		"IntoGraph": {body(func(g graph, items usercode.Value[[]int]) {
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] {
				kept = m
				return two(g, m)
			})
		}), []string{`graph "inner": input_1 of "plus": the Value belongs to the enclosing graph`, `graph "inner": input_2 of "plus"`}},
		"OuterGraph": {body(func(g graph, items usercode.Value[[]int]) {
			usercode.Map(g, items, func(_ graph, _ usercode.Value[int]) usercode.Value[int] { return threeOp(g) })
		}), []string{`"three" is placed here from inside the body of a Map in graph "bad"`, `Map: its body is empty`}},
		"NoData": {body(func(g graph, items usercode.Value[[]int]) {
			none := usercode.Map(g, items, func(g graph, _ usercode.Value[int]) usercode.Value[usercode.None] { return taskOp(g) })
			usercode.NewOp1("takes", func(context.Context, []usercode.None) (int, error) { return 0, nil })(g, none)
		}), []string{`input of "takes": "task" has no output`}},
		"GraphUsedLater": {body(func(g graph, items usercode.Value[[]int]) {
			var inner graph
			usercode.Map(g, items, func(g graph, m usercode.Value[int]) usercode.Value[int] {
				inner = g
				return id(g, m)
			})
			threeOp(inner)
		}), []string{`its body panicked: "three" is used with a Map in graph "bad", whose body has returned`}},
		"Panics": {body(func(g graph, items usercode.Value[[]int]) {
			usercode.Map(g, items, func(graph, usercode.Value[int]) usercode.Value[int] { panic("oh") })
		}), []string{`its body panicked: oh`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			problems := problemsOf(t, test.job)
			if len(problems) != len(test.want) {
				t.Fatalf("got %v, want %q", problems, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(problems[i].Message, want) || !strings.Contains(problems[i].Origin, "map_test.go:") {
					t.Errorf("got %s, want %q in it", problems[i], want)
				}
			}
		})
	}
	t.Run("NamesTheLine", func(t *testing.T) {
		job := usercode.NewJob("bad", func(g graph) {
			usercode.Map(g, list(1)(g), func(_ graph, n usercode.Value[int]) usercode.Value[int] { return n })
		})
		if got, want := problemsOf(t, job)[0].Origin, here(2); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
