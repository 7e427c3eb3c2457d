package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// automationHost has the schedules and sensors that a test gives it, and keeps the last request.
type automationHost struct {
	hostv1connect.UnimplementedAutomationServiceHandler

	list    *hostv1.ListAutomationResponse
	one     *hostv1.Automation
	ticks   *hostv1.ListTicksResponse
	preview *hostv1.PreviewScheduleResponse
	tested  *hostv1.TestAutomationResponse
	err     error
	asked   proto.Message
}

func (h *automationHost) serve(t *testing.T) string {
	t.Helper()
	rpc := connect.NewServer()
	hostv1connect.RegisterAutomationServiceHandler(rpc, h)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func (h *automationHost) ListAutomation(_ context.Context, r *hostv1.ListAutomationRequest) (*hostv1.ListAutomationResponse, error) {
	h.asked = r
	return h.list, h.err
}

func (h *automationHost) GetAutomation(_ context.Context, r *hostv1.GetAutomationRequest) (*hostv1.GetAutomationResponse, error) {
	h.asked = r
	return &hostv1.GetAutomationResponse{Automation: h.one}, h.err
}

func (h *automationHost) SwitchAutomation(_ context.Context, r *hostv1.SwitchAutomationRequest) (*hostv1.SwitchAutomationResponse, error) {
	h.asked = r
	return &hostv1.SwitchAutomationResponse{Automation: h.one}, h.err
}

func (h *automationHost) SetSensorCursor(_ context.Context, r *hostv1.SetSensorCursorRequest) (*hostv1.SetSensorCursorResponse, error) {
	h.asked = r
	h.one.Cursor = r.GetCursor()
	return &hostv1.SetSensorCursorResponse{Automation: h.one}, h.err
}

func (h *automationHost) ListTicks(_ context.Context, r *hostv1.ListTicksRequest) (*hostv1.ListTicksResponse, error) {
	h.asked = r
	return h.ticks, h.err
}

func (h *automationHost) PreviewSchedule(_ context.Context, r *hostv1.PreviewScheduleRequest) (*hostv1.PreviewScheduleResponse, error) {
	h.asked = r
	return h.preview, h.err
}

func (h *automationHost) TestAutomation(_ context.Context, r *hostv1.TestAutomationRequest) (*hostv1.TestAutomationResponse, error) {
	h.asked = r
	return h.tested, h.err
}

func scheduleName(name string) *hostv1.AutomationName {
	return &hostv1.AutomationName{Kind: hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE, Location: "etl", Repository: "tutorial", Name: name}
}

func sampleTicks() []*hostv1.Tick {
	return []*hostv1.Tick{
		{
			Id: "2026-11-03T14:02:03Z", At: at(3), Status: hostv1.TickStatus_TICK_STATUS_SUCCESS, StartedAt: at(3), Duration: durationpb.New(1_500_000_000), Late: true,
			Runs: []*hostv1.TickRun{
				{RunId: runID, RunKey: "monday", Status: hostv1.RunStatus_RUN_STATUS_STARTED}, {RunId: "r2"}, {RunId: "r3", Partition: "2026-11-03"},
			},
			KnownRunKeys: []string{"sunday"}, KnownRunKeyCount: 1, Count: 1, LastAt: at(4),
		},
		{Id: "2026-11-03T14:02:02Z", At: at(2), Status: hostv1.TickStatus_TICK_STATUS_SKIPPED, SkipReason: "nothing\nnew", Count: 240, LastAt: at(3)},
		{Id: "2026-11-03T14:02:01Z", At: at(1), Status: hostv1.TickStatus_TICK_STATUS_FAILURE, Error: "no such table", LogLines: []string{"looking"}},
	}
}

func sampleSchedule() *hostv1.Automation {
	return &hostv1.Automation{
		Name: scheduleName("nightly"),
		Schedule: &usercodev1.ScheduleDefinition{
			Name: "nightly", Description: "Counts at night.", Job: "report", Crons: []string{"30 2 * * *", "@monthly"}, Zone: "America/New_York", DefaultOn: true,
			MissedTicks: &usercodev1.MissedTicks{Policy: usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL, AtMost: 5},
			Tags:        []*tagv1.Tag{{Key: "team", Value: "data"}},
			Makes:       &usercodev1.ScheduleDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{}},
		},
		Running: true, Switched: hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON, SwitchedBy: "ann", SwitchedAt: at(1), NextTickAt: at(9), LastTicks: sampleTicks(),
	}
}

