package bulk

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// sampleSize is how many runs a preview shows.
const sampleSize = 10

// Preview says what an action would do.
type Preview struct {
	// Selected is how many runs are selected, PassedOver how many of these it would not change, exactly.
	Selected, PassedOver uint64
	// Sample are the newest of those that it would change, at most 10.
	Sample []host.Run
	// Problems is all that is wrong: Begin would be refused when there is any.
	Problems []host.Problem
}

// Preview looks at what an action would do, and changes nothing.
func (r *Runner) Preview(ctx context.Context, q Request) (p Preview, err error) {
	p.Problems = problemsOf(&q.Action)
	if len(q.IDs) > 0 {
		return r.previewNamed(ctx, &q, p)
	}
	if _, err := r.text(q.Where); err != nil {
		p.Problems = append(p.Problems, *err)
	}
	if len(p.Problems) > 0 {
		q.Action.Kind = "" // nothing is known of what it applies to
	}
	if p.Selected, err = r.count(ctx, q.Where); err != nil || q.Action.Kind == "" {
		return p, err
	}
	where := selector.All(q.Where, reaches(&q.Action))
	reached, err := r.count(ctx, where)
	if err != nil {
		return p, err
	}
	useless, err := r.canceling(ctx, &q)
	if err != nil {
		return p, err
	}
	// Runs come and go between the three counts.
	changed := min(reached-min(useless, reached), p.Selected)
	p.PassedOver = p.Selected - changed
	for before, more := uint64(0), true; more && len(p.Sample) < sampleSize; {
		page, err := r.o.Store.Runs(ctx, where, before, sampleSize)
		if err = r.readable(err); err != nil {
			return p, err
		}
		for i := range page.Runs {
			if len(p.Sample) < sampleSize && applies(&q.Action, &page.Runs[i]) {
				p.Sample = append(p.Sample, page.Runs[i])
			}
		}
		before, more = page.Next, page.Next > 0
	}
	return p, nil
}

func (r *Runner) previewNamed(ctx context.Context, q *Request, p Preview) (Preview, error) {
	runs, problems, err := q.named(ctx, r.o.Store)
	if err != nil {
		return p, err
	}
	wrong := len(p.Problems) > 0
	p.Problems = append(p.Problems, problems...)
	p.Selected = uint64(len(runs))
	for i := range runs {
		switch {
		case wrong: // nothing is known of what it applies to
		case !applies(&q.Action, &runs[i]):
			p.PassedOver++
		case len(p.Sample) < sampleSize:
			p.Sample = append(p.Sample, runs[i])
		}
	}
	return p, nil
}

// canceling counts the runs that a cancel reaches and leaves as they are: those that are CANCELING already, of which
// there are never more than may be in progress.
func (r *Runner) canceling(ctx context.Context, q *Request) (n uint64, err error) {
	if q.Action.Kind != host.BulkCancel {
		return 0, nil
	}
	where := selector.All(q.Where, host.StatusIn(host.Canceling))
	for before, more := uint64(0), true; more; {
		page, err := r.o.Store.Runs(ctx, where, before, pageSize)
		if err = r.readable(err); err != nil {
			return 0, err
		}
		for i := range page.Runs {
			if !applies(&q.Action, &page.Runs[i]) {
				n++
			}
		}
		before, more = page.Next, page.Next > 0
	}
	return n, nil
}

// count counts the runs that are selected.
func (r *Runner) count(ctx context.Context, where *selector.Expr) (uint64, error) {
	counts, err := r.o.Store.CountRuns(ctx, where)
	return counts.Total(), r.readable(err)
}

// readable is an error other than that some runs cannot be read, which is only logged: nothing can be done with these.
func (r *Runner) readable(err error) error {
	damage, err := host.DamageIn(err)
	if damage != nil {
		r.o.Logger.Error("runs that cannot be read are left out of actions on many runs", "runs", len(damage), "error", damage)
	}
	return err
}

// text is a selector as it is stored; a problem when it is too long to be read again.
func (r *Runner) text(where *selector.Expr) (string, *host.Problem) {
	text := where.String()
	if _, err := selector.Parse(text, host.RunSchema(), nil); err != nil {
		return "", &host.Problem{Field: "where", Message: fmt.Sprintf("with everything that is to hold the selector cannot be stored: %v", err)}
	}
	return text, nil
}
