package main

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

func TestReexecute(t *testing.T) {
	const all, failure, selected = hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_ALL,
		hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_FROM_FAILURE, hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_SELECTED
	var asked *hostv1.LaunchRunRequest
	host := &fakeHost{launchRun: func(r *hostv1.LaunchRunRequest) (*hostv1.Run, error) { asked = r; return queued(r) }}
	url := host.serve(t, nil)
	for name, c := range map[string]struct {
		args     []string
		strategy hostv1.ReexecutionStrategy
	}{
		"Default":     {nil, failure},
		"FromFailure": {[]string{"--from-failure"}, failure},
		"All":         {[]string{"--all"}, all},
		"Ops":         {[]string{"--ops", "parse[a]*"}, selected},
	} {
		t.Run(name, func(t *testing.T) {
			r := penstock(t, url, append([]string{"run", "reexecute", "0193", "--tag", "a=b", "--without-tag", "team"}, c.args...)...)
			r.want(t, exitOK, "Run "+runID+" of etl/tutorial/report is QUEUED.\n", "")
			again := asked.GetReexecution()
			if again.GetRunId() != "0193" || again.GetStrategy() != c.strategy || !again.GetKeepConfig() || !again.GetKeepTags() ||
				len(again.GetWithoutTags()) != 1 || again.GetWithoutTags()[0] != "team" || len(asked.GetTags()) != 1 || asked.GetJob() != "" {
				t.Errorf("asked for %v", asked)
			}
			if c.strategy == selected && asked.GetOpSelection() != "parse[a]*" {
				t.Errorf("asked for %v", asked)
			}
		})
	}
	t.Run("AnotherConfig", func(t *testing.T) {
		penstockIn(t.Context(), url, strings.NewReader("x: 1"), "run", "reexecute", "0193", "--config", "-").want(t, exitOK, "", "")
		if asked.GetConfigYaml() != "x: 1" || asked.GetReexecution().GetKeepConfig() {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("ErrUsage", func(t *testing.T) {
		for _, args := range [][]string{{"--all", "--from-failure"}, {"--all", "--ops", "a"}, {"--ops", "a", "--from-failure"}} {
			penstock(t, url, append([]string{"run", "reexecute", "0193"}, args...)...).want(t, exitUsage, "", "give one of them")
		}
		penstock(t, url, "run", "reexecute", "0193", "--ops", "").want(t, exitUsage, "", "--ops is empty")
		penstock(t, url, "run", "reexecute").want(t, exitUsage, "", "it is not said which run")
	})
}

func TestReexecuteDryRun(t *testing.T) {
	answer := &hostv1.PreviewRunResponse{
		Job: &hostv1.JobName{Location: "etl", Repository: "tutorial", Job: "report"}, OpSelection: "write, parse[b]",
		OpPaths: []string{"parse[b]", "write\x1b[2J"}, CodeVersion: "v2",
		TakenOutputs:      []*hostv1.TakenOutput{{OpPath: "list", RunId: runID, Size: 1234}, {OpPath: "parse[a]", RunId: runID, Size: 5}},
		DefinitionChanges: []string{"ops added: write"}, Notes: []string{"The run will wait for its code."},
	}
	host := &fakeHost{preview: func(*hostv1.LaunchRunRequest) (*hostv1.PreviewRunResponse, error) { return answer, nil }}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, url, "run", "reexecute", "0193", "--dry-run")
		r.want(t, exitOK, "", "The run will wait for its code.\n")
		golden(t, "run_reexecute_dry.txt", r.out)
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, url, "run", "reexecute", "0193", "--dry-run", "--json")
		r.want(t, exitOK, `"op_selection": "write, parse[b]"`, "")
		golden(t, "run_reexecute_dry.json", r.out)
	})
	t.Run("Launch", func(t *testing.T) {
		r := penstock(t, url, "launch", "report", "--inputs-from", "0193", "--op-selection", "write", "--dry-run")
		r.want(t, exitOK, "Outputs that are taken", "The run will wait for its code.\n")
	})
	t.Run("TagsAndConfig", func(t *testing.T) {
		answer.Tags = []*tagv1.Tag{{Key: "month", Value: "2026-11", Origin: tagv1.Origin_ORIGIN_PARTITION}, {Key: "penstock/job", Value: "report", Origin: tagv1.Origin_ORIGIN_SYSTEM}}
		answer.ConfigYaml = "config:\n  daily:\n    since: \x1b[2J\n"
		r := penstock(t, url, "launch", "report", "--partition", "2026-11-01", "--dry-run")
		r.want(t, exitOK, "Tags:  month=2026-11\n", "The run will wait for its code.\n")
		r.want(t, exitOK, "\nRun config\n  config:\n    daily:\n      since: ", "The run will wait for its code.\n")
		if strings.Contains(r.out, "\x1b") || strings.Contains(r.out, "penstock/job") {
			t.Errorf("it printed %q", r.out)
		}
	})
	t.Run("ErrProblems", func(t *testing.T) {
		answer.Problems = []*hostv1.Problem{{Field: "op_selection", Path: "write", Message: "input x comes from y"}}
		r := penstock(t, url, "run", "reexecute", "0193", "--dry-run")
		r.want(t, exitRejected, "Ops to execute", "penstock: job etl/tutorial/report cannot be launched like this\n  op selection: input x comes from y\n")
	})
}

func TestReexecuteRejected(t *testing.T) {
	host := &fakeHost{launchRun: func(*hostv1.LaunchRunRequest) (*hostv1.Run, error) {
		return nil, wireError(connect.CodeFailedPrecondition, "nothing failed", &hostv1.ErrorDetail{Reason: "NOTHING_FAILED", Remedy: "Execute all of it again."})
	}}
	penstock(t, host.serve(t, nil), "run", "reexecute", "0193").want(t, exitRejected, "", "penstock: nothing failed\nExecute all of it again.\n")
}
