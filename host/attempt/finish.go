package attempt

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Numbers of the details of an Event that the host acts on.
const (
	runFinishedField = 17
	tagsAddedField   = 24
)

// decoded decodes an event if it has the field; nil when it has not, or cannot be read. Other events are only skimmed,
// since a busy worker sends many.
func decoded(data []byte, field protowire.Number) *workerv1.Event {
	for rest := data; len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return nil
		}
		if number == field {
			e := &workerv1.Event{}
			if err := proto.Unmarshal(data, e); err != nil {
				return nil
			}
			return e
		}
		m := protowire.ConsumeFieldValue(number, kind, rest[n:])
		if m < 0 {
			return nil
		}
		rest = rest[n+m:]
	}
	return nil
}

// runFinished decodes an event if it ends its attempt.
func runFinished(data []byte) (*workerv1.RunFinished, bool) {
	end := decoded(data, runFinishedField).GetRunFinished()
	return end, end != nil
}

// finish ends the run as its worker reported.
func (s *Sessions) finish(ctx context.Context, id host.RunID, attempt uint32, end *workerv1.RunFinished) error {
	_, err := s.end(ctx, id, attempt, true, func(run *host.Run) (host.RunStatus, string, string) {
		reason, message := end.GetFailure().GetReason(), end.GetFailure().GetMessage()
		switch {
		case end.GetOutcome() == workerv1.Outcome_OUTCOME_SUCCESS:
			return host.Success, "", ""
		case overran(run) && end.GetOutcome() == workerv1.Outcome_OUTCOME_CANCELED:
			return host.Failure, host.FailureMaxRuntime, run.StatusReason
		case overran(run):
			return host.Failure, host.FailureMaxRuntime, overMessage(run, message)
		case end.GetOutcome() == workerv1.Outcome_OUTCOME_CANCELED && run.Status == host.Canceling:
			return host.Canceled, "", run.StatusReason
		case end.GetOutcome() == workerv1.Outcome_OUTCOME_CANCELED:
			return host.Failure, host.FailureInterrupted, "the worker was interrupted, though nobody canceled the run"
		case reason == "":
			return host.Failure, host.FailureOp, message
		default:
			return host.Failure, reason, message
		}
	})
	return err
}

// fail ends a run for a reason of the host's. A run that was asked to end is CANCELED instead, unless it was asked
// because it took too long.
func (s *Sessions) fail(ctx context.Context, id host.RunID, attempt uint32, reason, message string) error {
	ended, err := s.end(ctx, id, attempt, false, func(run *host.Run) (host.RunStatus, string, string) {
		switch {
		case overran(run):
			return host.Failure, host.FailureMaxRuntime, overMessage(run, message)
		case run.Status == host.Canceling:
			return host.Canceled, "", message
		default:
			return host.Failure, reason, message
		}
	})
	if ended {
		s.o.Logger.Warn("run ended by the host", "run", id, "attempt", attempt, "reason", reason)
	}
	return err
}

// end makes the run final, if its attempt is still the given one and it is not
// final: the compare-and-set by which late and repeated reports change nothing.
func (s *Sessions) end(ctx context.Context, id host.RunID, attempt uint32, reported bool,
	how func(*host.Run) (next host.RunStatus, reason, message string),
) (ended bool, err error) {
	_, err = s.o.Store.UpdateRun(ctx, id, func(run *host.Run) (_ [][]byte, err error) {
		ended = false
		if run.Status.Final() || run.Attempt != attempt {
			return nil, nil
		}
		next, reason, message := how(run)
		now := s.o.Clock.Now()
		if next == host.Failure {
			err = run.Fail(reason, message, now)
		} else {
			err = run.Become(next, message, now)
		}
		if err != nil {
			return nil, err
		}
		ended = true
		if reported {
			return nil, nil // the worker's own event says it
		}
		kind := launch.NoteFailed
		if next == host.Canceled {
			kind = launch.NoteCanceled
		}
		return [][]byte{launch.Note(kind, message, now)}, nil
	})
	if err != nil && host.CodeOf(err) != host.NotFound {
		return false, fmt.Errorf("end run %s: %w", id, err)
	}
	s.forget(id, reported)
	return ended, nil
}

// conclude ends a run whose worker has nothing more to say: as it reported, or
// as failed when it never did. The result may be stored and not acted upon yet,
// by a stream of the same worker that broke meanwhile.
func (s *Sessions) conclude(ctx context.Context, id host.RunID, attempt uint32) error {
	end, err := s.result(ctx, id, attempt)
	switch {
	case host.CodeOf(err) == host.NotFound:
		return nil // deleted, so it had ended
	case err != nil:
		return err
	case end != nil:
		return s.finish(ctx, id, attempt, end)
	default:
		return s.fail(ctx, id, attempt, host.FailureNoResult, "the worker ended without saying how the run ended")
	}
}

// result is the last event of an attempt when it says how the run ended; nil when it does not.
func (s *Sessions) result(ctx context.Context, id host.RunID, attempt uint32) (*workerv1.RunFinished, error) {
	last, err := s.o.Store.LastSeq(ctx, id, attempt)
	if err != nil || last == 0 {
		return nil, err
	}
	events, err := s.o.Store.Events(ctx, id, host.Cursor{Attempt: attempt, Seq: last - 1, Note: 1<<32 - 1}, 1)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if end, ok := runFinished(e.Data); ok {
			return end, nil
		}
	}
	return nil, nil
}

// repair ends a run whose worker had said so before the host stopped, and
// follows one that is still going.
func (s *Sessions) repair(ctx context.Context, run *host.Run) error {
	end, err := s.result(ctx, run.ID, run.Attempt)
	switch {
	case err != nil:
		return err
	case end != nil:
		return s.finish(ctx, run.ID, run.Attempt, end)
	default:
		s.follow(run, nil)
		return nil
	}
}
