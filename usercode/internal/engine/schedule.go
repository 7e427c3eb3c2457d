package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// schedule decides what starts when. Everything in it belongs to the one goroutine that calls run; ops run in
// goroutines of their own and answer over results.
type schedule struct {
	plan      *plan
	emit      *emitter
	outlet    *outlet
	opts      Options
	execution func(opPath string, attempt int) *spec.Execution

	results  chan result
	elapsed  chan elapsed
	ready    []*step // by priority, then in the order placed
	running  int
	pending  int // ops that were not reported as finished
	failed   []failedOp
	canceled bool // at least one op was, or never started because the run was
}

type failedOp struct {
	path    string
	failure *workerv1.Failure
}

func newSchedule(p *plan, emit *emitter, opts Options) *schedule {
	s := &schedule{
		plan: p, emit: emit, opts: opts,
		// Room for every op, so that an abandoned one that ends after all does not block for ever. No op makes two attempts
		// at a time.
		results: make(chan result, len(p.selected)),
		elapsed: make(chan elapsed),
		pending: len(p.selected),
	}
	for _, step := range p.selected {
		step.readers, step.waiting = len(step.dependents), len(step.needs)
		if step.waiting == 0 {
			s.makeReady(step)
		}
	}
	return s
}

func (s *schedule) run(ctx context.Context) *workerv1.RunFinished {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := ctx.Done()
	var abandon <-chan struct{} // nil, so never ready, until the context has ended
	for s.pending > 0 {
		for ctx.Err() == nil && len(s.ready) > 0 && s.running < s.opts.Limit {
			s.start(ctx, s.ready[0])
			s.ready = s.ready[1:]
		}
		select {
		case r := <-s.results:
			s.finish(ctx, r)
		case e := <-s.elapsed:
			s.wake(ctx, e)
		case <-ended:
			ended, abandon = nil, s.opts.Abandon
			s.cancelWaiting(ctx)
		case <-abandon:
			s.abandonRunning(ctx)
		}
	}
	return s.outcome(ctx)
}

func (s *schedule) start(ctx context.Context, step *step) {
	step.running = true
	s.running++
	s.emit.started(step)
	if limit := step.op.Timeout; limit > 0 {
		s.after(ctx, limit+timeoutGrace, step)
	}
	go s.invoke(spec.WithExecution(ctx, s.execution(step.path, step.attempt)), step, step.attempt)
}

// finish reports how an attempt of an op ended. When it was the last, what waited for the op is made ready, or skipped.
func (s *schedule) finish(ctx context.Context, r result) {
	switch {
	case r.step.reported: // its function, left behind, has returned after all
	case r.failure == nil:
		s.report(r.step, workerv1.Outcome_OUTCOME_SUCCESS, r.duration, nil)
		r.reports.outputMetadata(r.metadata, len(r.step.op.Outputs) > 0, false)
		s.opts.Output(r.step.path, r.output)
		if r.step.readers > 0 {
			r.step.output = r.output
		}
		for _, d := range r.step.dependents {
			if d.waiting--; d.waiting == 0 && !d.reported {
				s.makeReady(d)
			}
		}
	case ctx.Err() != nil:
		// What an op says after it was told to stop is how it stopped, for instance that its child was killed.
		s.reportCanceled(r.step, r.duration, canceledFailure(ctx, r.failure))
	case r.again:
		s.retry(ctx, r)
		return // it reads its inputs again
	default:
		s.fail(r.step, r.duration, r.failure)
	}
	s.release(r.step)
}

func (s *schedule) fail(step *step, duration time.Duration, failure *workerv1.Failure) {
	s.failed = append(s.failed, failedOp{step.path, failure})
	s.report(step, workerv1.Outcome_OUTCOME_FAILURE, duration, failure)
	s.skipDependents(step)
}

func (s *schedule) makeReady(next *step) {
	at, _ := slices.BinarySearchFunc(s.ready, next, func(a, b *step) int {
		return cmp.Or(cmp.Compare(b.op.Priority, a.op.Priority), a.index-b.index)
	})
	s.ready = slices.Insert(s.ready, at, next)
}

// skipDependents reports every descendant of a failed op, in the order placed; each once, though several of its
// ancestors fail.
func (s *schedule) skipDependents(failed *step) {
	reached := map[*step]bool{failed: true}
	for _, d := range s.plan.steps[failed.index+1:] {
		if !d.selected || !slices.ContainsFunc(d.needs, func(n *step) bool { return reached[n] }) {
			continue
		}
		reached[d] = true
		if !d.reported {
			s.report(d, workerv1.Outcome_OUTCOME_SKIPPED, 0, &workerv1.Failure{
				Reason: "upstream", Message: "Not run, because op " + failed.path + " failed",
			})
			s.release(d)
		}
	}
}

func (s *schedule) cancelWaiting(ctx context.Context) {
	s.ready = nil
	for _, step := range s.plan.selected {
		if !step.reported && !step.running {
			s.reportCanceled(step, 0, canceledFailure(ctx, nil))
		}
	}
}

func (s *schedule) abandonRunning(ctx context.Context) {
	for _, step := range s.plan.selected {
		if step.running {
			s.outlet.leaveBehind(step.path, step.attempt)
			failure := canceledFailure(ctx, nil)
			failure.Message = clean("Did not end in the time it was given. "+failure.GetMessage(), maxMessageBytes)
			s.reportCanceled(step, 0, failure)
		}
	}
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
}

func opFinished(outcome workerv1.Outcome, duration time.Duration, failure *workerv1.Failure) *workerv1.OpFinished {
	finished := &workerv1.OpFinished{Outcome: outcome, Failure: failure}
	if duration > 0 {
		finished.Duration = durationpb.New(duration)
	}
	return finished
}

// release lets go of what the op read: outputs can be large, and nobody needs one longer than its last reader.
func (*schedule) release(step *step) {
	for _, n := range step.needs {
		if n.readers--; n.readers == 0 {
			n.output = nil
		}
	}
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
