package engine

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/mask"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Attempt is what to run.
type Attempt struct {
	RunID      string
	Attempt    uint32 // from 1
	Repository string
	Job        *spec.Job
	ConfigJSON []byte   // run config; empty is an empty one
	Tags       tag.List // of the run, sorted by key
	OpPaths    []string // ops to execute, nodes joined by dots; none means all
}

// Sink takes events, one call at a time, in the order in which they happened. While it blocks, ops that report
// something wait. The event is the sink's to keep.
type Sink func(*workerv1.Event)

// Options of Run. The zero value works.
type Options struct {
	// Limit is how many ops run at a time where the job does not say. Default: as many CPUs as Go may use.
	Limit int
	// Now is the clock of events and durations. Default: the system's. Time-outs and waits are package time's own, as
	// contexts are; testing/synctest makes both virtual.
	Now func() time.Time
	// Random shortens waits between attempts, by numbers from 0 to less than 1. Default: math/rand/v2. Calls never
	// overlap.
	Random func() float64
	// Fail is asked before each attempt of an op, in the op's goroutine; its error is what the attempt ends with, without
	// a call of the op's function. Default: nobody is asked.
	Fail func(opPath string, attempt int) error
	// Abandon, when closed after the context has ended, makes Run report ops that still run as canceled, leave their
	// goroutines behind and return. Without it Run waits for as long as they take.
	Abandon <-chan struct{}
	// Slots gives ops their slots of pools. Default: every op has one at once.
	Slots Slots
	// Process is what the process itself writes, which becomes events of the ops that run. Default: none is captured.
	Process ProcessOutput
	// Metadata is told what becomes events of kinds note and, when the attempt has ended well, output, as values. It is
	// called in the goroutines of ops, several at a time. Default: nobody is told.
	Metadata func(kind, opPath string, attempt int, message string, list metadata.List)
	// Outputs is what stands in for ops that are not executed, and where outputs go. Default: none, so that an op selection
	// must have everything that is needed.
	Outputs Outputs
	// LookupEnv finds the variables that secrets refer to. Default: none is set.
	LookupEnv func(variable string) (value string, ok bool)
	// Secrets is told the variables that the run's secrets refer to, before any user code runs, when there are any.
	Secrets func(variables []string)
	// Resource is what takes the place of a resource, which is then neither opened nor closed. Default: nothing does.
	Resource func(r *spec.Resource) (value any, ok bool)
	// Output is told what each op returned, when it ended well, or what was reused. Calls never overlap.
	Output func(opPath string, output any)
}

