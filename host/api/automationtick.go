package api

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// maxTickRuns is how many runs are looked up for one answer. A page of ticks with more ends earlier.
const maxTickRuns = 5000

// runStatuses looks up how the runs of ticks are now.
type runStatuses struct {
	store host.Store
	// asked counts them.
	asked int
}

func (a automationService) statuses() *runStatuses { return &runStatuses{store: a.s.o.Store} }

// fill fills in the statuses of the runs of a tick. Those of runs that were deleted stay unset.
func (r *runStatuses) fill(ctx context.Context, t *hostv1.Tick) error {
	for _, of := range t.GetRuns() {
		r.asked++
		run, err := r.store.Run(ctx, host.RunID(of.GetRunId()))
		switch {
		case err == nil:
			of.Status = runStatusToWire(run.Status)
		case host.CodeOf(err) == host.NotFound:
		default:
			// One run that cannot be read hides no tick; fsck tells of it.
			if _, err := host.DamageIn(err); err != nil {
				return err
			}
		}
	}
	return nil
}

// ListTicks pages through the ticks of one, newest first.
func (a automationService) ListTicks(ctx context.Context, req *hostv1.ListTicksRequest) (*hostv1.ListTicksResponse, error) {
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	var statuses []host.TickStatus
	for _, w := range req.GetStatuses() {
		s, ok := tickStatusFrom(w)
		if !ok {
			return nil, &host.Error{
				Code: host.Invalid, Reason: "TICK_STATUS",
				Message: fmt.Sprintf("status %s is not one of ticks", w), Remedy: "use SUCCESS, SKIPPED or FAILURE",
			}
		}
		statuses = append(statuses, s)
	}
	before, err := tickCursorFrom(req.GetPageCursor())
	if err != nil {
		return nil, err
	}
	k, err := a.find(ctx, req.GetName(), "")
	if err != nil {
		return nil, err
	}
	out := &hostv1.ListTicksResponse{}
	if !k.stored {
		return out, nil
	}
	page := &tickPage{service: a, name: k.name, statuses: statuses, size: size, runs: a.statuses()}
	next, err := page.fill(ctx, out, before)
	if err == nil && !next.IsZero() {
		out.NextCursor = pageCursor("tick", automation.TickID(next))
	}
	return out, err
}

// tickCursorFrom is the instant before which a page starts; zero for the first one.
func tickCursorFrom(cursor string) (time.Time, error) {
	if cursor == "" {
		return time.Time{}, nil
	}
	place, ok := parsePageCursor("tick", cursor)
	before, err := time.Parse(time.RFC3339Nano, place)
	if !ok || err != nil {
		return time.Time{}, cursorError(cursor)
	}
	return before, nil
}

// tickPage collects a page of ticks.
type tickPage struct {
	service  automationService
	name     host.AutomationName
	statuses []host.TickStatus
	size     int
	runs     *runStatuses
	payload  int
}

// fill adds ticks until the page is full, and tells before which instant the next one starts; zero at the end.
func (p *tickPage) fill(ctx context.Context, out *hostv1.ListTicksResponse, before time.Time) (time.Time, error) {
	for {
		found, err := p.service.s.o.Store.Ticks(ctx, p.name, p.statuses, before, p.size-len(out.GetTicks()))
		// Ticks that cannot be read are left out, as runs are.
		if _, err := host.DamageIn(err); err != nil {
			return time.Time{}, err
		}
		for i := range found.Ticks {
			row := tickToWire(&found.Ticks[i])
			size := proto.Size(row)
			if len(out.GetTicks()) > 0 && (p.payload+size > maxPagePayload || p.runs.asked+len(row.GetRuns()) > maxTickRuns) {
				return before, nil
			}
			if err := p.runs.fill(ctx, row); err != nil {
				return time.Time{}, err
			}
			p.payload += size
			out.Ticks = append(out.Ticks, row)
			before = found.Ticks[i].At
		}
		if found.Next.IsZero() || len(out.GetTicks()) == p.size {
			return found.Next, nil
		}
		before = found.Next
	}
}
