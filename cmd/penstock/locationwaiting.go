package main

import (
	"context"
	"fmt"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// countWaiting counts the runs that wait for the code of each location. Of a host that does not say it, what was asked
// for is printed all the same.
func (p printer) countWaiting(ctx context.Context, c *client, locations []locationObject) {
	if len(locations) == 0 {
		return
	}
	filter := &hostv1.RunFilter{Statuses: []hostv1.RunStatus{hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE}}
	if len(locations) == 1 {
		filter.Location = locations[0].Name
	}
	res, err := ask(ctx, c, c.runs.ListRuns, &hostv1.ListRunsRequest{Filter: filter, PageSize: maxPage})
	if err != nil {
		fmt.Fprintf(p.err, "penstock: warning: the runs that wait for code could not be counted: %s\n", inert(err.Error()))
		return
	}
	waiting := map[string]int{}
	for _, r := range res.GetRuns() {
		waiting[r.GetJob().GetLocation()]++ // a host that does not know the filter lists those of all
	}
	for i := range locations {
		n := waiting[locations[i].Name]
		locations[i].WaitingRuns, locations[i].MoreWaiting = &n, res.GetNextCursor() != ""
	}
}

// waitingText is how many runs wait for code of the location.
func (l locationObject) waitingText() string {
	switch {
	case l.WaitingRuns == nil:
		return "?"
	case l.MoreWaiting:
		return fmt.Sprintf("%d or more", *l.WaitingRuns)
	default:
		return fmt.Sprint(*l.WaitingRuns)
	}
}

// waitingHint says how to list the runs that wait; empty when none does.
func (l locationObject) waitingHint() string {
	if l.WaitingRuns == nil || *l.WaitingRuns == 0 && !l.MoreWaiting {
		return ""
	}
	waits := "runs wait"
	if *l.WaitingRuns == 1 && !l.MoreWaiting {
		waits = "run waits"
	}
	return fmt.Sprintf("%s %s for its code; see penstock run list --location %s --status WAITING_FOR_CODE", l.waitingText(), waits, shellQuote(l.Name))
}
