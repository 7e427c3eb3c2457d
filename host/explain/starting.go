package explain

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/queue"
)

// askTimeout is how long the launcher may take to say what it knows of a worker.
const askTimeout = 2 * time.Second

// starting says how far the start of a worker is.
func (x *Explainer) starting(ctx context.Context, e *Explanation) error {
	run, s := &e.Run, x.o.Queue.Standing(e.Run.ID)
	start := Reason{
		Code: CodeStart, Blocks: true, Since: run.Current.StartingAt,
		Message: fmt.Sprintf("attempt %d: code location %s was asked for a worker, and none has said hello yet", run.Attempt, run.Job.Location),
	}
	if !s.UnansweredSince.IsZero() {
		start.Since = s.UnansweredSince
		start.Message = fmt.Sprintf("attempt %d: code location %s was asked for a worker, and whether it started one is not known yet; it is being asked",
			run.Attempt, run.Job.Location)
	}
	e.add(start)
	e.add(x.process(ctx, run))
	if s.Known && s.RunStatus == host.Starting {
		lease := Reason{
			Code: CodeLease, Since: s.StartingSince, Until: s.LeaseUntil,
			Message: fmt.Sprintf("a worker has %s to say hello; then the attempt is given up and the run queued again", host.SpanText(s.StartLease)),
		}
		if n := run.StartTimeouts; n > 0 {
			lease.Message += fmt.Sprintf(" (%d of %d attempts passed without a hello; after the last one the run fails)", n, queue.MaxStartTimeouts)
		}
		e.add(lease)
	}
	switch {
	case s.Wanted:
		e.add(Reason{Code: CodeSlotWanted, Message: "other runs wait for its slot and its start has no answer, so this attempt is being given up"})
	case !s.UnansweredSince.IsZero():
		e.add(Reason{
			Code: CodeSlotWanted, Until: s.PatienceUntil,
			Message: "a start without an answer keeps its slot only as long as nobody else needs it; from then on it is given up if others wait",
		})
	}
	e.summarize("")
	return nil
}

// process is what the launcher says of the worker now.
func (x *Explainer) process(ctx context.Context, run *host.Run) Reason {
	r := Reason{Code: CodeProcess}
	if x.o.Launcher == nil {
		r.Message = "what the code location knows of the worker was not asked"
		return r
	}
	ctx, done := context.WithTimeout(ctx, askTimeout)
	defer done()
	state, err := x.o.Launcher.Attempt(ctx, run.Job.Location, run.ID, run.Attempt)
	at := run.Job.Location
	if state.ServerID != "" {
		at += fmt.Sprintf(" (server %.8s)", state.ServerID)
	}
	switch {
	case err != nil:
		r.Message = fmt.Sprintf("code location %s does not say what became of the worker: %s", at, err)
		r.Remedy = fmt.Sprintf("See penstock location show %s; what became of the start is found out by itself.", run.Job.Location)
	case state.Phase == host.WorkerRunning, state.Phase == host.WorkerStarting:
		r.Message = fmt.Sprintf("code location %s says that the worker's process is there (%s); it is about to report", at, state.Handle)
		r.Remedy = "If that lasts, the worker cannot reach this host: penstock doctor checks the address that it is told."
	case state.Phase == host.WorkerEnded:
		r.Message = attempt.EndedMessage(state)
	default:
		r.Message = fmt.Sprintf("code location %s knows of no worker for this attempt yet", at)
	}
	return r
}
