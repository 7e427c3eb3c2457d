package main

import (
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func sampleAlerts() *hostv1.ListAlertsResponse {
	at := timestamppb.New(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	return &hostv1.ListAlertsResponse{Rules: []*hostv1.AlertRule{
		{Name: "etl", When: "status=failure", About: "ended", Target: "webhook hooks.example.org", Deliveries: []*hostv1.AlertDelivery{{RunId: "r", DueAt: at, DeliveredAt: at, Tries: 1}}},
		{Name: "down", When: "team=etl", About: "ended", Target: "webhook b", Waiting: 7, Deliveries: []*hostv1.AlertDelivery{{RunId: "r", DueAt: at, Tries: 3, Error: "b answers 500: " + hostile}}},
		{Name: "gone", About: "not started after 15m", Target: "mail to a@b.c", Deliveries: []*hostv1.AlertDelivery{{RunId: "r", DueAt: at, Tries: 9, Error: "no", GivenUp: true}}},
		{Name: "new", When: "a=b", About: "ended", Target: "webhook c", Waiting: 1, Deliveries: []*hostv1.AlertDelivery{{RunId: "r", DueAt: at}}},
		{Name: "none", When: "a=b", About: "ended", Target: "webhook d"},
	}}
}

func TestAlertList(t *testing.T) {
	h := &fakeHost{alerts: func() (*hostv1.ListAlertsResponse, error) { return sampleAlerts(), nil }}
	url := h.serve(t, nil)
	got := penstock(t, url, "alert", "list")
	got.want(t, 0, "", "")
	golden(t, "alert_list.txt", got.out)
	got = penstock(t, url, "alert", "list", "--json")
	got.want(t, 0, "", "")
	golden(t, "alert_list.json", got.out)
	h.alerts = func() (*hostv1.ListAlertsResponse, error) { return &hostv1.ListAlertsResponse{}, nil }
	penstock(t, url, "alert", "list").want(t, 0, "", "There are no alerts.")
}

func TestAlertTest(t *testing.T) {
	answer := &hostv1.TestAlertResponse{Body: "This is a test."}
	h := &fakeHost{testAlert: func(name string) (*hostv1.TestAlertResponse, error) {
		if name != "etl" {
			return nil, connect.NewError(connect.CodeNotFound, "there is no such alert")
		}
		return answer, nil
	}}
	url := h.serve(t, nil)
	penstock(t, url, "alert", "test", "etl").want(t, 0, "The receiver took:\nThis is a test.\n", "")
	penstock(t, url, "alert", "test", "etl", "--json").want(t, 0, `"delivered": true`, "")
	penstock(t, url, "alert", "test", "other").want(t, exitNotFound, "", "there is no such alert")
	penstock(t, url, "alert", "test").want(t, exitUsage, "", "accepts 1 arg")
	answer = &hostv1.TestAlertResponse{Body: "This is a test.", Error: "b answers 500"}
	penstock(t, url, "alert", "test", "etl").want(t, exitFailure, "", "penstock: the test was not taken: b answers 500\n")
	penstock(t, url, "alert", "test", "etl", "--json").want(t, exitFailure, `"delivered": false`, "b answers 500")
}
