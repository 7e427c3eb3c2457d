package engine

import (
	"container/heap"
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// schedule decides what starts when. Everything in it belongs to the one goroutine that calls run; ops run in
// goroutines of their own, as does what it has to find out, and answer over inbox.
type schedule struct {
	plan      *plan
	emit      *emitter
	outlet    *outlet
	opts      Options
	execution func(opPath string, attempt int) *spec.Execution

	inbox    chan func()   // calls that others have for it
	over     chan struct{} // closed when it takes no more
	job      *frame
	ready    ready
	running  int
	pending  int // ops that were not reported as finished; of a map that is not expanded, one for each op
	steps    int // ops that are executed, as far as they are known
	asking   int // goroutines that find something out: the items of a map, the value of a stored output
	loads    []*step
	loading  int
	left     bool // those goroutines are not waited for any more
	slots    slotQueue
	failed   []failedOp
	canceled bool // at least one op was, or never started because the run was

	expanding []*expansion // whose items can be found out
	fresh     []*vertex    // that were instantiated and not settled
}

// inboxRoom is how many calls wait without holding up the goroutines that made them.
const inboxRoom = 256

type failedOp struct {
	path    string
	failure *workerv1.Failure
}

func newSchedule(p *plan, emit *emitter, opts Options) *schedule {
	s := &schedule{plan: p, emit: emit, opts: opts, inbox: make(chan func(), inboxRoom), over: make(chan struct{})}
	s.job = s.instantiate(p.root, nil, 0, "")
	s.settleFresh()
	return s
}

func (s *schedule) run(ctx context.Context) *workerv1.RunFinished {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer close(s.over)
	ended := ctx.Done()
	var abandon <-chan struct{} // nil, so never ready, until the context has ended
	for s.pending > 0 || s.asking > 0 && !s.left {
		s.advance(ctx)
		select {
		case call := <-s.inbox:
			call()
		case <-ended:
			ended, abandon = nil, s.opts.Abandon
			s.cancelWaiting(ctx)
		case <-abandon:
			abandon, s.left = nil, true
			s.abandonRunning(ctx)
		}
	}
	return s.outcome(ctx)
}

// advance starts all that can be started now.
func (s *schedule) advance(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	for _, e := range s.expanding {
		s.expand(ctx, e)
	}
	s.expanding = nil
	for len(s.loads) > 0 && s.loading < maxLoads {
		s.startLoad(ctx, s.loads[0])
		s.loads = s.loads[1:]
	}
	for len(s.ready) > 0 && s.running < s.opts.Limit {
		step := heap.Pop(&s.ready).(*step) //nolint:forcetypeassert // nothing else is in it
		if s.needsSlot(step) {
			s.slots.push(step)
			continue
		}
		s.start(ctx, step)
	}
	s.askForSlots(ctx)
}

// send hands a call to the schedule. It is lost when the run is over.
func (s *schedule) send(call func()) {
	select {
	case s.inbox <- call:
	case <-s.over:
	}
}

// start gives the op a place, and looks first whether an output can be taken in place of its first attempt.
func (s *schedule) start(ctx context.Context, step *step) {
	step.running = true
	s.running++
	s.placeSlot(step)
	if step.attempt == 1 && s.opts.Outputs != nil && s.opts.Outputs.MayReuse(step.op) {
		go s.look(ctx, step)
		return
	}
	s.begin(ctx, step)
}

// begin makes an attempt.
func (s *schedule) begin(ctx context.Context, step *step) {
	step.returned.Store(false)
	step.calling = true
	s.emit.started(step)
	go s.invoke(spec.WithExecution(ctx, s.execution(step.path, step.attempt)), step, step.attempt)
}

// finish reports how an attempt of an op ended. When it was the last, what waited for the op is made ready, or skipped.
func (s *schedule) finish(ctx context.Context, r result) {
	r.step.calling = false
	switch {
	case r.step.reported: // its function, left behind, has returned after all
		s.freeSlot(r.step)
	case r.failure == nil:
		s.succeed(r)
		return
	case ctx.Err() != nil:
		// What an op says after it was told to stop is how it stopped, for instance that its child was killed.
		s.reportCanceled(r.step, r.duration, canceledFailure(ctx, r.failure))
	case r.again:
		s.retry(ctx, r)
		return // it reads its inputs again
	default:
		s.fail(r.step, r.duration, r.failure)
	}
	s.release(&r.step.vertex)
}

func (s *schedule) succeed(r result) {
	s.report(r.step, workerv1.Outcome_OUTCOME_SUCCESS, r.duration, nil)
	r.reports.outputMetadata(r.metadata, len(r.step.op.Outputs) > 0, s.opts.Outputs != nil)
	if s.opts.Outputs != nil {
		s.save(r)
	}
	s.endWell(r.step, r.output)
}

// endWell hands the output of an op that was reported to those that wait for it.
func (s *schedule) endWell(step *step, output any) {
	s.opts.Output(step.path, output)
	if step.readers > 0 {
		step.output = output
	}
	s.satisfy(&step.vertex)
	s.release(&step.vertex)
}

func (s *schedule) fail(step *step, duration time.Duration, failure *workerv1.Failure) {
	s.failed = append(s.failed, failedOp{step.path, failure})
	s.report(step, workerv1.Outcome_OUTCOME_FAILURE, duration, failure)
	step.state, step.blame = dead, blame{path: step.path}
	s.doom(&step.vertex)
}

func (s *schedule) cancelWaiting(ctx context.Context) {
	s.ready, s.slots.waiting, s.loads, s.expanding = nil, nil, nil, nil
	s.job.each(func(step *step) {
		if !step.reported && !step.running {
			s.reportCanceled(step, 0, canceledFailure(ctx, nil))
		}
	})
}

func (s *schedule) abandonRunning(ctx context.Context) {
	s.job.each(func(step *step) {
		if step.running {
			s.outlet.leaveBehind(step.path, step.attempt)
			failure := canceledFailure(ctx, nil)
			failure.Message = clean("Did not end in the time it was given. "+failure.GetMessage(), maxMessageBytes)
			s.reportCanceled(step, 0, failure)
		}
	})
}

func (s *schedule) reportCanceled(step *step, duration time.Duration, failure *workerv1.Failure) {
	s.canceled = true
	s.report(step, workerv1.Outcome_OUTCOME_CANCELED, duration, failure)
}

// report sends the last op_finished. Nothing more happens to the op.
func (s *schedule) report(step *step, outcome workerv1.Outcome, duration time.Duration, failure *workerv1.Failure) {
	s.stop(step)
	step.reported = true
	s.pending--
	s.emit.finished(step, opFinished(outcome, duration, failure))
}

// stop ends what the op is at: an attempt, or the wait for one.
func (s *schedule) stop(step *step) {
	if step.timer != nil {
		step.timer.Stop()
		step.timer = nil
	}
	if step.running {
		step.running = false
		s.running--
	}
	if !step.calling {
		s.freeSlot(step)
	}
}

func opFinished(outcome workerv1.Outcome, duration time.Duration, failure *workerv1.Failure) *workerv1.OpFinished {
	finished := &workerv1.OpFinished{Outcome: outcome, Failure: failure}
	if duration > 0 {
		finished.Duration = durationpb.New(duration)
	}
	return finished
}

func (s *schedule) outcome(ctx context.Context) *workerv1.RunFinished {
	switch {
	case s.canceled:
		return &workerv1.RunFinished{Outcome: workerv1.Outcome_OUTCOME_CANCELED, Failure: canceledFailure(ctx, nil)}
	case len(s.failed) > 0:
		return &workerv1.RunFinished{Outcome: workerv1.Outcome_OUTCOME_FAILURE, Failure: runFailure(s.failed)}
	default:
		return &workerv1.RunFinished{Outcome: workerv1.Outcome_OUTCOME_SUCCESS}
	}
}
