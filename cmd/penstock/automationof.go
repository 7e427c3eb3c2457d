package main

import (
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// The wire's messages of schedules and sensors as the objects that --json prints.

func automationNameText(n *hostv1.AutomationName) string {
	return n.GetLocation() + "/" + n.GetRepository() + "/" + n.GetName()
}

func automationOf(a *hostv1.Automation) automationObject {
	o := automationObject{
		Kind: kindText(a.GetName().GetKind()), Name: automationNameText(a.GetName()), Location: a.GetName().GetLocation(), Repository: a.GetName().GetRepository(),
		Jobs: []string{}, Crons: []string{}, Tags: []tagObject{},
		Running: a.GetRunning(), Switched: enumText(a.GetSwitched(), "AUTOMATION_SWITCH_"), SwitchedBy: a.GetSwitchedBy(), SwitchedAt: timeOf(a.GetSwitchedAt()),
		GoneSince: timeOf(a.GetGoneSince()), Stale: a.GetStale(), Problem: a.GetProblem(), Remedy: a.GetRemedy(), NextTickAt: timeOf(a.GetNextTickAt()),
		Cursor: a.GetCursor(), LastTicks: convert(a.GetLastTicks(), tickOf),
	}
	if s := a.GetSchedule(); s != nil {
		o.addSchedule(s)
	}
	if s := a.GetSensor(); s != nil {
		o.addSensor(s)
	}
	return o
}

func (o *automationObject) addSchedule(s *usercodev1.ScheduleDefinition) {
	o.Description, o.DefaultOn, o.Tags = s.GetDescription(), s.GetDefaultOn(), tagsOf(s.GetTags())
	o.Crons, o.Zone = textsOf(s.GetCrons()), s.GetZone()
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	if s.GetJob() != "" {
		o.Jobs = []string{s.GetJob()}
	}
	switch s.GetMissedTicks().GetPolicy() {
	case usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_SKIP:
		o.MissedTicks = "SKIP"
	case usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL:
		o.MissedTicks, o.MissedAtMost = "ALL", s.GetMissedTicks().GetAtMost()
	default:
		o.MissedTicks = "LATEST"
	}
	switch s.GetMakes().(type) {
	case *usercodev1.ScheduleDefinition_Fixed:
		o.Makes = "FIXED_RUN"
	case *usercodev1.ScheduleDefinition_Partitions:
		o.Makes = "PARTITION_RUNS"
	case *usercodev1.ScheduleDefinition_Evaluated:
		o.Makes = "EVALUATED"
	}
}

func (o *automationObject) addSensor(s *usercodev1.SensorDefinition) {
	o.Description, o.DefaultOn, o.Tags = s.GetDescription(), s.GetDefaultOn(), tagsOf(s.GetTags())
	o.Jobs = textsOf(s.GetJobs())
	switch looks := s.GetLooks().(type) {
	case *usercodev1.SensorDefinition_RunStatus:
		o.Makes, o.Where = "RUN_STATUS", looks.RunStatus.GetWhere()
	case *usercodev1.SensorDefinition_Evaluated:
		o.Makes, o.IntervalSeconds = "EVALUATED", secondsOf(s.GetInterval())
	}
}

// interval is how often a sensor looks that is asked again and again.
func (o *automationObject) interval() time.Duration {
	if o.IntervalSeconds == nil {
		return 30 * time.Second
	}
	return max(time.Second, time.Duration(*o.IntervalSeconds*float64(time.Second)))
}

func tickOf(t *hostv1.Tick) tickObject {
	return tickObject{
		ID: t.GetId(), At: timeOf(t.GetAt()), Status: tickStatusText(t.GetStatus()), SkipReason: t.GetSkipReason(), Error: t.GetError(),
		Runs: convert(t.GetRuns(), func(r *hostv1.TickRun) tickRunObject {
			o := tickRunObject{Run: r.GetRunId(), RunKey: r.GetRunKey(), Partition: r.GetPartition()}
			if r.GetStatus() != hostv1.RunStatus_RUN_STATUS_UNSPECIFIED {
				o.Status = statusText(r.GetStatus())
			}
			return o
		}),
		KnownRunKeys: textsOf(t.GetKnownRunKeys()), KnownRunKeyCount: t.GetKnownRunKeyCount(),
		StartedAt: timeOf(t.GetStartedAt()), DurationSeconds: secondsOf(t.GetDuration()), Cursor: t.GetCursor(), LogLines: textsOf(t.GetLogLines()),
		Count: max(t.GetCount(), 1), LastAt: timeOf(t.GetLastAt()), Late: t.GetLate(),
	}
}

func schedulePreviewOf(name string, res *hostv1.PreviewScheduleResponse) schedulePreview {
	return schedulePreview{
		Schedule: name, Zone: res.GetZone(), Past: convert(res.GetPast(), previewedOf), Next: convert(res.GetNext(), previewedOf),
		Problems: convert(res.GetProblems(), problemOf),
	}
}

func previewedOf(t *hostv1.PreviewedTick) previewedObject {
	o := previewedObject{At: timeOf(t.GetAt()), Wall: t.GetWall(), Note: t.GetNote()}
	if t.GetTick() != nil {
		tick := tickOf(t.GetTick())
		o.Tick = &tick
	}
	return o
}

func problemOf(p *hostv1.Problem) problemObject {
	return problemObject{Field: p.GetField(), Path: p.GetPath(), Line: p.GetLine(), Column: p.GetColumn(), Message: p.GetMessage()}
}

func tickTestOf(name string, res *hostv1.TestAutomationResponse) tickTest {
	return tickTest{
		Name: name, Status: tickStatusText(res.GetStatus()), SkipReason: res.GetSkipReason(), Error: res.GetError(),
		Runs:   convert(res.GetRuns(), testedRunOf),
		Cursor: res.GetCursor(), LogLines: textsOf(res.GetLogLines()), DurationSeconds: secondsOf(res.GetDuration()),
		PartitionKeys: convert(res.GetPartitionKeys(), func(c *usercodev1.PartitionKeysChange) partitionKeysObject {
			return partitionKeysObject{Dimension: c.GetDimension(), Add: textsOf(c.GetAdd()), Remove: textsOf(c.GetRemove())}
		}),
	}
}

func testedRunOf(r *hostv1.TestedRun) testedRunObject {
	o := testedRunObject{
		Job: r.GetRequest().GetJob(), RunKey: r.GetRequest().GetRunKey(), KnownRunKey: r.GetKnownRunKey(), Partition: r.GetRequest().GetPartition(),
		Tags: tagsOf(r.GetTags()),
	}
	if r.GetPreview() != nil {
		preview := previewOf(r.GetPreview(), "")
		o.Preview = &preview
	}
	return o
}

func tickStatusText(s hostv1.TickStatus) string { return enumText(s, "TICK_STATUS_") }

// kindText is schedule or sensor.
func kindText(k hostv1.AutomationKind) string {
	switch k {
	case hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE:
		return "schedule"
	case hostv1.AutomationKind_AUTOMATION_KIND_SENSOR:
		return "sensor"
	default:
		return enumText(k, "AUTOMATION_KIND_")
	}
}
