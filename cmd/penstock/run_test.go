package main

import (
	"encoding/json"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func noRuns(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
	return &hostv1.ListRunsResponse{}, nil
}

func TestRunShow(t *testing.T) {
	host := &fakeHost{listRuns: noRuns, run: func(id string) (*hostv1.Run, error) {
		if id != "0193" {
			return nil, wireError(connect.CodeNotFound, "there is no run "+id, &hostv1.ErrorDetail{Reason: "RUN_NOT_FOUND"})
		}
		r := sampleRun(hostv1.RunStatus_RUN_STATUS_FAILURE)
		r.StatusReason = "op read failed"
		return r, nil
	}}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, url, "run", "show", "0193")
		r.want(t, exitOK, "Status:        FAILURE: op read failed", "")
		golden(t, "run_show.txt", r.out)
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, url, "run", "show", "0193", "--json")
		r.want(t, exitOK, `"status": "FAILURE"`, "")
		golden(t, "run_show.json", r.out)
	})
	t.Run("ErrUnknown", func(t *testing.T) {
		penstock(t, url, "run", "show", "0194").want(t, exitNotFound, "", "penstock: there is no run 0194\n")
	})
}

func TestRunShowOfAFamily(t *testing.T) {
	const root, parent = "01930000-0000-7000-8000-000000000001", "01930000-0000-7000-8000-000000000002"
	host := &fakeHost{
		run: func(string) (*hostv1.Run, error) {
			r := sampleRun(hostv1.RunStatus_RUN_STATUS_FAILURE)
			r.ParentRun, r.RootRun, r.RetryDue = parent, root, true
			return r, nil
		},
		listRuns: func(r *hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
			if tags := r.GetFilter().GetTags(); len(tags) != 1 || tags[0].GetKey() != "penstock/parent_run" || tags[0].GetValue() != runID {
				t.Errorf("asked for %v", r)
			}
			child := sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED)
			child.Id = "01930000-0000-7000-8000-000000000004"
			return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{child}, NextCursor: "more"}, nil
		},
	}
	r := penstock(t, host.serve(t, nil), "run", "show", "0193")
	r.want(t, exitOK, "executes run "+parent+" again, which goes back to run "+root+"; an automatic retry is due", "")
	r.want(t, exitOK, "Executed again by\n  01930000-0000-7000-8000-000000000004  QUEUED", "")
	r.want(t, exitOK, "\n  …\n", "")
}

func TestRunCancel(t *testing.T) {
	var asked *hostv1.CancelRunRequest
	host := &fakeHost{
		run: func(string) (*hostv1.Run, error) { return sampleRun(hostv1.RunStatus_RUN_STATUS_STARTED), nil },
		cancelRun: func(r *hostv1.CancelRunRequest) (*hostv1.Run, error) {
			if asked = r; r.GetForce() {
				return nil, wireError(connect.CodeFailedPrecondition, "run "+runID+" is SUCCESS already", &hostv1.ErrorDetail{Reason: "RUN_STATUS"})
			}
			return sampleRun(hostv1.RunStatus_RUN_STATUS_CANCELING), nil
		},
	}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		penstock(t, url, "run", "cancel", "0193").want(t, exitOK, "Run "+runID+" is CANCELING.\n", "")
		if asked.GetId() != runID || asked.GetForce() || asked.GetReason() == "" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		penstock(t, url, "run", "cancel", "0193", "--json").want(t, exitOK, `"status": "CANCELING"`, "")
	})
	t.Run("ErrFinal", func(t *testing.T) {
		penstock(t, url, "run", "cancel", "0193", "--force").want(t, exitRejected, "", "is SUCCESS already")
	})
}

