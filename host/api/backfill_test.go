package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/partition"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// parted is a fixture with jobs that have partitions, and with what carries out backfills.
type parted struct {
	*fixture
	peer       *hosttest.Peer
	backfills  hostv1connect.BackfillServiceClient
	partitions hostv1connect.PartitionServiceClient
}

// partedPeer has jobs with partitions of each kind.
func partedPeer() hosttest.Behavior {
	b := hosttest.Current()
	regions := hosttest.Static("regions", "eu", "us", "asia", "fail-here")
	regions.HasRunParts = true
	two := &usercodev1.PartitionsDefinition{Name: "two", Dimensions: []*usercodev1.PartitionDimension{
		hosttest.StaticDimension("color", "red", "blue"), {Name: "customer", Keys: &usercodev1.PartitionDimension_Dynamic{Dynamic: &usercodev1.DynamicPartitions{}}},
	}}
	for name, partitions := range map[string]*usercodev1.PartitionsDefinition{"regional": regions, "paired": two, "days": hosttest.Daily("2026-11-01")} {
		b.Repositories[0].Jobs = append(b.Repositories[0].Jobs, hosttest.Job{Definition: hosttest.Partitioned(name, partitions)})
	}
	return b
}

func withPartitions(t *testing.T, s settings, b hosttest.Behavior) *parted {
	t.Helper()
	p := &parted{}
	var runner *backfill.Runner
	s.options = func(o *api.Options) {
		o.Partitions = partition.NewSource(o.Store, o.Clock, o.Logger)
		runner = backfill.New(backfill.Options{
			Store: o.Store, Feed: o.Feed, Find: backfill.Through(o.Planner), PartitionRuns: o.Workspace.PartitionRuns, Preview: o.Planner.Preview,
			Submit: o.Queue.Submit, Cancel: o.Queue.CancelRuns, Clock: o.Clock, Logger: o.Logger,
		})
		o.Backfills = runner
	}
	p.fixture, p.peer = withPeer(t, s, b)
	if err := runner.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(runner.Stop)
	c := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	client := connect.NewClient(connecthttp.NewTransport(c, p.url))
	p.backfills, p.partitions = hostv1connect.NewBackfillServiceClient(client), hostv1connect.NewPartitionServiceClient(client)
	return p
}

func (p *parted) startBackfill(r *hostv1.BackfillRequest) *hostv1.Backfill {
	p.t.Helper()
	res, err := p.backfills.StartBackfill(p.t.Context(), &hostv1.StartBackfillRequest{RequestId: uuid.NewString(), Backfill: r, By: "ada"})
	if err != nil {
		p.t.Fatal(err)
	}
	return res.GetBackfill()
}

// awaitBackfill watches a backfill until it is as is wanted.
func (p *parted) awaitBackfill(id string, ok func(*hostv1.Backfill) bool) *hostv1.Backfill {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	stream, err := p.backfills.WatchBackfills(ctx, &hostv1.WatchBackfillsRequest{Id: id})
	if err != nil {
		p.t.Fatal(err)
	}
	defer stream.Close()
	var last *hostv1.Backfill
	for {
		m, err := stream.Receive()
		if err != nil {
			p.t.Fatalf("watch backfill %s, which is %v: %v", id, last, err)
		}
		if last = m.GetBackfill(); last == nil { // changes are told from here on
			res, err := p.backfills.GetBackfill(ctx, &hostv1.GetBackfillRequest{Id: id})
			if err != nil {
				p.t.Fatal(err)
			}
			last = res.GetBackfill()
		}
		if ok(last) {
			return last
		}
	}
}

// errorText is an error of the host with its problems.
func errorText(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return "no error"
	}
	_, d := detail(t, err)
	text := err.Error()
	for _, problem := range d.GetProblems() {
		text += "\n" + problem.GetMessage()
	}
	return text
}

func allPartitions() *hostv1.PartitionSelection { return &hostv1.PartitionSelection{All: true} }

