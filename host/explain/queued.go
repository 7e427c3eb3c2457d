package explain

import (
	"context"
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/queue"
)

// queued goes through the rules by which the queue starts runs, in its order.
func (x *Explainer) queued(ctx context.Context, e *Explanation) error {
	run, s := &e.Run, x.o.Queue.Standing(e.Run.ID)
	if s.Ending {
		e.add(Reason{
			Code: CodeHostEnding, Blocks: true, Message: "the host is about to end and starts nothing more",
			Remedy: "Start the host again; the run stays queued until then.",
		})
	}
	if st, err := x.o.Store.Storage(ctx); err == nil && st.ReadOnly != "" {
		e.add(Reason{
			Code: CodeStoreFull, Blocks: true, Message: st.ReadOnly,
			Remedy: "Make room on the host's disk; the run starts by itself then.",
		})
	}
	if why := x.o.Queue.Held(run.Job.Location); why != "" {
		e.add(Reason{
			Code: CodeLocationHeld, Blocks: true, Message: why,
			Remedy: fmt.Sprintf("See penstock location show %s for its servers; the run starts by itself once one of them answers and takes runs.", run.Job.Location),
		})
	} else if err := x.code(ctx, e); err != nil {
		return err
	}
	x.location(e, &s)
	if !s.RetryAt.IsZero() {
		message := fmt.Sprintf("%s failed for now; the run waits before it is tried again", counted(s.Failures, "start"))
		if run.StatusReason != "" {
			message += ": " + run.StatusReason
		}
		e.add(Reason{Code: CodeBackOff, Blocks: true, Message: message, Until: s.RetryAt})
	}
	limit(e, &s)
	tagLimits(e, &s)
	switch {
	case !s.Known || s.RunStatus != host.Queued:
		e.add(Reason{Code: CodeOrder, Message: "the queue is just taking it in"})
	case s.Before > queue.MaxPosition:
		e.Position, e.Among = uint32(queue.MaxPosition+1), uint32(s.Among)
		e.add(Reason{
			Code: CodeOrder, Blocks: s.MaxInProgress >= 0 && s.Taken >= s.MaxInProgress, Runs: s.BeforeRuns,
			Message: fmt.Sprintf("more than %d of %d runs come before it, by priority and then by age", queue.MaxPosition, s.Among),
			Remedy:  fmt.Sprintf("A higher priority lets it go first: penstock run tag %s penstock/priority=1.", run.ID),
		})
	case s.Before > 0:
		e.Position, e.Among = uint32(s.Before+1), uint32(s.Among)
		full := s.MaxInProgress >= 0 && s.Taken >= s.MaxInProgress
		e.add(Reason{
			Code: CodeOrder, Blocks: full, Runs: s.BeforeRuns,
			Message: fmt.Sprintf("position %d of %d: %s before it, by priority and then by age", e.Position, e.Among, verb(s.Before, "run comes", "runs come")),
			Remedy:  fmt.Sprintf("A higher priority lets it go first: penstock run tag %s penstock/priority=1.", run.ID),
		})
	default:
		e.Position, e.Among = 1, uint32(s.Among)
		e.add(Reason{Code: CodeOrder, Message: "it is the next one: no run that could start comes before it"})
	}
	due := "nothing holds the run; it is started at the queue's next look, within a second"
	if s.Working {
		due = "nothing holds the run; its start is under way"
	}
	e.summarize(due)
	if e.Summary == due {
		e.add(Reason{Code: CodeDue, Message: due})
	}
	return nil
}

