package spec

import (
	"context"
	"errors"
	"log/slog"

	"github.com/penstock-run/penstock/usercode/tag"
)

// ErrSkip is what the error of an author's function wraps that has nothing to run; its text is the reason.
var ErrSkip = errors.New("skipped")

// Evaluation is what an author's function has answered.
type Evaluation struct {
	Requests      []RunRequest
	Cursor        string // of a sensor; empty keeps the one before
	PartitionKeys []PartitionKeysChange
}

// RunRequest asks for a run.
type RunRequest struct {
	RunKey      string
	Job         *Job   // nil means that of the schedule, or the first of the sensor
	Config      []byte // run config, JSON; empty means none, or that of the partition
	Tags        tag.List
	Partition   string
	OpSelection string
}

// PartitionKeysChange changes the keys of a dynamic dimension.
type PartitionKeysChange struct {
	Dimension   string
	Add, Remove []string
}

// Asked is what an author's code can ask that is evaluated outside of a run. Who evaluates puts one into the context.
type Asked struct {
	Logger *slog.Logger
	// Secret is the value of a variable that a secret in the defaults of a config refers to.
	Secret func(variable string) (value string, ok bool)
}

type askedKey struct{}

// WithAsked returns a context for the author's code.
func WithAsked(ctx context.Context, a *Asked) context.Context {
	return context.WithValue(ctx, askedKey{}, a)
}

// AskedFrom is what WithAsked was told; nil outside of evaluations.
func AskedFrom(ctx context.Context) *Asked {
	a, _ := ctx.Value(askedKey{}).(*Asked)
	return a
}
