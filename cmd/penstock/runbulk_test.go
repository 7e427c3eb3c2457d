package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

const bulkID = "01933f6e-7b1c-7d2a-9f00-0000000000b1"

// bulkHost has one action, which goes on in a few steps.
type bulkHost struct {
	hostv1connect.UnimplementedBulkServiceHandler

	preview *hostv1.PreviewBulkResponse
	// steps are what watches see, one stream after the other; an error breaks it.
	steps   [][]*hostv1.Bulk
	started []*hostv1.StartBulkRequest
	stopped []string
	list    []*hostv1.Bulk
}

func (h *bulkHost) serve(t *testing.T) string {
	t.Helper()
	rpc := connect.NewServer()
	hostv1connect.RegisterBulkServiceHandler(rpc, h)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func (h *bulkHost) PreviewBulk(context.Context, *hostv1.PreviewBulkRequest) (*hostv1.PreviewBulkResponse, error) {
	return h.preview, nil
}

func (h *bulkHost) StartBulk(_ context.Context, r *hostv1.StartBulkRequest) (*hostv1.StartBulkResponse, error) {
	h.started = append(h.started, r)
	return &hostv1.StartBulkResponse{Bulk: sampleBulk(hostv1.BulkState_BULK_STATE_RUNNING, 0, 0)}, nil
}

func (h *bulkHost) WatchBulk(_ context.Context, r *hostv1.WatchBulkRequest, stream hostv1connect.BulkServiceWatchBulkServerStream) error {
	if r.GetId() != bulkID || len(h.steps) == 0 {
		return wireError(connect.CodeNotFound, "there is no such action", &hostv1.ErrorDetail{Reason: "BULK_NOT_FOUND"})
	}
	steps := h.steps[0]
	h.steps = h.steps[1:]
	for _, b := range steps {
		if b == nil {
			return wireError(connect.CodeUnavailable, "the host is stopping", &hostv1.ErrorDetail{Reason: "HOST_STOPPING"})
		}
		if err := stream.Send(&hostv1.WatchBulkResponse{Bulk: b}); err != nil {
			return err
		}
	}
	return nil
}

func (h *bulkHost) ListBulks(_ context.Context, r *hostv1.ListBulksRequest) (*hostv1.ListBulksResponse, error) {
	if r.GetPageCursor() == "" && len(h.list) > 1 {
		return &hostv1.ListBulksResponse{Bulks: h.list[:1], NextCursor: "more"}, nil
	}
	return &hostv1.ListBulksResponse{Bulks: h.list[min(len(h.list), 1):]}, nil
}

func (h *bulkHost) GetBulk(_ context.Context, r *hostv1.GetBulkRequest) (*hostv1.GetBulkResponse, error) {
	for _, b := range h.list {
		if b.GetId() == r.GetId() {
			return &hostv1.GetBulkResponse{Bulk: b}, nil
		}
	}
	return nil, wireError(connect.CodeNotFound, "there is no such action", &hostv1.ErrorDetail{Reason: "BULK_NOT_FOUND"})
}

func (h *bulkHost) StopBulk(_ context.Context, r *hostv1.StopBulkRequest) (*hostv1.StopBulkResponse, error) {
	h.stopped = append(h.stopped, r.GetId())
	return &hostv1.StopBulkResponse{Bulk: sampleBulk(hostv1.BulkState_BULK_STATE_STOPPED, 3, 0)}, nil
}

// sampleBulk deletes 5 runs.
func sampleBulk(state hostv1.BulkState, changed, failed uint64) *hostv1.Bulk {
	b := &hostv1.Bulk{
		Id: bulkID, State: state, By: "ada" + hostile, CreatedAt: at(0), Selected: 5, Changed: changed, Failed: failed,
		Action: &hostv1.BulkAction{Filter: &hostv1.RunFilter{Where: "env=dev"}, Action: &hostv1.BulkAction_Delete{Delete: &hostv1.BulkDelete{}}},
	}
	if state != hostv1.BulkState_BULK_STATE_RUNNING {
		b.EndedAt, b.PassedOver = at(2), 5-changed-failed
	}
	for range failed {
		b.Failures = append(b.Failures, &hostv1.BulkFailure{RunId: runID, Message: "it refuses\n  " + hostile})
	}
	return b
}

var fivePreview = &hostv1.PreviewBulkResponse{Selected: 5, PassedOver: 1, Sample: []*hostv1.Run{sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS)}}

