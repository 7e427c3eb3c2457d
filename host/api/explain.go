package api

import (
	"context"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/explain"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// ExplainRun says why a run is where it is.
func (r runService) ExplainRun(ctx context.Context, req *hostv1.ExplainRunRequest) (*hostv1.ExplainRunResponse, error) {
	id, err := r.find(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	e, err := r.s.explainer.Run(ctx, id)
	if host.CodeOf(err) == host.NotFound && host.ReasonOf(err) == "RUN_NOT_FOUND" {
		return nil, noRun(string(id))
	}
	if err != nil {
		return nil, err
	}
	out := &hostv1.ExplainRunResponse{Summary: valid(e.Summary), Position: e.Position, Among: e.Among}
	if out.Run, err = r.toWire(ctx, &e.Run); err != nil {
		return nil, err
	}
	for _, reason := range e.Reasons {
		out.Reasons = append(out.Reasons, explainedToWire(reason))
	}
	return out, nil
}

func explainedToWire(r explain.Reason) *hostv1.ExplainRunResponse_Reason {
	out := &hostv1.ExplainRunResponse_Reason{
		Code: r.Code, Blocks: r.Blocks, Message: valid(r.Message), Remedy: valid(r.Remedy),
		Since: timeToWire(r.Since), Until: timeToWire(r.Until), OpPath: valid(r.OpPath),
	}
	for _, id := range r.Runs {
		out.RunIds = append(out.RunIds, string(id))
	}
	return out
}
