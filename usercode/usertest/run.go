package usertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Options of a run. The zero value runs the whole job with the defaults of its configs.
type Options struct {
	// Config is the run config by name of the config. A value is what encoding/json makes the object of: the struct
	// of the config itself, or a map with some of its keys. Keys that are left out have their defaults.
	Config map[string]any
	// Partition is the key of the partition that the run is for. Its config is that of [usercode.PartitionConfig], unless
	// Config says something, and its tags are those of [usercode.PartitionTags].
	Partition string
	// Tags are those of a launch, which are added to those of the job and replace them.
	Tags usercode.Tags
	// Ops are the paths of the ops to execute: names of nodes, joined by dots inside of graphs. None means all.
	Ops []string
	// Outputs are what ops that are not executed have returned, by op path, so that those that need them can be executed:
	// values of their Go types.
	Outputs map[string]any
	// Inputs are values of inputs in place of what other ops return, by op path and by name, "input" or "input_1" and so
	// on. With them one op of a job is executed alone:
	//
	//	&usertest.Options{Ops: []string{"count"}, Inputs: map[string]map[string]any{"count": {"input": orders}}}
	Inputs map[string]map[string]any
	// Repository is what RunFrom says; "test" when empty.
	Repository string
	// Resources are values in place of resources, made by Replace. Default: resources are opened.
	Resources []Replacement
	// Fail makes ops fail: it is asked before each attempt of an op, by its path and from 1, and its error is what the
	// attempt ends with; the op's function is not called then. It is called in the goroutines of ops, several at a time.
	Fail func(opPath string, attempt int) error
}

// Outcome is how a run or an op ended.
type Outcome string

// The outcomes.
const (
	Success  Outcome = "success"
	Failure  Outcome = "failure"
	Canceled Outcome = "canceled" // its context ended
	Skipped  Outcome = "skipped"  // an op that it needs did not end well
)

// Result is what became of a run.
type Result struct {
	Outcome Outcome
	// Message says why the outcome is not Success.
	Message string
	// Ops are those that were to be executed, in the order in which they ended.
	Ops []Op
	// Logs are the records of all ops, in order.
	Logs []Log
	// Progress is what ops said of theirs, in order.
	Progress []Progress
	// Notes are those of all ops, in order.
	Notes []Note
	// OutputMetadata is what ops attached to their outputs, by op path: what the attempts did that ended well.
	OutputMetadata map[string]usercode.MetadataList
	// Tags are those that ops added to the run.
	Tags map[string]string

	// Resources says what was opened and closed, in order.
	Resources []ResourceChange

	outputs map[string]any
	written map[string][2][]byte // by op path: stdout, stderr
}

// Op is what became of an op.
type Op struct {
	Path    string
	Outcome Outcome
	Reason  string // "error", "panic" or the like; empty after success
	Message string // why the outcome is not Success
	Stack   string // of a panic
	// Attempts are those that were made, in order; none of an op that never started.
	Attempts []Attempt
}

// Attempt is one attempt of an op; the last ended as the op did, unless the run was canceled while the op waited for
// another.
type Attempt struct {
	Outcome Outcome
	Reason  string
	Message string
	Wait    time.Duration // before the next attempt, without jitter; zero after the last
}

// Log is what an op wrote to usercode.Log.
type Log struct {
	OpPath  string
	Time    time.Time
	Level   slog.Level
	Message string
	// Attrs has the names of groups before a dot. Integers are int64, floats float64; what is neither number, bool
	// nor time is text.
	Attrs map[string]any
}

// Op is the op at a path.
func (r *Result) Op(path string) (Op, bool) {
	for _, op := range r.Ops {
		if op.Path == path {
			return op, true
		}
	}
	return Op{}, false
}

