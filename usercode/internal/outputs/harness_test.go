package outputs_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/outputs"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/output"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runID is the id of a run of these tests.
func runID(n int) string { return fmt.Sprintf("0192a3b4-0000-7000-8000-%012d", n) }

// execution is one run of a job as a worker makes it.
type execution struct {
	job     *usercode.Job
	store   output.Store // nil: none
	run     int
	ops     []string
	config  string
	stored  []*workerv1.StoredOutput
	memoize bool
}

// ended is what became of it.
type ended struct {
	outcome  workerv1.Outcome
	failure  *workerv1.Failure
	events   []*workerv1.Event
	finished map[string]*workerv1.OpFinished // by op path
	outputs  map[string]*workerv1.Output     // by op path
	values   map[string]any                  // in memory, by op path
	log      string
}

func (x execution) do(t testing.TB) ended {
	t.Helper()
	return x.doUntil(context.Background(), t, nil)
}

func (x execution) doUntil(ctx context.Context, t testing.TB, abandon <-chan struct{}) ended {
	t.Helper()
	job, err := spec.CompileJob(x.job)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var log strings.Builder
	opts := outputs.Options{
		RunID: runID(x.run), Repository: "tests", Job: job.Name, Memoize: x.memoize, Stored: x.stored, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(&locked{mu: &mu, to: &log}, nil)),
	}
	if x.store != nil {
		opts.Open = func(context.Context) (output.Store, error) { return unclosed{x.store}, nil }
	}
	if configs, err := job.ResolveConfig([]byte(x.config)); err == nil {
		opts.Configs = map[string][]byte{}
		for name, object := range configs {
			opts.Configs[name] = object
		}
	}
	opts.Given, _ = job.ResolveInputs([]byte(x.config)) // the engine reports what is wrong
	k := outputs.New(opts)
	e := ended{finished: map[string]*workerv1.OpFinished{}, outputs: map[string]*workerv1.Output{}, values: map[string]any{}}
	result := engine.Run(ctx, engine.Attempt{
		RunID: runID(x.run), Attempt: 1, Repository: "tests", Job: job, ConfigJSON: []byte(x.config), OpPaths: x.ops,
	}, func(ev *workerv1.Event) {
		e.events = append(e.events, ev)
		if f := ev.GetOpFinished(); f != nil && f.RetryAfter == nil {
			e.finished[ev.GetOpPath()] = f
		}
		if o := ev.GetOutput(); o != nil {
			if e.outputs[ev.GetOpPath()] != nil {
				t.Errorf("op %s has two events of kind output", ev.GetOpPath())
			}
			e.outputs[ev.GetOpPath()] = o
		}
	}, engine.Options{Outputs: k, Abandon: abandon, Output: func(path string, value any) { e.values[path] = value }})
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	e.outcome, e.failure = result.GetOutcome(), result.GetFailure()
	mu.Lock()
	defer mu.Unlock()
	e.log = log.String()
	return e
}

type locked struct {
	mu *sync.Mutex
	to *strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

// unclosed is a store that several runs use, one after the other.
type unclosed struct{ output.Store }

func (unclosed) Close() error { return nil }

func (e ended) want(t testing.TB, outcome string) ended {
	t.Helper()
	if got := strings.ToLower(strings.TrimPrefix(e.outcome.String(), "OUTCOME_")); got != outcome {
		t.Fatalf("the run ended with %s, want %s: %v\n%s", got, outcome, e.failure, e.log)
	}
	return e
}

// taken is what a run stored, as a host hands it to another.
func (e ended) taken(run int, paths ...string) []*workerv1.StoredOutput {
	var list []*workerv1.StoredOutput
	for _, path := range paths {
		list = append(list, &workerv1.StoredOutput{OpPath: path, RunId: runID(run), Output: e.outputs[path]})
	}
	return list
}

// reused are the ops that did not run, with the runs that they are from.
func (e ended) reused() string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(e.finished)) {
		if e.finished[path].GetOutcome() == workerv1.Outcome_OUTCOME_REUSED {
			list = append(list, path+" "+strings.TrimLeft(e.outputs[path].GetReusedFrom()[24:], "0"))
		}
	}
	return strings.Join(list, ", ")
}

func newStore(t testing.TB) output.Store {
	t.Helper()
	s, err := output.NewLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
