package main

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// selecting is a host that reads selectors, and says of those with an x what is wrong at its column.
func selecting(asked *string) *fakeHost {
	refuse := func(where string) error {
		*asked = where
		before, _, wrong := strings.Cut(where, "x")
		if !wrong {
			return nil
		}
		column := uint32(len([]rune(before))) + 1
		return wireError(connect.CodeInvalidArgument, "this is not a selector", &hostv1.ErrorDetail{
			Reason: "SELECTOR", Remedy: "Correct it.",
			Problems: []*hostv1.Problem{{Field: "where", Column: column, Message: "an x"}, {Field: "where", Column: 2, Message: "another"}},
		})
	}
	return &fakeHost{
		complete: func(r *hostv1.CompleteSelectorRequest) *hostv1.CompleteSelectorResponse {
			text, _, _ := strings.Cut(r.GetText(), "=")
			suggestion := &hostv1.CompleteSelectorResponse_Suggestion{Text: `"data team"`, Count: 12}
			if r.GetSubject() == hostv1.SelectorSubject_SELECTOR_SUBJECT_JOBS {
				suggestion.Text = "jobs"
			}
			return &hostv1.CompleteSelectorResponse{
				From: uint32(len([]rune(text))) + 1, To: r.GetCursor(),
				Suggestions: []*hostv1.CompleteSelectorResponse_Suggestion{suggestion},
			}
		},
		listRuns: func(r *hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
			return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS)}, NextCursor: "c"}, refuse(r.GetFilter().GetWhere())
		},
		countRuns: func(r *hostv1.CountRunsRequest) (*hostv1.CountRunsResponse, error) {
			return &hostv1.CountRunsResponse{Total: 12, Statuses: []*hostv1.CountRunsResponse_StatusCount{
				{Status: hostv1.RunStatus_RUN_STATUS_STARTED, Count: 2}, {Status: hostv1.RunStatus_RUN_STATUS_FAILURE, Count: 10},
			}}, refuse(r.GetFilter().GetWhere())
		},
		listJobs: func(r *hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error) {
			return &hostv1.ListJobsResponse{MetadataHidden: 3}, refuse(r.GetWhere())
		},
	}
}

func TestWhere(t *testing.T) {
	var asked string
	url := selecting(&asked).serve(t, nil)
	const where = `team=etl and status=failure`
	for _, c := range []struct {
		args     []string
		out, err string
	}{
		{[]string{"run", "list", "--job", "report"}, "SUCCESS", "penstock run list --where 'team=etl and status=failure' --job report --cursor c\n"},
		{[]string{"run", "count"}, "STATUS   RUNS\nSTARTED  2\nFAILURE  10\nall      12\n", ""},
		{[]string{"run", "count", "--json"}, `"total": 12,`, ""},
		{[]string{"job", "list"}, "", "The metadata of 3 jobs is not shown, and the selector was answered as if there were none; penstock job show says why.\nNo job matches.\n"},
		{[]string{"job", "list", "--json"}, `"metadata_hidden": 3`, ""},
	} {
		penstock(t, url, append(c.args, "--where", where)...).want(t, exitOK, c.out, c.err)
		if asked != where {
			t.Errorf("%v: asked for %q", c.args, asked)
		}
	}
}

func TestWhereErrors(t *testing.T) {
	var asked string
	url := selecting(&asked).serve(t, nil)
	for _, command := range []string{"run list", "run count", "job list"} {
		penstock(t, url, append(strings.Split(command, " "), "--where", "日本=x and\ta=1")...).want(t, exitRejected, "", "penstock: this is not a selector\n"+
			"  日本=x and\\ta=1\n"+
			"    ^  ^\n"+
			"  column 4: an x\n"+
			"  column 2: another\n"+
			"Correct it.\n")
	}
	penstock(t, url, "run", "list", "--where", "a=x"+strings.Repeat(" ", 200)).want(t, exitRejected, "", "penstock: this is not a selector\n  column 3: an x\n")
}

// TestWhereIsGivenOnce: of two, one would be passed over, and more runs would be deleted than are meant.
func TestWhereIsGivenOnce(t *testing.T) {
	for _, command := range []string{"run list", "run count", "job list", "run delete", "run tag k=v", "run cancel", "run reexecute"} {
		penstock(t, "127.0.0.1:1", append(strings.Split(command, " "), "--where", "a", "--where", "b")...).want(t, exitUsage, "",
			`penstock: --where "b": it is given twice; give it once, with and between what has to be true; see penstock `)
	}
}

// A host that does not know selectors would pass over them.
func TestWhereNeedsAHostThatKnowsIt(t *testing.T) {
	var asked string
	host := selecting(&asked)
	host.complete = nil
	host.getHost = func() (*hostv1.Host, error) { return &hostv1.Host{Version: "1.0.0"}, nil }
	url := host.serve(t, nil)
	for _, command := range []string{"run list", "job list"} {
		penstock(t, url, append(strings.Split(command, " "), "--where", "a")...).want(t, exitFailure, "", "is too old for selectors\nLeave --where out, or upgrade the host.\n")
	}
	if asked != "" {
		t.Errorf("asked for %q", asked)
	}
}

func TestWhereCompletion(t *testing.T) {
	var asked string
	t.Setenv("PENSTOCK_HOST", selecting(&asked).serve(t, nil))
	for _, c := range []struct{ command, want string }{
		{"run list", "ü=\"data team\"\t12\n:38"},
		{"run count", "ü=\"data team\"\t12\n:38"},
		{"job list", "ü=jobs\t12\n:38"},
	} {
		r := penstock(t, "", append(append([]string{"__complete"}, strings.Split(c.command, " ")...), "--where", "ü=d")...)
		if !strings.HasPrefix(r.out, c.want) {
			t.Errorf("%s completes to\n%s\nwant\n%s", c.command, r.out, c.want)
		}
	}
}
