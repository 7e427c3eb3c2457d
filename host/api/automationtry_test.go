package api_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestTestAutomationChangesNothing(t *testing.T) {
	b := automationPeer()
	b.EvaluateSchedule = func(_ context.Context, r *usercodev1.EvaluateScheduleRequest) *usercodev1.Evaluation {
		e := &usercodev1.Evaluation{
			RunRequests: []*usercodev1.RunRequest{{RunKey: "new"}, {RunKey: "old"}}, LogLines: []string{r.GetScheduledAt().AsTime().Format(time.RFC3339)},
		}
		if r.GetSchedule() == "weekly" {
			e.RunRequests = []*usercodev1.RunRequest{{Job: "plain"}, {Job: "nothing"}}
		}
		return e
	}
	a := withAutomation(t, b)
	a.await("nightly", func(o *hostv1.Automation) bool { return o.GetSchedule() != nil })
	a.tick(time.Now().Truncate(time.Second), host.TickSuccess, "old")
	before := a.get("nightly")
	test := func(name string, req *hostv1.TestAutomationRequest) *hostv1.TestAutomationResponse {
		t.Helper()
		req.Name = &hostv1.AutomationName{Name: name}
		res, err := a.automation.TestAutomation(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	at := time.Date(2032, 2, 29, 6, 0, 0, 0, time.UTC)
	res := test("nightly", &hostv1.TestAutomationRequest{At: timestamppb.New(at)})
	if res.GetStatus() != hostv1.TickStatus_TICK_STATUS_SUCCESS || len(res.GetRuns()) != 2 || !slices.Equal(res.GetLogLines(), []string{"2032-02-29T06:00:00Z"}) {
		t.Fatalf("test: %v", res)
	}
	fresh, known := res.GetRuns()[0], res.GetRuns()[1]
	if fresh.GetKnownRunKey() || fresh.GetPreview().GetJob().GetJob() != "plain" || len(fresh.GetPreview().GetProblems()) > 0 || !known.GetKnownRunKey() {
		t.Errorf("the runs are %v and %v", fresh, known)
	}
	tags := map[string]string{}
	for _, tag := range fresh.GetTags() {
		tags[tag.GetKey()] = tag.GetValue()
	}
	if tags["from"] != "schedule" || tags["penstock/schedule"] != "nightly" || tags["penstock/tick"] != "2032-02-29T06:00:00Z" {
		t.Errorf("its tags are %v", tags)
	}
	failing := test("weekly", &hostv1.TestAutomationRequest{})
	if failing.GetStatus() != hostv1.TickStatus_TICK_STATUS_FAILURE || !strings.Contains(failing.GetError(), "run 2: ") || !strings.Contains(failing.GetError(), "None of the 2 runs") {
		t.Errorf("a tick one of whose runs cannot be planned is %v", failing)
	}
	counted := test("commits", &hostv1.TestAutomationRequest{Cursor: new("41")})
	if counted.GetCursor() != "42" || len(counted.GetRuns()) != 1 || counted.GetRuns()[0].GetRequest().GetRunKey() != "number 42" {
		t.Errorf("a sensor's test is %v", counted)
	}
	if after := a.get("nightly"); !proto.Equal(before, after) {
		t.Errorf("a test changed the schedule from %v to %v", before, after)
	}
	if after := a.get("commits"); after.GetCursor() != "" || len(after.GetLastTicks()) > 0 {
		t.Errorf("a test changed the sensor to %v", after)
	}
	if runs, err := a.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{}); err != nil || len(runs.GetRuns()) != 1 {
		t.Errorf("there are %d runs, %v, want that of the stored tick alone", len(runs.GetRuns()), err)
	}
}

// TestTestOfPartitionsLooksBack: what would be launched next cannot be planned, for its partitions do not exist yet.
func TestTestOfPartitionsLooksBack(t *testing.T) {
	b := automationPeer()
	days := idleSchedule("days", "plain")
	days.Crons = []string{"0 0 * * *"}
	days.Makes = &usercodev1.ScheduleDefinition_Partitions{Partitions: &usercodev1.PartitionRuns{}}
	b.Repositories[0].Jobs = append(b.Repositories[0].Jobs, hosttest.Job{Definition: hosttest.Partitioned("daily_job", hosttest.Daily("2026-01-01"))})
	days.Job = "daily_job"
	b.Repositories[0].Schedules = append(b.Repositories[0].Schedules, days)
	a := withAutomation(t, b)
	yesterday := func() string { return time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly) }
	before := yesterday()
	res, err := a.automation.TestAutomation(t.Context(), &hostv1.TestAutomationRequest{Name: &hostv1.AutomationName{Name: "days"}})
	if err != nil || len(res.GetRuns()) != 1 {
		t.Fatalf("test: %v, %v, want one run", res, err)
	}
	if got := res.GetRuns()[0].GetRequest().GetPartition(); got != before && got != yesterday() {
		t.Errorf("its partition is %s, want that of yesterday, %s", got, before)
	}
}
