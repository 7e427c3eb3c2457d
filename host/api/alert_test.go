package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestAlerts(t *testing.T) {
	refuse := false
	asked := make(chan struct{}, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if refuse {
			http.Error(w, "no \x1b[31mroom", http.StatusInternalServerError)
			return
		}
		asked <- struct{}{}
	}))
	defer receiver.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	var alerter *alert.Alerter
	f, _ := withPeer(t, settings{idle: true, options: func(o *api.Options) {
		rule, problems := alert.NewRule(alert.RuleText{Name: "canceled", When: "status=canceled", URL: receiver.URL + "/hunter2"}, nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		alerter = alert.New(alert.Options{
			Store: o.Store, Feed: o.Feed, Rules: []alert.Rule{rule}, Address: o.Identity.Advertised, Transport: transport,
			NewID: func() string { return strings.Repeat("0", 32) }, Clock: o.Clock, Logger: slog.New(slog.DiscardHandler), Metrics: alert.NewMetrics(),
		})
		o.Alerts = alerter
	}}, hosttest.Current())
	if err := alerter.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer alerter.Stop()
	list := func() *hostv1.AlertRule {
		t.Helper()
		res, err := f.alerts.ListAlerts(t.Context(), &hostv1.ListAlertsRequest{})
		if err != nil || len(res.GetRules()) != 1 {
			t.Fatalf("ListAlerts = %v, %v", res, err)
		}
		return res.GetRules()[0]
	}
	if r := list(); r.GetName() != "canceled" || r.GetWhen() != "status=canceled" || r.GetAbout() != "ended" ||
		r.GetTarget() != "webhook "+strings.TrimPrefix(receiver.URL, "http://") || len(r.GetDeliveries()) != 0 {
		t.Errorf("the rule is %v", r)
	}
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId()}); err != nil {
		t.Fatal(err)
	}
	<-asked
	if d := list().GetDeliveries(); len(d) != 1 || d[0].GetRunId() != run.GetId() || d[0].GetDueAt() == nil {
		t.Errorf("the messages are %v", d)
	}

	test, err := f.alerts.TestAlert(t.Context(), &hostv1.TestAlertRequest{Name: "canceled"})
	if err != nil || test.GetError() != "" || !strings.Contains(test.GetBody(), "This is a test") {
		t.Errorf("TestAlert = %v, %v", test, err)
	}
	refuse = true
	test, err = f.alerts.TestAlert(t.Context(), &hostv1.TestAlertRequest{Name: "canceled"})
	if err != nil || !strings.Contains(test.GetError(), "answers 500 Internal Server Error: no \ufffd[31mroom") || strings.Contains(test.GetError(), "hunter2") {
		t.Errorf("TestAlert that is refused = %v, %v", test, err)
	}
	_, err = f.alerts.TestAlert(t.Context(), &hostv1.TestAlertRequest{Name: "other"})
	if code, _ := detail(t, err); code != connect.CodeNotFound {
		t.Errorf("TestAlert of no rule = %v", err)
	}
}
