package explain

import (
	"context"
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// waiting says which code a run waits for, and what would bring it.
func (x *Explainer) waiting(ctx context.Context, e *Explanation) error {
	run, s := &e.Run, x.o.Queue.Standing(e.Run.ID)
	_, err := x.o.Planner.Recheck(ctx, run)
	why, ok := errors.AsType[*host.Error](err)
	switch {
	case err == nil:
		e.add(Reason{
			Code: CodeReady, Until: s.NextCheckAt,
			Message: fmt.Sprintf("its code is there now: location %s answers and has a job that the run fits; it is queued again at the next look", run.Job.Location),
		})
	case !ok:
		return err
	default:
		e.add(Reason{
			Code: why.Reason, Blocks: true, Since: run.WaitingSince, Remedy: waitRemedy(run, why),
			Message: fmt.Sprintf("the run waits for the code of job %s%s: %s", run.Job, versionText(run.Launched.CodeVersion), why.Error()),
		})
	}
	if until := x.o.Queue.WaitsUntil(run); !until.IsZero() {
		e.add(Reason{
			Code: CodeWaitLimit, Since: run.WaitingSince, Until: until,
			Message: fmt.Sprintf("the run fails if its code has not come by then, for location %s lets runs wait only so long", run.Job.Location),
			Remedy:  "wait_for_code of the location in the configuration file says how long; a change acts at once.",
		})
	} else {
		e.add(Reason{Code: CodeWaitLimit, Since: run.WaitingSince, Message: "the run waits for as long as it takes"})
	}
	e.summarize("the run's code is there, and it is queued again in a moment")
	return nil
}

// versionText says which version of the code the run was launched from.
func versionText(version string) string {
	if version == "" {
		return ""
	}
	return fmt.Sprintf(" (launched from version %.100s)", version)
}

// waitRemedy is what would bring the run on.
func waitRemedy(run *host.Run, why *host.Error) string {
	advice := why.Advice()
	switch why.Reason {
	case launch.ReasonLoading:
		return advice
	case launch.ReasonJobGone, launch.ReasonMisfit:
		return advice + fmt.Sprintf(" penstock run repoint %s --to JOB re-points it; penstock run cancel %s cancels it.", run.ID, run.ID)
	case "LOCATION_NOT_FOUND":
		return fmt.Sprintf("Configure code location %s again, or re-point the run with penstock run repoint %s --to JOB, or cancel it.", run.Job.Location, run.ID)
	default:
		if advice != "" {
			advice += " "
		}
		return advice + "The run starts by itself once the location answers with code that it fits."
	}
}
