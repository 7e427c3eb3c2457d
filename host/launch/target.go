package launch

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
)

// Target is a job that queued runs are to become runs of.
type Target struct {
	// Job is its full name.
	Job host.JobName

	planner    *Planner
	job        *workspace.Job
	definition *host.JobDefinition
}

// Target finds the job of that name, as Plan does and with its errors, for runs
// to be re-pointed to. A location that does not answer now is good enough, for
// they wait for it, unless its policy is to refuse launches then.
func (p *Planner) Target(name string) (*Target, error) {
	job, definition, err := p.job(name)
	if err != nil {
		return nil, err
	}
	location, err := p.workspace.Location(job.Name.Location)
	switch {
	case err != nil:
		return nil, err
	case location.State == host.LocationIncompatible:
		return nil, incompatibleError(job.Name.String(), location)
	case location.RefuseStaleLaunches && !startsNow(location):
		return nil, refusedNow(job.Name, location)
	}
	return &Target{Job: job.Name, planner: p, job: job, definition: definition}, nil
}

// Check says whether a run, as it was launched, fits the target: Invalid with
// RUN_DOES_NOT_FIT and every problem of its config, tags and op selection when not.
func (t *Target) Check(ctx context.Context, run *host.Run) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := t.planner.refit(ctx, t.job, t.definition, run)
	if err != nil {
		return err
	}
	if problems := f.runProblems(run); len(problems) > 0 {
		return misfitError(fmt.Sprintf("the run does not fit job %s", t.Job), problems)
	}
	return nil
}
