package launch

import (
	"context"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/workspace"
)

// Planner checks launches against the jobs of a workspace. Make one with
// NewPlanner. All methods may be called concurrently.
type Planner struct {
	workspace *workspace.Workspace
	runs      reexecution.Runs
	// partitions are those of jobs.
	partitions *partition.Source
	schemas    *schemaCache
	// seen are bodies of definitions that somebody planned with, to say later what changed since.
	seen *recent[host.Digest, []byte]
}

// NewPlanner returns a Planner. The runs are those that launches may take up, the partitions those that they may be of.
func NewPlanner(w *workspace.Workspace, runs reexecution.Runs, partitions *partition.Source) *Planner {
	return &Planner{
		workspace:  w,
		runs:       runs,
		partitions: partitions,
		schemas:    newSchemaCache(),
		seen:       newRecent[host.Digest, []byte](maxSeenDefinitions, maxSeenBytes),
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
// op selection. Of a request that takes up another run also NotFound when there
// is no such run, Conflict with RUN_NOT_FINAL or NOTHING_FAILED, and Invalid when
// it is of another job or the request contradicts itself.
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
	from, err := p.originOf(ctx, &r)
	if err != nil {
		return nil, err
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

	part, err := p.partingOf(ctx, job, &r, from)
	if err != nil {
		return nil, err
	}
	plan := &Plan{Job: job.Name, Partition: part.key, Notes: part.notes, Snapshot: job.Snapshot(), Bodies: bodiesOf(job), CodeVersion: job.Snapshot().CodeVersion}
	plan.ConfigTyped = r.ConfigYAML
	f, err := p.fit(ctx, job, definition, fitRequest{config: r.ConfigYAML, selection: r.OpSelection, origin: from})
	if err != nil {
		return nil, err
	}
	if err := p.fill(ctx, plan, job, from, f); err != nil {
		return nil, err
	}
	var problems []host.Problem
	plan.Tags, plan.Overridden, problems = planTags(job, definition, r, part, from.parent(), f)
	plan.Problems = slices.Concat(part.problems, part.configProblems(f.configProblems), problems, f.selectionProblems)
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

// bodiesOf are the bodies that the job's snapshot names.
func bodiesOf(job *workspace.Job) map[host.Digest][]byte {
	bodies := map[host.Digest][]byte{job.DefinitionDigest: job.DefinitionBody}
	if digest := job.Snapshot().Metadata; job.MetadataBody != nil && !digest.IsZero() {
		bodies[digest] = job.MetadataBody
	}
	return bodies
}
