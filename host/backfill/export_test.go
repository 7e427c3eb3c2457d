package backfill

import (
	"context"

	"github.com/penstock-run/penstock/host"
)

// MaxUnfinished is maxUnfinished.
const MaxUnfinished = maxUnfinished

// KeepChanges sets how many changed runs may wait to be taken in.
func (r *Runner) KeepChanges(n int) { r.feedLimit = n }

// Paint makes the picture of a backfill from the store.
func (r *Runner) Paint(ctx context.Context, b *host.Backfill) error {
	_, err := r.paint(ctx, b)
	return err
}
