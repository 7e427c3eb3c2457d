package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// resources are those of a run: each is opened when it is asked for first, and closed at the end.
type resources struct {
	run    context.Context //nolint:containedctx // of all that is opened
	emit   *emitter
	opts   Options
	config map[string]json.RawMessage // every object of the run

	mu     sync.Mutex
	known  map[*spec.Resource]*opening // that are open or being opened
	opened []*opening                  // in this order
	over   bool                        // nothing is opened any more
	works  sync.WaitGroup              // goroutines that open
}

// opening is a resource from when it was asked for. Fields below done are set once that is closed.
type opening struct {
	resource *spec.Resource
	asker    *spec.Execution         // of the op that asked first
	cancel   context.CancelCauseFunc // of the context that the resource may keep

	done  chan struct{}
	value any
	err   *spec.ResourceError
}

var errRunOver = errors.New("the run is over")

// get is the value of a resource for the op that ctx is of. Who asks while it is being opened waits for that, or for the
// end of ctx.
func (s *resources) get(ctx context.Context, r *spec.Resource) (any, error) {
	if value, ok := s.opts.Resource(r); ok {
		return value, nil
	}
	o, err := s.openingOf(ctx, r)
	if err != nil {
		return nil, err
	}
	select {
	case <-o.done:
	default:
		select {
		case <-o.done:
		case <-ctx.Done():
			return nil, &spec.ResourceError{Name: r.Name, Err: context.Cause(ctx)}
		}
	}
	if o.err != nil {
		return nil, o.err
	}
	return o.value, nil
}

func (s *resources) openingOf(ctx context.Context, r *spec.Resource) (*opening, error) { //nolint:contextcheck // the resource outlives who asks
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.known[r]; o != nil {
		return o, nil
	}
	switch {
	case s.over:
		return nil, &spec.ResourceError{Name: r.Name, Err: errRunOver}
	case ctx.Err() != nil:
		return nil, &spec.ResourceError{Name: r.Name, Err: context.Cause(ctx)}
	}
	// What is opened may keep the context, so it is not that of the op.
	kept, cancel := context.WithCancelCause(context.WithoutCancel(s.run))
	o := &opening{resource: r, asker: spec.ExecutionFrom(ctx), cancel: cancel, done: make(chan struct{})}
	s.known[r] = o
	s.works.Go(func() { s.open(kept, o) })
	return o, nil
}

// open calls the author's function, and settles the opening whatever that does to the goroutine.
func (s *resources) open(ctx context.Context, o *opening) {
	stop := context.AfterFunc(s.run, func() { o.cancel(context.Cause(s.run)) }) //nolint:contextcheck // ctx is the kept one, not that of who asks
	start := s.opts.Now()
	failed := &spec.ResourceError{Name: o.resource.Name, Err: errors.New("it ended its goroutine with runtime.Goexit")}
	defer func() {
		if p := recover(); p != nil {
			failed = &spec.ResourceError{Name: o.resource.Name, Err: panicError(p), Stack: trimStack(debug.Stack())}
		}
		stop()
		s.settle(o, failed, s.opts.Now().Sub(start))
	}()
	value, err := o.resource.Open(spec.WithExecution(ctx, s.executionFor(o.resource, *o.asker)))
	o.value, failed = value, nil
	if err != nil {
		failed = &spec.ResourceError{Name: o.resource.Name, Err: err}
	}
}

// executionFor is for the functions of a resource: records name it, and its configs are there.
func (s *resources) executionFor(r *spec.Resource, e spec.Execution) *spec.Execution {
	e.Logger, e.Config = e.Logger.With("resource", r.Name), s.config
	return &e
}

func panicError(p any) error {
	if err, ok := p.(error); ok {
		return fmt.Errorf("panic: %w", err)
	}
	return fmt.Errorf("panic: %v", p)
}

func (s *resources) settle(o *opening, failed *spec.ResourceError, took time.Duration) {
	change := &workerv1.ResourceChange{Name: o.resource.Name, Duration: durationpb.New(took)}
	message := "Opened resource " + o.resource.Name
	if o.err = failed; failed != nil {
		change.Failure = resourceFailure(failed)
		message = "Failed: " + clean(change.GetFailure().GetMessage(), maxSummaryBytes)
		o.cancel(failed)
	}
	s.emit.op(o.asker.OpPath, o.asker.OpAttempt, &workerv1.Event{Kind: "resource_opened", Message: message, Detail: &workerv1.Event_Resource{Resource: change}})
	s.mu.Lock()
	defer s.mu.Unlock()
	if failed != nil {
		delete(s.known, o.resource) // who asks next tries again
	} else {
		s.opened = append(s.opened, o)
	}
	close(o.done)
}

func resourceFailure(err *spec.ResourceError) *workerv1.Failure {
	return &workerv1.Failure{
		Reason: "resource", Message: clean(errorText(err), maxMessageBytes), Causes: causes(err), Stack: clean(string(err.Stack), maxStackBytes),
	}
}