func TestRunsByWhere(t *testing.T) {
	running, done := hostv1.BulkState_BULK_STATE_RUNNING, hostv1.BulkState_BULK_STATE_DONE
	newHost := func(last *hostv1.Bulk) *bulkHost {
		return &bulkHost{preview: fivePreview, steps: [][]*hostv1.Bulk{{sampleBulk(running, 0, 0), sampleBulk(running, 2, 0), nil}, {last}}}
	}
	t.Run("OK", func(t *testing.T) {
		h := newHost(sampleBulk(done, 4, 0))
		r := penstock(t, h.serve(t), "run", "delete", "--where", "env=dev", "--yes")
		r.want(t, exitOK, "4 changed, 1 passed over, 0 refused", "Trying again until it answers")
		r.want(t, exitOK, "", "The host answers again.")
		if len(h.started) != 1 || h.started[0].GetAction().GetFilter().GetWhere() != "env=dev" || h.started[0].GetAction().GetDelete() == nil || len(h.started[0].GetRequestId()) != 32 {
			t.Errorf("it asked for %v", h.started)
		}
	})
	t.Run("SomeRefuse", func(t *testing.T) {
		r := penstock(t, newHost(sampleBulk(done, 2, 2)).serve(t), "run", "delete", "--where", "env=dev", "--yes")
		r.want(t, exitFailure, "2 changed, 1 passed over, 2 refused", "2 runs refused")
		golden(t, "run_delete_where.txt", r.out)
	})
	t.Run("Stopped", func(t *testing.T) {
		r := penstock(t, newHost(sampleBulk(hostv1.BulkState_BULK_STATE_STOPPED, 2, 0)).serve(t), "run", "delete", "--where", "env=dev", "--yes")
		r.want(t, exitFailure, "2 changed", "ended early: somebody stopped it")
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, newHost(sampleBulk(done, 2, 2)).serve(t), "run", "delete", "--where", "env=dev", "--yes", "--json")
		r.want(t, exitFailure, `"changed": 2`, "2 runs refused")
		golden(t, "run_delete_where.json", r.out)
	})
	t.Run("DryRun", func(t *testing.T) {
		h := newHost(nil)
		r := penstock(t, h.serve(t), "run", "cancel", "--all-runs", "--force", "--dry-run")
		r.want(t, exitOK, runID, "This would kill 4 runs (all runs, 5, selected; 1 passed over, to which it does not apply).")
		r.want(t, exitOK, "", "… and 3 more, which are older.")
		r = penstock(t, h.serve(t), "run", "reexecute", "--where", "a", "--all", "--dry-run", "--json")
		r.want(t, exitOK, `"what": "execute again each run"`, "")
		if len(h.started) > 0 {
			t.Errorf("it began %v", h.started)
		}
	})
	t.Run("Tag", func(t *testing.T) {
		h := newHost(sampleBulk(done, 4, 0))
		penstock(t, h.serve(t), "run", "tag", "--where", "env=dev", "a=b=c", "d=", "--remove", "e", "--by", "bob", "--yes").want(t, exitOK, "4 changed", "The host answers again.")
		if len(h.started) != 1 || h.started[0].GetBy() != "bob" {
			t.Fatalf("it asked for %v", h.started)
		}
		if got := tagEditText(h.started[0].GetAction().GetTag()); got != "set a=b=c, d= on, and remove e from, " {
			t.Errorf("it would %s", got)
		}
	})
	t.Run("NobodyToAsk", func(t *testing.T) {
		h := newHost(nil)
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		for _, stdin := range []io.Reader{strings.NewReader("yes\n"), null} { // /dev/null is like a terminal that was closed
			r := penstockIn(t.Context(), h.serve(t), stdin, "run", "delete", "--where", "env=dev")
			r.want(t, exitUsage, runID, "nobody is there to be asked whether to delete 4 runs: give --yes")
		}
		if len(h.started) > 0 {
			t.Errorf("it began %v", h.started)
		}
	})
	t.Run("None", func(t *testing.T) {
		h := &bulkHost{preview: &hostv1.PreviewBulkResponse{}}
		penstock(t, h.serve(t), "run", "delete", "--where", "env=dev").want(t, exitOK, "", "No run is selected.\n")
	})
	t.Run("Problems", func(t *testing.T) {
		h := &bulkHost{preview: &hostv1.PreviewBulkResponse{Problems: []*hostv1.Problem{{Field: "where", Column: 3, Message: "no such word"}}}}
		penstock(t, h.serve(t), "run", "delete", "--where", "a b", "--yes").want(t, exitRejected, "", "no such word")
	})
	t.Run("ErrUsage", func(t *testing.T) {
		for want, args := range map[string][]string{
			"--where is empty":              {"delete", "--where", " "},
			"give one of them":              {"delete", "--where", "a", "--all-runs"},
			"run 0193 is named":             {"delete", "0193", "--all-runs"},
			"--config does not go":          {"reexecute", "--where", "a", "--config", "x.yaml"},
			"--yes and --dry-run go":        {"delete", "0193", "--yes"},
			"each say which ops":            {"reexecute", "--where", "a", "--all", "--from-failure"},
			"it is not said what to change": {"tag", "--where", "a"},
			"write key=value":               {"tag", "--where", "a", "0193"},
			"it is not said which run":      {"cancel"},
		} {
			penstock(t, "http://127.0.0.1:1", append([]string{"run"}, args...)...).want(t, exitUsage, "", want)
		}
	})
}

