package launch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// Recheck says whether a run, as it was launched, fits its job as it is now. It
// looks at the run's own config as typed, op selection and tags again when the
// definition is another than the one that they were checked against last, and
// when a run was deleted whose outputs it takes; what is left of a run to
// execute again is worked out anew then. It does not add tags that the
// definition has got since.
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
		Snapshot:     job.Snapshot(),
		Bodies:       bodiesOf(job),
		ConfigJSON:   run.ConfigJSON,
		OpPaths:      run.OpPaths,
		Subset:       run.Subset,
		TakenOutputs: run.TakenOutputs,
		Changed:      job.DefinitionDigest != run.Launched.Definition,
	}
	gone, err := p.gone(ctx, run)
	if err != nil {
		return Recheck{}, err
	}
	checked := startedDefinition(run)
	if checked == job.DefinitionDigest && !gone {
		return out, takesStored(job, run)
	}
	definition, err := job.Definition()
	if err != nil {
		return Recheck{}, err
	}
	f, err := p.refit(ctx, job, definition, run)
	if err != nil {
		return Recheck{}, err
	}
	if problems := f.runProblems(run); len(problems) > 0 {
		what := fmt.Sprintf("job %s changed since the run was checked, and the run does not fit it any more", run.Job)
		if checked == job.DefinitionDigest {
			what = "a run was deleted whose outputs this one takes, and nothing stands for them"
		}
		return Recheck{}, misfitError(what, problems)
	}
	out.ConfigJSON, out.OpPaths, out.Subset = f.configJSON, f.opPaths, f.subset
	digest, body := reexecution.Encode(f.outputs)
	if out.TakenOutputs = digest; body != nil {
		out.Bodies[digest] = body
	}
	return out, nil
}

// gone tells whether a run was deleted that a run takes outputs of: they are deleted with it.
func (p *Planner) gone(ctx context.Context, run *host.Run) (bool, error) {
	if run.TakenOutputs.IsZero() {
		return false, nil
	}
	body, err := p.runs.Body(ctx, run.TakenOutputs)
	if err != nil {
		return false, err
	}
	outputs, err := reexecution.Decode(body)
	if err != nil {
		return false, err
	}
	for _, id := range owners(outputs) {
		if _, err := p.runs.Run(ctx, id); host.CodeOf(err) == host.NotFound {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
	return false, nil
}

// refit checks a run as launched against a definition. What it takes up may be deleted by now: then it has the op
// selection that came of it, and nothing to take.
func (p *Planner) refit(ctx context.Context, job *workspace.Job, definition *host.JobDefinition, run *host.Run) (fitting, error) {
	from, err := p.originOfRun(ctx, run)
	if err != nil {
		return fitting{}, err
	}
	f, err := p.fit(ctx, job, definition, fitRequest{config: run.ConfigYAML, selection: run.OpSelection, origin: from})
	if host.CodeOf(err) == host.Conflict { // nothing is left to execute
		return f, misfitError(fmt.Sprintf("the run does not fit job %s", job.Name), problemsOf(err, "op_selection"))
	}
	return f, err
}

// takesStored refuses to start a run by code that cannot take what the run does: it may have been rolled back.
func takesStored(job *workspace.Job, run *host.Run) error {
	if run.TakenOutputs.IsZero() && !givesInputs(run.ConfigJSON) {
		return nil
	}
	refusal := job.Allows(versioncheck.OutputStore)
	if refusal == nil {
		return nil
	}
	return &host.Error{
		Code: host.Unavailable, Reason: refusal.Code,
		Message: fmt.Sprintf("the run takes outputs that are stored, or values of inputs, which the code at %s cannot: %s", job.Name.Location, refusal.Message),
		Remedy:  refusal.Remedy,
	}
}

// givesInputs tells whether a config as the worker gets it gives values of inputs.
func givesInputs(config []byte) bool {
	if !bytes.Contains(config, []byte(`"`+inputsSection+`"`)) {
		return false
	}
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(config, &sections); err != nil {
		return false
	}
	return sections[inputsSection] != nil
}
