package usertest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Replacement is a value in place of a resource, see Replace.
type Replacement struct {
	resource *spec.Resource
	value    any
}

// Replace makes the ops of a run get the value, a fake perhaps, in place of what the resource opens. It is neither opened
// nor closed, and variables for secrets that only opening reads need not be set:
//
//	usertest.Run(t.Context(), job, &usertest.Options{Resources: []usertest.Replacement{usertest.Replace(db, fake)}})
func Replace[T any](resource *usercode.Resource[T], value T) Replacement {
	return Replacement{spec.GetInternals().Resource(resource), value}
}

// WithResource returns a context for a test that calls an op's function itself: in it, From of the resource is the value.
func WithResource[T any](ctx context.Context, resource *usercode.Resource[T], value T) context.Context {
	return spec.WithGiven(ctx, spec.GetInternals().Resource(resource), value)
}

// ResourceChange is that a resource was opened or closed, or could not be.
type ResourceChange struct {
	Name    string
	OpPath  string // of the op that asked for it first; empty when it was closed
	Closed  bool   // else opened
	Failure string // why not; empty when it was
	Stack   string // of a panic
}

// checkResources finds replacements that replace nothing.
func checkResources(job *spec.Job, replacements []Replacement) error {
	var wrong []error
	seen := map[*spec.Resource]bool{}
	for _, r := range replacements {
		switch {
		case r.resource == nil:
			wrong = append(wrong, errors.New("resources: a Replacement was not made by Replace"))
		case seen[r.resource]:
			wrong = append(wrong, fmt.Errorf("resources: %q is replaced twice", r.resource.Name))
		case !slices.Contains(job.Resources, r.resource):
			wrong = append(wrong, fmt.Errorf("resources: no op of this job uses the resource %q that is replaced", r.resource.Name))
		}
		seen[r.resource] = true
	}
	return errors.Join(wrong...)
}

// replaced is what takes the place of a resource.
func replaced(replacements []Replacement) func(*spec.Resource) (any, bool) {
	return func(resource *spec.Resource) (any, bool) {
		for _, r := range replacements {
			if r.resource == resource {
				return r.value, true
			}
		}
		return nil, false
	}
}