func sampleSensor() *hostv1.Automation {
	name := scheduleName("new_commits")
	name.Kind = hostv1.AutomationKind_AUTOMATION_KIND_SENSOR
	return &hostv1.Automation{
		Name: name,
		Sensor: &usercodev1.SensorDefinition{
			Name: "new_commits", Jobs: []string{"report", "sync"}, Interval: durationpb.New(90_000_000_000),
			Looks: &usercodev1.SensorDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{}},
		},
		Switched: hostv1.AutomationSwitch_AUTOMATION_SWITCH_DEFAULT, Cursor: "4f2a91c",
	}
}

// goneSchedule and brokenSchedule make no ticks.
func goneSchedule() *hostv1.Automation {
	return &hostv1.Automation{Name: scheduleName("old"), Switched: hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON, GoneSince: at(2)}
}

func brokenSchedule() *hostv1.Automation {
	a := sampleSchedule()
	a.Name, a.Running, a.LastTicks, a.NextTickAt, a.Stale = scheduleName("broken"), false, nil, nil, true
	a.Problem, a.Remedy = "code location etl does not answer", "start it"
	return a
}

func automationRefusal() *hostv1.Refusal {
	r := refusedJob().GetMetadata().GetRefusal()
	r.Capability, r.Location = "schedules", "old_etl"
	r.Message = "Schedules need a server that speaks protocol 0.15.0 or newer; this one speaks 0.14.18."
	return r
}

