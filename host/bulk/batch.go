package bulk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/runtag"
)

// errNothing is the error of a change of a run that has nothing to change. As an error, so that the request of its batch
// is not taken to have changed it.
var errNothing = errors.New("nothing to change")

// How many runs an action acts on at a time, and how many of these it changes in one write: few enough that nobody waits long
// behind a write, or for the end of an action that is stopped. Fewer where runs are large, see pace.
const (
	batchRuns     = 500
	batchLaunches = 64
	writeRuns     = 250
	// writesAtOnce is how many of these writes are under way at a time, of all actions: a store may make one of all that
	// wait, and then everybody else waits for all of them.
	writesAtOnce = 2
)

func batchSize(kind host.BulkKind) int {
	if kind == host.BulkReexecute {
		return batchLaunches
	}
	return batchRuns
}

// maxTries is how often a batch is tried of which a run fails for no known reason.
const maxTries = 8

// act acts on the batch of b and counts. An error means that it has to be done again, and that b is of no use.
func (a *action) act(ctx context.Context, b *host.Bulk) error {
	results, err := a.results(ctx, b)
	for i := range results {
		if err == nil {
			err = a.count(b, b.Batch[i].ID, &results[i])
		}
	}
	return err
}

// results acts on the batch of b, and answers without the runs themselves. What is to be written is worked out for two
// writes at a time, for that takes as long as the writing.
func (a *action) results(ctx context.Context, b *host.Bulk) ([]host.RunResult, error) {
	if b.Action.Kind == host.BulkReexecute {
		return a.reexecute(ctx, b)
	}
	// All writes of a batch have one request: how many runs each has may be otherwise after a restart. It has its place by
	// the first run, for the walk only goes down.
	r := host.Request{What: "bulk action"}
	if len(b.Batch) > 0 {
		r.ID = fmt.Sprintf("%s-%d", b.ID, b.Batch[0].Seq)
	}
	results := make([]host.RunResult, len(b.Batch))
	errs := make([]error, writesAtOnce)
	var mu sync.Mutex
	next := 0
	take := func() (from, to int) {
		mu.Lock()
		defer mu.Unlock()
		from, to = next, min(next+a.pace.runs(), len(b.Batch))
		next = to
		return from, to
	}
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for from, to := take(); from < to && errs[i] == nil; from, to = take() {
				var part []host.RunResult
				part, errs[i] = a.write(ctx, b, r, b.Batch[from:to])
				a.pace.learn(part)
				for k, result := range part {
					result.Run = host.Run{}
					results[from+k] = result
				}
			}
		})
	}
	wg.Wait()
	return results, errors.Join(errs...)
}

// write changes a part of the batch in one write.
func (a *action) write(ctx context.Context, b *host.Bulk, r host.Request, runs []host.RunRef) ([]host.RunResult, error) {
	ids := make([]host.RunID, len(runs))
	for i, run := range runs {
		ids[i] = run.ID
	}
	if b.Action.Kind == host.BulkCancel { // it waits for servers, too, which must not hold up other actions
		return a.r.o.Cancel(ctx, r, ids, b.Action.Reason, b.Action.Force)
	}
	select {
	case a.r.writes <- struct{}{}:
		defer func() { <-a.r.writes }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	switch b.Action.Kind {
	case host.BulkDelete:
		return a.r.o.Store.DeleteRuns(ctx, r, ids)
	default:
		return a.r.o.Store.UpdateRuns(ctx, r, ids, a.r.retag(b))
	}
}

// count counts what became of a run. An error means that the batch is to be tried again.
func (a *action) count(b *host.Bulk, id host.RunID, r *host.RunResult) error {
	switch err := r.Err; {
	case err == nil, r.Repeated:
		b.Changed++
	case passesOver(b.Action.Kind, err):
		b.PassedOver++
	case ofStore(err), !permanent(err) && a.tries < maxTries:
		return fmt.Errorf("run %s: %w", id, err)
	default:
		if host.CodeOf(err) == host.Internal {
			a.r.o.Logger.Error("an action on many runs fails with a run", "bulk", b.ID, "run", id, "error", err)
		}
		b.Fail(id, told(err))
	}
	return nil
}

// passesOver tells that an action does not apply to a run as it is now, by the error of it.
func passesOver(kind host.BulkKind, err error) bool {
	switch host.ReasonOf(err) {
	case "RUN_NOT_FOUND", "RUN_NOT_FINAL", reexecution.ReasonNothingFailed:
		return true
	case "RUN_STATUS":
		return kind == host.BulkCancel
	default:
		return errors.Is(err, errNothing)
	}
}

// ofStore tells that the store does not work now, which is nothing about the run.
func ofStore(err error) bool {
	return host.CodeOf(err) == host.Unavailable && strings.HasPrefix(host.ReasonOf(err), "STORE_")
}

// permanent tells that the same again would fail in the same way.
func permanent(err error) bool {
	if err == nil || ofStore(err) {
		return false
	}
	return host.CodeOf(err) != host.Internal || host.ReasonOf(err) == host.ReasonDamaged
}

// told is an error for people, with what to do.
func told(err error) string {
	e, ok := errors.AsType[*host.Error](err)
	if !ok {
		return "internal error, see the host's log"
	}
	text := e.Error()
	if e.Remedy != "" {
		text += "\n" + e.Advice()
	}
	return text
}

// edit is the change of tags that an action makes.
func edit(a *host.BulkAction) runtag.Edit { return runtag.Edit{Set: a.Set, Remove: a.Remove} }

// retag makes what changes the tags of a run.
func (r *Runner) retag(b *host.Bulk) func(*host.Run) ([][]byte, error) {
	change := edit(&b.Action).Change(runtag.Who{By: b.By, Bulk: b.ID}, r.o.Clock)
	return func(run *host.Run) ([][]byte, error) {
		events, err := change(run)
		if err == nil && len(events) == 0 {
			err = errNothing
		}
		return events, err
	}
}
