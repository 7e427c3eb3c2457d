package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/runtag"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// automationDaemon runs the schedules, or the sensors: *schedule.Scheduler, *sensor.Watcher.
type automationDaemon interface {
	// Standing tells how one stands; the zero Standing when it is not known.
	Standing(name host.AutomationName) automation.Standing
	// Switch switches one. NotFound when nothing is known of it.
	Switch(ctx context.Context, name host.AutomationName, to host.AutomationSwitch, by string) (host.Automation, error)
}

// automationService serves AutomationService.
type automationService struct {
	s    *Server
	runs runService
}

func (a automationService) daemon(kind host.AutomationKind) automationDaemon {
	if kind == host.SensorKind {
		return a.s.o.Sensors
	}
	return a.s.o.Schedules
}

// ListAutomation lists all, sorted by name.
func (a automationService) ListAutomation(ctx context.Context, req *hostv1.ListAutomationRequest) (*hostv1.ListAutomationResponse, error) {
	all, err := a.all(ctx)
	if err != nil {
		return nil, err
	}
	if req.GetJob() != "" {
		job, err := a.jobOf(req.GetJob())
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(k known) bool { return !k.runs(job) })
	}
	out := &hostv1.ListAutomationResponse{}
	for i := range all {
		row, err := a.row(ctx, &all[i])
		if err != nil {
			return nil, err
		}
		out.Automations = append(out.Automations, row)
	}
	for _, r := range a.s.o.Workspace.AutomationRefusals() {
		out.Refusals = append(out.Refusals, refusalToWire(r))
	}
	return out, nil
}

// jobOf finds a job by name. One that is gone is named in full.
func (a automationService) jobOf(name string) (host.JobName, error) {
	job, err := a.s.o.Workspace.FindJob(name)
	if err == nil {
		return job.Name, nil
	}
	if full, ok := host.ParseJobName(name); ok && full.Location != "" && host.ReasonOf(err) != "AMBIGUOUS" {
		return full, nil
	}
	return host.JobName{}, err
}

// row is one as lists have it: without its cursor, and ticks without their runs and what user code logged.
func (a automationService) row(ctx context.Context, k *known) (*hostv1.Automation, error) {
	out := k.toWire(a.daemon(k.name.Kind).Standing(k.name))
	out.Cursor = ""
	ticks, err := a.lastTicks(ctx, k)
	if err != nil {
		return nil, err
	}
	for i := range ticks {
		row := ticks[i]
		row.Runs, row.LogLines, row.Cursor = nil, nil, ""
		out.LastTicks = append(out.LastTicks, tickToWire(&row))
	}
	return out, nil
}

// shownTicks is how many ticks an Automation has.
const shownTicks = 5

// lastTicks are the newest of one. Ones that cannot be read are left out; the host's log and fsck tell of them.
func (a automationService) lastTicks(ctx context.Context, k *known) ([]host.Tick, error) {
	if !k.stored {
		return nil, nil
	}
	page, err := a.s.o.Store.Ticks(ctx, k.name, nil, time.Time{}, shownTicks)
	_, err = host.DamageIn(err)
	return page.Ticks, err
}

// GetAutomation returns one.
func (a automationService) GetAutomation(ctx context.Context, req *hostv1.GetAutomationRequest) (*hostv1.GetAutomationResponse, error) {
	k, err := a.find(ctx, req.GetName(), "")
	if err != nil {
		return nil, err
	}
	out, err := a.whole(ctx, k)
	return &hostv1.GetAutomationResponse{Automation: out}, err
}

// whole is one with all that belongs to it.
func (a automationService) whole(ctx context.Context, k *known) (*hostv1.Automation, error) {
	out := k.toWire(a.daemon(k.name.Kind).Standing(k.name))
	ticks, err := a.lastTicks(ctx, k)
	if err != nil {
		return nil, err
	}
	statuses := a.statuses()
	for i := range ticks {
		row := tickToWire(&ticks[i])
		if err := statuses.fill(ctx, row); err != nil {
			return nil, err
		}
		out.LastTicks = append(out.LastTicks, row)
	}
	return out, nil
}

