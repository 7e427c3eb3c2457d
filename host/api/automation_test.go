package api_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/schedule"
	"github.com/penstock-run/penstock/host/sensor"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// automated is a fixture whose host runs schedules and sensors of a peer.
type automated struct {
	*fixture
	peer       *hosttest.Peer
	automation hostv1connect.AutomationServiceClient
	prepare    func(context.Context, launch.Request) (host.NewRun, error)
}

// idleSchedule ticks on leap days, and is off; idleSensor is off.
func idleSchedule(name, job string) *usercodev1.ScheduleDefinition {
	d := hosttest.Schedule(name, job, "0 6 29 2 *")
	d.DefaultOn = false
	return d
}

func idleSensor(name string, jobs ...string) *usercodev1.SensorDefinition {
	d := hosttest.Sensor(name, jobs...)
	d.DefaultOn = false
	return d
}

// automationPeer has a schedule and a sensor of one job, and a schedule that cannot be used.
func automationPeer() hosttest.Behavior {
	b := hosttest.Current()
	b.Repositories[0].Schedules = []*usercodev1.ScheduleDefinition{
		hosttest.Schedule("broken", "plain", "61 * * * *"), idleSchedule("nightly", "plain"), idleSchedule("weekly", "nested"),
	}
	b.Repositories[0].Sensors = []*usercodev1.SensorDefinition{idleSensor("commits", "plain", "nested")}
	return b
}

func withAutomation(t *testing.T, b hosttest.Behavior) *automated {
	t.Helper()
	a := &automated{}
	feed := &automation.Feed{}
	var schedules *schedule.Scheduler
	var sensors *sensor.Watcher
	var stops []func()
	a.fixture, a.peer = withPeer(t, settings{idle: true, options: func(o *api.Options) {
		metrics := must(automation.NewMetrics(o.Metrics))(t)
		code := func() <-chan struct{} {
			changes := o.Workspace.Watch()
			stops = append(stops, changes.Close)
			return changes.Ready()
		}
		turns := automation.NewTurns()
		schedules = schedule.New(schedule.Options{
			Store: o.Store, Code: o.Workspace, CodeChanged: code(), Prepare: o.Queue.Prepare, Turns: turns, Feed: feed, Metrics: metrics,
			Clock: o.Clock, Logger: o.Logger,
			Ended: func(_ context.Context, _ host.JobName, after, _ time.Time, _ int) ([]string, error) {
				return []string{after.UTC().Format(time.DateOnly)}, nil // those of the tests are of days
			},
		})
		sensors = sensor.New(sensor.Options{
			Store: o.Store, Runs: o.Feed, Code: o.Workspace, CodeChanged: code(), Prepare: o.Queue.Prepare, Turns: turns, Feed: feed, Metrics: metrics,
			Clock: o.Clock, Logger: o.Logger, Jitter: func() float64 { return 0 },
		})
		o.Schedules, o.Sensors, o.AutomationFeed = schedules, sensors, feed
		a.prepare = o.Queue.Prepare
	}}, b)
	for _, d := range []interface {
		Start(context.Context) error
		Stop()
	}{schedules, sensors} {
		if err := d.Start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Stop)
	}
	t.Cleanup(func() {
		for _, stop := range stops {
			stop()
		}
	})
	httpClient := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(httpClient.CloseIdleConnections)
	a.automation = hostv1connect.NewAutomationServiceClient(connect.NewClient(connecthttp.NewTransport(httpClient, a.url)))
	return a
}

func (a *automated) get(name string) *hostv1.Automation {
	a.t.Helper()
	res, err := a.automation.GetAutomation(a.t.Context(), &hostv1.GetAutomationRequest{Name: &hostv1.AutomationName{Name: name}})
	if err != nil {
		a.t.Fatalf("get %s: %v", name, err)
	}
	return res.GetAutomation()
}

// await watches until one is as it should be.
func (a *automated) await(name string, ok func(*hostv1.Automation) bool) *hostv1.Automation {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 20*time.Second)
	defer cancel()
	stream, err := a.automation.WatchAutomation(ctx, &hostv1.WatchAutomationRequest{})
	if err != nil {
		a.t.Fatal(err)
	}
	defer stream.Close()
	for {
		if _, err := stream.Receive(); err != nil {
			a.t.Fatalf("wait for %s: %v; it is %v", name, err, a.get(name))
		}
		if one := a.get(name); ok(one) {
			return one
		}
	}
}

