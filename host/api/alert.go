package api

import (
	"context"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// alertService serves AlertService.
type alertService struct{ s *Server }

var _ hostv1connect.AlertServiceHandler = alertService{}

// ListAlerts lists the rules, with the last messages of each: those that wait to be sent next first.
func (v alertService) ListAlerts(ctx context.Context, _ *hostv1.ListAlertsRequest) (*hostv1.ListAlertsResponse, error) {
	all, err := v.s.o.Alerts.List(ctx)
	if err != nil {
		return nil, err
	}
	out := &hostv1.ListAlertsResponse{}
	for _, s := range all {
		rule := &hostv1.AlertRule{
			Name: s.Rule.Name, When: s.Rule.When, About: s.Rule.About, Target: s.Rule.Target, Waiting: uint32(max(s.Waiting, 0)),
		}
		for i := range s.Last {
			rule.Deliveries = append(rule.Deliveries, alertToWire(&s.Last[i]))
		}
		out.Rules = append(out.Rules, rule)
	}
	return out, nil
}

func alertToWire(a *host.Alert) *hostv1.AlertDelivery {
	return &hostv1.AlertDelivery{
		RunId: string(a.Run), DueAt: timeToWire(a.DueAt), DeliveredAt: timeToWire(a.DeliveredAt),
		Tries: a.Tries, Error: valid(a.Error), GivenUp: !a.GivenUpAt.IsZero(),
	}
}

// TestAlert sends a message that says that it is a test.
func (v alertService) TestAlert(ctx context.Context, req *hostv1.TestAlertRequest) (*hostv1.TestAlertResponse, error) {
	body, refused, err := v.s.o.Alerts.Test(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	out := &hostv1.TestAlertResponse{Body: valid(body)}
	if refused != nil {
		out.Error = valid(refused.Error())
	}
	return out, nil
}
