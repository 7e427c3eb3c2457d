package api_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestExplainRun(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	res, err := f.runs.ExplainRun(t.Context(), &hostv1.ExplainRunRequest{Id: run.GetId()[:30]})
	if err != nil {
		t.Fatal(err)
	}
	if res.GetRun().GetId() != run.GetId() || res.GetRun().GetStatus() != hostv1.RunStatus_RUN_STATUS_QUEUED ||
		!strings.Contains(res.GetSummary(), "nothing starts") {
		t.Errorf("got %v", res)
	}
	blocks := 0
	for _, r := range res.GetReasons() {
		if r.GetBlocks() {
			blocks++
			if r.GetCode() != "CONCURRENCY_LIMIT" || r.GetRemedy() == "" {
				t.Errorf("it is held by %v", r)
			}
		}
	}
	if blocks != 1 || len(res.GetReasons()) < 3 {
		t.Errorf("%d of %d rules hold it, want one of several: %v", blocks, len(res.GetReasons()), res)
	}
	for _, id := range []string{"01890000-0000-7000-8000-000000000000", "../x", ""} {
		if _, err := f.runs.ExplainRun(t.Context(), &hostv1.ExplainRunRequest{Id: id}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("run %q: %v", id, err)
		}
	}
}

func TestDiagnose(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	res, err := f.host.Diagnose(t.Context(), &hostv1.DiagnoseRequest{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]hostv1.DiagnoseResponse_Level{}
	for _, c := range res.GetChecks() {
		found[c.GetArea()] = max(found[c.GetArea()], c.GetLevel())
	}
	for area, want := range map[string]hostv1.DiagnoseResponse_Level{
		"address":   hostv1.DiagnoseResponse_LEVEL_OK, // the host asks itself
		"locations": hostv1.DiagnoseResponse_LEVEL_OK,
		"clock":     hostv1.DiagnoseResponse_LEVEL_OK,
		"queue":     hostv1.DiagnoseResponse_LEVEL_WARNING,
	} {
		if found[area] != want {
			t.Errorf("%s is %v, want %v: %v", area, found[area], want, res)
		}
	}
}
