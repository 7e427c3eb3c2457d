package runtag

import (
	"context"

	"github.com/penstock-run/penstock/host"
)

// Editor edits the tags of runs.
type Editor struct {
	Store host.Store
	Clock host.Clock
}

// Edit changes the tags of one run, all or nothing, and returns the run as it is then. A requestID that comes again
// changes nothing, and answers the run as it is; it may be empty, and then nothing is repeatable. Errors: Invalid, with
// all that is wrong; NotFound; Conflict for a requestID that was used for something else.
func (x Editor) Edit(ctx context.Context, requestID string, id host.RunID, e Edit, by string) (host.Run, error) {
	if err := e.Check(); err != nil {
		return host.Run{}, err
	}
	by, err := CleanBy(by)
	if err != nil {
		return host.Run{}, err
	}
	set := make([][2]string, len(e.Set))
	for i, t := range e.Set {
		set[i] = [2]string{t.Key, t.Value}
	}
	request, err := host.NewRequest(requestID, "change of tags", id, set, e.Remove, by)
	if err != nil {
		return host.Run{}, err
	}
	results, err := x.Store.UpdateRuns(ctx, request, []host.RunID{id}, e.Change(Who{By: by}, x.Clock))
	if err != nil {
		return host.Run{}, err
	}
	return results[0].Run, results[0].Err
}