// tagLimits tells of the other limits that count the run, and who has their slots.
func tagLimits(e *Explanation, s *queue.Standing) {
	for _, l := range s.Limits {
		r := Reason{Code: CodeTagLimit, Runs: l.Holders}
		of := fmt.Sprintf("limit %q", l.Name)
		if l.Key != "" {
			of += fmt.Sprintf(" for %s=%s", l.Key, clip(l.Value))
		}
		switch {
		case l.AtMost == 0:
			r.Blocks, r.Message = true, of+" lets no run start"
			r.Remedy = "Raise at_most of the limit in the configuration file, under queue.limits, or change the run's tags."
		case l.Full && !s.Working:
			r.Blocks, r.Message = true, fmt.Sprintf("%s: all %s taken by runs in progress", of, verb(l.AtMost, "slot is", "slots are"))
			r.Remedy = "Wait for one of them to end, cancel one, raise at_most of the limit under queue.limits, or change the run's tags."
		default:
			r.Message = fmt.Sprintf("%s: %d of %s taken", of, l.Taken, verb(l.AtMost, "slot is", "slots are"))
		}
		e.add(r)
	}
}

func verb(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// code tells whether the run's code could run it now. It is not what holds a run that is QUEUED: it is looked at when its
// turn comes, and makes it wait then.
func (x *Explainer) code(ctx context.Context, e *Explanation) error {
	run := &e.Run
	_, err := x.o.Planner.Recheck(ctx, run)
	if err == nil {
		e.add(Reason{Code: CodeReady, Message: fmt.Sprintf("code location %s answers and has a job that the run fits", run.Job.Location)})
		return nil
	}
	why, ok := errors.AsType[*host.Error](err)
	if !ok {
		return err
	}
	e.add(Reason{
		Code: why.Reason, Message: "when its turn comes, the run will wait for its code: " + why.Error(), Remedy: why.Advice(),
	})
	return nil
}

// location tells what the queue holds against the run's location.
func (x *Explainer) location(e *Explanation, s *queue.Standing) {
	name := e.Run.Job.Location
	now := x.o.Clock.Now()
	switch {
	case now.Before(s.LocationRestsUntil) && s.LocationFull:
		e.add(Reason{
			Code: CodeLocationFull, Blocks: true, Until: s.LocationRestsUntil,
			Message: fmt.Sprintf("code location %s has as many workers as it may have; it is asked again after a pause", name),
			Remedy:  "Wait for runs of it to end, or give its server a higher --max-workers or more replicas.",
		})
	case now.Before(s.LocationRestsUntil):
		e.add(Reason{
			Code: CodeLocationResting, Blocks: true, Until: s.LocationRestsUntil,
			Message: fmt.Sprintf("code location %s did not answer a start or is stopping; it is left alone for a moment, so that other locations' runs go on", name),
			Remedy:  fmt.Sprintf("If that goes on, look at the log of the server of %s and at its load.", name),
		})
	case s.Known && s.LocationStartsMost > 0 && s.LocationStarts >= s.LocationStartsMost:
		message := fmt.Sprintf("%s under way at code location %s, as many as may be at a time", verb(s.LocationStarts, "start is", "starts are"), name)
		if s.LocationStartsMost == 1 {
			message = fmt.Sprintf("code location %s did not take starts lately, so it gets one at a time until it takes one", name)
		}
		e.add(Reason{Code: CodeLocationStarts, Blocks: !s.Working, Message: message})
	}
}

// limit tells of the most runs in progress, and who has the slots.
func limit(e *Explanation, s *queue.Standing) {
	r := Reason{Code: CodeLimit, Runs: s.Holders}
	switch {
	case s.MaxInProgress < 0:
		r.Message = fmt.Sprintf("there is no limit to the runs in progress; %s", verb(s.InProgress, "is", "are"))
	case s.MaxInProgress == 0:
		r.Blocks, r.Message = true, "the most runs in progress is set to 0, so nothing starts"
		r.Remedy = "Set queue.max_in_progress in the configuration file, or --max-in-progress, to 1 or more."
	case s.Taken >= s.MaxInProgress && !s.Working:
		r.Blocks = true
		r.Message = fmt.Sprintf("all %s taken by runs in progress", verb(s.MaxInProgress, "slot is", "slots are"))
		r.Remedy = "Wait for one of them to end, cancel one, or raise queue.max_in_progress."
	default:
		r.Message = fmt.Sprintf("%d of %s taken", s.Taken, verb(s.MaxInProgress, "slot is", "slots are"))
	}
	e.add(r)
}
