package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// closeLimit is how long closing one resource may take.
const closeLimit = 30 * time.Second

// close closes what is open, the last first, each within closeLimit; of a run that is canceled all within its grace.
// What does not end by then is left behind. Nothing is opened any more. Identity is what the functions are told of the run.
func (s *resources) close(identity spec.Execution) {
	reason := errRunOver
	if s.run.Err() != nil {
		reason = context.Cause(s.run)
	}
	s.mu.Lock()
	s.over = true
	for _, o := range s.known {
		select {
		case <-o.done:
		default:
			o.cancel(reason) // nobody waits for it any more
		}
	}
	s.mu.Unlock()
	works := make(chan struct{}, 1)
	go func() { s.works.Wait(); works <- struct{}{} }()
	_, _ = within(s, works)

	s.mu.Lock()
	opened := slices.Clone(s.opened)
	s.mu.Unlock()
	for _, o := range slices.Backward(opened) {
		s.closeOne(o, identity)
		o.cancel(errRunOver)
	}
}

func (s *resources) closeOne(o *opening, identity spec.Execution) {
	closeValue := o.resource.Closer(o.value)
	if closeValue == nil {
		return
	}
	start := s.opts.Now()
	failure, err := (*workerv1.Failure)(nil), errGraceOver
	if !s.graceIsOver() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.run), closeLimit)
		defer cancel()
		failures := make(chan *workerv1.Failure, 1)
		go callClose(spec.WithExecution(ctx, s.executionFor(o.resource, identity)), closeValue, failures)
		failure, err = within(s, failures)
	}
	if err != nil {
		failure = &workerv1.Failure{Reason: "timeout", Message: err.Error()}
	}
	change := &workerv1.ResourceChange{Name: o.resource.Name, Duration: durationpb.New(s.opts.Now().Sub(start)), Failure: failure}
	message := "Closed resource " + o.resource.Name
	if failure != nil {
		failure.Message = clean("close resource "+o.resource.Name+": "+failure.GetMessage(), maxMessageBytes)
		message = "Failed: " + clean(failure.GetMessage(), maxSummaryBytes)
	}
	s.emit.event(&workerv1.Event{Kind: "resource_closed", Message: message, Detail: &workerv1.Event_Resource{Resource: change}})
}

// callClose calls the author's function, and sends a failure or nil whatever that does to the goroutine.
func callClose(ctx context.Context, closeValue func(context.Context) error, failures chan<- *workerv1.Failure) {
	failure := &workerv1.Failure{Reason: "error", Message: "it ended its goroutine with runtime.Goexit"}
	defer func() {
		if p := recover(); p != nil {
			failure = panicFailure(p, debug.Stack(), "")
		}
		failures <- failure
	}()
	if err := closeValue(ctx); err != nil {
		failure = &workerv1.Failure{Reason: "error", Message: clean(errorText(err), maxMessageBytes), Causes: causes(err)}
		return
	}
	failure = nil
}

var (
	errTooLate   = fmt.Errorf("not done within %v, and left behind", closeLimit)
	errGraceOver = errors.New("not done in the time that the canceled run was given")
)

// within waits for a result; not for longer than closeLimit, nor than the grace of a canceled run.
func within[T any](s *resources, results <-chan T) (result T, err error) {
	timer := time.NewTimer(closeLimit)
	defer timer.Stop()
	ended, abandon := s.run.Done(), (<-chan struct{})(nil)
	for {
		select {
		case result := <-results:
			return result, nil
		case <-timer.C:
			return result, errTooLate
		case <-ended:
			ended, abandon = nil, s.opts.Abandon
		case <-abandon:
			return result, errGraceOver
		}
	}
}

func (s *resources) graceIsOver() bool {
	select {
	case <-s.opts.Abandon:
		return s.run.Err() != nil
	default:
		return false
	}
}
