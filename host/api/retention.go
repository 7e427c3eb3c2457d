package api

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/retention"
	"github.com/penstock-run/penstock/host/selector"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// PreviewRetention says what rules would delete now: those of the request, else those of the host.
func (v storageService) PreviewRetention(ctx context.Context, req *hostv1.PreviewRetentionRequest) (*hostv1.PreviewRetentionResponse, error) {
	policy, err := v.policyFrom(req)
	if err != nil {
		return nil, err
	}
	preview, err := v.s.o.Keeper.Preview(ctx, policy)
	if err != nil {
		return nil, err
	}
	out := &hostv1.PreviewRetentionResponse{Runs: preview.Runs, WithoutRule: preview.WithoutRule}
	for _, r := range preview.Results {
		out.Results = append(out.Results, &hostv1.PreviewRetentionResponse_RuleResult{
			Rule: ruleToWire(r.Rule), Selected: r.Selected, Deleted: r.Deleted, KeptAsLast: r.KeptAsLast, Bytes: r.Bytes,
			Oldest: timeToWire(r.Oldest), Newest: timeToWire(r.Newest),
		})
	}
	return out, nil
}

// policyFrom reads the rules of a request. All that is wrong with them is one error.
func (v storageService) policyFrom(req *hostv1.PreviewRetentionRequest) (retention.Policy, error) {
	if len(req.GetRules()) == 0 && req.GetKeepLastPerJob() == 0 {
		return v.s.o.Keeper.Policy(), nil
	}
	p := retention.Policy{KeepLast: int(req.GetKeepLastPerJob())}
	e := &host.Error{
		Code: host.Invalid, Reason: "RETENTION", Message: "these rules cannot be used",
		Remedy: "Correct them; a rule has a selector, which may be empty, and a time of at least " + selector.SpanText(retention.MinKeep) + ".",
	}
	for i, w := range req.GetRules() {
		keep := w.GetKeep().AsDuration()
		if w.GetKeep() != nil && keep <= 0 {
			e.Problems = append(e.Problems, host.Problem{Field: fmt.Sprintf("rules[%d].keep", i), Message: fmt.Sprintf("runs cannot be kept for %s", keep)})
		}
		rule, problems := retention.NewRule(w.GetWhere(), max(keep, 0))
		for _, problem := range problems {
			problem.Field = fmt.Sprintf("rules[%d].%s", i, problem.Field)
			e.Problems = append(e.Problems, problem)
		}
		p.Rules = append(p.Rules, rule)
	}
	if len(e.Problems) > 0 {
		return p, e
	}
	return p, nil // the rest is checked by who uses it
}

// tellRetention adds the rules of the host and what they did last.
func (v storageService) tellRetention(out *hostv1.GetStorageResponse) {
	keeper := v.s.o.Keeper
	policy, pass := keeper.Policy(), keeper.LastPass()
	out.KeepLastPerJob = uint32(policy.KeepLast)
	for _, r := range policy.Rules {
		out.Rules = append(out.Rules, ruleToWire(r))
	}
	if pass.StartedAt.IsZero() {
		return
	}
	out.LastPass = &hostv1.RetentionPass{StartedAt: timeToWire(pass.StartedAt), EndedAt: timeToWire(pass.EndedAt), Deleted: pass.Deleted}
	if pass.Err != nil {
		out.LastPass.Error = valid(pass.Err.Error())
	}
}

func ruleToWire(r retention.Rule) *hostv1.RetentionRule {
	w := &hostv1.RetentionRule{Where: valid(r.Text)}
	if r.Keep > 0 {
		w.Keep = durationpb.New(r.Keep)
	}
	return w
}
