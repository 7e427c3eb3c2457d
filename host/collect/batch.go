package collect

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/status"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// collectAll names all runs at a location, a batch after the other. left counts those of which something is left, for the
// first of which err says why; other errors end it.
func (c *Collector) collectAll(ctx context.Context, name string, p *place, client usercodev1.UserCodeServiceClient) (removed, left int, err error) {
	for after := host.RunID(""); ; {
		ids, listErr := c.o.Store.OutputsToCollect(ctx, name, after, p.batch)
		damage, listErr := host.DamageIn(listErr)
		if listErr != nil {
			return removed, left, listErr
		}
		if damage != nil {
			c.o.Logger.Error("records of outputs to collect cannot be read; they are left out", "location", name, "error", damage)
		}
		if len(ids) == 0 {
			return removed, left, err
		}
		failed, callErr := c.ask(ctx, client, ids)
		if callErr != nil {
			p.batch = max(p.batch/2, 1)
			return removed, left + len(ids), fmt.Errorf("ask %s: %w", name, callErr)
		}
		p.batch = min(2*p.batch, maxBatch)
		var gone []host.RunID
		for _, id := range ids {
			why, stays := failed[id]
			if !stays {
				gone = append(gone, id)
				continue
			}
			if left++; err == nil {
				err = fmt.Errorf("run %s: %s", id, why)
			}
		}
		if storeErr := c.o.Store.OutputsCollected(ctx, name, gone); storeErr != nil {
			return removed, left, storeErr
		}
		removed += len(gone)
		after = ids[len(ids)-1]
	}
}

// ask names runs to a server. The answer is why something of some may be left.
func (c *Collector) ask(ctx context.Context, client usercodev1.UserCodeServiceClient, ids []host.RunID) (map[host.RunID]string, error) {
	request := &usercodev1.DeleteOutputsRequest{RunIds: make([]string, len(ids))}
	for i, id := range ids {
		request.RunIds[i] = string(id)
	}
	ctx, stop := c.within(ctx, callDeadline)
	defer stop()
	response, err := client.DeleteOutputs(ctx, request)
	if err != nil {
		return nil, errors.New(clip(status.Convert(err).Code().String() + ": " + status.Convert(err).Message()))
	}
	failed := map[host.RunID]string{}
	for _, f := range response.GetFailed() {
		failed[host.RunID(f.GetRunId())] = clip(f.GetMessage())
	}
	return failed, nil
}

// within is a context that ends after d by the Collector's clock. stop waits for what it began.
func (c *Collector) within(ctx context.Context, d time.Duration) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	over := c.o.Clock.After(d)
	go func() {
		defer close(ended)
		select {
		case <-over:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		<-ended
	}
}

// maxTold is the most of a server's text that is logged, in bytes.
const maxTold = 1 << 10

// clip makes a server's text short and valid.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxTold {
		return text
	}
	end := maxTold
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
