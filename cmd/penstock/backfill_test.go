package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

const backfillID = "01933f6e-7b1c-7d2a-9f00-0000000000bf"

// backfillHost has one backfill, which goes on in a few steps.
type backfillHost struct {
	hostv1connect.UnimplementedBackfillServiceHandler

	preview *hostv1.PreviewBackfillResponse
	now     *hostv1.Backfill
	// steps are what watches see after what it is now, one stream after the other; nil breaks a stream.
	steps   [][]*hostv1.Backfill
	items   []*hostv1.BackfillPartition
	started []*hostv1.StartBackfillRequest
	cancels []*hostv1.CancelBackfillRequest
	retries []*hostv1.RetryBackfillRequest
}

func (h *backfillHost) serve(t *testing.T) string {
	t.Helper()
	rpc := connect.NewServer()
	hostv1connect.RegisterBackfillServiceHandler(rpc, h)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func (h *backfillHost) PreviewBackfill(context.Context, *hostv1.PreviewBackfillRequest) (*hostv1.PreviewBackfillResponse, error) {
	return h.preview, nil
}

func (h *backfillHost) StartBackfill(_ context.Context, r *hostv1.StartBackfillRequest) (*hostv1.StartBackfillResponse, error) {
	h.started = append(h.started, r)
	return &hostv1.StartBackfillResponse{Backfill: h.now}, nil
}

func (h *backfillHost) GetBackfill(_ context.Context, r *hostv1.GetBackfillRequest) (*hostv1.GetBackfillResponse, error) {
	if !strings.HasPrefix(backfillID, r.GetId()) {
		return nil, wireError(connect.CodeNotFound, "there is no backfill", &hostv1.ErrorDetail{Reason: "BACKFILL_NOT_FOUND"})
	}
	return &hostv1.GetBackfillResponse{Backfill: h.now}, nil
}

func (h *backfillHost) WatchBackfills(_ context.Context, r *hostv1.WatchBackfillsRequest, stream hostv1connect.BackfillServiceWatchBackfillsServerStream) error {
	if err := stream.Send(&hostv1.WatchBackfillsResponse{}); err != nil || r.GetId() != backfillID || len(h.steps) == 0 {
		return err
	}
	steps := h.steps[0]
	h.steps = h.steps[1:]
	for _, b := range steps {
		if b == nil {
			return wireError(connect.CodeUnavailable, "the host is stopping", &hostv1.ErrorDetail{Reason: "HOST_STOPPING"})
		}
		if err := stream.Send(&hostv1.WatchBackfillsResponse{Backfill: b}); err != nil {
			return err
		}
	}
	return nil
}

func (h *backfillHost) ListBackfills(context.Context, *hostv1.ListBackfillsRequest) (*hostv1.ListBackfillsResponse, error) {
	if h.now == nil {
		return &hostv1.ListBackfillsResponse{}, nil
	}
	return &hostv1.ListBackfillsResponse{Backfills: []*hostv1.Backfill{h.now}, NextCursor: "more"}, nil
}

func (h *backfillHost) ListBackfillPartitions(_ context.Context, r *hostv1.ListBackfillPartitionsRequest) (*hostv1.ListBackfillPartitionsResponse, error) {
	if r.GetPageCursor() == "" && len(h.items) > 1 {
		return &hostv1.ListBackfillPartitionsResponse{Partitions: h.items[:1], NextCursor: "more"}, nil
	}
	return &hostv1.ListBackfillPartitionsResponse{Partitions: h.items[min(len(h.items), 1):]}, nil
}

func (h *backfillHost) CancelBackfill(_ context.Context, r *hostv1.CancelBackfillRequest) (*hostv1.CancelBackfillResponse, error) {
	h.cancels = append(h.cancels, r)
	return &hostv1.CancelBackfillResponse{Backfill: h.now}, nil
}

func (h *backfillHost) RetryBackfill(_ context.Context, r *hostv1.RetryBackfillRequest) (*hostv1.RetryBackfillResponse, error) {
	h.retries = append(h.retries, r)
	return &hostv1.RetryBackfillResponse{Backfill: h.now, Retried: 3}, nil
}

// sampleBackfill has ten partitions.
func sampleBackfill(state hostv1.BackfillState, well, failed uint64) *hostv1.Backfill {
	b := &hostv1.Backfill{
		Id: backfillID, State: state, By: "ada" + hostile, CreatedAt: at(0), Partitions: 10, Refused: 1, NotLaunched: 9 - well - failed,
		Request: &hostv1.BackfillRequest{
			Job: "code/etl/load_day", Title: "after the fix" + hostile, MaxOpenRuns: 10, OpSelection: "*write", Tags: []*tagv1.Tag{{Key: "why", Value: "fix"}},
		},
	}
	for _, c := range []*hostv1.PartitionCount{
		{Status: hostv1.RunStatus_RUN_STATUS_SUCCESS, Count: well}, {Status: hostv1.RunStatus_RUN_STATUS_FAILURE, Count: failed},
	} {
		if c.GetCount() > 0 {
			b.Counts = append(b.Counts, c)
		}
	}
	if backfillEnded(state) {
		b.EndedAt = at(2)
	}
	return b
}

const (
	backfillRunning = hostv1.BackfillState_BACKFILL_STATE_RUNNING
	backfillWell    = hostv1.BackfillState_BACKFILL_STATE_SUCCESS
	backfillFailed  = hostv1.BackfillState_BACKFILL_STATE_FAILURE
)

func TestBackfillStart(t *testing.T) {
	config := filepath.Join(t.TempDir(), "run.yaml")
	if err := os.WriteFile(config, []byte("n: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := &backfillHost{now: sampleBackfill(backfillRunning, 0, 0)}
	r := penstock(t, h.serve(t), "backfill", "start", "load_day", "--partition", "a", "--partition", "b", "--from", "c", "--to", "f", "--from", "x", "--to", "z",
		"--failed", "--missing", "--max-open", "3", "--newest-first", "--tag", "k=v=w", "--config", config, "--op-selection", "*write", "--title", "T")
	r.want(t, exitOK, "Backfill "+backfillID+" of 10 partitions in code/etl/load_day has begun.", "penstock backfill wait "+backfillID)
	if len(h.started) != 1 {
		t.Fatalf("it asked for %v", h.started)
	}
	got, p := h.started[0].GetBackfill(), h.started[0].GetBackfill().GetPartitions()
	if len(h.started[0].GetRequestId()) != 32 || got.GetJob() != "load_day" || got.GetMaxOpenRuns() != 3 || !got.GetNewestFirst() || got.GetTitle() != "T" ||
		got.GetConfigYaml() != "n: 1\n" || got.GetOpSelection() != "*write" || len(got.GetTags()) != 1 || got.GetTags()[0].GetValue() != "v=w" {
		t.Errorf("it asked for %v", got)
	}
	if p.GetAll() || !p.GetFailedOnly() || !p.GetMissingOnly() || strings.Join(p.GetKeys(), "") != "ab" || len(p.GetRanges()) != 2 || p.GetRanges()[1].GetFrom() != "x" || p.GetRanges()[1].GetTo() != "z" {
		t.Errorf("it selected %v", p)
	}
	penstock(t, h.serve(t), "backfill", "start", "load_day", "--missing", "--json").want(t, exitOK, `"state": "RUNNING"`, "")
	if !h.started[1].GetBackfill().GetPartitions().GetAll() {
		t.Errorf("--missing alone selected %v", h.started[1])
	}
	for want, args := range map[string][]string{
		"which partitions":     {"start", "j"},
		"each has both":        {"start", "j", "--from", "a", "--from", "b", "--to", "c"},
		"write key=value":      {"start", "j", "--all", "--tag", "x"},
		"is not a whole":       {"start", "j", "--all", "--max-open", "many"},
		"accepts 1 arg":        {"start"},
		"--limit 0: it is 1":   {"list", "--limit", "0"},
		"read --config":        {"start", "j", "--all", "--config", config + ".not"},
		"unknown flag: --what": {"cancel", "x", "--what"},
	} {
		penstock(t, "http://127.0.0.1:1", append([]string{"backfill"}, args...)...).want(t, exitUsage, "", want)
	}
}

func TestBackfillDryRun(t *testing.T) {
	h := &backfillHost{preview: &hostv1.PreviewBackfillResponse{
		Job: "code/etl/load_day", Partitions: 120, Sample: []string{"2026-11-01", "2026-11-02" + hostile},
		Counts: []*hostv1.PartitionCount{{Count: 100}, {Status: hostv1.RunStatus_RUN_STATUS_FAILURE, Count: 20}},
		Tags:   []*tagv1.Tag{{Key: "why", Value: "fix", Origin: tagv1.Origin_ORIGIN_LAUNCH}},
	}}
	url := h.serve(t)
	r := penstock(t, url, "backfill", "start", "load_day", "--all", "--dry-run")
	r.want(t, exitOK, "This would launch 120 runs in code/etl/load_day.", "")
	golden(t, "backfill_dry.txt", r.out)
	golden(t, "backfill_dry.json", penstock(t, url, "backfill", "start", "load_day", "--all", "--dry-run", "--json").out)
	h.preview.Problems = []*hostv1.Problem{{Field: "partitions", Message: "none is selected"}}
	penstock(t, url, "backfill", "start", "load_day", "--all", "--dry-run").want(t, exitRejected, "", "none is selected")
	if len(h.started) > 0 {
		t.Errorf("it began %v", h.started)
	}
}

func TestBackfillWait(t *testing.T) {
	waiting := sampleBackfill(backfillRunning, 2, 0)
	waiting.Problem = "location code does not answer\nStart it."
	newHost := func(last *hostv1.Backfill) *backfillHost {
		return &backfillHost{now: sampleBackfill(backfillRunning, 0, 0), steps: [][]*hostv1.Backfill{{waiting, sampleBackfill(backfillRunning, 4, 0), nil}, {last}}}
	}
	t.Run("OK", func(t *testing.T) {
		r := penstock(t, newHost(sampleBackfill(backfillWell, 9, 0)).serve(t), "backfill", "start", "load_day", "--all", "--wait")
		r.want(t, exitOK, "Backfill "+backfillID+" is SUCCESS: 9 SUCCESS, 1 refused.", "It waits: location code does not answer")
		r.want(t, exitOK, "", "Trying again until it answers; Ctrl-C stops this, and leaves the backfill going.")
		r.want(t, exitOK, "", "The host answers again.")
	})
	t.Run("SomeFail", func(t *testing.T) {
		r := penstock(t, newHost(sampleBackfill(backfillFailed, 7, 2)).serve(t), "backfill", "wait", backfillID[:20])
		r.want(t, exitFailure, "is FAILURE: 7 SUCCESS, 2 FAILURE, 1 refused.", "penstock backfill retry "+backfillID)
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, newHost(sampleBackfill(backfillFailed, 7, 2)).serve(t), "backfill", "wait", backfillID, "--json")
		r.want(t, exitFailure, `"state": "FAILURE"`, "is FAILURE")
	})
	t.Run("EndedLongAgo", func(t *testing.T) {
		penstock(t, (&backfillHost{now: sampleBackfill(backfillWell, 9, 0)}).serve(t), "backfill", "wait", backfillID).want(t, exitOK, "is SUCCESS", "")
	})
	t.Run("ErrNone", func(t *testing.T) {
		penstock(t, newHost(nil).serve(t), "backfill", "wait", "f").want(t, exitNotFound, "", "there is no backfill")
	})
}

func TestBackfillListAndShow(t *testing.T) {
	h := &backfillHost{now: sampleBackfill(backfillFailed, 7, 2), items: []*hostv1.BackfillPartition{
		{Key: "2026-11-01", RunId: runID, Status: hostv1.RunStatus_RUN_STATUS_SUCCESS},
		{Key: "2026-11-02", RunId: runID, Status: hostv1.RunStatus_RUN_STATUS_FAILURE},
		{Key: "2026-11-03", Error: "no data\n  " + hostile},
	}}
	url := h.serve(t)
	r := penstock(t, url, "backfill", "list", "--job", "load_day")
	r.want(t, exitOK, backfillID, "There are more: penstock backfill list --job load_day --cursor more")
	golden(t, "backfill_list.txt", r.out)
	golden(t, "backfill_list.json", penstock(t, url, "backfill", "list", "--json").out)
	golden(t, "backfill_show.txt", penstock(t, url, "backfill", "show", backfillID[:13]).out)
	golden(t, "backfill_show.json", penstock(t, url, "backfill", "show", backfillID, "--partitions", "--json").out)
	if out := penstock(t, url, "backfill", "show", backfillID, "--partitions").out; !strings.Contains(out, "2026-11-01  SUCCESS") {
		t.Errorf("all partitions are\n%s", out)
	}
	penstock(t, (&backfillHost{}).serve(t), "backfill", "list").want(t, exitOK, "", "There are no backfills.")
	penstock(t, url, "backfill", "show", "f").want(t, exitNotFound, "", "there is no backfill")
}

func TestBackfillCancelAndRetry(t *testing.T) {
	canceling := sampleBackfill(hostv1.BackfillState_BACKFILL_STATE_CANCELING, 3, 1)
	h := &backfillHost{now: canceling, steps: [][]*hostv1.Backfill{{sampleBackfill(hostv1.BackfillState_BACKFILL_STATE_CANCELED, 3, 1)}}}
	url := h.serve(t)
	penstock(t, url, "backfill", "cancel", backfillID, "--force").want(t, exitOK, "is CANCELING: 3 SUCCESS, 1 FAILURE, 1 refused, 5 without a run.", "")
	penstock(t, url, "backfill", "cancel", backfillID, "--wait").want(t, exitFailure, "is CANCELED", "is CANCELED")
	if len(h.cancels) != 2 || !h.cancels[0].GetForce() || h.cancels[1].GetForce() {
		t.Errorf("it asked for %v", h.cancels)
	}
	h.now = sampleBackfill(backfillRunning, 3, 0)
	penstock(t, url, "backfill", "retry", backfillID).want(t, exitOK, "3 partitions launched again.", "")
	h.steps = [][]*hostv1.Backfill{{sampleBackfill(backfillWell, 9, 0)}}
	penstock(t, url, "backfill", "retry", backfillID, "--wait").want(t, exitOK, "is SUCCESS", "")
	if len(h.retries) != 2 || h.retries[0].GetRequestId() == h.retries[1].GetRequestId() || len(h.retries[0].GetRequestId()) != 32 {
		t.Errorf("it asked for %v", h.retries)
	}
}
