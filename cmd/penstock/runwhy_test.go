package main

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func sampleExplanation() *hostv1.ExplainRunResponse {
	return &hostv1.ExplainRunResponse{
		Run: sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED), Summary: "all 2 slots are taken by runs in progress",
		Reasons: []*hostv1.ExplainRunResponse_Reason{
			{Code: "CODE_READY", Message: "code location etl answers and has a job that the run fits"},
			{Code: "BACK_OFF", Blocks: true, Message: "1 start failed for now:\nit is stopping", Until: at(9)},
			{
				Code: "CONCURRENCY_LIMIT", Blocks: true, Message: "all 2 slots are taken by runs in progress", Remedy: "Wait for one of them to end.",
				RunIds: []string{"0192a3b4-0000-7000-8000-000000000001", "0192a3b4-0000-7000-8000-000000000002"},
			},
			{Code: "OP_RUNNING", Message: "op read runs", OpPath: "read", Since: at(3), Until: at(4)},
		},
	}
}

func TestRunWhy(t *testing.T) {
	var asked string
	answer, failure := sampleExplanation(), error(nil)
	url := (&fakeHost{explain: func(id string) (*hostv1.ExplainRunResponse, error) {
		asked = id
		return answer, failure
	}}).serve(t, nil)
	t.Run("Text", func(t *testing.T) {
		r := penstock(t, url, "run", "why", "0192a3b4")
		r.want(t, exitOK, "What holds it", "")
		golden(t, "run_why.txt", r.out)
		if asked != "0192a3b4" {
			t.Errorf("asked for %q", asked)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		golden(t, "run_why.json", penstock(t, url, "run", "why", "0192a3b4", "--json").out)
	})
	t.Run("NothingHolds", func(t *testing.T) {
		answer = &hostv1.ExplainRunResponse{
			Run: sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS), Summary: "the run succeeded",
			Reasons: []*hostv1.ExplainRunResponse_Reason{{Code: "CAUSE", Message: "the run succeeded"}},
		}
		r := penstock(t, url, "run", "why", "0192a3b4")
		r.want(t, exitOK, "Looked at\n  CAUSE\n", "")
		if strings.Contains(r.out, "What holds it") {
			t.Errorf("a run that has ended is held:\n%s", r.out)
		}
	})
	t.Run("Hostile", func(t *testing.T) {
		answer = &hostv1.ExplainRunResponse{
			Run: sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED), Summary: "\x1b[2Ja\nRun: b",
			Reasons: []*hostv1.ExplainRunResponse_Reason{{Code: "\x1b[31m", Blocks: true, Message: "a\nWhat holds it\x1b[0m", Remedy: "\x07\u202e"}},
		}
		r := penstock(t, url, "run", "why", "0192a3b4")
		if strings.ContainsAny(r.out, "\x1b\x07\u202e") || strings.Count(r.out, "\nWhat holds it") != 1 || strings.Count(r.out, "Run:") != 2 {
			t.Errorf("text of others acts:\n%q", r.out)
		}
	})
	t.Run("ErrNoRun", func(t *testing.T) {
		failure = wireError(connect.CodeNotFound, "there is no run", &hostv1.ErrorDetail{Reason: "RUN_NOT_FOUND"})
		penstock(t, url, "run", "why", "0192a3b4").want(t, exitNotFound, "", "there is no run")
	})
	t.Run("ErrUsage", func(t *testing.T) {
		penstock(t, url, "run", "why").want(t, exitUsage, "", "accepts 1 arg(s)")
	})
}