// tick stores a tick of a schedule with a run for each key.
func (a *automated) tick(at time.Time, status host.TickStatus, keys ...string) host.Tick {
	a.t.Helper()
	name := host.AutomationName{Kind: host.ScheduleKind, Location: "code", Repository: "tutorial", Name: "nightly"}
	all := must(a.store.Automations(a.t.Context()))(a.t)
	record := all[slices.IndexFunc(all, func(r host.Automation) bool { return r.Name == name })]
	n := host.NewTick{
		Tick:    host.Tick{Name: name, At: at, Status: status, StartedAt: at, EndedAt: at.Add(time.Second), LastAt: at.Add(time.Second), Count: 1, LogLines: []string{"looked"}},
		Version: record.Version, Next: record,
	}
	n.Next.From = at
	if status != host.TickSuccess {
		n.Tick.SkipReason = "nothing new"
	}
	for _, key := range keys {
		run, err := a.prepare(a.t.Context(), launch.Request{RequestID: uuid.NewString(), Job: "plain", ConfigYAML: "{}"})
		if err != nil {
			a.t.Fatal(err)
		}
		n.Runs = append(n.Runs, host.NewTickRun{NewRun: run, RunKey: key})
	}
	tick, created, err := a.store.CreateTick(a.t.Context(), n)
	if err != nil || !created {
		a.t.Fatalf("create tick: %t, %v", created, err)
	}
	return tick
}

func names(all []*hostv1.Automation) (out []string) {
	for _, a := range all {
		out = append(out, a.GetName().GetName())
	}
	return out
}

func TestListAutomation(t *testing.T) {
	a := withAutomation(t, automationPeer())
	a.await("commits", func(o *hostv1.Automation) bool { return o.GetSensor() != nil })
	tick := a.tick(time.Now().Add(time.Hour).Truncate(time.Second), host.TickSuccess, "k")
	list := func(job string) []*hostv1.Automation {
		t.Helper()
		res, err := a.automation.ListAutomation(t.Context(), &hostv1.ListAutomationRequest{Job: job})
		if err != nil || len(res.GetRefusals()) != 0 {
			t.Fatalf("list: %v, %v", res, err)
		}
		return res.GetAutomations()
	}
	all := list("")
	if got, want := names(all), []string{"broken", "commits", "nightly", "weekly"}; !slices.Equal(got, want) {
		t.Fatalf("all are %q, want %q", got, want)
	}
	if broken := all[0]; broken.GetRunning() || !strings.Contains(broken.GetProblem(), "61 is not between 0 and 59") || broken.GetRemedy() == "" {
		t.Errorf("a schedule that cannot be used is %v", broken)
	}
	nightly := all[2]
	if len(nightly.GetLastTicks()) != 1 || nightly.GetLastTicks()[0].GetRuns() != nil || nightly.GetLastTicks()[0].GetLogLines() != nil {
		t.Errorf("the last ticks in a list are %v, want one without its runs", nightly.GetLastTicks())
	}
	if nightly.GetSchedule().GetJob() != "plain" || nightly.GetRunning() || nightly.GetSwitched() != hostv1.AutomationSwitch_AUTOMATION_SWITCH_DEFAULT || nightly.GetProblem() != "" {
		t.Errorf("a schedule that is off is %v", nightly)
	}
	one := a.get("nightly")
	if runs := one.GetLastTicks()[0].GetRuns(); len(runs) != 1 || runs[0].GetRunId() != string(tick.Runs[0].Run) || runs[0].GetStatus() != hostv1.RunStatus_RUN_STATUS_QUEUED {
		t.Errorf("the runs of the last tick are %v, want %v, queued", runs, tick.Runs)
	}
	for job, want := range map[string][]string{
		"nested": {"commits", "weekly"}, "code/tutorial/plain": {"broken", "commits", "nightly"}, "code/tutorial/gone": nil,
	} {
		if got := names(list(job)); !slices.Equal(got, want) {
			t.Errorf("those of job %s are %q, want %q", job, got, want)
		}
	}
}

