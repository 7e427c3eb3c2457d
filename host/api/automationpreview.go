package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

const (
	defaultPreviewed = 30
	maxPreviewed     = 1000
)

// PreviewSchedule lists instants of a schedule, also under other crons, or of crons alone.
func (a automationService) PreviewSchedule(ctx context.Context, req *hostv1.PreviewScheduleRequest) (*hostv1.PreviewScheduleResponse, error) {
	count, at, err := a.previewOf(req)
	if err != nil {
		return nil, err
	}
	crons, zone := req.GetCrons(), req.GetZone()
	var k *known
	switch {
	case req.GetName().GetName() != "":
		if k, err = a.find(ctx, req.GetName(), host.ScheduleKind); err != nil {
			return nil, err
		}
		if crons, zone, err = k.times(crons, zone); err != nil {
			return nil, err
		}
	case len(crons) == 0:
		return nil, &host.Error{
			Code: host.Invalid, Reason: "PREVIEW", Message: "neither a schedule nor a cron is named", Remedy: "name a schedule, or give crons",
		}
	}
	c, problems := calendarOf(zone, crons)
	if len(problems) > 0 {
		return &hostv1.PreviewScheduleResponse{Zone: valid(zone), Problems: problems}, nil
	}
	out := &hostv1.PreviewScheduleResponse{Zone: c.Zone()}
	// From the newest on, so that where there are too many runs to look up, old ticks come without theirs.
	instant := at.Add(1)
	statuses := a.statuses()
	for range count {
		past, ok := c.Prev(instant)
		if !ok {
			break
		}
		row := previewed(c, past)
		if row.Tick, err = a.became(ctx, k, past, statuses); err != nil {
			return nil, err
		}
		out.Past = append(out.Past, row)
		instant = past
	}
	slices.Reverse(out.GetPast())
	instant = at
	for range count {
		next, ok := c.Next(instant)
		if !ok {
			break
		}
		out.Next = append(out.Next, previewed(c, next))
		instant = next
	}
	return out, nil
}

// previewOf reads how many instants are asked for, and around which.
func (a automationService) previewOf(req *hostv1.PreviewScheduleRequest) (count int, at time.Time, err error) {
	count = int(req.GetCount())
	switch {
	case count > maxPreviewed:
		return 0, at, &host.Error{
			Code: host.Invalid, Reason: "PAGE_SIZE",
			Message: fmt.Sprintf("count is %d; at most %d are allowed", count, maxPreviewed), Remedy: "ask for less, and again with at",
		}
	case count == 0:
		count = defaultPreviewed
	}
	if req.GetAt() == nil {
		return count, a.s.o.Clock.Now(), nil
	}
	if req.GetAt().CheckValid() != nil {
		return 0, at, &host.Error{Code: host.Invalid, Reason: "TIME", Message: "at is not a time", Remedy: "send one of the years 1 to 9999"}
	}
	return count, req.GetAt().AsTime(), nil
}

// times are the crons and the zone to preview: as asked for, else those of the definition.
func (k *known) times(crons []string, zone string) ([]string, string, error) {
	d := k.schedule
	if d == nil && len(crons) == 0 {
		if k.err != nil {
			return nil, "", &host.Error{
				Code: host.Invalid, Reason: "DEFINITION",
				Message: fmt.Sprintf("the definition of schedule %s cannot be used: %v", k.name, k.err), Remedy: "correct it and deploy again, or give crons",
			}
		}
		return nil, "", &host.Error{
			Code: host.Invalid, Reason: "PREVIEW",
			Message: fmt.Sprintf("schedule %s is gone, and its crons with it", k.name), Remedy: "give crons",
		}
	}
	if len(crons) == 0 {
		crons = d.GetCrons()
	}
	if zone == "" {
		zone = d.GetZone()
	}
	return crons, zone, nil
}

// calendarOf is a calendar, or all that is wrong with it.
func calendarOf(zone string, crons []string) (*calendar.Calendar, []*hostv1.Problem) {
	c, err := calendar.New(zone, crons...)
	if err == nil {
		return c, nil
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	var problems []*hostv1.Problem
	for _, err := range all {
		problems = append(problems, problemToWire(host.Problem{Message: err.Error()}))
	}
	return nil, problems[:min(len(problems), maxProblems)]
}

func previewed(c *calendar.Calendar, at time.Time) *hostv1.PreviewedTick {
	return &hostv1.PreviewedTick{At: timeToWire(at), Wall: valid(c.Wall(at)), Note: valid(c.Note(at))}
}

// became is the tick that is stored of an instant; nil when there is none.
func (a automationService) became(ctx context.Context, k *known, at time.Time, statuses *runStatuses) (*hostv1.Tick, error) {
	if k == nil || !k.stored {
		return nil, nil
	}
	tick, err := a.s.o.Store.TickRow(ctx, k.name, at)
	if host.CodeOf(err) == host.NotFound {
		return nil, nil
	}
	if damage, err := host.DamageIn(err); err != nil || damage != nil {
		return nil, err
	}
	tick.LogLines = nil
	row := tickToWire(&tick)
	if statuses.asked+len(row.GetRuns()) > maxTickRuns {
		row.Runs = nil
		return row, nil
	}
	return row, statuses.fill(ctx, row)
}
