package engine

import (
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// emitter hands events to the sink, one at a time. What the author's code says after the last one is lost.
type emitter struct {
	now func() time.Time

	mu    sync.Mutex // held while the sink has the event, which is what keeps them in order
	sink  Sink
	ended bool
}

// event sends an event of the run.
func (e *emitter) event(ev *workerv1.Event) { e.send(ev, false) }

// end sends the event after which there is none.
func (e *emitter) end(finished *workerv1.RunFinished) *workerv1.RunFinished {
	e.send(&workerv1.Event{
		Kind:    "run_finished",
		Message: finishedMessage(finished),
		Detail:  &workerv1.Event_RunFinished{RunFinished: finished},
	}, true)
	return finished
}

// op sends an event of an op.
func (e *emitter) op(path string, ev *workerv1.Event) {
	ev.OpPath, ev.OpAttempt = path, 1
	e.send(ev, false)
}

func (e *emitter) started(path string) {
	e.op(path, &workerv1.Event{
		Kind:    "op_started",
		Message: "Started",
		Detail:  &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}},
	})
}

func (e *emitter) finished(path string, outcome workerv1.Outcome, duration time.Duration, failure *workerv1.Failure) {
	finished := &workerv1.OpFinished{Outcome: outcome, Failure: failure}
	if duration > 0 {
		finished.Duration = durationpb.New(duration)
	}
	e.op(path, &workerv1.Event{
		Kind:    "op_finished",
		Message: opMessage(finished),
		Detail:  &workerv1.Event_OpFinished{OpFinished: finished},
	})
}

func (e *emitter) send(ev *workerv1.Event, last bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.ended = last
	ev.Time = timestamppb.New(e.now())
	e.sink(ev)
}
