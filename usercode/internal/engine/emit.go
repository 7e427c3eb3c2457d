package engine

import (
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/mask"
)

// emitter hands events to the sink, one at a time. What the author's code says after the last one is lost.
type emitter struct {
	now func() time.Time
	// masker knows the secrets of the run. It is set before user code runs; what was sent before cannot hold one.
	masker *mask.Masker

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

// op sends an event of an attempt of an op.
func (e *emitter) op(path string, attempt int, ev *workerv1.Event) {
	ev.OpPath, ev.OpAttempt = path, uint32(attempt)
	e.send(ev, false)
}

func (e *emitter) started(step *step) {
	e.op(step.path, step.attempt, &workerv1.Event{
		Kind:    "op_started",
		Message: startedMessage(step),
		Detail:  &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}},
	})
}

func (e *emitter) finished(step *step, finished *workerv1.OpFinished) {
	e.op(step.path, step.attempt, &workerv1.Event{
		Kind:    "op_finished",
		Message: opMessage(step, finished),
		Detail:  &workerv1.Event_OpFinished{OpFinished: finished},
	})
}

// output tells what became of the output of an op.
func (e *emitter) output(step *step, output *workerv1.Output) {
	e.op(step.path, step.attempt, &workerv1.Event{Kind: "output", Detail: &workerv1.Event_Output{Output: output}})
}

func (e *emitter) send(ev *workerv1.Event, last bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	e.ended = last
	e.masker.Event(ev)
	ev.Time = timestamppb.New(e.now())
	e.sink(ev)
}
