package backfill

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
)

// Retry launches again what did not end well in a backfill that has ended, which goes on then. It answers when that is on
// disk. The same request again answers the backfill as it is now. by is who asks, as their client says.
//
// Errors: NotFound; Invalid without a request's id; Conflict while it has not ended, when everything ended well, or when too
// many backfills go on.
func (r *Runner) Retry(ctx context.Context, requestID, id, by string) (b host.Backfill, retried int, err error) {
	if err := host.CheckRequestID(requestID, "retry"); err != nil {
		return b, 0, err
	}
	was, err := r.o.Store.Backfill(ctx, id)
	if err != nil {
		return b, 0, err
	}
	if was.RetryRequest == requestID {
		return was, len(was.Retry), nil
	}
	if !was.State.Final() {
		return b, 0, &host.Error{
			Code: host.Conflict, Reason: "BACKFILL_NOT_ENDED",
			Message: fmt.Sprintf("backfill %s is %s", id, was.State),
			Remedy:  "Wait until it has ended, or cancel it, and retry then.",
		}
	}
	p, err := r.paint(ctx, &was)
	if err != nil {
		return b, 0, err
	}
	places := p.failed()
	if len(places) == 0 {
		return b, 0, &host.Error{
			Code: host.Conflict, Reason: "BACKFILL_NOTHING_FAILED",
			Message: fmt.Sprintf("nothing of backfill %s is left to launch again: the runs of all its partitions ended well", id),
		}
	}
	if err := r.room(); err != nil {
		return b, 0, err
	}
	b, err = r.o.Store.UpdateBackfill(ctx, id, func(b *host.Backfill) error {
		if b.Round != was.Round {
			return errChanged
		}
		b.State, b.EndedAt, b.Problem, b.Forced, b.Counts = host.BackfillRunning, time.Time{}, "", false, nil
		b.Round, b.Retry, b.RetryRequest = was.Round+1, places, requestID
		b.Next, b.Refusals, b.RefusedCount = 0, nil, 0
		return nil
	})
	if errors.Is(err, errChanged) {
		return r.Retry(ctx, requestID, id, by) // by now there is another round
	}
	if err != nil {
		return b, 0, err
	}
	r.o.Logger.Info("a backfill is retried", "backfill", id, "round", b.Round, "partitions", len(places), "by", by)
	r.goOn(b) //nolint:contextcheck // it goes on, whoever asked for it
	r.watchers.tell(id)
	return b, len(places), nil
}