// again is one as it is after a change.
func (a automationService) again(ctx context.Context, name host.AutomationName) (*hostv1.Automation, error) {
	k, err := a.exactly(ctx, name)
	if err != nil {
		return nil, err
	}
	return a.whole(ctx, k)
}

var switchFrom = map[hostv1.AutomationSwitch]host.AutomationSwitch{
	hostv1.AutomationSwitch_AUTOMATION_SWITCH_DEFAULT: host.SwitchDefault,
	hostv1.AutomationSwitch_AUTOMATION_SWITCH_ON:      host.SwitchOn,
	hostv1.AutomationSwitch_AUTOMATION_SWITCH_OFF:     host.SwitchOff,
}

// SwitchAutomation switches one on or off.
func (a automationService) SwitchAutomation(ctx context.Context, req *hostv1.SwitchAutomationRequest) (*hostv1.SwitchAutomationResponse, error) {
	to, known := switchFrom[req.GetTo()]
	if !known {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "SWITCH",
			Message: fmt.Sprintf("to is %s, which is no position of a switch", req.GetTo()), Remedy: "use DEFAULT, ON or OFF",
		}
	}
	by, err := runtag.CleanBy(req.GetBy())
	if err != nil {
		return nil, err
	}
	k, err := a.find(ctx, req.GetName(), "")
	if err != nil {
		return nil, err
	}
	if _, err := a.daemon(k.name.Kind).Switch(ctx, k.name, to, by); err != nil {
		return nil, err
	}
	out, err := a.again(ctx, k.name)
	return &hostv1.SwitchAutomationResponse{Automation: out}, err
}

// SetSensorCursor replaces the cursor of a sensor.
func (a automationService) SetSensorCursor(ctx context.Context, req *hostv1.SetSensorCursorRequest) (*hostv1.SetSensorCursorResponse, error) {
	if n := len(req.GetCursor()); n > host.MaxCursorBytes {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "CURSOR_SIZE",
			Message: fmt.Sprintf("the cursor has %d bytes; at most %d are allowed", n, host.MaxCursorBytes),
			Remedy:  "keep what is large elsewhere, and its name in the cursor",
		}
	}
	by, err := runtag.CleanBy(req.GetBy())
	if err != nil {
		return nil, err
	}
	k, err := a.find(ctx, req.GetName(), host.SensorKind)
	if err != nil {
		return nil, err
	}
	if _, err := a.s.o.Sensors.SetCursor(ctx, k.name, req.GetCursor(), by); err != nil {
		return nil, err
	}
	out, err := a.again(ctx, k.name)
	return &hostv1.SetSensorCursorResponse{Automation: out}, err
}

// WatchAutomation sends an empty message, then the name of each that changed. A message without a name comes when
// locations changed: which refusals there are may be another thing than before.
func (a automationService) WatchAutomation(ctx context.Context, _ *hostv1.WatchAutomationRequest, stream hostv1connect.AutomationServiceWatchAutomationServerStream) error {
	return a.s.watch(ctx, hostv1connect.AutomationServiceWatchAutomationProcedure, func(ctx context.Context) error {
		changes, locations := a.s.o.AutomationFeed.Subscribe(), a.s.o.Workspace.Watch()
		defer changes.Close()
		defer locations.Close()
		if err := stream.Send(&hostv1.WatchAutomationResponse{}); err != nil {
			return err
		}
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-a.s.stopping:
				return stopping()
			case <-locations.Ready():
				locations.Take()
				if err := stream.Send(&hostv1.WatchAutomationResponse{}); err != nil {
					return err
				}
			case <-changes.Ready():
				for _, name := range changes.Take() {
					if err := stream.Send(&hostv1.WatchAutomationResponse{Name: automationNameToWire(name)}); err != nil {
						return err
					}
				}
			}
		}
	})
}
