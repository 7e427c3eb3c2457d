package explain

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// final says why a run ended as it did.
func (x *Explainer) final(ctx context.Context, e *Explanation) error {
	run := &e.Run
	switch run.Status {
	case host.Success:
		e.Summary = "the run succeeded"
		if !run.StartedAt.IsZero() {
			e.Summary += " after " + spanText(run.EndedAt.Sub(run.StartedAt))
		}
		e.add(Reason{Code: CodeCause, Since: run.EndedAt, Message: e.Summary})
	case host.Canceled:
		e.Summary = "the run was canceled: " + cmp.Or(run.StatusReason, "it was asked to end")
		e.add(Reason{Code: CodeCause, Since: run.EndedAt, Message: e.Summary})
		return x.asked(ctx, e)
	default:
		return x.failure(ctx, e)
	}
	return nil
}

// lastNotes is how many of a run's last events are looked through for what the host noted.
const lastNotes = 1000

// notes are the host's own events among the last ones of a run, of these kinds.
func (x *Explainer) notes(ctx context.Context, run *host.Run, kinds ...string) (notes []*workerv1.Event, err error) {
	events, err := x.o.Store.LastEvents(ctx, run.ID, lastNotes)
	if err != nil {
		return nil, err
	}
	for _, stored := range events {
		var event workerv1.Event
		if stored.Cursor.Note != 0 && proto.Unmarshal(stored.Data, &event) == nil && slices.Contains(kinds, event.GetKind()) {
			notes = append(notes, &event)
		}
	}
	return notes, nil
}

// asked says who or what asked a canceled run to end, where its reason tells only how it did.
func (x *Explainer) asked(ctx context.Context, e *Explanation) error {
	notes, err := x.notes(ctx, &e.Run, launch.NoteCanceling)
	for _, n := range notes {
		if n.GetMessage() != e.Run.StatusReason {
			e.add(Reason{Code: CodeCancel, Since: n.GetTime().AsTime(), Message: "asked to end: " + clip(n.GetMessage())})
		}
	}
	return err
}

// retry says what became of the run's automatic retry, or will.
func (x *Explainer) retry(ctx context.Context, e *Explanation) error {
	run := &e.Run
	if run.RetryDue {
		e.add(Reason{Code: CodeRetryDue, Message: "an automatic retry is due and is launched as soon as it can be"})
	}
	notes, err := x.notes(ctx, run, launch.NoteRetried, launch.NoteNotRetried, launch.NoteRetryPutOff)
	if err != nil {
		return err
	}
	for _, n := range notes {
		r := Reason{Code: CodeRetry, Since: n.GetTime().AsTime(), Message: clip(n.GetMessage())}
		if n.GetKind() == launch.NoteRetried {
			child, err := x.o.Store.RunOfRequest(ctx, launch.RetryOf(run, run.RetryNumber()+1).RequestID)
			if err == nil {
				r.Runs = []host.RunID{child.ID}
			} else if host.CodeOf(err) != host.NotFound {
				return err
			}
		}
		e.add(r)
	}
	return nil
}

// failure says what went wrong first, and what comes of it.
func (x *Explainer) failure(ctx context.Context, e *Explanation) error {
	run := &e.Run
	reason, _ := run.Tag(tag.KeyFailureReason)
	e.Summary = "the run failed"
	if reason != "" {
		e.Summary += " (" + reason + ")"
	}
	e.Summary += ": " + cmp.Or(run.StatusReason, "its worker said no more")
	e.add(Reason{Code: CodeCause, Since: run.EndedAt, Message: e.Summary, Remedy: failureRemedies[reason]})
	if run.Attempt > 0 {
		ops, err := x.ops(ctx, run)
		if err != nil {
			return err
		}
		x.failedOps(e, ops)
	}
	return x.retry(ctx, e)
}

// failureRemedies are what to do about failures that are not of user code.
var failureRemedies = map[string]string{
	host.FailureWorkerLost:   "Look at the log of the code location and at the memory of its machine: the process ended or could not reach this host.",
	host.FailureNoResult:     "Look at the log of the code location: the worker ended without its last report.",
	host.FailureStartTimeout: "Workers were started and could not reach this host, or none was: see the log of the code location; penstock doctor checks the address that workers are told.",
	host.FailureRejected:     "Correct what the code location says, and execute the run again.",
	host.FailureWaitExpired:  "Deploy the code that the run needs and execute it again; wait_for_code of the location says how long a run waits.",
	host.FailureMaxRuntime:   "Give the run more time with the tag penstock/max_runtime, or make it faster.",
}

// failedOps lists the ops that failed, the first one as what the others may come of.
func (x *Explainer) failedOps(e *Explanation, ops *opStates) {
	for i, path := range ops.failures {
		if i == maxOps {
			e.add(Reason{Code: CodeOpsLeft, Message: verb(len(ops.failures)-maxOps, "more op", "more ops") + " failed"})
			break
		}
		op := ops.ops[path]
		r := Reason{
			Code: CodeOpFailed, OpPath: path, Since: op.since,
			Message: fmt.Sprintf("op %s failed in attempt %d (%s): %s", path, op.attempt, cmp.Or(op.failure.GetReason(), "error"), clip(op.failure.GetMessage())),
		}
		if i == 0 {
			r.Message = "first, " + r.Message
			e.Summary = fmt.Sprintf("the run failed because op %s did (%s): %s", path, cmp.Or(op.failure.GetReason(), "error"), clip(op.failure.GetMessage()))
		}
		e.add(r)
	}
	if len(ops.failures) == 0 {
		for _, path := range ops.paths {
			if op := ops.ops[path]; op.running {
				e.add(Reason{Code: CodeOpRunning, OpPath: path, Since: op.since, Message: fmt.Sprintf("op %s ran when it ended", path)})
			}
		}
	}
}
