package main

import (
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// retag gives 100,000 runs another tag, a batch a time, as bulk actions do.
func (b *bench) retag(at string) error {
	const most, batch = 100_000, 500
	where := selector.Any(is("team", "team_03"), is("team", "team_11"), is("team", "team_17"))
	began, done := time.Now(), 0
	for before := uint64(0); done < most; {
		page, err := b.store.SelectRuns(b.ctx, where, before, batch)
		if err != nil {
			return err
		}
		ids := idsOf(page.Runs)
		if _, err := b.store.UpdateRuns(b.ctx, host.Request{}, ids, func(r *host.Run) ([][]byte, error) {
			r.Tags = tag.Merge(r.Tags, tag.List{{Key: "reviewed", Value: "yes", Origin: tag.OriginEdited}})
			return [][]byte{[]byte("the tag reviewed was added by the benchmark")}, nil
		}); err != nil {
			return err
		}
		done += len(ids)
		if before = page.Next; before == 0 {
			break
		}
	}
	took := time.Since(began).Seconds()
	b.line("Retag/runs="+at, done, figure{took * most / float64(max(done, 1)), "s/100k"})
	return nil
}

// retention deletes the older half, and looks at commands and pages again.
func (b *bench) retention(at string) error {
	if b.runs < b.options.runs {
		return nil // a later stage needs them
	}
	half := firstDay.Add(time.Duration(b.runs/2) * (24 * time.Hour / perDay))
	where := selector.All(
		&selector.Expr{Op: selector.Before, On: selector.Field, Name: host.FieldCreated, Time: selector.Time{At: half}},
		host.StatusIn(host.Success, host.Failure, host.Canceled),
	)
	began, done := time.Now(), 0
	for before := uint64(0); ; {
		page, err := b.store.SelectRuns(b.ctx, where, before, 1000)
		if err != nil {
			return err
		}
		if len(page.Runs) > 0 {
			if _, err := b.store.DeleteRuns(b.ctx, host.Request{}, idsOf(page.Runs)); err != nil {
				return err
			}
		}
		done += len(page.Runs)
		if before = page.Next; before == 0 {
			break
		}
	}
	b.line("Delete/runs="+at, done, figure{float64(done) / time.Since(began).Seconds(), "runs/s"})
	if err := b.commandsAs("CommandAfterRetention/runs="+at, ""); err != nil {
		return err
	}
	return b.searchAs(at, "/after-retention")
}

func idsOf(runs []host.RunRef) []host.RunID {
	return slices.Collect(func(yield func(host.RunID) bool) {
		for _, r := range runs {
			if !yield(r.ID) {
				return
			}
		}
	})
}
