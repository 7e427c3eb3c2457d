package launch

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/usercode/tag"
)

// origin is the run that a launch takes up.
type origin struct {
	// run is the parent, or only the one that outputs are taken from.
	run *host.Run
	// child tells that it is the parent.
	child bool
	// strategy says which ops.
	strategy reexecution.Strategy
}

// parent is the run that is executed again; nil when there is none.
func (o *origin) parent() *host.Run {
	if o == nil || !o.child {
		return nil
	}
	return o.run
}

// originOf finds the run that a request takes up, nil when it takes up none, and completes the request by it. Errors are
// Invalid when the request contradicts itself, NotFound, and Conflict when the run has not ended.
func (p *Planner) originOf(ctx context.Context, r *Request) (*origin, error) {
	again := r.Reexecution
	if again == nil && r.InputsFrom == "" {
		return nil, nil
	}
	o := &origin{strategy: reexecution.Selected}
	id := r.InputsFrom
	if again != nil {
		if err := again.check(r); err != nil {
			return nil, err
		}
		id, o.child, o.strategy = again.Parent, true, again.Strategy
	}
	run, err := p.runs.Run(ctx, id)
	if host.CodeOf(err) == host.NotFound {
		return nil, &host.Error{
			Code: host.NotFound, Reason: "RUN_NOT_FOUND",
			Message: fmt.Sprintf("there is no run %.64q", id),
			Remedy:  "List the runs for their ids; a run that was deleted is gone, with its outputs.",
		}
	}
	if err != nil {
		return nil, err
	}
	o.run = &run
	if !run.Status.Final() {
		return nil, notEnded(&run, o.child)
	}
	if err := o.matches(r); err != nil {
		return nil, err
	}
	if again != nil && again.KeepConfig {
		r.ConfigYAML = run.ConfigYAML
	}
	return o, nil
}

func notEnded(run *host.Run, child bool) error {
	e := &host.Error{
		Code: host.Conflict, Reason: "RUN_NOT_FINAL",
		Message: fmt.Sprintf("run %s is %s; its outputs can be taken once it has ended", run.ID, run.Status),
		Remedy:  "Wait until it has ended, or cancel it.",
	}
	if child {
		e.Message = fmt.Sprintf("run %s is %s; it can be executed again once it has ended", run.ID, run.Status)
	}
	return e
}

// matches makes the run's job that of the request, which has to name it or none.
func (o *origin) matches(r *Request) error {
	if r.Job == "" && o.child {
		r.Job = o.run.Job.String()
		return nil
	}
	name, ok := host.ParseJobName(r.Job)
	if !ok || name.Covers(o.run.Job) {
		if ok && o.child {
			r.Job = o.run.Job.String()
		}
		return nil // what is no name is said so where jobs are found
	}
	return &host.Error{
		Code: host.Invalid, Reason: "RUN_OF_ANOTHER_JOB",
		Message: fmt.Sprintf("run %s is one of job %s, not of job %.200q", o.run.ID, o.run.Job, r.Job),
		Remedy:  "Name a run of that job, or leave the job out.",
	}
}

// check says what of the request a child cannot have.
func (again *Reexecution) check(r *Request) error {
	var wrong string
	switch {
	case again.Strategy != reexecution.All && again.Strategy != reexecution.FromFailure && again.Strategy != reexecution.Selected:
		wrong = fmt.Sprintf("the strategy %.64q is not known; use all, from_failure or selected", again.Strategy)
	case again.Strategy == reexecution.Selected && r.OpSelection == "":
		wrong = "ops are to be selected, and there is no op selection"
	case again.Strategy != reexecution.Selected && r.OpSelection != "":
		wrong = fmt.Sprintf("there is an op selection beside the strategy %s, which says itself which ops", again.Strategy)
	case again.KeepConfig && r.ConfigYAML != "":
		wrong = "the config of the run is to be kept, and there is another config"
	case len(again.WithoutTags) > 0 && !again.KeepTags:
		wrong = "tags are to be left out of those of the run, which are not kept"
	case r.InputsFrom != "" && r.InputsFrom != again.Parent:
		wrong = "outputs are to be taken from another run than the one that is executed again"
	default:
		return nil
	}
	return &host.Error{
		Code: host.Invalid, Reason: "REEXECUTION",
		Message: fmt.Sprintf("run %.64s cannot be executed again like this: %s", again.Parent, wrong),
	}
}

// originOfRun is the origin that a run was launched with, as far as it is there; nil when it has none, or that is gone.
func (p *Planner) originOfRun(ctx context.Context, run *host.Run) (*origin, error) {
	o := &origin{strategy: reexecution.Selected}
	id := run.Parent
	if o.child = id != ""; !o.child {
		from, _ := run.Tag(tag.KeyInputsFrom)
		id = host.RunID(from)
	}
	if id == "" {
		return nil, nil
	}
	if resume, _ := run.Tag(tag.KeyResume); resume == tag.ResumeFromFailure {
		o.strategy = reexecution.FromFailure
	}
	found, err := p.runs.Run(ctx, id)
	if host.CodeOf(err) == host.NotFound {
		return nil, nil
	}
	o.run = &found
	return o, err
}
