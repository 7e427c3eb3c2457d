package compat

import (
	"context"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// automation checks what is shown of schedules and sensors: each, field by field, or why none is.
func (f *findings) automation(ctx context.Context, h Host, s Subject) error {
	shown, err := h.Automation(ctx)
	if err != nil {
		return err
	}
	var schedules, sensors uint32
	for _, r := range s.Behavior.Repositories {
		schedules, sensors = schedules+uint32(len(r.Schedules)), sensors+uint32(len(r.Sensors))
		f.automationOf(s, r, shown)
	}
	for capability, withheld := range map[string]uint32{versioncheck.Schedules: schedules, versioncheck.Sensors: sensors} {
		var refusal *hostv1.Refusal
		for _, r := range shown.GetRefusals() {
			if r.GetLocation() == s.Location && r.GetCapability() == capability {
				refusal = r
				f.heard(r)
			}
		}
		switch {
		case !s.Want.Usable():
		case s.Want.refusedAs(capability) != "":
			f.refusal(CheckAutomation, s, capability, refusal, &withheld)
		case refusal != nil:
			f.addf(CheckAutomation, "%s are refused: %v", capability, refusal)
		}
	}
	broken := slices.Clone(s.Want.BrokenAutomation)
	for _, a := range shown.GetAutomations() {
		i := slices.Index(broken, a.GetName().GetName())
		switch {
		case a.GetName().GetLocation() != s.Location:
		case i >= 0 && a.GetProblem() != "" && a.GetRemedy() != "" && !a.GetRunning():
			broken = slices.Delete(broken, i, i+1)
		default:
			f.addf(CheckAutomation, "%v is listed, which is not to be shown", a.GetName())
			f.heard(a)
		}
	}
	if len(broken) > 0 {
		f.addf(CheckAutomation, "%v are not listed with what is wrong with them", broken)
	}
	return nil
}

// automationOf takes those of a repository out of a list.
func (f *findings) automationOf(s Subject, r hosttest.Repository, shown *hostv1.ListAutomationResponse) {
	find := func(kind hostv1.AutomationKind, name string) *hostv1.Automation {
		for i, a := range shown.GetAutomations() {
			if n := a.GetName(); n.GetKind() == kind && n.GetLocation() == s.Location && n.GetRepository() == r.Name && n.GetName() == name {
				shown.Automations = slices.Delete(shown.GetAutomations(), i, i+1)
				f.heard(a)
				return a
			}
		}
		f.addf(CheckAutomation, "%s %s/%s is not listed", kind, r.Name, name)
		return nil
	}
	if s.Want.Usable() && s.Want.refusedAs(versioncheck.Schedules) == "" {
		for _, d := range r.Schedules {
			f.equal(CheckAutomation, "schedule "+d.GetName(), find(hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE, d.GetName()).GetSchedule(), d)
		}
	}
	if s.Want.Usable() && s.Want.refusedAs(versioncheck.Sensors) == "" {
		for _, d := range r.Sensors {
			f.equal(CheckAutomation, "sensor "+d.GetName(), find(hostv1.AutomationKind_AUTOMATION_KIND_SENSOR, d.GetName()).GetSensor(), d)
		}
	}
}

// partitions checks what a job's page says of partitions, and takes that out of what else is to be compared.
func (f *findings) partitions(s Subject, name string, j hosttest.Job, got, want *hostv1.Job) {
	if s.Want.refusedAs(versioncheck.Partitions) != "" {
		var withheld uint32
		if j.Definition.GetPartitions() != nil {
			withheld = 1
		}
		f.refusal(CheckAutomation, s, versioncheck.Partitions, got.GetPartitionsRefusal(), &withheld)
		want.Definition.Partitions, want.PartitionsRefusal = nil, got.GetPartitionsRefusal()
		return
	}
	if got.GetPartitionsRefusal() != nil {
		f.addf(CheckAutomation, "the partitions of %s are refused: %v", name, got.GetPartitionsRefusal())
	}
}

// automatedTraces checks that nothing of what is refused got out, and that what is shown did.
func (f *findings) automatedTraces(s Subject, traces string) {
	if strings.Contains(traces, Automated) {
		f.addf(CheckLeak, "schedules, sensors or partitions are in the log or in the metrics")
	}
	want := s.Want.Usable() && (s.Want.refusedAs(versioncheck.Partitions) == "" || s.Want.refusedAs(versioncheck.Schedules) == "" || s.Want.refusedAs(versioncheck.Sensors) == "")
	if got := strings.Contains(f.told.String(), Automated); got != want {
		f.addf(CheckLeak, "schedules, sensors or partitions are in the answers of the API: %t, want %t", got, want)
	}
}
