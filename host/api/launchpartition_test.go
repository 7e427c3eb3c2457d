package api_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

// reportOfRegions is a server with a job whose code makes config and tags for two regions.
func reportOfRegions(b hosttest.Behavior) hosttest.Behavior {
	regions := hosttest.Static("region", "north", "south")
	regions.HasRunParts = true
	b.Repositories = []hosttest.Repository{{Name: "tutorial", Jobs: []hosttest.Job{
		{Definition: hosttest.Partitioned("report", regions)}, {Definition: hosttest.OneOp("plain")},
	}}}
	return b
}

func value(tags []*tagv1.Tag, key string) string {
	for _, t := range tags {
		if t.GetKey() == key {
			return t.GetValue()
		}
	}
	return ""
}

func TestLaunchOfAPartition(t *testing.T) {
	f, _ := withPeer(t, settings{}, reportOfRegions(hosttest.Current()))
	request := &hostv1.LaunchRunRequest{Job: "report", Partition: "north", RequestId: uuid.NewString()}
	preview, err := f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: request})
	if err != nil || len(preview.GetProblems()) > 0 || !strings.Contains(preview.GetConfigYaml(), "n: 5") ||
		value(preview.GetTags(), "part") != "north" || value(preview.GetTags(), "penstock/partition") != "north" {
		t.Fatalf("the preview says %v, %v", preview, err)
	}
	launched, err := f.runs.LaunchRun(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	run := launched.GetRun()
	if run.GetConfigYaml() != "n: 5" || value(run.GetTags(), "penstock/partition_set") != "region" {
		t.Errorf("got %v", run)
	}
	if repeated, err := f.runs.LaunchRun(t.Context(), request); err != nil || repeated.GetRun().GetId() != run.GetId() {
		t.Errorf("the request again: %v, %v", repeated, err)
	}
	request.Partition = "south"
	if _, err := f.runs.LaunchRun(t.Context(), request); err == nil || !strings.Contains(err.Error(), `of partition "north", not of "south"`) {
		t.Errorf("the request for another partition: %v", err)
	}
	events, _ := f.follow(run.GetId())
	if text := events[0].GetEvent().GetMessage(); !strings.Contains(text, "; partition north") {
		t.Errorf("it was queued with %q", text)
	}
	for where, want := range map[string]int{"partition=north": 1, "partition=south": 0, "penstock/partition=north": 1} {
		list, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: &hostv1.RunFilter{Where: where}})
		if err != nil || len(list.GetRuns()) != want {
			t.Errorf("%s selects %v, %v", where, list, err)
		}
	}
	unknown := &hostv1.LaunchRunRequest{Job: "report", Partition: "nort", RequestId: uuid.NewString()}
	preview, err = f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: unknown})
	if err != nil || len(preview.GetProblems()) != 1 || preview.GetProblems()[0].GetField() != "partition" || !strings.Contains(preview.GetProblems()[0].GetMessage(), `"north"`) {
		t.Errorf("the preview of an unknown one says %v, %v", preview, err)
	}
}

func TestPartitionsOfAnOlderServer(t *testing.T) {
	f, _ := withPeer(t, settings{}, reportOfRegions(hosttest.Older("0.14.18")))
	got, err := f.jobs.GetJob(t.Context(), &hostv1.GetJobRequest{Name: "report"})
	refusal := got.GetJob().GetPartitionsRefusal()
	if err != nil || got.GetJob().GetDefinition().GetPartitions() != nil || refusal.GetCode() != "SERVER_TOO_OLD" || refusal.GetWithheld() != 1 ||
		!strings.Contains(refusal.GetMessage(), "partitions need 0.15.0 or newer") {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = f.runs.LaunchRun(t.Context(), &hostv1.LaunchRunRequest{Job: "report", Partition: "north", RequestId: uuid.NewString()})
	if _, d := detail(t, err); d.GetReason() != "SERVER_TOO_OLD" {
		t.Errorf("got %v", d)
	}
	f, _ = withPeer(t, settings{}, reportOfRegions(hosttest.Current()))
	if got, err := f.jobs.GetJob(t.Context(), &hostv1.GetJobRequest{Name: "report"}); err != nil || got.GetJob().GetPartitionsRefusal() != nil {
		t.Errorf("got %v, %v", got, err)
	} else if p := got.GetJob().GetDefinition().GetPartitions(); p.GetName() != "region" {
		t.Errorf("got %v", p)
	}
}
