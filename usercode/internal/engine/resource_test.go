package engine

import (
	"context"
	"errors"
	"slices"
	"testing"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// TestResourcesAreClosedWithinTheGrace: once the time of a canceled run is over, nothing is waited for and nothing more
// is closed, but all is reported.
func TestResourcesAreClosedWithinTheGrace(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	abandon, release := make(chan struct{}), make(chan struct{})
	closed := make(chan string, 3)
	resource := func(name string) *spec.Resource {
		return &spec.Resource{
			Name: name, Open: func(context.Context) (any, error) { return name, nil },
			Closer: func(any) func(context.Context) error {
				return func(context.Context) error {
					closed <- name
					close(abandon)
					<-release
					return nil
				}
			},
		}
	}
	first, second := resource("first"), resource("second")
	a := attempt(place("op", func(ctx context.Context, _ []any) (any, error) {
		for _, r := range []*spec.Resource{first, second} {
			if _, err := spec.ExecutionFrom(ctx).Open(ctx, r); err != nil {
				return nil, err
			}
		}
		cancel(errors.New("canceled by ada"))
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	r, finished := execute(t, ctx, a, Options{Abandon: abandon})
	close(release)
	if finished.GetOutcome() != workerv1.Outcome_OUTCOME_CANCELED || len(closed) != 1 || <-closed != "second" {
		t.Errorf("got %v", finished)
	}
	var told []string
	for _, ev := range r.events {
		if c := ev.GetResource(); c != nil && ev.GetKind() == "resource_closed" {
			told = append(told, c.GetName()+" "+c.GetFailure().GetReason()+": "+c.GetFailure().GetMessage())
		}
	}
	want := []string{
		"second timeout: close resource second: not done in the time that the canceled run was given",
		"first timeout: close resource first: not done in the time that the canceled run was given",
	}
	if !slices.Equal(told, want) {
		t.Errorf("got %q", told)
	}
}

// TestNothingIsOpenedAfterTheRun: what an op has left behind gets an error.
func TestNothingIsOpenedAfterTheRun(t *testing.T) {
	r := &spec.Resource{Name: "r", Open: func(context.Context) (any, error) { return 1, nil }, Closer: func(any) func(context.Context) error { return nil }}
	var left context.Context
	a := attempt(place("op", func(ctx context.Context, _ []any) (any, error) { left = context.WithoutCancel(ctx); return 1, nil })) //nolint:fatcontext // what is left behind is the point
	execute(t, t.Context(), a, Options{})
	if _, err := spec.ExecutionFrom(left).Open(left, r); err == nil || err.Error() != "open resource r: the run is over" {
		t.Errorf("got %v", err)
	}
}
