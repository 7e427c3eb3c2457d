package usercode

import (
	"context"
	"log/slog"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Run says for which run an op is working.
type Run struct {
	ID         string // empty outside of a run
	Attempt    int    // from 1
	OpAttempt  int    // of the op, from 1; more than 1 when a [Retry] made it run again
	Job        string
	Repository string
	Tags       map[string]string // all of the run's, those of the system included; the caller's to change
}

// RunFrom is the run whose op got ctx. Outside of a run, as in a test that calls an op's function, it is empty.
func RunFrom(ctx context.Context) Run {
	e := spec.ExecutionFrom(ctx)
	if e == nil {
		return Run{}
	}
	run := Run{ID: e.Run.ID, Attempt: int(e.Run.Attempt), OpAttempt: e.OpAttempt, Job: e.Run.Job, Repository: e.Run.Repository, Tags: make(map[string]string, len(e.Run.Tags))}
	for _, t := range e.Run.Tags {
		run.Tags[t.Key] = t.Value
	}
	return run
}

// Log is the logger of the op that got ctx: its records become events of the run, with their attributes. In a function of
// a [Schedule] or [Sensor] they become lines that the tick shows. Outside of both it is slog.Default.
func Log(ctx context.Context) *slog.Logger {
	if e := spec.ExecutionFrom(ctx); e != nil && e.Logger != nil {
		return e.Logger
	}
	if a := spec.AskedFrom(ctx); a != nil {
		return a.Logger
	}
	return slog.Default() // an op's function that a test calls logs like any other code
}
