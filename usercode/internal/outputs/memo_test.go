package outputs_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/outputs"
	"github.com/penstock-run/penstock/usercode/output"
)

type factor struct {
	By int `json:"by"`
}

var by = usercode.NewConfig("factor", factor{By: 2})

// memoJob is numbers -> times -> sum, of which each can be memoized; other is what else the job has.
func memoJob(name, version string, calls *atomic.Int32) *usercode.Job {
	numbers := usercode.NewOp("numbers", func(context.Context) ([]int, error) { calls.Add(1); return []int{1, 2}, nil }, usercode.CodeVersion("1"))
	times := usercode.NewOp1("times", func(ctx context.Context, in []int) ([]int, error) {
		calls.Add(1)
		out := make([]int, len(in))
		for i, n := range in {
			out[i] = n * by.From(ctx).By
		}
		return out, nil
	}, usercode.CodeVersion(version), by)
	sum := usercode.NewOp1("sum", func(_ context.Context, in []int) (int, error) {
		calls.Add(1)
		s := 0
		for _, n := range in {
			s += n
		}
		return s, nil
	}, usercode.CodeVersion("1"))
	return usercode.NewJob(name, func(g *usercode.Graph) { sum(g, times(g, numbers(g))) })
}

func TestMemoization(t *testing.T) {
	store := newStore(t)
	var calls atomic.Int32
	job := memoJob("job", "1", &calls)
	runs := []struct {
		name   string
		x      execution
		reused string
		sum    int
	}{
		{"FirstRun", execution{job: job}, "", 6},
		{"Again", execution{job: job}, "numbers 1, sum 1, times 1", 6},
		{"OfTheNewestRun", execution{job: job}, "numbers 2, sum 2, times 2", 6},
		{"OtherConfig", execution{job: job, config: `{"config":{"factor":{"by":3}}}`}, "numbers 3", 9},
		{"SameConfigSpelledOut", execution{job: job, config: `{"config":{"factor":{"by":2}}}`}, "numbers 4, sum 3, times 3", 6},
		{"OtherVersion", execution{job: memoJob("job", "2", &calls)}, "numbers 5, sum 5", 6},
		{"OtherJob", execution{job: memoJob("job_2", "1", &calls)}, "", 6},
		{"GivenInput", execution{job: job, ops: []string{"sum"}, config: `{"inputs":{"sum":{"input":[2, 4]}}}`}, "sum 6", 6},
		{"OtherInput", execution{job: job, ops: []string{"sum"}, config: `{"inputs":{"sum":{"input":[2, 5]}}}`}, "", 7},
	}
	for i, run := range runs {
		t.Run(run.name, func(t *testing.T) {
			run.x.store, run.x.run, run.x.memoize = store, i+1, true
			before := calls.Load()
			e := run.x.do(t).want(t, "success")
			if got := e.reused(); got != run.reused || e.values["sum"] != run.sum {
				t.Errorf("reused %q, sum %v; want %q, %d\n%s", got, e.values["sum"], run.reused, run.sum, e.log)
			}
			if n := len(e.finished) - int(calls.Load()-before); run.reused != "" && n != strings.Count(run.reused, ",")+1 {
				t.Errorf("%d ops did not run, and %q were reused", n, run.reused)
			}
			for path, o := range e.outputs {
				if !strings.HasPrefix(o.GetAddress(), "runs/"+runID(i+1)+"/") {
					t.Errorf("%s is not this run's own: %v", path, o)
				}
				if _, err := store.Get(t.Context(), o.GetAddress(), 1<<20); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestMemoizationIsAskedFor(t *testing.T) {
	store := newStore(t)
	var calls atomic.Int32
	plain := usercode.NewOp("plain", func(context.Context) (int, error) { calls.Add(1); return 1, nil })
	transient := usercode.NewOp("transient", func(context.Context) (int, error) { calls.Add(1); return 1, nil }, usercode.CodeVersion("1"), usercode.Transient{})
	after := usercode.NewOp1("after", func(_ context.Context, n int) (int, error) { calls.Add(1); return n, nil }, usercode.CodeVersion("1"))
	task := usercode.NewTask("task", func(context.Context) error { calls.Add(1); return nil }, usercode.CodeVersion("1"))
	job := usercode.NewJob("job", func(g *usercode.Graph) { plain(g); after(g, transient(g)); task(g) })
	versioned := memoJob("versioned", "1", &calls)
	for i := range 2 {
		e := execution{job: job, store: store, run: 2*i + 1, memoize: true}.do(t).want(t, "success")
		off := execution{job: versioned, store: store, run: 2*i + 2}.do(t).want(t, "success")
		if e.reused()+off.reused() != "" {
			t.Errorf("reused %q and %q", e.reused(), off.reused())
		}
	}
	if calls.Load() != 14 {
		t.Errorf("%d calls; want each op twice", calls.Load())
	}
}

// TestMemoizationOfStructs has two jobs in one, so to speak: the fields of the struct are set the other way around.
func TestMemoizationOfStructs(t *testing.T) {
	type pair struct{ A, B int }
	store := newStore(t)
	one := usercode.NewOp("one", func(context.Context) (int, error) { return 1, nil }, usercode.CodeVersion("1"))
	two := usercode.NewOp("two", func(context.Context) (int, error) { return 2, nil }, usercode.CodeVersion("1"))
	minus := usercode.NewOp1("minus", func(_ context.Context, p pair) (int, error) { return p.A - p.B, nil }, usercode.CodeVersion("1"))
	jobOf := func(first, second func(p *pair, n int)) *usercode.Job {
		return usercode.NewJob("job", func(g *usercode.Graph) {
			minus(g, usercode.Struct(g, usercode.Field(one(g), first), usercode.Field(two(g), second)))
		})
	}
	setA, setB := func(p *pair, n int) { p.A = n }, func(p *pair, n int) { p.B = n }
	for i, run := range []struct {
		job    *usercode.Job
		reused string
		want   int
	}{
		{jobOf(setA, setB), "", -1}, {jobOf(setB, setA), "one 1, two 1", 1}, {jobOf(setA, setB), "minus 1, one 2, two 2", -1},
	} {
		e := execution{job: run.job, store: store, run: i + 1, memoize: true}.do(t).want(t, "success")
		if e.reused() != run.reused || e.values["minus"] != run.want {
			t.Errorf("run %d: reused %q, got %v; want %q, %d", i+1, e.reused(), e.values["minus"], run.reused, run.want)
		}
	}
}

func TestMemoizationOfMaps(t *testing.T) {
	store := newStore(t)
	var calls atomic.Int32
	list := func(n int) usercode.Op[[]int] {
		return usercode.NewOp("list", func(context.Context) ([]int, error) { return make([]int, n), nil })
	}
	double := usercode.NewOp1("double", func(_ context.Context, n int) (int, error) { calls.Add(1); return 2 * n, nil }, usercode.CodeVersion("1"))
	total := usercode.NewOp1("total", func(_ context.Context, all []int) (int, error) { calls.Add(1); return len(all), nil }, usercode.CodeVersion("1"))
	jobOf := func(n int) *usercode.Job {
		items := list(n)
		return usercode.NewJob("job", func(g *usercode.Graph) {
			total(g, usercode.Map(g, items(g), func(g *usercode.Graph, v usercode.Value[int]) usercode.Value[int] { return double(g, v) }))
		}, usercode.MaxConcurrent(1))
	}
	execution{job: jobOf(3), store: store, run: 1, memoize: true}.do(t).want(t, "success")
	before := calls.Load()
	e := execution{job: jobOf(3), store: store, run: 2, memoize: true}.do(t).want(t, "success")
	if calls.Load() != before || e.values["total"] != 3 {
		t.Errorf("%d ops ran again, reused %q", calls.Load()-before, e.reused())
	}
	e = execution{job: jobOf(4), store: store, run: 3, memoize: true}.do(t).want(t, "success")
	if calls.Load() != before+1 || e.values["total"] != 4 {
		t.Errorf("%d ops ran; want only the total of a longer list; reused %q", calls.Load()-before, e.reused())
	}
}

func TestMemoRecordLeadsNowhere(t *testing.T) {
	var calls atomic.Int32
	job := memoJob("job", "1", &calls)
	for name, spoil := range map[string]func(t *testing.T, s output.Store, names []string){
		"OutputsGone": func(t *testing.T, s output.Store, _ []string) { remove(t, s, "runs/"+runID(1)) },
		"OutputsDamaged": func(t *testing.T, s output.Store, _ []string) {
			all, err := s.List(t.Context(), "runs/"+runID(1))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range all {
				replace(t, s, name, "?")
			}
		},
		"RecordsDamaged": func(t *testing.T, s output.Store, names []string) {
			for _, name := range names {
				replace(t, s, name, "\xff\xff")
			}
		},
		"RecordsEmpty": func(t *testing.T, s output.Store, names []string) {
			for _, name := range names {
				replace(t, s, name, "")
			}
		},
		"RecordsOfAnOddRun": func(t *testing.T, s output.Store, names []string) {
			for _, name := range names {
				replace(t, s, name, "\x12\x05../..")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			execution{job: job, store: store, run: 1, memoize: true}.do(t).want(t, "success")
			names, err := store.List(t.Context(), "memo")
			if err != nil || len(names) != 3 {
				t.Fatalf("got records %v, %v", names, err)
			}
			spoil(t, store, names)
			e := execution{job: job, store: store, run: 2, memoize: true}.do(t).want(t, "success")
			if e.reused() != "" || e.values["sum"] != 6 {
				t.Errorf("reused %q, got %v", e.reused(), e.values)
			}
			e = execution{job: job, store: store, run: 3, memoize: true}.do(t).want(t, "success")
			if want := "numbers 2, sum 2, times 2"; e.reused() != want {
				t.Errorf("it does not recover: reused %q", e.reused())
			}
		})
	}
}

func TestDeleteForgetsWhatNamesTheRun(t *testing.T) {
	store := newStore(t)
	var calls atomic.Int32
	job := memoJob("job", "1", &calls)
	for i := range 3 {
		execution{job: job, store: store, run: i + 1, memoize: true}.do(t).want(t, "success")
	}
	for _, run := range []int{2, 1, 1} { // run 3 has taken the records over
		if err := outputs.Delete(t.Context(), store, runID(run)); err != nil {
			t.Fatal(err)
		}
	}
	e := execution{job: job, store: store, run: 4, memoize: true}.do(t).want(t, "success")
	if want := "numbers 3, sum 3, times 3"; e.reused() != want {
		t.Errorf("reused %q, want %q", e.reused(), want)
	}
	for _, run := range []int{3, 4} {
		if err := outputs.Delete(t.Context(), store, runID(run)); err != nil {
			t.Fatal(err)
		}
	}
	for _, prefix := range []string{"runs", "memo"} {
		if names, err := store.List(t.Context(), prefix); err != nil || len(names) > 0 {
			t.Errorf("left below %s: %v, %v", prefix, names, err)
		}
	}
}

func TestCheckRun(t *testing.T) {
	for _, odd := range []string{"", "..", "a/b", "0192A3B4-0000-7000-8000-000000000001", "0192a3b4-0000-7000-8000-00000000000", "0192a3b400007000800000000000000100000", "0192a3b4/0000-7000-8000-000000000001", "0192a3b4-0000-7000-8000-00000000000\x00"} {
		if err := outputs.CheckRun(odd); err == nil || !strings.Contains(err.Error(), "is no run id") {
			t.Errorf("%q: got %v", odd, err)
		}
	}
	if err := outputs.CheckRun(runID(7)); err != nil {
		t.Error(err)
	}
}

func BenchmarkOps(b *testing.B) {
	for _, storing := range []bool{false, true} {
		b.Run(fmt.Sprintf("Stored=%t", storing), func(b *testing.B) {
			const ops = 200
			n := atomic.Int64{}
			op := usercode.NewOp("op", func(context.Context) (int64, error) { return n.Add(1), nil }) // no two are the same
			job := usercode.NewJob("job", func(g *usercode.Graph) {
				for i := range ops {
					op(g.As(fmt.Sprintf("op_%d", i)))
				}
			})
			var store output.Store
			if storing {
				store = newStore(b)
			}
			for i := 0; b.Loop(); i++ {
				execution{job: job, store: store, run: i}.do(b).want(b, "success")
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/ops, "µs/op_of_run")
		})
	}
}

// TestMemoizationHeedsConfigsOfResources has an op that reads a database whose place is in the config of a resource of
// the resource that it uses.
func TestMemoizationHeedsConfigsOfResources(t *testing.T) {
	pool := usercode.NewResource("pool", func(ctx context.Context) (int, error) { return by.From(ctx).By, nil }, by)
	db := usercode.NewResource("db", pool.From, pool)
	rows := usercode.NewOp("rows", db.From, usercode.CodeVersion("1"), db)
	job := usercode.NewJob("job", func(g *usercode.Graph) { rows(g) })
	store := newStore(t)
	for i, want := range []int{2, 3, 2} {
		x := execution{job: job, store: store, run: i + 1, memoize: true, config: fmt.Sprintf(`{"config":{"factor":{"by":%d}}}`, want)}
		e := x.do(t)
		if e.values["rows"] != want || (e.outputs["rows"].GetReusedFrom() != "") != (i == 2) {
			t.Errorf("run %d: got %v of %v, want %d", i+1, e.values["rows"], e.outputs["rows"], want)
		}
	}
}

// TestMemoizationForgetsWhatIsMadeAgain executes an op of which another run has stored an output, and whose own is not
// encoded: nobody can tell then whether what reads it would yield the same.
func TestMemoizationForgetsWhatIsMadeAgain(t *testing.T) {
	store := newStore(t)
	made := func(n int, opts ...usercode.OpOption) *usercode.Job {
		number := usercode.NewOp("number", func(context.Context) (int, error) { return n, nil }, opts...)
		double := usercode.NewOp1("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil }, usercode.CodeVersion("1"))
		return usercode.NewJob("job", func(g *usercode.Graph) { double(g, number(g)) })
	}
	first := execution{job: made(1), store: store, run: 1, memoize: true}.do(t)
	again := execution{
		job: made(5, usercode.Transient{}), store: store, run: 2, memoize: true,
		stored: []*workerv1.StoredOutput{{OpPath: "number", RunId: runID(1), Output: first.outputs["number"]}},
	}.do(t)
	if again.values["double"] != 10 {
		t.Errorf("got %v, want 10; output %v", again.values["double"], again.outputs["double"])
	}
}
