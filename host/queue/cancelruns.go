package queue

import (
	"context"
	"fmt"
	"sync"

	"github.com/penstock-run/penstock/host"
)

// endsAtOnce is how many workers CancelRuns ends at a time.
const endsAtOnce = 16

// CancelRuns is Cancel, with the default grace, for each of at most host.MaxRunsPerWrite runs, in one write. It returns
// what became of each. A run that is final, or CANCELING already and would be left so, is a Conflict with RUN_STATUS;
// what was changed by the same request before is not changed again.
func (q *Queue) CancelRuns(ctx context.Context, r host.Request, ids []host.RunID, reason string, force bool) ([]host.RunResult, error) {
	if reason == "" {
		reason = "canceled by request"
	}
	before := make(map[host.RunID]host.RunStatus, len(ids))
	results, err := q.o.Store.UpdateRuns(ctx, r, ids, func(run *host.Run) ([][]byte, error) {
		before[run.ID] = run.Status
		var notes [][]byte
		if !run.Status.Final() {
			var err error
			if notes, err = q.cancelRun(run, reason, force); err != nil {
				return nil, err
			}
		}
		if len(notes) == 0 {
			return nil, &host.Error{Code: host.Conflict, Reason: "RUN_STATUS", Message: fmt.Sprintf("run %s is %s already", run.ID, before[run.ID])}
		}
		return notes, nil
	})
	if err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	turns := make(chan struct{}, endsAtOnce)
	for i := range results {
		if results[i].Err != nil {
			continue
		}
		// Of a repeat the status before is not known: a worker that was starting gets no grant anyway.
		run, was := &results[i].Run, before[ids[i]]
		if was != host.Starting {
			q.tellCanceled(ctx, run, was, 0, force)
			continue
		}
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			q.tellCanceled(ctx, run, was, 0, force)
		})
	}
	wg.Wait()
	return results, nil
}
