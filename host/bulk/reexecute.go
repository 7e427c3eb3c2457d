package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/reexecution"
)

// launchesAtOnce is how many runs an action launches at a time: they share writes, and others still get their turn.
const launchesAtOnce = 8

// reexecute launches a child of each run of the batch, once for an action however often it is repeated.
func (a *action) reexecute(ctx context.Context, b *host.Bulk) ([]host.RunResult, error) {
	results := make([]host.RunResult, len(b.Batch))
	var wg sync.WaitGroup
	turns := make(chan struct{}, launchesAtOnce)
	for i, run := range b.Batch {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			results[i] = a.launch(ctx, b.ID, b.Action.Strategy, run.ID)
		})
	}
	wg.Wait()
	return results, ctx.Err()
}

func (a *action) launch(ctx context.Context, bulk, strategy string, id host.RunID) host.RunResult {
	run, err := a.r.o.Submit(ctx, launch.Request{
		RequestID: requestOf(bulk, id),
		Reexecution: &launch.Reexecution{
			Parent: id, Strategy: reexecution.Strategy(strategy), KeepConfig: true, KeepTags: true,
		},
	})
	// Nobody else has this request: it made a child, which is gone by now.
	gone := host.ReasonOf(err) == host.ReasonRequestUsed
	return host.RunResult{Run: run, Err: err, Repeated: gone}
}

// requestOf is the request of a child. Run ids are unique, but two of them together are too long for a request.
func requestOf(bulk string, id host.RunID) string {
	sum := sha256.Sum256([]byte(bulk + " " + string(id)))
	return "bulk-" + hex.EncodeToString(sum[:20])
}
