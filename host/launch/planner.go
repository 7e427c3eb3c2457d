package launch

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
)

// Planner checks launches against the jobs of a workspace. Make one with
// NewPlanner. All methods may be called concurrently.
type Planner struct {
	workspace *workspace.Workspace
	schemas   *schemaCache
	// seen are bodies of definitions that somebody planned with, to say later what changed since.
	seen *recent[host.Digest, []byte]
}

// NewPlanner returns a Planner.
func NewPlanner(w *workspace.Workspace) *Planner {
	return &Planner{
		workspace: w,
		schemas:   newSchemaCache(),
		seen:      newRecent[host.Digest, []byte](maxSeenDefinitions, maxSeenBytes),
	}
}

// Plan says what the request becomes, or all that is wrong with it.
//
// Errors: NotFound or Invalid when the job's name means none or several, Invalid
// when its definition cannot be used; Refused when its location is incompatible,
// Unavailable when nothing is known of it, or with LOCATION_STALE or
// LOCATION_DRAINING when it starts nothing now and its policy is to refuse
// launches then; Conflict with DEFINITION_CHANGED when the user saw another
// definition; Invalid with LAUNCH_INVALID and every problem of config, tags and
// op selection.
func (p *Planner) Plan(ctx context.Context, r Request) (*Plan, error) {
	plan, err := p.Preview(ctx, r)
	if err != nil {
		return nil, err
	}
	if plan.refusal != nil {
		return nil, plan.refusal
	}
	if len(plan.Problems) > 0 {
		return nil, &host.Error{
			Code:     host.Invalid,
			Reason:   "LAUNCH_INVALID",
			Message:  fmt.Sprintf("job %s cannot be launched like this: %s", plan.Job, counted(plan.Problems)),
			Remedy:   "Correct what is listed and launch again; nothing was queued.",
			Problems: plan.Problems,
		}
	}
	return plan, nil
}

// Preview is Plan, except that problems of config, tags and op selection, and
// what its location's policy has against a launch now, are in the plan and not
// an error.
func (p *Planner) Preview(ctx context.Context, r Request) (*Plan, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.Reexecution != nil {
		return nil, &host.Error{Code: host.Invalid, Reason: "REEXECUTION", Message: "this host does not execute runs again"}
	}
	job, definition, err := p.job(r.Job)
	if err != nil {
		return nil, err
	}
	location, err := p.workspace.Location(job.Name.Location)
	if err != nil {
		return nil, err
	}
	if location.State == host.LocationIncompatible {
		return nil, incompatibleError(job.Name.String(), location)
	}
	saw, _ := p.seen.peek(r.DefinitionDigest)
	p.seen.get(job.DefinitionDigest, len(job.DefinitionBody), func() []byte { return job.DefinitionBody })
	if !r.DefinitionDigest.IsZero() && r.DefinitionDigest != job.DefinitionDigest {
		return nil, changedError(job, saw)
	}

	plan := &Plan{Job: job.Name, Snapshot: job.Snapshot(), Bodies: bodiesOf(job), CodeVersion: job.Snapshot().CodeVersion}
	f := p.fit(definition, r.ConfigYAML, r.OpSelection)
	plan.ConfigYAML, plan.ConfigJSON, plan.OpPaths, plan.Subset = f.configYAML, f.configJSON, f.opPaths, f.subset
	var problems []host.Problem
	plan.Tags, plan.Overridden, problems = planTags(job, definition, r, f.subset)
	plan.Notes = append(plan.Notes, idleNotes(plan.Tags)...)
	plan.Problems = append(append(f.configProblems, problems...), f.selectionProblems...)
	switch {
	case startsNow(location):
	case location.RefuseStaleLaunches:
		plan.refuse(refusedNow(job.Name, location))
	default:
		plan.Notes = append([]string{waitNote(location)}, plan.Notes...)
	}
	return plan, nil
}