// TestBackfillOfARealJob lets runs of partitions execute, and one be refused by user code.
func TestBackfillOfARealJob(t *testing.T) {
	p := withPartitions(t, settings{}, partedPeer())
	request := &hostv1.BackfillRequest{Job: "regional", Partitions: allPartitions(), Title: "again", MaxOpenRuns: 2, Tags: []*tagv1.Tag{{Key: "why", Value: "test"}}}
	preview, err := p.backfills.PreviewBackfill(t.Context(), &hostv1.PreviewBackfillRequest{Backfill: request})
	if err != nil || preview.GetPartitions() != 4 || len(preview.GetProblems()) > 0 || preview.GetCounts()[0].GetCount() != 4 || !strings.HasSuffix(preview.GetJob(), "/regional") {
		t.Fatalf("PreviewBackfill = %v, %v", preview, err)
	}
	tags := map[string]string{}
	for _, t := range preview.GetTags() {
		tags[t.GetKey()] = t.GetValue()
	}
	if tags[tag.KeyPartition] != "eu" || tags[tag.KeyPriority] != "-10" || tags["part"] != "eu" || tags["why"] != "test" || tags[tag.KeyPartitionSet] != "regions" {
		t.Errorf("the first run would have the tags %v", tags)
	}
	b := p.startBackfill(request)
	if b.GetRequest().GetTitle() != "again" || b.GetBy() != "ada" || b.GetPartitions() != 4 {
		t.Errorf("StartBackfill = %v", b)
	}
	b = p.awaitBackfill(b.GetId(), func(b *hostv1.Backfill) bool { return b.GetEndedAt() != nil })
	if b.GetState() != hostv1.BackfillState_BACKFILL_STATE_FAILURE || b.GetRefused() != 1 || len(b.GetCounts()) != 1 || b.GetCounts()[0].GetCount() != 3 {
		t.Errorf("it ended as %v, want three runs that ended alike and one refused", b)
	}
	rows, err := p.backfills.ListBackfillPartitions(t.Context(), &hostv1.ListBackfillPartitionsRequest{Id: b.GetId()[:13]})
	if err != nil || len(rows.GetPartitions()) != 4 || rows.GetPartitions()[3].GetKey() != "fail-here" || !strings.Contains(rows.GetPartitions()[3].GetError(), "nothing for fail-here") {
		t.Fatalf("ListBackfillPartitions = %v, %v", rows, err)
	}
	first, err := p.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: rows.GetPartitions()[0].GetRunId()})
	if err != nil || first.GetRun().GetStatus() != rows.GetPartitions()[0].GetStatus() || first.GetRun().GetConfigYaml() != "n: 2" {
		t.Errorf("the first run is %v, %v", first, err)
	}
	page, err := p.backfills.ListBackfillPartitions(t.Context(), &hostv1.ListBackfillPartitionsRequest{Id: b.GetId(), PageSize: 3})
	if err != nil || len(page.GetPartitions()) != 3 || page.GetNextCursor() == "" {
		t.Fatalf("the first page is %v, %v", page, err)
	}
	page, err = p.backfills.ListBackfillPartitions(t.Context(), &hostv1.ListBackfillPartitionsRequest{Id: b.GetId(), PageSize: 3, PageCursor: page.GetNextCursor()})
	if err != nil || len(page.GetPartitions()) != 1 || page.GetNextCursor() != "" {
		t.Errorf("the second page is %v, %v", page, err)
	}

	again, err := p.backfills.RetryBackfill(t.Context(), &hostv1.RetryBackfillRequest{RequestId: uuid.NewString(), Id: b.GetId(), By: "ada"})
	if err != nil || again.GetRetried() == 0 || again.GetBackfill().GetState() == hostv1.BackfillState_BACKFILL_STATE_SUCCESS {
		t.Errorf("RetryBackfill = %v, %v", again, err)
	}
	p.awaitBackfill(b.GetId(), func(b *hostv1.Backfill) bool { return b.GetEndedAt() != nil })
	list, err := p.backfills.ListBackfills(t.Context(), &hostv1.ListBackfillsRequest{Job: "regional"})
	if err != nil || len(list.GetBackfills()) != 1 || list.GetBackfills()[0].GetId() != b.GetId() {
		t.Errorf("ListBackfills = %v, %v", list, err)
	}
	if other, err := p.backfills.ListBackfills(t.Context(), &hostv1.ListBackfillsRequest{Job: "paired"}); err != nil || len(other.GetBackfills()) > 0 {
		t.Errorf("ListBackfills of another job = %v, %v", other, err)
	}
}

