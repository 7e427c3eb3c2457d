package backfill

import (
	"context"

	"github.com/penstock-run/penstock/host"
)

// Progress is how far a backfill is.
type Progress struct {
	// NotLaunched is how many partitions have no run, Refused how many could not be launched.
	NotLaunched, Refused int
	// Counts are the newest runs of the others by status: as they are, or as they were when it ended.
	Counts host.RunCounts
	// Problem says why it waits or ended early, for people.
	Problem string
}

// Progress returns a backfill that was read from the store as it is now, and how far it is.
func (r *Runner) Progress(ctx context.Context, b host.Backfill) (host.Backfill, Progress, error) {
	if b.State.Final() {
		return b, progressOf(&b, b.Counts), nil
	}
	if w := r.work(b.ID); w != nil {
		select {
		case <-w.painted:
			return w.view()
		case <-w.over:
			select {
			case <-w.painted:
				return w.view()
			default: // the host stops
			}
		case <-ctx.Done():
			return b, Progress{}, ctx.Err()
		}
	}
	p, err := r.paint(ctx, &b)
	if err != nil {
		return b, Progress{}, err
	}
	return b, progressOf(&b, p.statuses()), nil
}

func (w *work) view() (host.Backfill, Progress, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	progress := progressOf(&w.b, w.picture.statuses())
	if w.problem != "" {
		progress.Problem = w.problem
	}
	return w.b, progress, nil
}

func progressOf(b *host.Backfill, counts host.RunCounts) Progress {
	return Progress{
		NotLaunched: max(len(b.Partitions)-b.RefusedCount-int(counts.Total()), 0),
		Refused:     b.RefusedCount, Counts: counts, Problem: b.Problem,
	}
}

// Get returns a backfill as it is now, and how far it is. Errors: NotFound.
func (r *Runner) Get(ctx context.Context, id string) (host.Backfill, Progress, error) {
	b, err := r.o.Store.Backfill(ctx, id)
	if err != nil {
		return host.Backfill{}, Progress{}, err
	}
	return r.Progress(ctx, b)
}

// Partition is a partition of a backfill.
type Partition struct {
	Key string
	// Run is the newest one that it has of the backfill, automatic retries included; nil when there is none.
	Run *host.Run
	// Refused says why it could not be launched in the last round.
	Refused string
}

// unkeptRefusal is said where a partition has no run, and not why.
const unkeptRefusal = "it could not be launched, or its run was deleted; why is kept for the first 1,000 partitions"

// Partitions returns at most limit partitions of a backfill, from a place on in the order in which they are launched.
func (r *Runner) Partitions(ctx context.Context, id string, from, limit int) (page []Partition, more bool, err error) {
	b, _, err := r.Get(ctx, id)
	if err != nil {
		return nil, false, err
	}
	why := make(map[string]string, len(b.Refusals))
	for _, refusal := range b.Refusals {
		why[refusal.Partition] = refusal.Message
	}
	turns, to := turnsOf(&b), min(from+limit, len(b.Partitions))
	for i := from; i < to; i++ {
		run, round, err := r.newestOf(ctx, &b, i)
		if err != nil {
			return nil, false, err
		}
		p := Partition{Key: b.Partitions[i], Run: run, Refused: why[b.Partitions[i]]}
		if run != nil && p.Refused == "" && turns.outlived(&b, i, round, run) {
			p.Run = nil
		}
		if run == nil && p.Refused == "" && b.RefusedCount > len(b.Refusals) && b.Round == 0 && i < b.Next {
			p.Refused = unkeptRefusal
		}
		page = append(page, p)
	}
	return page, to < len(b.Partitions), nil
}