func (o Options) withDefaults() Options {
	if o.Limit <= 0 {
		o.Limit = runtime.GOMAXPROCS(0) // which heeds the limits of a container
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Fail == nil {
		o.Fail = func(string, int) error { return nil }
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the injected clock
	}
	if o.LookupEnv == nil {
		o.LookupEnv = func(string) (string, bool) { return "", false }
	}
	if o.Secrets == nil {
		o.Secrets = func([]string) {}
	}
	if o.Resource == nil {
		o.Resource = func(*spec.Resource) (any, bool) { return nil, false }
	}
	if o.Metadata == nil {
		o.Metadata = func(string, string, int, string, metadata.List) {}
	}
	if o.Output == nil {
		o.Output = func(string, any) {}
	}
	return o
}

// Run executes the attempt and returns how it ended, which is also its last event: run_finished is sent once, and
// nothing after it. When ctx ends, the context of every op ends, with the same cause; ops that have not started are
// reported as canceled. All goroutines have ended when Run returns, except those of abandoned ops, those of ops that
// were left behind when their time was over, and those that the author's code left behind.
func Run(ctx context.Context, a Attempt, sink Sink, opts Options) *workerv1.RunFinished {
	opts = opts.withDefaults()
	emit := &emitter{sink: sink, now: opts.Now}
	return emit.end(run(ctx, a, emit, opts))
}

// Reject reports an attempt that cannot run at all, with the same events as Run.
func Reject(sink Sink, now func() time.Time, reason, message string) *workerv1.RunFinished {
	opts := Options{Now: now}.withDefaults()
	return (&emitter{sink: sink, now: opts.Now}).end(rejected(reason, message))
}

func run(ctx context.Context, a Attempt, emit *emitter, opts Options) *workerv1.RunFinished {
	config, err := a.Job.ResolveConfig(a.ConfigJSON)
	if err != nil {
		return rejected("config", err.Error())
	}
	p, err := newPlan(a.Job.Graph, a.OpPaths, opts.Outputs)
	if err != nil {
		return rejected("op_selection", err.Error())
	}
	secrets, err := lookupSecrets(a.Job, p, config, opts)
	if err != nil {
		return rejected("config", err.Error())
	}
	if len(secrets) > 0 {
		opts.Secrets(slices.Sorted(maps.Keys(secrets)))
		emit.masker = mask.New(spec.SecretValues(secrets))
	}
	ops := p.executed()
	message := fmt.Sprintf("Running %s of job %s", count(ops, "op"), a.Job.Name)
	if n := a.Job.MaxConcurrent; n > 0 {
		message += fmt.Sprintf(", at most %d at a time", n)
		opts.Limit = n
	}
	emit.event(&workerv1.Event{
		Kind:    "run_started",
		Message: message,
		Detail:  &workerv1.Event_RunStarted{RunStarted: &workerv1.RunStarted{Ops: uint32(ops)}},
	})
	identity := spec.Run{ID: a.RunID, Attempt: a.Attempt, Job: a.Job.Name, Repository: a.Repository, Tags: a.Tags}
	s := newSchedule(p, emit, opts)
	s.outlet = newOutlet(emit, opts.Process, emit.masker)
	defer s.outlet.close()
	resources := &resources{run: ctx, emit: emit, opts: opts, config: config, known: map[*spec.Resource]*opening{}}
	all := spec.Execution{
		Run: identity, Partitions: a.Job.Partitions, Logger: newLogger(emit, "", 0), Config: config, Open: resources.get, Mask: emit.masker.String,
		Secret: func(variable string) (value string, ok bool) { value, ok = secrets[variable]; return value, ok },
	}
	s.execution = func(path string, attempt int) *spec.Execution {
		e := all
		e.OpPath, e.OpAttempt, e.Logger, e.Reports = path, attempt, newLogger(emit, path, attempt), s.newReports(path, attempt)
		return &e
	}
	finished := s.run(ctx)
	resources.close(all) //nolint:contextcheck // closing goes on when the run is canceled
	if opts.Outputs != nil {
		flush(ctx, opts)
	}
	return finished
}

// flush waits for outputs that are being stored, also those of a run that was canceled, until nobody waits any longer.
func flush(ctx context.Context, opts Options) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	flushed := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-opts.Abandon:
			cancel()
		case <-flushed:
		}
	})
	opts.Outputs.Flush(ctx)
	close(flushed)
	watcher.Wait()
	cancel()
}

// rejected is the end of an attempt in which no user code started.
func rejected(reason, message string) *workerv1.RunFinished {
	return &workerv1.RunFinished{
		Outcome: workerv1.Outcome_OUTCOME_FAILURE,
		Failure: &workerv1.Failure{Reason: reason, Message: clean(message, maxMessageBytes)},
	}
}

func finishedMessage(f *workerv1.RunFinished) string {
	switch f.GetOutcome() {
	case workerv1.Outcome_OUTCOME_SUCCESS:
		return "All ops ended well"
	case workerv1.Outcome_OUTCOME_CANCELED:
		return "Canceled: " + clean(f.GetFailure().GetMessage(), maxSummaryBytes)
	default:
		return "Failed: " + clean(f.GetFailure().GetMessage(), maxSummaryBytes)
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
