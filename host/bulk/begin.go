package bulk

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/runtag"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// pageSize is how many runs are read at a time where each is looked at.
const pageSize = 1000

// maxUnfinished is how many actions may go on, or wait for their turn.
const maxUnfinished = 100

// Begin begins an action and answers when it is on disk. A request that was used before answers the action that it began,
// as it is now.
//
// Errors: Invalid with all problems, Conflict when the request was used for something else, or too many actions go on.
func (r *Runner) Begin(ctx context.Context, q Request) (host.Bulk, error) {
	if err := host.CheckRequestID(q.ID, "action"); err != nil {
		return host.Bulk{}, err
	}
	known, err := r.o.Store.BulkOfRequest(ctx, q.ID)
	if err == nil && known.Asked == q.Asked {
		return known, nil
	}
	if err != nil && host.CodeOf(err) != host.NotFound {
		return host.Bulk{}, err
	}
	if q.By, err = runtag.CleanBy(q.By); err != nil {
		return host.Bulk{}, err
	}
	b, err := r.compose(ctx, &q)
	if err != nil {
		return host.Bulk{}, err
	}
	if n := r.unfinished(); n >= maxUnfinished {
		return host.Bulk{}, &host.Error{
			Code: host.Conflict, Reason: "TOO_MANY_BULKS",
			Message: fmt.Sprintf("%d actions on many runs go on or wait for their turn; there may be %d", n, maxUnfinished),
			Remedy:  "Wait until some of them have ended, or stop them.",
		}
	}
	b, created, err := r.o.Store.CreateBulk(ctx, q.ID, b)
	if err != nil {
		return host.Bulk{}, err
	}
	if created {
		r.o.Logger.Info("an action on many runs begins", "bulk", b.ID, "kind", b.Action.Kind, "where", b.Action.Where, "runs", b.Selected, "by", b.By)
		r.goOn(b) //nolint:contextcheck // it goes on, whoever asked for it
	}
	return b, nil
}

// compose makes the action that a request asks for.
func (r *Runner) compose(ctx context.Context, q *Request) (b host.Bulk, err error) {
	id, err := uuid.NewV7()
	if err != nil {
		return b, fmt.Errorf("make the id of an action: %w", err)
	}
	b = host.Bulk{ID: id.String(), Action: q.Action, Asked: q.Asked, By: q.By, CreatedAt: r.o.Clock.Now(), State: host.BulkRunning}
	b.Action.Runs, b.Action.Where = nil, ""
	b.Action.Reason = tag.System("", b.Action.Reason).Value // one line, without control characters
	problems := problemsOf(&q.Action)
	if len(q.IDs) > 0 {
		runs, more, err := q.named(ctx, r.o.Store)
		if err = firstOf(err, refused(append(problems, more...))); err != nil {
			return b, err
		}
		for i := range runs {
			b.Action.Runs = append(b.Action.Runs, host.RunRef{Seq: runs[i].Seq, ID: runs[i].ID})
		}
		b.Selected, b.Below = uint64(len(runs)), runs[0].Seq+1
		b.Next = b.Below
		return b, nil
	}
	text, problem := r.text(q.Where)
	if problem != nil {
		problems = append(problems, *problem)
	}
	if err := refused(problems); err != nil {
		return b, err
	}
	b.Action.Where = text
	return r.measure(ctx, q, b)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// measure sets the bound of an action, and counts what is below it.
func (r *Runner) measure(ctx context.Context, q *Request, b host.Bulk) (host.Bulk, error) {
	last, err := r.newest(ctx)
	if err != nil {
		return b, err
	}
	b.Below, b.Next = last.Seq+1, last.Seq+1
	if last.Seq == 0 {
		return b, nil
	}
	if b.Selected, err = r.countUpTo(ctx, q.Where, last); err != nil {
		return b, err
	}
	reached, err := r.countUpTo(ctx, selector.All(q.Where, reaches(&q.Action)), last)
	if err != nil {
		return b, err
	}
	b.PassedOver = b.Selected - min(reached, b.Selected)
	return b, nil
}

// newest is the newest run that can be read; the zero Run when there is none.
func (r *Runner) newest(ctx context.Context) (*host.Run, error) {
	for before, more := uint64(0), true; more; {
		page, err := r.o.Store.Runs(ctx, nil, before, 1)
		if err = r.readable(err); err != nil {
			return nil, err
		}
		if len(page.Runs) > 0 {
			return &page.Runs[0], nil
		}
		before, more = page.Next, page.Next > 0
	}
	return &host.Run{}, nil
}

// countUpTo counts what is selected of the runs up to last, however many come meanwhile. Later runs were never created
// before last, but some at the same time when the clock went back.
func (r *Runner) countUpTo(ctx context.Context, where *selector.Expr, last *host.Run) (uint64, error) {
	created := func(op selector.Op) *selector.Expr {
		return &selector.Expr{Op: op, On: selector.Field, Name: host.FieldCreated, Time: selector.Time{At: last.CreatedAt}}
	}
	n, err := r.count(ctx, selector.All(where, created(selector.Before)))
	if err != nil {
		return 0, err
	}
	same := selector.All(where, created(selector.NotBefore))
	for before, more := last.Seq+1, true; more; {
		page, err := r.o.Store.SelectRuns(ctx, same, before, pageSize)
		if err = r.readable(err); err != nil {
			return 0, err
		}
		n += uint64(len(page.Runs))
		before, more = page.Next, page.Next > 0
	}
	return n, nil
}