// Run executes the job and waits for its end; when ctx ends, the run is canceled. A job that fails is a Result, not an
// error: errors are wrong definitions, config, tags or paths, all that were found.
//
// Time-outs, and waits before ops run again, are real. Inside of a bubble of testing/synctest they take no time, and a
// wait is exactly as long as [usercode.Retry] says, because a test has no jitter.
func Run(ctx context.Context, job *usercode.Job, opts *Options) (*Result, error) {
	if opts == nil {
		opts = &Options{}
	}
	compiled, err := spec.CompileJob(job)
	if err != nil {
		return nil, err
	}
	attempt, err := attemptOf(ctx, compiled, opts)
	if err != nil {
		return nil, err
	}
	given, err := givenBy(compiled, opts)
	if err != nil {
		return nil, fmt.Errorf("job %q: %w", compiled.Name, err)
	}
	reported := &reported{metadata: map[string]usercode.MetadataList{}}
	result := &Result{OutputMetadata: reported.metadata, Tags: map[string]string{}, outputs: map[string]any{}, written: map[string][2][]byte{}}
	var refused error
	attempts := map[string][]Attempt{}
	sink := engine.Records(func(r engine.Record) {
		switch r.Kind {
		case "op_started":
			attempts[r.OpPath] = append(attempts[r.OpPath], Attempt{})
		case "op_finished":
			made := attempts[r.OpPath]
			if len(made) == r.Attempt {
				made[r.Attempt-1] = Attempt{Outcome: Outcome(r.Outcome), Reason: r.Reason, Message: r.Failure, Wait: r.Wait}
			}
			if !r.Retry {
				op := Op{Path: r.OpPath, Outcome: Outcome(r.Outcome), Reason: r.Reason, Message: r.Failure, Stack: r.Stack, Attempts: made}
				result.Ops = append(result.Ops, op)
			}
		case "run_finished":
			result.Outcome, result.Message = Outcome(r.Outcome), r.Failure
			if r.Reason == "op_selection" || r.Reason == "config" {
				refused = fmt.Errorf("job %q: %s", compiled.Name, r.Failure)
			}
		default:
			result.add(r)
		}
	})
	engine.Run(ctx, attempt, sink, engine.Options{
		Random: func() float64 { return 0 },
		Fail:   opts.Fail,

		Outputs:   given,
		LookupEnv: lookupEnv,
		Resource:  replaced(opts.Resources),
		Metadata:  reported.take,
		Output:    func(path string, output any) { result.outputs[path] = output },
	})
	if refused != nil {
		return nil, refused
	}
	reported.mu.Lock() // of ops that were left behind
	defer reported.mu.Unlock()
	result.Notes = reported.notes
	return result, nil
}

func attemptOf(ctx context.Context, job *spec.Job, opts *Options) (engine.Attempt, error) {
	a := engine.Attempt{RunID: "test", Attempt: 1, Repository: opts.Repository, Job: job, OpPaths: opts.Ops}
	if a.Repository == "" {
		a.Repository = "test"
	}
	var partition, system tag.List
	if opts.Partition != "" {
		run, err := partitionRun(ctx, job, opts.Partition)
		if err != nil {
			return engine.Attempt{}, err
		}
		at, err := job.Partitions.At(opts.Partition)
		if err != nil {
			return engine.Attempt{}, err
		}
		partition, system, a.ConfigJSON = run.Tags, job.Partitions.Tags(at), run.Config
	}
	launch, tagErr := tag.FromAny(opts.Tags)
	a.Tags = tag.Merge(job.Tags.WithOrigin(tag.OriginDefinition), partition.WithOrigin(tag.OriginPartition), launch.WithOrigin(tag.OriginLaunch), system)
	var configErr error
	if len(opts.Config) > 0 {
		if a.ConfigJSON, configErr = json.Marshal(map[string]any{"config": opts.Config}); configErr != nil {
			configErr = fmt.Errorf("config: %w", configErr)
		}
	}
	if configErr == nil {
		_, configErr = job.ResolveConfig(a.ConfigJSON)
	}
	if err := errors.Join(tagErr, configErr, checkResources(job, opts.Resources)); err != nil {
		return engine.Attempt{}, fmt.Errorf("job %q: %w", job.Name, err)
	}
	return a, nil
}

// Output is what the op at a path returned. It is an error when the op did not end well, was not executed, has no
// output, or returned another type.
func Output[T any](r *Result, opPath string) (T, error) {
	var zero T
	op, ok := r.Op(opPath)
	if !ok {
		return zero, fmt.Errorf("output of op %q: no such op was executed", opPath)
	}
	if op.Outcome != Success {
		return zero, fmt.Errorf("output of op %q: it ended with %s: %s", opPath, op.Outcome, op.Message)
	}
	output := r.outputs[opPath]
	typed, ok := output.(T)
	wanted := reflect.TypeFor[T]()
	switch {
	case ok || output == nil && wanted.Kind() == reflect.Interface:
		return typed, nil
	case output == nil:
		return zero, fmt.Errorf("output of op %q: it has none", opPath)
	}
	return zero, fmt.Errorf("output of op %q: it is a %T, not a %v", opPath, output, wanted)
}
