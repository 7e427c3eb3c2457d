package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/reexecution"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// PreviewRun plans a launch and changes nothing.
func (r runService) PreviewRun(ctx context.Context, req *hostv1.PreviewRunRequest) (*hostv1.PreviewRunResponse, error) {
	request, err := r.launchFrom(ctx, req.GetLaunch())
	if err != nil {
		return nil, err
	}
	return r.preview(ctx, request)
}

// preview plans a launch.
func (r runService) preview(ctx context.Context, request launch.Request) (*hostv1.PreviewRunResponse, error) {
	plan, err := r.s.o.Planner.Preview(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &hostv1.PreviewRunResponse{
		Job:              jobNameToWire(plan.Job),
		Tags:             tagsToWire(plan.Tags),
		Overridden:       tagsToWire(plan.Overridden),
		Notes:            slices.Concat(plan.Notes, r.s.o.Queue.Never(&host.Run{Job: plan.Job, Tags: plan.Tags})),
		OpPaths:          plan.OpPaths,
		ConfigYaml:       plan.ConfigYAML,
		DefinitionDigest: digestToWire(plan.Snapshot.Definition),
		CodeVersion:      valid(plan.CodeVersion),
		OpSelection:      valid(plan.OpSelection),
	}
	for _, line := range plan.DefinitionChanges {
		out.DefinitionChanges = append(out.DefinitionChanges, valid(line))
	}
	for _, p := range plan.Problems {
		out.Problems = append(out.Problems, problemToWire(p))
	}
	for _, o := range plan.Outputs {
		out.TakenOutputs = append(out.TakenOutputs, &hostv1.TakenOutput{OpPath: o.GetOpPath(), RunId: o.GetRunId(), Size: o.GetOutput().GetSize()})
	}
	for _, m := range plan.Missing[:min(len(plan.Missing), maxMissing)] {
		out.MissingInputs = append(out.MissingInputs, &hostv1.MissingInput{OpPath: m.OpPath, Input: m.Input, FromOpPath: m.From})
	}
	return out, nil
}

// maxMissing is how many missing inputs a preview lists.
const maxMissing = 1000

// launchFrom reads a launch. Runs that it names by a beginning of their ids are found here.
func (r runService) launchFrom(ctx context.Context, req *hostv1.LaunchRunRequest) (launch.Request, error) {
	digest := host.DigestFrom(req.GetDefinitionDigest())
	if n := len(req.GetDefinitionDigest()); n > 0 && digest.IsZero() {
		return launch.Request{}, &host.Error{
			Code: host.Invalid, Reason: "DIGEST",
			Message: fmt.Sprintf("definition_digest has %d bytes; a digest has 32", n),
			Remedy:  "send the digest that GetJob answered, or none",
		}
	}
	out := launch.Request{
		RequestID: req.GetRequestId(), Job: req.GetJob(), ConfigYAML: req.GetConfigYaml(),
		Tags: tagsFrom(req.GetTags()), OpSelection: req.GetOpSelection(), DefinitionDigest: digest,
		Partition: req.GetPartition(),
	}
	var err error
	if from := req.GetInputsFrom(); from != "" {
		if out.InputsFrom, err = r.find(ctx, from); err != nil {
			return launch.Request{}, err
		}
	}
	if again := req.GetReexecution(); again != nil {
		out.Reexecution, err = r.reexecutionFrom(ctx, again)
	}
	return out, err
}

func (r runService) reexecutionFrom(ctx context.Context, req *hostv1.Reexecution) (*launch.Reexecution, error) {
	strategy, known := strategies[req.GetStrategy()]
	if !known {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "REEXECUTION",
			Message: fmt.Sprintf("strategy %d is not known to this host", req.GetStrategy()),
			Remedy:  "use ALL, FROM_FAILURE or SELECTED, or a newer host",
		}
	}
	parent, err := r.find(ctx, req.GetRunId())
	return &launch.Reexecution{
		Parent: parent, Strategy: strategy, KeepConfig: req.GetKeepConfig(),
		KeepTags: req.GetKeepTags(), WithoutTags: req.GetWithoutTags(),
	}, err
}

// strategies from the wire.
var strategies = map[hostv1.ReexecutionStrategy]reexecution.Strategy{
	hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_UNSPECIFIED:  reexecution.All,
	hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_ALL:          reexecution.All,
	hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_FROM_FAILURE: reexecution.FromFailure,
	hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_SELECTED:     reexecution.Selected,
}