// TestCancelBackfill cancels runs that are queued.
func TestCancelBackfill(t *testing.T) {
	p := withPartitions(t, settings{idle: true}, partedPeer())
	request := &hostv1.BackfillRequest{Job: "days", Partitions: &hostv1.PartitionSelection{Ranges: []*hostv1.PartitionRange{{From: "2026-11-01", To: "2026-11-09"}}}, MaxOpenRuns: 4}
	b := p.startBackfill(request)
	p.awaitBackfill(b.GetId(), func(b *hostv1.Backfill) bool {
		return b.GetNotLaunched() == 5 && len(b.GetCounts()) == 1 && b.GetCounts()[0].GetStatus() == hostv1.RunStatus_RUN_STATUS_QUEUED
	})
	canceled, err := p.backfills.CancelBackfill(t.Context(), &hostv1.CancelBackfillRequest{Id: b.GetId(), By: "grace"})
	if err != nil || canceled.GetBackfill().GetState() == hostv1.BackfillState_BACKFILL_STATE_RUNNING {
		t.Fatalf("CancelBackfill = %v, %v", canceled, err)
	}
	b = p.awaitBackfill(b.GetId(), func(b *hostv1.Backfill) bool { return b.GetState() == hostv1.BackfillState_BACKFILL_STATE_CANCELED })
	if b.GetProblem() != "canceled by grace" || b.GetCounts()[0].GetStatus() != hostv1.RunStatus_RUN_STATUS_CANCELED || b.GetCounts()[0].GetCount() != 4 || b.GetNotLaunched() != 5 {
		t.Errorf("it ended as %v", b)
	}
}

func TestBackfillProblems(t *testing.T) {
	p := withPartitions(t, settings{idle: true}, partedPeer())
	for name, c := range map[string]struct {
		request *hostv1.BackfillRequest
		code    connect.Code
		want    string
	}{
		"NoJob":       {&hostv1.BackfillRequest{Job: "nosuch", Partitions: allPartitions()}, connect.CodeNotFound, "nosuch"},
		"NoPartition": {&hostv1.BackfillRequest{Job: "plain", Partitions: allPartitions()}, connect.CodeInvalidArgument, "has no partitions"},
		"Nothing":     {&hostv1.BackfillRequest{Job: "regional"}, connect.CodeInvalidArgument, "none is selected"},
		"UnknownKey":  {&hostv1.BackfillRequest{Job: "regional", Partitions: &hostv1.PartitionSelection{Keys: []string{"ue"}}}, connect.CodeInvalidArgument, `"eu"`},
		"FirstFails":  {&hostv1.BackfillRequest{Job: "regional", Partitions: &hostv1.PartitionSelection{Keys: []string{"fail-here"}}}, connect.CodeInvalidArgument, "nothing for fail-here"},
		"Tag":         {&hostv1.BackfillRequest{Job: "regional", Partitions: allPartitions(), Tags: []*tagv1.Tag{{Key: "bad key"}}}, connect.CodeInvalidArgument, "bad key"},
		"OpSelection": {&hostv1.BackfillRequest{Job: "regional", Partitions: allPartitions(), OpSelection: "nosuch"}, connect.CodeInvalidArgument, "nosuch"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.backfills.StartBackfill(t.Context(), &hostv1.StartBackfillRequest{RequestId: uuid.NewString(), Backfill: c.request})
			if connect.CodeOf(err) != c.code || !strings.Contains(errorText(t, err), c.want) {
				t.Errorf("StartBackfill = %v (%s), want %s with %q", err, errorText(t, err), c.code, c.want)
			}
		})
	}
	for what, call := range map[string]func(id string) error{
		"GetBackfill": func(id string) error {
			_, err := p.backfills.GetBackfill(t.Context(), &hostv1.GetBackfillRequest{Id: id})
			return err
		},
		"CancelBackfill": func(id string) error {
			_, err := p.backfills.CancelBackfill(t.Context(), &hostv1.CancelBackfillRequest{Id: id})
			return err
		},
		"RetryBackfill": func(id string) error {
			_, err := p.backfills.RetryBackfill(t.Context(), &hostv1.RetryBackfillRequest{RequestId: uuid.NewString(), Id: id})
			return err
		},
		"ListBackfillPartitions": func(id string) error {
			_, err := p.backfills.ListBackfillPartitions(t.Context(), &hostv1.ListBackfillPartitionsRequest{Id: id})
			return err
		},
	} {
		for _, id := range []string{"", "x", "0193", uuid.NewString()} {
			if err := call(id); connect.CodeOf(err) != connect.CodeNotFound {
				t.Errorf("%s(%q) = %v, want NotFound", what, id, err)
			}
		}
	}
}
