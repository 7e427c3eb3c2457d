package attempt

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// runFinishedField is the number of Event.run_finished.
const runFinishedField = 17

// runFinished decodes an event if it ends its attempt. Other events are only
// skimmed, since a busy worker sends many.
func runFinished(data []byte) (*workerv1.RunFinished, bool) {
	for rest := data; len(rest) > 0; {
		number, kind, n := protowire.ConsumeTag(rest)
		if n < 0 {
			return nil, false
		}
		if number == runFinishedField {
			var e workerv1.Event
			if err := proto.Unmarshal(data, &e); err != nil || e.GetRunFinished() == nil {
				return nil, false
			}
			return e.GetRunFinished(), true
		}
		m := protowire.ConsumeFieldValue(number, kind, rest[n:])
		if m < 0 {
			return nil, false
		}
		rest = rest[n+m:]
	}
	return nil, false
}

// finish ends the run as its worker reported.
func (s *Sessions) finish(ctx context.Context, id host.RunID, attempt uint32, end *workerv1.RunFinished) error {
	_, err := s.end(ctx, id, attempt, true, func(run *host.Run) (host.RunStatus, string, string) {
		reason, message := end.GetFailure().GetReason(), end.GetFailure().GetMessage()
		switch {
		case end.GetOutcome() == workerv1.Outcome_OUTCOME_SUCCESS:
			return host.Success, "", ""
		case end.GetOutcome() == workerv1.Outcome_OUTCOME_CANCELED && run.Status == host.Canceling:
			return host.Canceled, "", run.StatusReason
		case end.GetOutcome() == workerv1.Outcome_OUTCOME_CANCELED:
			return host.Failure, "interrupted", "the worker was interrupted, though nobody canceled the run"
		case reason == "":
			return host.Failure, "op_failure", message
		default:
			return host.Failure, reason, message
		}
	})
	return err
}

// fail ends a run for a reason of the host's. A run that was asked to end is CANCELED instead.
func (s *Sessions) fail(ctx context.Context, id host.RunID, attempt uint32, reason, message string) error {
	ended, err := s.end(ctx, id, attempt, false, func(run *host.Run) (host.RunStatus, string, string) {
		if run.Status == host.Canceling {
			return host.Canceled, "", message
		}
		return host.Failure, reason, message
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
	_, err = s.o.Store.UpdateRun(ctx, id, func(run *host.Run) ([][]byte, error) {
		ended = false
		if run.Status.Final() || run.Attempt != attempt {
			return nil, nil
		}
		next, reason, message := how(run)
		now := s.o.Clock.Now()
		if err := run.Become(next, message, now); err != nil {
			return nil, err
		}
		ended = true
		if next == host.Failure {
			run.Tags = tag.Merge(run.Tags, tag.List{tag.System(tag.KeyFailureReason, reason)})
		}
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
		return s.fail(ctx, id, attempt, "no_result", "the worker ended without saying how the run ended")
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