func TestRefusedAutomation(t *testing.T) {
	b := automationPeer()
	b.Protocol, b.Declared, b.Capabilities = "0.14.18", false, nil
	a := withAutomation(t, b)
	res, err := a.automation.ListAutomation(t.Context(), &hostv1.ListAutomationRequest{})
	if err != nil || len(res.GetAutomations()) != 0 || len(res.GetRefusals()) != 2 {
		t.Fatalf("list: %v, %v, want two refusals", res, err)
	}
	for i, capability := range []string{"schedules", "sensors"} {
		if r := res.GetRefusals()[i]; r.GetCapability() != capability || r.GetLocation() != "code" || r.GetMessage() == "" || r.GetRemedy() == "" {
			t.Errorf("refusal %d is %v", i, r)
		}
	}
	_, err = a.automation.GetAutomation(t.Context(), &hostv1.GetAutomationRequest{Name: &hostv1.AutomationName{
		Kind: hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE, Location: "code", Repository: "tutorial", Name: "nightly",
	}})
	if code, _ := detail(t, err); code != connect.CodePermissionDenied {
		t.Errorf("get of a refused schedule: %v, want it refused", err)
	}
	_, err = a.automation.GetAutomation(t.Context(), &hostv1.GetAutomationRequest{Name: &hostv1.AutomationName{Name: "nightly"}})
	if code, _ := detail(t, err); code != connect.CodeNotFound || !strings.Contains(err.Error(), "those of code are refused") {
		t.Errorf("get by a short name: %v, want it to say that those of code are refused", err)
	}
}

func TestAutomationIsFoundByItsEnd(t *testing.T) {
	b := automationPeer()
	b.Repositories = append(b.Repositories, hosttest.Repository{
		Name: "zweig", Jobs: []hosttest.Job{{Definition: hosttest.OneOp("plain")}},
		Schedules: []*usercodev1.ScheduleDefinition{idleSchedule("nightly", "plain")},
	})
	a := withAutomation(t, b)
	for _, test := range []struct {
		name   *hostv1.AutomationName
		want   string
		reason string
	}{
		{name: &hostv1.AutomationName{Name: "weekly"}, want: "code/tutorial/weekly"},
		{name: &hostv1.AutomationName{Name: "zweig/nightly"}, want: "code/zweig/nightly"},
		{name: &hostv1.AutomationName{Name: "code/tutorial/nightly"}, want: "code/tutorial/nightly"},
		{name: &hostv1.AutomationName{Location: "code", Repository: "zweig", Name: "nightly"}, want: "code/zweig/nightly"},
		{name: &hostv1.AutomationName{Name: "nightly"}, reason: "AMBIGUOUS"},
		{name: &hostv1.AutomationName{Name: "ightly"}, reason: "AUTOMATION_NOT_FOUND"},
		{name: &hostv1.AutomationName{Kind: hostv1.AutomationKind_AUTOMATION_KIND_SENSOR, Name: "weekly"}, reason: "AUTOMATION_NOT_FOUND"},
		{name: &hostv1.AutomationName{Name: ""}, reason: "AUTOMATION_NAME"},
		{name: &hostv1.AutomationName{Name: "a/b/c/d"}, reason: "AUTOMATION_NAME"},
		{name: &hostv1.AutomationName{Location: "code", Name: "weekly"}, reason: "AUTOMATION_NAME"},
	} {
		res, err := a.automation.GetAutomation(t.Context(), &hostv1.GetAutomationRequest{Name: test.name})
		if test.reason != "" {
			if _, d := detail(t, err); d.GetReason() != test.reason {
				t.Errorf("%v: %v, want %s", test.name, err, test.reason)
			}
			continue
		}
		n := res.GetAutomation().GetName()
		if got := n.GetLocation() + "/" + n.GetRepository() + "/" + n.GetName(); err != nil || got != test.want {
			t.Errorf("%v: %s, %v, want %s", test.name, got, err, test.want)
		}
	}
}

