package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestListTicks(t *testing.T) {
	a := withAutomation(t, automationPeer())
	a.await("nightly", func(o *hostv1.Automation) bool { return o.GetSchedule() != nil })
	start := time.Now().Truncate(time.Second).UTC()
	for i := range 7 {
		status := host.TickSkipped
		var keys []string
		if i%2 == 0 {
			status, keys = host.TickSuccess, []string{fmt.Sprint(i)}
		}
		a.tick(start.Add(time.Duration(i)*time.Minute), status, keys...)
	}
	var got []string
	cursor := ""
	for {
		res, err := a.automation.ListTicks(t.Context(), &hostv1.ListTicksRequest{Name: &hostv1.AutomationName{Name: "nightly"}, PageSize: 3, PageCursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, tick := range res.GetTicks() {
			got = append(got, tick.GetId())
			if made := len(tick.GetRuns()); made == 1 && tick.GetRuns()[0].GetStatus() != hostv1.RunStatus_RUN_STATUS_QUEUED || tick.GetDuration().AsDuration() != time.Second {
				t.Errorf("tick %v", tick)
			}
		}
		if cursor = res.GetNextCursor(); cursor == "" {
			break
		}
	}
	var want []string
	for i := 6; i >= 0; i-- {
		want = append(want, start.Add(time.Duration(i)*time.Minute).Format(time.RFC3339Nano))
	}
	if !slices.Equal(got, want) {
		t.Errorf("ticks %q, want %q", got, want)
	}
	res, err := a.automation.ListTicks(t.Context(), &hostv1.ListTicksRequest{
		Name: &hostv1.AutomationName{Name: "nightly"}, Statuses: []hostv1.TickStatus{hostv1.TickStatus_TICK_STATUS_SKIPPED},
	})
	if err != nil || len(res.GetTicks()) != 3 || res.GetTicks()[0].GetSkipReason() != "nothing new" {
		t.Errorf("skipped ticks: %v, %v", res, err)
	}
	for _, bad := range []*hostv1.ListTicksRequest{{PageSize: 1001}, {PageCursor: "x"}, {Statuses: []hostv1.TickStatus{9}}} {
		bad.Name = &hostv1.AutomationName{Name: "nightly"}
		if _, err := a.automation.ListTicks(t.Context(), bad); err == nil {
			t.Errorf("%v is no error", bad)
		}
	}
}

func TestPreviewSchedule(t *testing.T) {
	a := withAutomation(t, automationPeer())
	a.await("nightly", func(o *hostv1.Automation) bool { return o.GetSchedule() != nil })
	leap := time.Date(2028, 2, 29, 6, 0, 0, 0, time.UTC)
	a.tick(leap, host.TickSuccess, "k")
	preview := func(req *hostv1.PreviewScheduleRequest) *hostv1.PreviewScheduleResponse {
		t.Helper()
		res, err := a.automation.PreviewSchedule(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	nightly := &hostv1.AutomationName{Name: "nightly"}
	own := preview(&hostv1.PreviewScheduleRequest{Name: nightly, At: timestamppb.New(leap), Count: 2})
	if len(own.GetPast()) != 2 || len(own.GetNext()) != 2 || own.GetZone() != "UTC" {
		t.Fatalf("preview %v", own)
	}
	if p := own.GetPast()[1]; !p.GetAt().AsTime().Equal(leap) || p.GetWall() != "2028-02-29 06:00 UTC" || len(p.GetTick().GetRuns()) != 1 {
		t.Errorf("the instant itself is %v, want it past, with its tick", p)
	}
	if p := own.GetPast()[0]; p.GetAt().AsTime().Year() != 2024 || p.GetTick() != nil {
		t.Errorf("the instant before is %v", p)
	}
	gap := &hostv1.PreviewScheduleRequest{
		Crons: []string{"30 2 * * *"}, Zone: "America/New_York", At: timestamppb.New(time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC)), Count: 1,
	}
	for _, name := range []*hostv1.AutomationName{nil, nightly} {
		gap.Name = name
		res := preview(gap)
		if next := res.GetNext()[0]; next.GetWall() != "2026-03-08 03:00 EDT" || !strings.Contains(next.GetNote(), "02:30 does not exist") {
			t.Errorf("of %v: %v", name, next)
		}
	}
	if res := preview(&hostv1.PreviewScheduleRequest{Crons: []string{"@hourly"}}); len(res.GetPast()) != 30 || len(res.GetNext()) != 30 {
		t.Errorf("%d and %d instants, want 30 on either side", len(res.GetPast()), len(res.GetNext()))
	}
	bad := preview(&hostv1.PreviewScheduleRequest{Crons: []string{"61 * * * *", "@daily", "@every 1s"}, Zone: "Mars/Olympus"})
	if len(bad.GetProblems()) != 3 || len(bad.GetNext()) != 0 {
		t.Errorf("what is wrong: %v, want three problems", bad)
	}
	for reason, req := range map[string]*hostv1.PreviewScheduleRequest{
		"PREVIEW": {}, "PAGE_SIZE": {Crons: []string{"@daily"}, Count: 1001}, "TIME": {Crons: []string{"@daily"}, At: &timestamppb.Timestamp{Nanos: -1}},
		"AUTOMATION_KIND": {Name: &hostv1.AutomationName{Kind: hostv1.AutomationKind_AUTOMATION_KIND_SENSOR, Name: "commits"}},
	} {
		if _, err := a.automation.PreviewSchedule(t.Context(), req); reasonOf(t, err) != reason {
			t.Errorf("%v: %v, want %s", req, err, reason)
		}
	}
}
