package api

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// searchService serves SearchService; completion is in suggest.go.
type searchService struct{ s *Server }

var _ hostv1connect.SearchServiceHandler = searchService{}

// CountRuns counts runs by status.
func (s searchService) CountRuns(ctx context.Context, req *hostv1.CountRunsRequest) (*hostv1.CountRunsResponse, error) {
	filter, err := runService(s).filterFrom(ctx, req.GetFilter())
	if err != nil {
		return nil, err
	}
	counts, err := s.s.o.Store.CountRuns(ctx, filter.where)
	damage, err := host.DamageIn(err)
	if err != nil {
		return nil, err
	}
	if len(damage) > 0 {
		s.s.o.Logger.ErrorContext(ctx, "runs that cannot be read are left out of a count", slog.Any("error", damage))
	}
	out := &hostv1.CountRunsResponse{Total: counts.Total()}
	for _, status := range host.RunStatuses {
		if n := counts[status]; n > 0 {
			out.Statuses = append(out.Statuses, &hostv1.CountRunsResponse_StatusCount{Status: runStatusToWire(status), Count: n})
		}
	}
	return out, nil
}

const (
	defaultSuggestions = 25
	maxSuggestions     = 100
)

// CompleteSelector says what may stand at a place of a selector, and what is wrong with the whole.
func (s searchService) CompleteSelector(ctx context.Context, req *hostv1.CompleteSelectorRequest) (*hostv1.CompleteSelectorResponse, error) {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = defaultSuggestions
	}
	if limit > maxSuggestions {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "LIMIT",
			Message: fmt.Sprintf("limit is %d; at most %d are allowed", req.GetLimit(), maxSuggestions),
			Remedy:  "type more, so that fewer begin so",
		}
	}
	subject := suggester{limit: limit, logger: s.s.o.Logger}
	var wrong error
	switch req.GetSubject() {
	case hostv1.SelectorSubject_SELECTOR_SUBJECT_UNSPECIFIED, hostv1.SelectorSubject_SELECTOR_SUBJECT_RUNS:
		subject.schema, subject.terms = host.RunSchema(), s.s.o.Store.RunTerms
		_, wrong = s.s.runSelector(ctx, req.GetText())
	case hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS:
		subject.schema, subject.terms = host.JobSchema(), s.s.jobTerms
		_, wrong = s.s.jobSelector(req.GetText())
	default:
		return nil, &host.Error{
			Code: host.Invalid, Reason: "SELECTOR_SUBJECT",
			Message: fmt.Sprintf("%s is not a subject that this host knows", req.GetSubject()),
			Remedy:  "ask for RUNS or JOBS",
		}
	}
	out, err := subject.suggest(ctx, selector.Complete(req.GetText(), int(req.GetCursor()), subject.schema))
	if err != nil {
		return nil, err
	}
	if problems := host.ProblemsOf(wrong); len(problems) > 0 {
		out.Problem = problemToWire(problems[0])
	}
	return out, nil
}