func TestSwitchAutomation(t *testing.T) {
	a := withAutomation(t, automationPeer())
	a.await("nightly", func(o *hostv1.Automation) bool { return o.GetSchedule() != nil })
	turn := func(to hostv1.AutomationSwitch, by string) (*hostv1.Automation, error) {
		res, err := a.automation.SwitchAutomation(t.Context(), &hostv1.SwitchAutomationRequest{Name: &hostv1.AutomationName{Name: "nightly"}, To: to, By: by})
		return res.GetAutomation(), err
	}
	on, err := turn(hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON, "ann\n")
	if err != nil || !on.GetRunning() || on.GetSwitched() != hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON || on.GetSwitchedBy() != "ann" || on.GetSwitchedAt() == nil {
		t.Fatalf("switched on: %v, %v", on, err)
	}
	if next := on.GetNextTickAt().AsTime(); next.Month() != time.February || next.Day() != 29 || next.Hour() != 6 {
		t.Errorf("its next tick is at %s, want one on a leap day", next)
	}
	off, err := turn(hostv1.AutomationSwitch_AUTOMATION_SWITCH_OFF, "")
	if err != nil || off.GetRunning() || off.GetNextTickAt() != nil {
		t.Errorf("switched off: %v, %v", off, err)
	}
	if _, err := turn(hostv1.AutomationSwitch_AUTOMATION_SWITCH_UNSPECIFIED, ""); reasonOf(t, err) != "SWITCH" {
		t.Errorf("switched to nothing: %v", err)
	}
	if _, err := turn(hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON, strings.Repeat("x", 201)); err == nil {
		t.Error("a long name of who switches is no error")
	}
}

func TestGoneAutomationKeepsItsTicks(t *testing.T) {
	b := automationPeer()
	a := withAutomation(t, b)
	a.await("nightly", func(o *hostv1.Automation) bool { return o.GetSchedule() != nil })
	a.tick(time.Now().Truncate(time.Second), host.TickSkipped)
	b.Repositories = hosttest.Sample()
	if err := a.peer.Become(b); err != nil {
		t.Fatal(err)
	}
	gone := a.await("nightly", func(o *hostv1.Automation) bool { return o.GetGoneSince() != nil })
	if gone.GetSchedule() != nil || gone.GetRunning() || gone.GetStale() || len(gone.GetLastTicks()) != 1 {
		t.Errorf("a schedule that a deploy removed is %v, want its ticks alone", gone)
	}
	_, err := a.automation.PreviewSchedule(t.Context(), &hostv1.PreviewScheduleRequest{Name: &hostv1.AutomationName{Name: "nightly"}})
	if reasonOf(t, err) != "PREVIEW" {
		t.Errorf("preview of it: %v, want that its crons are gone", err)
	}
}

func TestSetSensorCursor(t *testing.T) {
	a := withAutomation(t, automationPeer())
	a.await("commits", func(o *hostv1.Automation) bool { return o.GetSensor() != nil })
	set := func(name, cursor string) (*hostv1.Automation, error) {
		res, err := a.automation.SetSensorCursor(t.Context(), &hostv1.SetSensorCursorRequest{Name: &hostv1.AutomationName{Name: name}, Cursor: cursor, By: "ann"})
		return res.GetAutomation(), err
	}
	if one, err := set("commits", "7"); err != nil || one.GetCursor() != "7" {
		t.Errorf("set: %v, %v", one, err)
	}
	list, err := a.automation.ListAutomation(t.Context(), &hostv1.ListAutomationRequest{Job: "plain"})
	if err != nil || list.GetAutomations()[1].GetCursor() != "" {
		t.Errorf("a list has the cursor: %v, %v", list, err)
	}
	if _, err := set("commits", strings.Repeat("x", host.MaxCursorBytes+1)); reasonOf(t, err) != "CURSOR_SIZE" {
		t.Errorf("a cursor that is too long: %v", err)
	}
	if _, err := set("nightly", "7"); reasonOf(t, err) != "AUTOMATION_NOT_FOUND" {
		t.Errorf("the cursor of a schedule: %v", err)
	}
}

func reasonOf(t *testing.T, err error) string {
	t.Helper()
	_, d := detail(t, err)
	return d.GetReason()
}
