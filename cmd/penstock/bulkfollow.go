package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// followBulk shows how an action goes on until it has ended, and what came of it. The exit code tells whether each run
// that it applies to was changed.
func (p printer) followBulk(ctx context.Context, host *client, b *hostv1.Bulk) error {
	line := newLiveLine(p.err)
	over := p
	over.err = line.over(p.err)
	b, err := host.watchBulk(ctx, over, b, func(b *hostv1.Bulk) { line.show(bulkProgress(b)) })
	line.show("")
	if ctx.Err() != nil {
		return interrupted(fmt.Sprintf("bulk action %s goes on; see penstock bulk show %s, end it with penstock bulk stop %s", b.GetId(), b.GetId(), b.GetId()))
	}
	if err != nil {
		return err
	}
	return p.bulkEnd(b)
}

// bulkProgress is how far an action is, on a line.
func bulkProgress(b *hostv1.Bulk) string {
	done, all := float64(b.GetChanged()+b.GetPassedOver()+b.GetFailed()), float64(b.GetSelected())
	progress := progressObject{Done: &done, Total: &all, Unit: "runs"}
	text := fmt.Sprintf("%d changed", b.GetChanged())
	if b.GetPassedOver() > 0 {
		text += fmt.Sprintf(", %d passed over", b.GetPassedOver())
	}
	if b.GetFailed() > 0 {
		text += fmt.Sprintf(", %d refused", b.GetFailed())
	}
	return progress.bar() + "; " + text
}

// bulkEnd prints what came of an action.
func (p printer) bulkEnd(b *hostv1.Bulk) error {
	o := bulkOf(b)
	if p.json {
		if err := p.object(o); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.out, "%d changed, %d passed over, %d refused; bulk action %s\n", o.Changed, o.PassedOver, o.Failed, inert(o.ID))
		p.bulkFailures(o)
	}
	switch {
	case b.GetState() == hostv1.BulkState_BULK_STATE_STOPPED:
		why := "somebody stopped it"
		if o.Error != "" {
			why = o.Error
		}
		return &exitError{code: exitFailure, err: &failure{message: fmt.Sprintf("bulk action %s ended early: %s", o.ID, why)}}
	case o.Failed > 0:
		return &exitError{code: exitFailure, err: &failure{message: fmt.Sprintf("%s refused", counted(int(o.Failed), "run"))}}
	default:
		return nil
	}
}

// bulkFailures lists the runs that refused.
func (p printer) bulkFailures(o bulkObject) {
	if len(o.Failures) == 0 {
		return
	}
	fmt.Fprintln(p.out)
	p.table([]string{"RUN", "REFUSED BECAUSE"}, convert(o.Failures, func(f bulkFailureItem) []string {
		return []string{f.RunID, strings.Join(convert(strings.Split(f.Message, "\n"), strings.TrimSpace), "; ")}
	}))
	if more := o.Failed - min(o.Failed, uint64(len(o.Failures))); more > 0 {
		fmt.Fprintf(p.err, "… and %d more.\n", more)
	}
}

// watchBulk calls each with an action whenever more of it is known, until it has ended, and returns it as it is then.
func (c *client) watchBulk(ctx context.Context, p printer, b *hostv1.Bulk, each func(*hostv1.Bulk)) (*hostv1.Bulk, error) {
	err := c.watchAgain(ctx, p, "the action", func(heard func()) (ended bool, err error) {
		err = c.watchBulkOnce(ctx, b.GetId(), func(now *hostv1.Bulk) {
			heard()
			b = now
			each(b)
		})
		return b.GetState() != hostv1.BulkState_BULK_STATE_RUNNING, err
	})
	return b, err
}

// watchBulkOnce reads one stream of an action to its end.
func (c *client) watchBulkOnce(ctx context.Context, id string, each func(*hostv1.Bulk)) error {
	stream, err := c.bulks.WatchBulk(ctx, &hostv1.WatchBulkRequest{Id: id})
	if err != nil {
		return c.failed(ctx, err)
	}
	defer func() { _ = stream.Close() }() // what could fail was said by Receive
	for {
		m, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return c.failed(ctx, err)
		}
		each(m.GetBulk())
	}
}
