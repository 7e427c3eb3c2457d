package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/mask"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// DefaultTimeout is how long an evaluation may take when its author says nothing.
	DefaultTimeout = 60 * time.Second
	// maxConcurrent is how many functions are called at a time.
	maxConcurrent = 64
	// returnGrace is how long a function has to return when its time is over.
	returnGrace = time.Second
)

// Options of New. LookupEnv and Now are required.
type Options struct {
	// LookupEnv finds the variables that secrets refer to.
	LookupEnv func(variable string) (value string, ok bool)
	// Now is the clock.
	Now func() time.Time
}

// Evaluator calls functions. It may be used by many at once.
type Evaluator struct {
	opts  Options
	slots chan struct{} // has an element for each function that somebody waits for

	mu     sync.Mutex
	values []string             // of secrets that functions were given, ever: one may have kept them
	masker *mask.Masker         // of values
	left   map[string]time.Time // when functions began that nobody waits for any more, by what they are of
}

// New makes an Evaluator.
func New(opts Options) *Evaluator {
	return &Evaluator{opts: opts, slots: make(chan struct{}, maxConcurrent), left: map[string]time.Time{}}
}

// Answer is what came of calling a function.
type Answer struct {
	spec.Evaluation

	SkipReason string   // why there are no runs; may be empty
	Error      string   // what went wrong, for people; the rest, but for the lines, is not set then
	Lines      []string // what it logged
}

// Schedule asks what a tick of a schedule makes, which has a function. The error is that of ctx.
func (e *Evaluator) Schedule(ctx context.Context, repository string, s *spec.Schedule, at time.Time) (Answer, error) {
	return e.evaluate(ctx, "schedule "+repository+"/"+s.Name, s.Timeout, func(ctx context.Context) (spec.Evaluation, error) {
		return s.Evaluate(ctx, at)
	})
}

// Sensor asks what a sensor has found. The error is that of ctx.
func (e *Evaluator) Sensor(ctx context.Context, repository string, s *spec.Sensor, look spec.Look) (Answer, error) {
	return e.evaluate(ctx, "sensor "+repository+"/"+s.Name, s.Timeout, func(ctx context.Context) (spec.Evaluation, error) {
		return s.Evaluate(ctx, look)
	})
}

func (e *Evaluator) evaluate(ctx context.Context, what string, limit time.Duration, f func(context.Context) (spec.Evaluation, error)) (Answer, error) {
	lines := &lines{}
	evaluation, err := call(ctx, e, what, limit, lines, f)
	if err != nil && ctx.Err() != nil {
		return Answer{}, ctx.Err()
	}
	masker := e.currentMasker()
	a := Answer{Evaluation: evaluation}
	switch {
	case errors.Is(err, spec.ErrSkip):
		a.SkipReason = clean(masker.String(err.Error()), maxSkipReasonBytes)
		err = nil
	case err == nil:
		a.hideTags(masker)
	}
	if err == nil {
		err = a.check(masker)
	}
	if err != nil {
		a = Answer{Error: clean(masker.String(err.Error()), maxErrorBytes)}
	}
	a.Lines = lines.close(masker)
	return a, nil
}

// hideTags takes the values of secrets out of tags, as a worker does.
func (a *Answer) hideTags(masker *mask.Masker) {
	for i, r := range a.Requests {
		a.Requests[i].Tags = hidden(r.Tags, masker)
	}
}

func hidden(tags tag.List, masker *mask.Masker) tag.List {
	tags = slices.Clone(tags)
	for i := range tags {
		tags[i].Value = masker.String(tags[i].Value)
	}
	return tags
}

// PartitionRun is what belongs to the run of a partition.
type PartitionRun struct {
	spec.PartitionRun

	Error string // why there is none, for people
}

// PartitionRuns asks for what belongs to the runs of partitions, whose job has any; one answer for each key. The error is
// that of ctx.
func (e *Evaluator) PartitionRuns(ctx context.Context, repository string, j *spec.Job, keys []string) (runs []PartitionRun, logged []string, err error) {
	lines := &lines{}
	runs, err = call(ctx, e, "partitions of job "+repository+"/"+j.Name, 0, lines, func(ctx context.Context) ([]PartitionRun, error) {
		runs := make([]PartitionRun, len(keys))
		for i, key := range keys {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("it came to %d of %d partitions", i, len(keys))
			}
			run, err := partitionRun(ctx, j, key, lines)
			if err != nil {
				runs[i].Error = err.Error()
				continue
			}
			runs[i].PartitionRun = run
		}
		return runs, nil
	})
	if err != nil && ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if err != nil {
		runs = make([]PartitionRun, len(keys))
		for i := range runs {
			runs[i].Error = err.Error()
		}
	}
	masker := e.currentMasker()
	size := 0
	for i, r := range runs {
		if r.Error == "" {
			runs[i].Tags = hidden(r.Tags, masker)
			size += len(r.Config)
			if err := checkConfig(r.Config, size, masker); err != nil {
				runs[i] = PartitionRun{Error: err.Error()}
			}
		}
		runs[i].Error = clean(masker.String(runs[i].Error), maxErrorBytes)
	}
	return runs, lines.close(masker), nil
}

func partitionRun(ctx context.Context, j *spec.Job, key string, lines *lines) (run spec.PartitionRun, err error) {
	at, err := j.Partitions.At(key)
	if err != nil || j.PartitionRun == nil {
		return run, err
	}
	defer func() {
		if p := recover(); p != nil {
			run, err = spec.PartitionRun{}, panicked(p, lines)
		}
	}()
	return j.PartitionRun(ctx, at)
}

// asked is what the author's code may use.
func (e *Evaluator) asked(ctx context.Context, lines *lines) context.Context {
	return spec.WithAsked(ctx, &spec.Asked{Logger: lines.logger(), Secret: e.secret})
}

// secret is the value of a variable, which is taken out of everything from here on.
func (e *Evaluator) secret(variable string) (string, bool) {
	value, ok := e.opts.LookupEnv(variable)
	if !ok || len(value) < spec.MinSecretBytes { // so short a text cannot be kept out of anything
		return "", false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Contains(e.values, value) {
		e.values = append(e.values, value)
		e.masker = mask.New(e.values)
	}
	return value, true
}

func (e *Evaluator) currentMasker() *mask.Masker {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.masker
}
