package launch

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/jobdiff"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// storeProblems say that a location's code cannot take outputs or values of inputs.
func storeProblems(job *workspace.Job) []host.Problem {
	refusal := job.Allows(versioncheck.OutputStore)
	if refusal == nil {
		return nil
	}
	return []host.Problem{{
		Field:   "op_selection",
		Message: "the run would take outputs that are stored, or values of inputs, which its code cannot: " + refusal.Message + " " + refusal.Remedy,
	}}
}

// grantProblems say that a run would be told more of its ops than fits into the message that starts it.
func grantProblems(f fitting) []host.Problem {
	size := proto.Size(&workerv1.StoredOutputs{Outputs: f.outputs})
	if f.subset {
		size += proto.Size(&workerv1.RunSpec{OpPaths: f.opPaths})
	}
	if size <= MaxTakenBytes {
		return nil
	}
	return []host.Problem{{
		Field: "op_selection",
		Message: fmt.Sprintf("the names of the ops to execute and of the %d outputs to take have %d bytes; the limit is %d: "+
			"select the ops that make the outputs, too, and what is before them", len(f.outputs), size, MaxTakenBytes),
	}}
}

// typeProblems say which of the outputs were stored by ops that yield something else now.
func (p *Planner) typeProblems(ctx context.Context, job *workspace.Job, outputs []*workerv1.StoredOutput) (problems []host.Problem, err error) {
	var now *outputTypes
	before := map[host.RunID]*outputTypes{} // nil where the definition is the same
	told := map[string]bool{}
	for _, o := range outputs {
		id, path := host.RunID(o.GetRunId()), host.OpOf(o.GetOpPath())
		then, known := before[id]
		if !known {
			if then, err = p.typesOf(ctx, id, job.DefinitionDigest); err != nil {
				return nil, err
			}
			before[id] = then
		}
		if then == nil || told[path] {
			continue
		}
		if now == nil {
			definition, err := job.Proto()
			if err != nil {
				return nil, err
			}
			now = newOutputTypes(definition)
		}
		name := o.GetOutput().GetName()
		was, is := then.of(path, name), now.of(path, name)
		if was == is {
			continue
		}
		told[path] = true
		problems = append(problems, host.Problem{
			Field: "op_selection", Path: path,
			Message: fmt.Sprintf("op %s yielded %s in run %s and yields %s now, so its output cannot be taken; select it too, for example with %s*",
				path, typeText(was), id, typeText(is), path),
		})
	}
	return problems, nil
}

func typeText(t string) string {
	if t == "" {
		return "something else"
	}
	return clip(t)
}

// typesOf are those of the definition that a run was started from; nil when it is the one with the digest.
func (p *Planner) typesOf(ctx context.Context, id host.RunID, same host.Digest) (*outputTypes, error) {
	run, err := p.runs.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	digest := startedDefinition(&run)
	if digest == same {
		return nil, nil
	}
	definition, err := p.definitionOf(ctx, digest)
	if err != nil {
		return nil, err
	}
	return newOutputTypes(definition), nil
}

// startedDefinition is the definition that a run was started from last, or launched from.
func startedDefinition(run *host.Run) host.Digest {
	if run.StartedFrom.Definition.IsZero() {
		return run.Launched.Definition
	}
	return run.StartedFrom.Definition
}

func (p *Planner) definitionOf(ctx context.Context, digest host.Digest) (*usercodev1.JobDefinition, error) {
	body, err := p.runs.Body(ctx, digest)
	if err != nil {
		return nil, err
	}
	return workspace.DecodeDefinition(body)
}

// definitionChanges say how a job differs from what a run executed; none when it does not.
func (p *Planner) definitionChanges(ctx context.Context, job *workspace.Job, run *host.Run) ([]string, error) {
	digest := startedDefinition(run)
	if digest == job.DefinitionDigest {
		return nil, nil
	}
	before, err := p.definitionOf(ctx, digest)
	if err != nil {
		return nil, err
	}
	after, err := job.Proto()
	if err != nil {
		return nil, err
	}
	return changeLines(jobdiff.Compare(jobdiff.Job{Definition: before}, jobdiff.Job{Definition: after})), nil
}

// fill puts what fits into a plan.
func (p *Planner) fill(ctx context.Context, plan *Plan, job *workspace.Job, from *origin, f fitting) (err error) {
	plan.ConfigYAML, plan.ConfigJSON = f.configYAML, f.configJSON
	plan.OpPaths, plan.Subset, plan.OpSelection = f.opPaths, f.subset, f.selection
	plan.Missing, plan.Outputs = f.missing, f.outputs
	plan.keep(f.outputs)
	parent := from.parent()
	if parent == nil {
		return nil
	}
	plan.Parent, plan.Root = parent.ID, rootOf(parent)
	plan.DefinitionChanges, err = p.definitionChanges(ctx, job, parent)
	return err
}

// keep adds the body of outputs to those that are stored with the run.
func (p *Plan) keep(outputs []*workerv1.StoredOutput) {
	digest, body := reexecution.Encode(outputs)
	if body != nil {
		p.TakenOutputs, p.Bodies[digest] = digest, body
	}
}

// owners are the runs that have outputs, each once.
func owners(outputs []*workerv1.StoredOutput) []host.RunID {
	var ids []host.RunID
	for _, o := range outputs {
		ids = append(ids, host.RunID(o.GetRunId()))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
