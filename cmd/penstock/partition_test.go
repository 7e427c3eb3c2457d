package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// partitionHost has a job with three days: one ran well, one failed, one has no run.
type partitionHost struct {
	hostv1connect.UnimplementedPartitionServiceHandler

	refusal *hostv1.Refusal
	none    bool
	listed  []*hostv1.ListPartitionsRequest
	changed []*hostv1.ChangePartitionKeysRequest
}

func (h *partitionHost) serve(t *testing.T) string {
	t.Helper()
	rpc := connect.NewServer()
	hostv1connect.RegisterPartitionServiceHandler(rpc, h)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// ListPartitions has a page for each day.
func (h *partitionHost) ListPartitions(_ context.Context, r *hostv1.ListPartitionsRequest) (*hostv1.ListPartitionsResponse, error) {
	h.listed = append(h.listed, r)
	out := &hostv1.ListPartitionsResponse{Refusal: h.refusal}
	if h.refusal != nil || h.none {
		return out, nil
	}
	out.Definition, out.Total = &usercodev1.PartitionsDefinition{Name: "days"}, 3
	day := map[string]string{"": "2026-11-01", "1": "2026-11-02" + hostile, "2": "2026-11-03"}[r.GetPageCursor()]
	out.NextCursor = map[string]string{"": "1", "1": "2", "2": ""}[r.GetPageCursor()]
	out.Keys = []*hostv1.PartitionKey{{Key: day, Start: at(0), End: at(60)}}
	return out, nil
}

func (h *partitionHost) GetPartitionGrid(_ context.Context, r *hostv1.GetPartitionGridRequest) (*hostv1.GetPartitionGridResponse, error) {
	out := &hostv1.GetPartitionGridResponse{}
	for _, key := range r.GetKeys() {
		status := &hostv1.PartitionStatus{Key: key}
		switch {
		case strings.HasPrefix(key, "2026-11-01"):
			status.Run, status.Runs = sampleRun(hostv1.RunStatus_RUN_STATUS_SUCCESS), 2
		case strings.HasPrefix(key, "2026-11-02"):
			status.Run, status.Runs = sampleRun(hostv1.RunStatus_RUN_STATUS_FAILURE), 1
		}
		out.Partitions = append(out.Partitions, status)
	}
	return out, nil
}

func (h *partitionHost) ChangePartitionKeys(_ context.Context, r *hostv1.ChangePartitionKeysRequest) (*hostv1.ChangePartitionKeysResponse, error) {
	h.changed = append(h.changed, r)
	return &hostv1.ChangePartitionKeysResponse{Added: uint32(len(r.GetAdd())), Removed: uint32(len(r.GetRemove())), Total: 7}, nil
}

func TestPartitionList(t *testing.T) {
	h := &partitionHost{}
	url := h.serve(t)
	r := penstock(t, url, "partition", "list", "load_day", "--prefix", "2026", "--newest-first", "--limit", "1")
	r.want(t, exitOK, "2026-11-01  SUCCESS  2", "There are more, of 3: penstock partition list load_day --prefix 2026 --newest-first --limit 1 --cursor 1")
	if !h.listed[0].GetNewestFirst() || h.listed[0].GetPrefix() != "2026" || h.listed[0].GetPageSize() != 1 {
		t.Errorf("it asked for %v", h.listed[0])
	}
	r = penstock(t, url, "partition", "list", "load_day", "--status", "failure,none")
	r.want(t, exitOK, "2026-11-03", "")
	golden(t, "partition_list.txt", r.out)
	golden(t, "partition_list.json", penstock(t, url, "partition", "list", "load_day", "--status", "failure,none", "--json").out)
	penstock(t, url, "partition", "list", "load_day", "--status", "canceled").want(t, exitOK, "", "No partition matches.")
	penstock(t, url, "partition", "list", "load_day", "--dimension", "days").want(t, exitOK, "BEGINS", "There are more")
	h.none = true
	penstock(t, url, "partition", "list", "load_day").want(t, exitRejected, "", "job load_day has no partitions")
	h.refusal = &hostv1.Refusal{Message: "partitions need 0.15.0", Remedy: "Deploy a newer one."}
	penstock(t, url, "partition", "list", "load_day").want(t, exitRefused, "", "partitions need 0.15.0")
	for want, args := range map[string][]string{
		"is none of none, QUEUED": {"list", "j", "--status", "fine"},
		"does not go with":        {"list", "j", "--status", "none", "--dimension", "d"},
		"--limit 10001":           {"list", "j", "--limit", "10001"},
		"at least 2 arg":          {"add", "j"},
	} {
		penstock(t, "http://127.0.0.1:1", append([]string{"partition"}, args...)...).want(t, exitUsage, "", want)
	}
}

func TestPartitionChange(t *testing.T) {
	h := &partitionHost{}
	url := h.serve(t)
	penstock(t, url, "partition", "add", "load", "acme", "initech", "--dimension", "customers").want(t, exitOK, "2 keys added; there are 7 now.", "")
	penstock(t, url, "partition", "remove", "load", "acme").want(t, exitOK, "1 key removed; there are 7 now.", "")
	penstock(t, url, "partition", "remove", "load", "acme", "--json").want(t, exitOK, `"removed": 1`, "")
	if len(h.changed) != 3 || h.changed[0].GetDimension() != "customers" || strings.Join(h.changed[0].GetAdd(), " ") != "acme initech" || len(h.changed[1].GetAdd()) > 0 || h.changed[1].GetRemove()[0] != "acme" {
		t.Errorf("it asked for %v", h.changed)
	}
}
