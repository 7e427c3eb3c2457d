package main

import (
	"slices"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestRunRepoint(t *testing.T) {
	const other = "01933f6e-7b1c-7d2a-9f00-000000000002"
	var asked *hostv1.RepointRunsRequest
	host := &fakeHost{repoint: func(r *hostv1.RepointRunsRequest) (*hostv1.RepointRunsResponse, error) {
		asked = r
		res := &hostv1.RepointRunsResponse{
			To: &hostv1.JobName{Location: "etl", Repository: "tutorial", Job: "new"}, Runs: []*hostv1.RepointedRun{{Id: runID}},
		}
		switch r.GetTo() {
		case "strict":
			res.Runs = append(res.Runs, &hostv1.RepointedRun{Id: other, Error: "the run does not fit job new: 1 problem\n  config n: \x1b[31mno such field"})
			res.Left = 2
		case "idle":
			res.Runs = nil
		case "gone":
			return nil, wireError(connect.CodeNotFound, "there is no job \"gone\"", &hostv1.ErrorDetail{Reason: "JOB_NOT_FOUND"})
		}
		return res, nil
	}}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, url, "run", "repoint", "--job", "etl/tutorial/old", "--to", "new", "0193", "0194")
		r.want(t, exitOK, runID+"  re-pointed\n", "")
		if asked.GetJob() != "etl/tutorial/old" || asked.GetTo() != "new" || asked.GetDryRun() || !slices.Equal(asked.GetIds(), []string{"0193", "0194"}) {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("DryRun", func(t *testing.T) {
		penstock(t, url, "run", "repoint", "--job", "old", "--to", "new", "--dry-run").want(t, exitOK, "would be re-pointed", "")
		if !asked.GetDryRun() {
			t.Error("it was asked to do it")
		}
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, url, "run", "repoint", "--job", "old", "--to", "strict", "--json")
		r.want(t, exitRejected, `"repointed": true`, "1 of 2 runs not re-pointed to etl/tutorial/new")
		golden(t, "run_repoint.json", r.out)
	})
	t.Run("SomeStay", func(t *testing.T) {
		r := penstock(t, url, "run", "repoint", "--job", "old", "--to", "strict")
		r.want(t, exitRejected, "stays", "2 more wait. Run the same command again for them.")
		golden(t, "run_repoint.txt", r.out)
	})
	t.Run("None", func(t *testing.T) {
		penstock(t, url, "run", "repoint", "--job", "old", "--to", "idle").want(t, exitOK, "", "No run of that job waits for its code.\n")
	})
	t.Run("ErrNoSuchJob", func(t *testing.T) {
		penstock(t, url, "run", "repoint", "--job", "old", "--to", "gone").want(t, exitNotFound, "", "there is no job")
	})
	t.Run("ErrUsage", func(t *testing.T) {
		penstock(t, url, "run", "repoint", "--job", "old").want(t, exitUsage, "", "--to is missing")
		penstock(t, url, "run", "repoint", "--to", "new").want(t, exitUsage, "", "name the runs")
	})
}

func TestRunShowOfOneThatWaits(t *testing.T) {
	host := &fakeHost{listRuns: noRuns, run: func(string) (*hostv1.Run, error) {
		r := sampleRun(hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE)
		r.StatusReason = "code location etl has no job tutorial/report now"
		r.LaunchedJob = &hostv1.JobName{Location: "etl", Repository: "tutorial", Job: "old"}
		return r, nil
	}}
	r := penstock(t, host.serve(t, nil), "run", "show", "0193")
	r.want(t, exitOK, "it fails if that has not come by 2026-11-03 14:02:05", "")
	golden(t, "run_show_waiting.txt", r.out)
}

func TestRunListByCode(t *testing.T) {
	var asked *hostv1.RunFilter
	host := &fakeHost{listRuns: func(r *hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
		asked = r.GetFilter()
		if len(asked.GetTags()) > 0 {
			return nil, wireError(connect.CodeInvalidArgument, "no run can have such a tag", &hostv1.ErrorDetail{
				Reason: "TAG", Problems: []*hostv1.Problem{{Field: "tags", Path: "no way", Message: `tag "no way": its name holds ' '`}},
			})
		}
		if asked.GetSnapshot() == "" {
			return &hostv1.ListRunsResponse{}, nil
		}
		run := sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS)
		run.CodeVersion = "v 2"
		return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{run}, NextCursor: "next"}, nil
	}}
	url := host.serve(t, nil)
	penstock(t, url, "run", "list", "--location", "etl", "--code-version", "v 2", "--snapshot", "0123").want(t, exitOK, runID,
		"There are more: penstock run list --location etl --code-version 'v 2' --snapshot 0123 --cursor next\n")
	if asked.GetLocation() != "etl" || asked.GetCodeVersion() != "v 2" || asked.GetSnapshot() != "0123" {
		t.Errorf("asked for %v", asked)
	}
	penstock(t, url, "run", "list", "--code-version", "v3").want(t, exitOK, "", "No run matches.\n")
	for _, passedOver := range [][]string{{"--location", "ml"}, {"--code-version", "v3"}, {"--snapshot", "9999"}} {
		older := &fakeHost{listRuns: func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
			return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS)}}, nil
		}}
		r := penstock(t, older.serve(t, nil), append([]string{"run", "list"}, passedOver...)...)
		r.want(t, exitFailure, "", "is too old to find runs by --location, --code-version or --snapshot\nLeave them out, or upgrade the host.\n")
		if r.out != "" {
			t.Errorf("%q: printed runs that were not asked for:\n%s", passedOver, r.out)
		}
	}
	for _, started := range [][]string{{"--code-version", "1.5.0"}, {"--snapshot", "FEDC"}, {"--location", "etl"}} {
		newer := &fakeHost{listRuns: func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
			return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS)}}, nil
		}}
		penstock(t, newer.serve(t, nil), append([]string{"run", "list"}, started...)...).want(t, exitOK, runID, "")
	}
	penstock(t, url, "run", "list", "--tag", "no way=x").want(t, exitRejected, "", `tag "no way": its name holds`)
}
