package sensor

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Switch switches a sensor. One that looks at runs that ended, did not run and will, passes over those of the time before.
func (w *Watcher) Switch(ctx context.Context, name host.AutomationName, to host.AutomationSwitch, by string) (host.Automation, error) {
	now := w.o.Clock.Now()
	last, err := w.o.Store.LastEnded(ctx)
	if err != nil {
		return host.Automation{}, err
	}
	a, err := automation.Switch(ctx, w.o.Store, name, to, by, now, func(a *host.Automation) {
		a.From = now
		a.Ended = max(a.Ended, last)
	})
	if err != nil {
		return a, err
	}
	w.o.Logger.InfoContext(ctx, "a sensor was switched", "sensor", name.String(), "to", string(to), "by", by)
	w.changed(a)
	return a, nil
}

// SetCursor replaces the cursor of a sensor. An evaluation that is under way does not come into effect.
func (w *Watcher) SetCursor(ctx context.Context, name host.AutomationName, cursor, by string) (host.Automation, error) {
	if len(cursor) > host.MaxCursorBytes {
		return host.Automation{}, &host.Error{
			Code: host.Invalid, Reason: "CURSOR", Message: fmt.Sprintf("the cursor has %d bytes; the limit is %d", len(cursor), host.MaxCursorBytes),
			Remedy: "give a shorter one",
		}
	}
	a, err := w.o.Store.UpdateAutomation(ctx, name, func(a *host.Automation) error {
		a.Cursor = cursor
		a.Version++ // also when it is the same: an evaluation under way is to leave it so
		return nil
	})
	if err != nil {
		return a, err
	}
	w.o.Logger.InfoContext(ctx, "the cursor of a sensor was set", "sensor", name.String(), "bytes", len(cursor), "by", by)
	w.changed(a)
	return a, nil
}

// changed takes in what a person changed.
func (w *Watcher) changed(a host.Automation) {
	now := w.o.Clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.entries[a.Name]; e != nil {
		e.takeIn(a)
		e.failures, e.failed, e.trouble, e.next = 0, 0, nil, now
		w.put(e, now)
	} else {
		w.stale, w.retry = true, now
	}
	w.wake()
}

// Test evaluates a sensor and stores nothing. cursor is the one that it gets, nil for the one that it has; run is the run
// for which a run-status sensor is evaluated.
//
// Errors: NotFound, also of the run; Refused by the gate; Invalid when the definition cannot be used, or the run is missing
// or goes on; Unavailable when its location does not answer.
func (w *Watcher) Test(ctx context.Context, name host.AutomationName, cursor *string, run host.RunID) (*automation.Tested, error) {
	d, err := w.o.Code.Sensor(name)
	if err != nil {
		return nil, err
	}
	if d.Err != nil {
		return nil, automation.Unusable(name, d.Err)
	}
	a := w.recorded(name)
	if cursor != nil {
		a.Cursor = *cursor
	}
	request := &usercodev1.EvaluateSensorRequest{Cursor: a.Cursor, LastEvaluatedAt: stamp(a.EvaluatedAt)}
	var ended *endedRun
	if rs := d.Definition.GetRunStatus(); rs != nil {
		r, selected, err := w.testedRun(ctx, name, rs, run)
		if err != nil {
			return nil, err
		}
		if !selected {
			return &automation.Tested{
				Status: host.TickSkipped, Cursor: a.Cursor,
				SkipReason: fmt.Sprintf("run %s is not one that the sensor looks at: it looks at those with %q", run, rs.GetWhere()),
			}, nil
		}
		ended, request.EndedRun = r, r.message()
	}
	e, next, err := w.ask(ctx, d, request)
	if err != nil {
		return nil, err
	}
	e.At, e.Automation = e.StartedAt, a
	if ended != nil {
		ended.keys(e.Outcome)
	}
	tested, err := w.maker.Test(ctx, e)
	if err == nil && next != nil && tested.Status != host.TickFailure {
		tested.Cursor = *next
	}
	return tested, err
}

// recorded is the record of a sensor as it is known; one with only a name when it is not.
func (w *Watcher) recorded(name host.AutomationName) host.Automation {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.entries[name]; e != nil {
		return e.automation
	}
	return host.Automation{Name: name}
}

// testedRun is the run that a run-status sensor is tested with, and whether it looks at it.
func (w *Watcher) testedRun(ctx context.Context, name host.AutomationName, rs *usercodev1.RunStatusSensor, id host.RunID) (*endedRun, bool, error) {
	where, err := WhereOf(rs.GetWhere())
	if err != nil {
		return nil, false, automation.Unusable(name, err)
	}
	if id == "" {
		return nil, false, &host.Error{
			Code: host.Invalid, Reason: "RUN_NEEDED", Message: fmt.Sprintf("sensor %s looks at runs that ended, and none is given", name),
			Remedy: "give the id of a run that ended",
		}
	}
	run, err := w.o.Store.Run(ctx, id)
	if err != nil {
		return nil, false, err
	}
	if !run.Status.Final() {
		return nil, false, &host.Error{
			Code: host.Invalid, Reason: "RUN_GOES_ON", Message: fmt.Sprintf("run %s has not ended: it is %s", id, run.Status),
			Remedy: "give a run that ended",
		}
	}
	source, err := w.source(ctx, where, &run)
	return &endedRun{run: run}, err == nil && where.Matches(source), err
}