func TestRunDelete(t *testing.T) {
	deleted := ""
	host := &fakeHost{
		run: func(id string) (*hostv1.Run, error) {
			if id == "0194" {
				return nil, wireError(connect.CodeInvalidArgument, `the beginning "0194" is that of 2 runs`, &hostv1.ErrorDetail{Reason: "AMBIGUOUS"})
			}
			return sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS), nil
		},
		deleteRun: func(id string) error { deleted = id; return nil },
	}
	url := host.serve(t, nil)
	penstock(t, url, "run", "delete", "0193").want(t, exitOK, "Run "+runID+" is deleted.\n", "")
	if deleted != runID {
		t.Errorf("deleted %q, want the full id", deleted)
	}
	penstock(t, url, "run", "delete", "0193", "--json").want(t, exitOK, "\"deleted\": true", "")
	penstock(t, url, "run", "delete", "0194").want(t, exitRejected, "", "is that of 2 runs")
}

func TestRunList(t *testing.T) {
	var asked *hostv1.ListRunsRequest
	host := &fakeHost{listRuns: func(r *hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
		if asked = r; r.GetPageCursor() == "end" {
			return &hostv1.ListRunsResponse{}, nil
		}
		return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{
			sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS), sampleRun(hostv1.RunStatus_RUN_STATUS_QUEUED), sampleRun(hostv1.RunStatus(9)),
		}, NextCursor: "c 2"}, nil
	}}
	url := host.serve(t, nil)
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, url, "run", "list")
		r.want(t, exitOK, "team=data, who=me=you", "There are more: penstock run list --cursor 'c 2'\n")
		if asked.GetPageSize() != 25 {
			t.Errorf("page size %d", asked.GetPageSize())
		}
	})
	t.Run("Filter", func(t *testing.T) {
		r := penstock(t, url, "run", "list", "--tag", "team=a b", "--tag", "x=y=z", "--job", "report", "--status", "success,failure", "--limit", "3")
		r.want(t, exitOK, "", "penstock run list --tag 'team=a b' --tag x=y=z --job report --status success --status failure --limit 3 --cursor 'c 2'\n")
		f := asked.GetFilter()
		if len(f.GetTags()) != 2 || f.GetTags()[1].GetKey() != "x" || f.GetTags()[1].GetValue() != "y=z" || f.GetJob() != "report" ||
			len(f.GetStatuses()) != 2 || f.GetStatuses()[1] != hostv1.RunStatus_RUN_STATUS_FAILURE || asked.GetPageSize() != 3 {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, url, "run", "list", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "run_list.json", r.out)
		var list struct {
			Runs []struct {
				Status string `json:"status"`
				Tags   []struct {
					Origin string `json:"origin"`
				} `json:"tags"`
			} `json:"runs"`
			NextCursor string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(r.out), &list); err != nil {
			t.Fatal(err)
		}
		if list.NextCursor != "c 2" || list.Runs[0].Status != "SUCCESS" || list.Runs[0].Tags[0].Origin != "system" || list.Runs[2].Status != "UNKNOWN_9" {
			t.Errorf("got %+v", list)
		}
	})
	t.Run("Empty", func(t *testing.T) {
		penstock(t, url, "run", "list", "--cursor", "end", "--json").want(t, exitOK, "{\n  \"runs\": [],\n  \"next_cursor\": \"\"\n}\n", "")
		penstock(t, url, "run", "list", "--cursor", "end").want(t, exitOK, "", "There are no runs. Launch one with")
		penstock(t, url, "run", "list", "--cursor", "end", "--job", "x").want(t, exitOK, "", "No run matches.")
	})
	t.Run("ErrUsage", func(t *testing.T) {
		for want, args := range map[string][]string{
			`--status "done" is none of QUEUED, WAITING_FOR_CODE, STARTING, STARTED, CANCELING, SUCCESS, FAILURE, CANCELED`: {"--status", "done"},
			`--tag "team": write key=value; for a tag without a value, team=`:                                               {"--tag", "team"},
			`--limit 0: it is 1 to 1000`:                           {"--limit", "0"},
			`--limit 1001: it is 1 to 1000`:                        {"--limit", "1001"},
			`unknown flag: --stauts; see penstock run list --help`: {"--stauts", "x"},
			`unknown command "all" for "penstock run list"`:        {"all"},
		} {
			penstock(t, url, append([]string{"run", "list"}, args...)...).want(t, exitUsage, "", want)
		}
	})
}
