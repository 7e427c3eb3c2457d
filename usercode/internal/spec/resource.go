package spec

import (
	"context"
	"fmt"
	"sync/atomic"
)

// Resource is something that is opened once per run, when an op asks for it first.
type Resource struct {
	Name        string
	Description string      // markdown
	Type        string      // the Go type, for people
	Configs     []*Config   // that Open may read; sorted by name
	Resources   []*Resource // that Open may use; sorted by name
	// Open calls the author's function. It may panic and must be given a context with an Execution.
	Open func(ctx context.Context) (value any, err error)
	// Closer is how an opened value is closed; nil when it does not have to be. The author's code may panic.
	Closer func(value any) func(ctx context.Context) error
	// Origin is where the author made it, "file:line".
	Origin string
}

// ResourceError is why an op did not get a resource.
type ResourceError struct {
	Name  string
	Err   error
	Stack []byte // of a panic
}

// Error says which resource could not be opened.
func (e *ResourceError) Error() string { return fmt.Sprintf("open resource %s: %v", e.Name, e.Err) }

// Unwrap is what the author's function returned.
func (e *ResourceError) Unwrap() error { return e.Err }

type givenKey struct{ resource *Resource }

// WithGiven returns a context in which the resource is the value, for code that is called outside of a run.
func WithGiven(ctx context.Context, r *Resource, value any) context.Context {
	return context.WithValue(ctx, givenKey{r}, given{value})
}

// given tells a nil value from none.
type given struct{ value any }

// Given is the value of WithGiven.
func Given(ctx context.Context, r *Resource) (value any, ok bool) {
	g, ok := ctx.Value(givenKey{r}).(given)
	return g.value, ok
}

// Internals is what package usertest needs of package usercode that authors must not see.
type Internals struct {
	// Resource is what a *usercode.Resource describes; nil for anything else.
	Resource func(resource any) *Resource
	// Schedule is what a *usercode.Schedule describes, and Sensor what a *usercode.Sensor does. The error lists everything
	// that is wrong with it or its jobs.
	Schedule func(schedule any) (*Schedule, error)
	Sensor   func(sensor any) (*Sensor, error)
	// Secret makes a usercode.Secret that refers to the variable and has the value.
	Secret func(variable, value string) any
}

var internals atomic.Pointer[Internals]

// SetInternals is called once, when package usercode is initialised.
func SetInternals(i Internals) { internals.Store(&i) }

// GetInternals is what SetInternals was told.
func GetInternals() Internals { return *internals.Load() }
