package spec

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/penstock-run/penstock/usercode/tag"
)

// Execution is what the author's code can ask about the op that is running. Who executes an op makes one for it
// and puts it into the op's context with WithExecution; nothing but its output's metadata changes afterwards.
type Execution struct {
	Run        Run
	Partitions *Partitions  // of the run's job; nil when it has none
	OpPath     string       // node names joined by dots
	OpAttempt  int          // from 1
	Logger     *slog.Logger // its records become events of this op
	Reports    Reports      // what it says becomes events of this op; nil where there are none
	// Config has the complete object of each of the op's own Configs, out of Job.ResolveConfig.
	Config map[string]json.RawMessage
	// Secret is the value of a variable that a secret in Config refers to.
	Secret func(variable string) (value string, ok bool)
	// Resources are the op's own, which Open opens, or answers when they are open. The error is a *ResourceError.
	Resources []*Resource
	Open      func(ctx context.Context, r *Resource) (value any, err error)
	// Mask takes the values of secrets out of a text, before it is cut. Nil when there are none.
	Mask func(text string) string

	output *outputMetadata // see AddOutputMetadata; set by WithExecution, shared by copies
}

// Run identifies the attempt of a run.
type Run struct {
	ID         string
	Attempt    uint32 // from 1
	Job        string
	Repository string
	Tags       tag.List // sorted by key
}

type executionKey struct{}

// WithExecution returns a context for the op that e describes.
func WithExecution(ctx context.Context, e *Execution) context.Context {
	if e.output == nil {
		e.output = &outputMetadata{}
	}
	return context.WithValue(ctx, executionKey{}, e)
}

// ExecutionFrom is the op's execution; nil outside of a run.
func ExecutionFrom(ctx context.Context) *Execution {
	e, _ := ctx.Value(executionKey{}).(*Execution)
	return e
}