func TestPrompt(t *testing.T) {
	for _, c := range []struct {
		in   string
		want bool
	}{{"yes\n", true}, {" Y \n", true}, {"no\n", false}, {"\n", false}, {"yes", true}, {"yes!\n", false}} {
		var out strings.Builder
		got, err := prompt(t.Context(), strings.NewReader(c.in), &out, "delete 4 runs")
		if got != c.want || err != nil || out.String() != "Delete 4 runs? Type yes: " {
			t.Errorf("prompt with %q = %t, %v and %q, want %t", c.in, got, err, out.String(), c.want)
		}
	}
	if _, err := prompt(t.Context(), strings.NewReader(""), io.Discard, "delete"); !errors.Is(err, io.EOF) {
		t.Errorf("prompt without an answer = %v, want EOF", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, w := io.Pipe()
	defer w.Close()
	if _, err := prompt(ctx, in, io.Discard, "delete"); !errors.Is(err, errInterrupted) {
		t.Errorf("prompt that is interrupted = %v", err)
	}
}

func TestBulkCommands(t *testing.T) {
	const other = "01933f6e-7b1c-7d2a-9f00-0000000000a0"
	done := sampleBulk(hostv1.BulkState_BULK_STATE_DONE, 2, 2)
	old := sampleBulk(hostv1.BulkState_BULK_STATE_RUNNING, 0, 0)
	old.Id, old.Action.Filter, old.Action.RunIds = other, nil, []string{runID}
	old.Action.Action = &hostv1.BulkAction_Cancel{Cancel: &hostv1.BulkCancel{Force: true}}
	h := &bulkHost{list: []*hostv1.Bulk{done, old}, steps: [][]*hostv1.Bulk{{done}}}
	url := h.serve(t)
	r := penstock(t, url, "bulk", "list", "--limit", "1")
	r.want(t, exitOK, bulkID, "--cursor more")
	golden(t, "bulk_list.txt", r.out)
	penstock(t, url, "bulk", "list", "--cursor", "more").want(t, exitOK, "kill each run of 1 run that are named", "")
	golden(t, "bulk_list.json", penstock(t, url, "bulk", "list", "--json").out)
	r = penstock(t, url, "bulk", "show", strings.TrimSuffix(bulkID, "1"))
	r.want(t, exitOK, "delete each run where env=dev", "")
	golden(t, "bulk_show.txt", r.out)
	penstock(t, url, "bulk", "show", other, "--json").want(t, exitOK, `"state": "RUNNING"`, "")
	penstock(t, url, "bulk", "show", bulkID, "--follow").want(t, exitFailure, "2 changed", "2 runs refused")
	penstock(t, url, "bulk", "show", "0193").want(t, exitRejected, "", "several")
	penstock(t, url, "bulk", "show", "0194").want(t, exitNotFound, "", "there is no bulk action")
	penstock(t, url, "bulk", "stop", bulkID).want(t, exitOK, "is STOPPED: 3 of 5 runs changed", "")
	if !slices.Equal(h.stopped, []string{bulkID}) {
		t.Errorf("it stopped %v", h.stopped)
	}
	penstock(t, url, "bulk", "list", "--limit", "0").want(t, exitUsage, "", "--limit 0")
	h.list = nil
	penstock(t, url, "bulk", "list").want(t, exitOK, "", "There are no actions on many runs.")
}

// TestManyRunsAreNamed: whoever names several runs, or none, hears how many are acted on.
func TestManyRunsAreNamed(t *testing.T) {
	for _, command := range []string{"cancel", "delete", "reexecute"} {
		penstock(t, "127.0.0.1:1", "run", command, "01a20796", "01a20797").want(t, exitUsage, "",
			"penstock: 2 runs are named, and one is taken: select many with --where, as in --where 'id in (01a20796, 01a20797)'\n")
	}
	for _, command := range []string{"cancel", "delete", "reexecute", "tag"} {
		penstock(t, "127.0.0.1:1", "run", command).want(t, exitUsage, "", "penstock: it is not said which run: name one, or select many with --where; see penstock run "+command+" --help\n")
	}
}