// job finds the job of a request and decodes its definition.
func (p *Planner) job(name string) (*workspace.Job, *host.JobDefinition, error) {
	job, err := p.workspace.FindJob(name)
	if err != nil {
		wanted, _ := host.ParseJobName(name)
		if location, e := p.workspace.Location(wanted.Location); e == nil && location.State == host.LocationIncompatible {
			return nil, nil, incompatibleError(name, location)
		}
		return nil, nil, err
	}
	definition, err := job.Definition()
	if err != nil {
		return nil, nil, err
	}
	return job, definition, nil
}

// fitting is how config and op selection fit a definition.
type fitting struct {
	configYAML        string
	configJSON        []byte
	opPaths           []string
	subset            bool
	configProblems    []host.Problem
	selectionProblems []host.Problem
}

// fit checks config and op selection.
func (p *Planner) fit(definition *host.JobDefinition, configText, selection string) (f fitting) {
	if s, err := p.schemas.get(definition.ConfigSchema); err != nil {
		f.configProblems = jobProblem(err)
	} else if c, problems := checkConfig(s, configText); len(problems) > 0 {
		f.configProblems = problems
	} else {
		f.configYAML, f.configJSON = c.yaml, c.json
	}
	ops := definition.Ops()
	paths, err := ops.Select(selection)
	if err != nil {
		f.selectionProblems = problemsOf(err, "op_selection")
		return f
	}
	f.opPaths, f.subset = paths, len(paths) < len(ops.Paths)
	return f
}

// runProblems is all that keeps a run from being started like this.
func (f fitting) runProblems(run *host.Run) []host.Problem {
	return append(append(f.configProblems, runTagProblems(run.Tags)...), f.selectionProblems...)
}

// Recheck says whether a run, as it was launched, fits its job as it is now. It
// looks at the run's own config as typed, op selection and tags again when the
// definition is another than the one that they were checked against last; it
// does not add tags that the definition has got since.
//
// Errors: Unavailable when the location does not answer, is still loading (then
// with LOCATION_LOADING), or cannot be worked with; NotFound when location or job is gone; Invalid with
// RUN_DOES_NOT_FIT and every problem when the run does not fit any more. Each is
// a reason to wait for code.
func (p *Planner) Recheck(ctx context.Context, run *host.Run) (Recheck, error) {
	if err := ctx.Err(); err != nil {
		return Recheck{}, err
	}
	location, err := p.workspace.Location(run.Job.Location)
	if err != nil {
		return Recheck{}, err
	}
	if location.State != host.LocationReady {
		return Recheck{}, waitError(location)
	}
	job, err := p.workspace.Job(run.Job)
	if err != nil {
		return Recheck{}, goneError(run.Job, err)
	}
	out := Recheck{
		Snapshot:   job.Snapshot(),
		Bodies:     bodiesOf(job),
		ConfigJSON: run.ConfigJSON,
		OpPaths:    run.OpPaths,
		Subset:     run.Subset,
		Changed:    job.DefinitionDigest != run.Launched.Definition,
	}
	checked := run.StartedFrom.Definition
	if checked.IsZero() {
		checked = run.Launched.Definition
	}
	if checked == job.DefinitionDigest {
		return out, nil
	}
	definition, err := job.Definition()
	if err != nil {
		return Recheck{}, err
	}
	f := p.fit(definition, run.ConfigYAML, run.OpSelection)
	if problems := f.runProblems(run); len(problems) > 0 {
		return Recheck{}, misfitError(
			fmt.Sprintf("job %s changed since the run was checked, and the run does not fit it any more", run.Job), problems)
	}
	out.ConfigJSON, out.OpPaths, out.Subset = f.configJSON, f.opPaths, f.subset
	return out, nil
}

// bodiesOf are the bodies that the job's snapshot names.
func bodiesOf(job *workspace.Job) map[host.Digest][]byte {
	bodies := map[host.Digest][]byte{job.DefinitionDigest: job.DefinitionBody}
	if digest := job.Snapshot().Metadata; job.MetadataBody != nil && !digest.IsZero() {
		bodies[digest] = job.MetadataBody
	}
	return bodies
}
