package api

import (
	"cmp"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

var automationKindWire = map[host.AutomationKind]hostv1.AutomationKind{
	host.ScheduleKind: hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE,
	host.SensorKind:   hostv1.AutomationKind_AUTOMATION_KIND_SENSOR,
}

// automationKindFrom is the reverse; a kind that is not said, or not known, is empty.
var automationKindFrom = map[hostv1.AutomationKind]host.AutomationKind{
	hostv1.AutomationKind_AUTOMATION_KIND_SCHEDULE: host.ScheduleKind,
	hostv1.AutomationKind_AUTOMATION_KIND_SENSOR:   host.SensorKind,
}

var switchWire = map[host.AutomationSwitch]hostv1.AutomationSwitch{
	host.SwitchDefault: hostv1.AutomationSwitch_AUTOMATION_SWITCH_DEFAULT,
	host.SwitchOn:      hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON,
	host.SwitchOff:     hostv1.AutomationSwitch_AUTOMATION_SWITCH_OFF,
}

func automationNameToWire(n host.AutomationName) *hostv1.AutomationName {
	return &hostv1.AutomationName{Kind: automationKindWire[n.Kind], Location: valid(n.Location), Repository: valid(n.Repository), Name: valid(n.Name)}
}

// toWire is one without its ticks.
func (k *known) toWire(st automation.Standing) *hostv1.Automation {
	out := &hostv1.Automation{
		Name: automationNameToWire(k.name), Schedule: k.schedule, Sensor: k.sensor, Stale: k.stale,
		Running: st.Running, Problem: valid(st.Problem), Remedy: valid(st.Remedy), NextTickAt: timeToWire(st.Next),
		Switched: switchWire[k.record.Switch], SwitchedBy: valid(k.record.SwitchedBy), SwitchedAt: timeToWire(k.record.SwitchedAt),
		GoneSince: timeToWire(k.record.GoneSince), Cursor: valid(k.record.Cursor),
	}
	if k.err != nil {
		// Also of one that is switched off: nobody would see it before it is switched on.
		problem, remedy := automation.Trouble(automation.Unusable(k.name, k.err))
		out.Problem, out.Remedy = cmp.Or(out.Problem, valid(problem)), cmp.Or(out.Remedy, valid(remedy))
	}
	return out
}

var tickStatusWire = map[host.TickStatus]hostv1.TickStatus{
	host.TickSuccess: hostv1.TickStatus_TICK_STATUS_SUCCESS,
	host.TickSkipped: hostv1.TickStatus_TICK_STATUS_SKIPPED,
	host.TickFailure: hostv1.TickStatus_TICK_STATUS_FAILURE,
}

// tickStatusFrom is the reverse; ok is false for a status that this host does not know.
func tickStatusFrom(w hostv1.TickStatus) (s host.TickStatus, ok bool) {
	for s, same := range tickStatusWire {
		if same == w {
			return s, true
		}
	}
	return "", false
}

// tickToWire converts a tick; the statuses of its runs are for the caller to fill in.
func tickToWire(t *host.Tick) *hostv1.Tick {
	out := &hostv1.Tick{
		Id: automation.TickID(t.At), At: timeToWire(t.At), Status: tickStatusWire[t.Status],
		SkipReason: valid(t.SkipReason), Error: valid(t.Error), KnownRunKeyCount: uint32(max(t.KnownKeyCount, 0)),
		StartedAt: timeToWire(t.StartedAt), Duration: durationpb.New(max(t.EndedAt.Sub(t.StartedAt), 0)), Cursor: valid(t.Cursor),
		Count: uint32(max(t.Count, 1)), LastAt: timeToWire(t.LastAt), Late: t.Late,
	}
	for _, key := range t.KnownKeys {
		out.KnownRunKeys = append(out.KnownRunKeys, valid(key))
	}
	for _, line := range t.LogLines {
		out.LogLines = append(out.LogLines, valid(line))
	}
	for _, r := range t.Runs {
		out.Runs = append(out.Runs, &hostv1.TickRun{RunId: string(r.Run), RunKey: valid(r.RunKey), Partition: valid(r.Partition)})
	}
	return out
}