func TestScheduleList(t *testing.T) {
	h := &automationHost{list: &hostv1.ListAutomationResponse{
		Automations: []*hostv1.Automation{brokenSchedule(), sampleSensor(), sampleSchedule(), goneSchedule()}, Refusals: []*hostv1.Refusal{automationRefusal()},
	}}
	url := h.serve(t)
	t.Run("Text", func(t *testing.T) {
		r := penstock(t, url, "schedule", "list", "--job", "report")
		r.want(t, exitOK, "", "Schedules need a server that speaks protocol 0.15.0 or newer")
		golden(t, "schedule_list.txt", r.out+"---\n"+r.err)
		if asked := h.asked.(*hostv1.ListAutomationRequest); asked.GetJob() != "report" {
			t.Errorf("asked for %v", asked)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		r := penstock(t, url, "schedule", "list", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "schedule_list.json", r.out)
	})
	t.Run("Sensors", func(t *testing.T) {
		r := penstock(t, url, "sensor", "list")
		r.want(t, exitOK, "etl/tutorial/new_commits  off (by default)  every 1m30s", "")
		if strings.Contains(r.out, "nightly") {
			t.Errorf("a schedule is among the sensors:\n%s", r.out)
		}
	})
	t.Run("NoneButRefused", func(t *testing.T) {
		h.list = &hostv1.ListAutomationResponse{Refusals: []*hostv1.Refusal{automationRefusal()}}
		r := penstock(t, url, "schedule", "list")
		r.want(t, exitOK, "", "the schedules of location old_etl are not shown")
		if strings.Contains(r.err, "There are no") {
			t.Errorf("a refusal reads as none:\n%s", r.err)
		}
	})
	t.Run("None", func(t *testing.T) {
		h.list = &hostv1.ListAutomationResponse{}
		penstock(t, url, "sensor", "list").want(t, exitOK, "", "There are no sensors.")
	})
}

func TestScheduleShow(t *testing.T) {
	h := &automationHost{one: sampleSchedule()}
	url := h.serve(t)
	t.Run("Text", func(t *testing.T) {
		r := penstock(t, url, "schedule", "show", "nightly")
		r.want(t, exitOK, "", "")
		golden(t, "schedule_show.txt", r.out)
		if n := h.asked.(*hostv1.GetAutomationRequest).GetName(); n.GetName() != "nightly" || n.GetKind() != hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE {
			t.Errorf("asked for %v", n)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		golden(t, "schedule_show.json", penstock(t, url, "schedule", "show", "nightly", "--json").out)
	})
	t.Run("Gone", func(t *testing.T) {
		h.one = goneSchedule()
		penstock(t, url, "schedule", "show", "old").want(t, exitOK, "Gone:      since 2026-11-03 14:02:02: no code has it any more", "")
	})
	t.Run("Broken", func(t *testing.T) {
		h.one = brokenSchedule()
		penstock(t, url, "schedule", "show", "broken").want(t, exitOK, "Problem:       code location etl does not answer\nWhat to do:    start it\n", "")
	})
	t.Run("Sensor", func(t *testing.T) {
		h.one = sampleSensor()
		r := penstock(t, url, "sensor", "show", "new_commits")
		r.want(t, exitOK, "Cursor:  4f2a91c", "")
		golden(t, "sensor_show.json", penstock(t, url, "sensor", "show", "new_commits", "--json").out)
	})
	t.Run("NotFound", func(t *testing.T) {
		h.err = wireError(connect.CodeNotFound, `there is no schedule "x"`, &hostv1.ErrorDetail{Reason: "AUTOMATION_NOT_FOUND", Remedy: "List them."})
		penstock(t, url, "schedule", "show", "x").want(t, exitNotFound, "", "List them.")
	})
}

func TestScheduleSwitch(t *testing.T) {
	h := &automationHost{one: sampleSchedule()}
	url := h.serve(t)
	for use, to := range map[string]hostv1.AutomationSwitch{
		"on": hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON, "off": hostv1.AutomationSwitch_AUTOMATION_SWITCH_OFF, "default": hostv1.AutomationSwitch_AUTOMATION_SWITCH_DEFAULT,
	} {
		r := penstock(t, url, "schedule", use, "nightly", "--by", "ann")
		r.want(t, exitOK, "Schedule etl/tutorial/nightly is on; it is due next at 2026-11-03 14:02:09.\n", "")
		if asked := h.asked.(*hostv1.SwitchAutomationRequest); asked.GetTo() != to || asked.GetBy() != "ann" || asked.GetName().GetName() != "nightly" {
			t.Errorf("%s asked for %v", use, asked)
		}
	}
	penstock(t, url, "schedule", "on", "nightly")
	if h.asked.(*hostv1.SwitchAutomationRequest).GetBy() == "" {
		t.Error("without --by nobody is named")
	}
	h.one = brokenSchedule()
	penstock(t, url, "schedule", "on", "broken").want(t, exitOK, "Schedule etl/tutorial/broken is stopped.", "schedule etl/tutorial/broken makes no ticks: code location etl does not answer\n  start it\n")
}

func TestScheduleTicks(t *testing.T) {
	h := &automationHost{ticks: &hostv1.ListTicksResponse{Ticks: sampleTicks(), NextCursor: "more"}}
	url := h.serve(t)
	r := penstock(t, url, "schedule", "ticks", "nightly", "--status", "success,skipped", "--limit", "3", "--page-cursor", "c")
	r.want(t, exitOK, "", "penstock schedule ticks nightly --limit 3 --page-cursor more --status success --status skipped")
	golden(t, "schedule_ticks.txt", r.out)
	asked := h.asked.(*hostv1.ListTicksRequest)
	if asked.GetPageSize() != 3 || asked.GetPageCursor() != "c" || len(asked.GetStatuses()) != 2 || asked.GetStatuses()[1] != hostv1.TickStatus_TICK_STATUS_SKIPPED {
		t.Errorf("asked for %v", asked)
	}
	golden(t, "schedule_ticks.json", penstock(t, url, "schedule", "ticks", "nightly", "--json").out)
	penstock(t, url, "sensor", "ticks", "x", "--status", "late").want(t, exitUsage, "", `--status "late" is none of SUCCESS, SKIPPED, FAILURE`)
	penstock(t, url, "sensor", "ticks", "x", "--limit", "0").want(t, exitUsage, "", "--limit 0")
	h.ticks = &hostv1.ListTicksResponse{}
	penstock(t, url, "sensor", "ticks", "x").want(t, exitOK, "", "There are no such ticks.")
}

func TestSchedulePreview(t *testing.T) {
	h := &automationHost{preview: &hostv1.PreviewScheduleResponse{
		Zone: "America/New_York",
		Past: []*hostv1.PreviewedTick{
			{At: at(1), Wall: "2026-11-03 09:02 EST"}, {At: at(2), Wall: "2026-11-03 09:02 EST", Tick: sampleTicks()[0]},
		},
		Next: []*hostv1.PreviewedTick{{At: at(9), Wall: "2026-03-08 03:00 EDT", Note: "02:30 does not exist that day in America/New_York; this is the first valid instant"}},
	}}
	url := h.serve(t)
	r := penstock(t, url, "schedule", "preview", "nightly", "--cron", "30 2 * * *", "--cron", "@monthly", "--zone", "America/New_York", "--at", "2026-03-08T00:00:00-05:00", "--count", "2")
	r.want(t, exitOK, "", "")
	golden(t, "schedule_preview.txt", r.out)
	asked := h.asked.(*hostv1.PreviewScheduleRequest)
	if len(asked.GetCrons()) != 2 || asked.GetZone() != "America/New_York" || asked.GetCount() != 2 || asked.GetAt().AsTime().Hour() != 5 || asked.GetName().GetName() != "nightly" {
		t.Errorf("asked for %v", asked)
	}
	golden(t, "schedule_preview.json", penstock(t, url, "schedule", "preview", "--cron", "@daily", "--json").out)
	if h.asked.(*hostv1.PreviewScheduleRequest).GetName() != nil {
		t.Errorf("crons alone ask for %v", h.asked)
	}
	penstock(t, url, "schedule", "preview").want(t, exitUsage, "", "name a schedule, or give crons with --cron")
	penstock(t, url, "schedule", "preview", "x", "--count", "1001").want(t, exitUsage, "", "--count 1001: it is 1 to 1000")
	penstock(t, url, "schedule", "preview", "x", "--at", "tomorrow").want(t, exitUsage, "", `--at "tomorrow" is not a time`)
	h.preview = &hostv1.PreviewScheduleResponse{Problems: []*hostv1.Problem{{Message: `cron "61 * * * *": minute: 61 is not between 0 and 59`}}}
	penstock(t, url, "schedule", "preview", "--cron", "61 * * * *").want(t, exitRejected, "", `cron "61 * * * *": minute: 61 is not between 0 and 59`)
	h.preview = &hostv1.PreviewScheduleResponse{}
	penstock(t, url, "schedule", "preview", "--cron", "0 0 30 2 *").want(t, exitOK, "", "There is no next one within ten years.")
}

func sampleTest() *hostv1.TestAutomationResponse {
	return &hostv1.TestAutomationResponse{
		Status: hostv1.TickStatus_TICK_STATUS_SUCCESS, Cursor: "c", LogLines: []string{"looked at 3"}, Duration: durationpb.New(20_000_000),
		Runs: []*hostv1.TestedRun{
			{
				Request: &usercodev1.RunRequest{RunKey: "monday", Partition: "2026-11-03"}, Tags: []*tagv1.Tag{{Key: "team", Value: "data", Origin: tagv1.Origin_ORIGIN_SCHEDULE}},
				Preview: &hostv1.PreviewRunResponse{Job: &hostv1.JobName{Location: "etl", Repository: "tutorial", Job: "report"}, OpPaths: []string{"read", "count"}},
			},
			{Request: &usercodev1.RunRequest{RunKey: "sunday", Job: "sync"}, KnownRunKey: true},
		},
		PartitionKeys: []*usercodev1.PartitionKeysChange{{Dimension: "customer", Add: []string{"a", "b"}, Remove: []string{"c"}}},
	}
}

func TestScheduleTest(t *testing.T) {
	h := &automationHost{tested: sampleTest()}
	url := h.serve(t)
	r := penstock(t, url, "schedule", "test", "nightly", "--at", "2026-03-08T07:00:00Z")
	r.want(t, exitOK, "", "")
	golden(t, "schedule_test.txt", r.out)
	if asked := h.asked.(*hostv1.TestAutomationRequest); asked.GetAt().AsTime().Hour() != 7 || asked.Cursor != nil {
		t.Errorf("asked for %v", asked)
	}
	golden(t, "schedule_test.json", penstock(t, url, "schedule", "test", "nightly", "--json").out)

	penstock(t, url, "sensor", "test", "new_commits", "--cursor", "", "--run", "0192")
	if asked := h.asked.(*hostv1.TestAutomationRequest); asked.Cursor == nil || asked.GetRunId() != "0192" || asked.GetName().GetKind() != hostv1.AutomationKind_AUTOMATION_KIND_SENSOR {
		t.Errorf("asked for %v", asked)
	}
	h.tested = &hostv1.TestAutomationResponse{
		Status: hostv1.TickStatus_TICK_STATUS_FAILURE, Error: "run 1: there is no job x",
		Runs: []*hostv1.TestedRun{{Request: &usercodev1.RunRequest{Job: "x"}, Preview: &hostv1.PreviewRunResponse{Problems: []*hostv1.Problem{{Message: "there is no job x"}, {Message: "y"}}}}},
	}
	penstock(t, url, "schedule", "test", "nightly").want(t, exitRejected, "there is no job x and 1 more", "a tick of schedule nightly would fail: run 1: there is no job x")
	penstock(t, url, "schedule", "test", "nightly", "--json").want(t, exitRejected, `"status": "FAILURE"`, "would fail")
}

func TestSensorCursor(t *testing.T) {
	h := &automationHost{one: sampleSensor()}
	url := h.serve(t)
	if r := penstock(t, url, "sensor", "cursor", "new_commits"); r.code != exitOK || r.out != "4f2a91c\n" || r.err != "" {
		t.Errorf("cursor prints %q, %q, exit code %d", r.out, r.err, r.code)
	}
	penstock(t, url, "sensor", "cursor", "new_commits", "--set", "5c").want(t, exitOK, "5c\n", "The cursor is replaced.")
	penstock(t, url, "sensor", "cursor", "new_commits", "--set", "5c", "--json").want(t, exitOK, `"cursor": "5c"`, "")
	penstock(t, url, "sensor", "cursor", "new_commits", "--reset", "--by", "ann").want(t, exitOK, "", "it begins as at first")
	if asked := h.asked.(*hostv1.SetSensorCursorRequest); asked.GetCursor() != "" || asked.GetBy() != "ann" {
		t.Errorf("asked for %v", asked)
	}
	penstock(t, url, "sensor", "cursor", "x", "--set", "a", "--reset").want(t, exitUsage, "", "contradict")
	penstock(t, url, "sensor", "cursor", "x", "--by", "a").want(t, exitUsage, "", "give --set or --reset")
}

func TestAutomationOfHostileTextIsInert(t *testing.T) {
	list := &hostv1.ListAutomationResponse{Automations: []*hostv1.Automation{brokenSchedule(), sampleSchedule()}, Refusals: []*hostv1.Refusal{automationRefusal()}}
	refused := poisoned(list)
	hostileOne := brokenSchedule()
	hostileOne.Cursor = "x"
	refused.Refusals[0].Capability = "schedules"
	h := &automationHost{
		list: refused, one: poisoned(hostileOne), ticks: poisoned(&hostv1.ListTicksResponse{Ticks: sampleTicks(), NextCursor: "x"}),
		preview: poisoned(&hostv1.PreviewScheduleResponse{Next: []*hostv1.PreviewedTick{{At: at(1), Wall: "x", Note: "x", Tick: sampleTicks()[0]}}}),
		tested:  poisoned(sampleTest()),
	}
	url := h.serve(t)
	for _, args := range [][]string{
		{"schedule", "list"}, {"schedule", "show", "x"}, {"schedule", "on", "x"}, {"schedule", "ticks", "x"}, {"schedule", "preview", "x"}, {"schedule", "test", "x"}, {"sensor", "cursor", "x"},
	} {
		checkInert(t, args, penstock(t, url, args...))
		checkInert(t, args, penstock(t, url, append(args, "--json")...))
	}
}

func TestCompletionOfSchedules(t *testing.T) {
	other := sampleSchedule()
	other.Name.Location = "other"
	h := &automationHost{list: &hostv1.ListAutomationResponse{Automations: []*hostv1.Automation{sampleSchedule(), other, goneSchedule(), sampleSensor()}}}
	t.Setenv("PENSTOCK_HOST", h.serve(t))
	for _, c := range []struct{ line, want string }{
		{"schedule show ", "etl/tutorial/nightly\ton\nother/tutorial/nightly\ton\nold\tgone\ntutorial/old\tgone\netl/tutorial/old\tgone\n:4"},
		{"sensor cursor n", "new_commits\toff (by default)\n:4"},
	} {
		if r := penstock(t, "", append([]string{"__complete"}, strings.Split(c.line, " ")...)...); !strings.HasPrefix(r.out, c.want) {
			t.Errorf("%q completes to\n%s\nwant\n%s", c.line, r.out, c.want)
		}
	}
}
