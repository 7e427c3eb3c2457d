package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// followBackfill shows how a backfill goes on until all its runs have ended, and what came of it. The exit code tells
// whether all ended well.
func (p printer) followBackfill(ctx context.Context, host *client, b *hostv1.Backfill) error {
	line := newLiveLine(p.err)
	over := p
	over.err = line.over(p.err)
	problem := ""
	b, err := host.watchBackfill(ctx, over, b, func(b *hostv1.Backfill) {
		if b.GetProblem() != problem && b.GetState() == hostv1.BackfillState_BACKFILL_STATE_RUNNING {
			if problem = b.GetProblem(); problem != "" {
				fmt.Fprintf(over.err, "It waits: %s\n", strings.Join(pieces(problem, "  "), "\n"))
			}
		}
		line.show(backfillProgress(b))
	})
	line.show("")
	if ctx.Err() != nil {
		return interrupted(fmt.Sprintf("backfill %s goes on; see penstock backfill show %s, end it with penstock backfill cancel %s", b.GetId(), b.GetId(), b.GetId()))
	}
	if err != nil {
		return err
	}
	return p.backfillEnd(b)
}

// backfillProgress is how far a backfill is, on a line.
func backfillProgress(b *hostv1.Backfill) string {
	done, all := float64(b.GetRefused()), float64(b.GetPartitions())
	var parts []string
	for _, c := range b.GetCounts() {
		if isFinal(c.GetStatus()) {
			done += float64(c.GetCount())
		}
		parts = append(parts, fmt.Sprintf("%d %s", c.GetCount(), strings.ToLower(statusText(c.GetStatus()))))
	}
	if n := b.GetRefused(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", n))
	}
	progress := progressObject{Done: &done, Total: &all, Unit: "partitions"}
	return strings.Join(append([]string{progress.bar()}, strings.Join(parts, ", ")), "; ")
}

// backfillEnd prints what came of a backfill.
func (p printer) backfillEnd(b *hostv1.Backfill) error {
	o := backfillOf(b)
	if p.json {
		if err := p.object(o); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.out, "Backfill %s is %s: %s.\n", inert(o.ID), inert(o.State), o.summary())
	}
	if b.GetState() == hostv1.BackfillState_BACKFILL_STATE_SUCCESS {
		return nil
	}
	message := fmt.Sprintf("backfill %s is %s", o.ID, o.State)
	if o.Problem != "" {
		message += ": " + o.Problem
	}
	return &exitError{code: exitFailure, err: &failure{
		message: message, remedy: fmt.Sprintf("See what failed with penstock backfill show %s, and launch that again with penstock backfill retry %s.", o.ID, o.ID),
	}}
}

// summary counts partitions by what became of them.
func (b backfillObject) summary() string {
	parts := convert(b.Counts, func(c statusCount) string { return fmt.Sprintf("%d %s", c.Count, c.Status) })
	if b.Refused > 0 {
		parts = append(parts, fmt.Sprintf("%d refused", b.Refused))
	}
	if b.NotLaunched > 0 {
		parts = append(parts, fmt.Sprintf("%d without a run", b.NotLaunched))
	}
	return strings.Join(parts, ", ")
}

// watchBackfill calls each with a backfill whenever more of it is known, until it has ended, and returns it as it is then.
func (c *client) watchBackfill(ctx context.Context, p printer, b *hostv1.Backfill, each func(*hostv1.Backfill)) (*hostv1.Backfill, error) {
	err := c.watchAgain(ctx, p, "the backfill", func(heard func()) (ended bool, err error) {
		err = c.watchBackfillOnce(ctx, b.GetId(), func(now *hostv1.Backfill) (more bool) {
			heard()
			b = now
			each(b)
			return !backfillEnded(b.GetState())
		})
		return backfillEnded(b.GetState()), err
	})
	return b, err
}

// watchBackfillOnce reads one stream of a backfill while each wants more of it.
func (c *client) watchBackfillOnce(ctx context.Context, id string, each func(*hostv1.Backfill) (more bool)) error {
	ctx, done := context.WithCancel(ctx)
	defer done()
	stream, err := c.backfills.WatchBackfills(ctx, &hostv1.WatchBackfillsRequest{Id: id})
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
		now := m.GetBackfill()
		if now == nil { // from here on changes are told
			res, err := ask(ctx, c, c.backfills.GetBackfill, &hostv1.GetBackfillRequest{Id: id})
			if err != nil {
				return err
			}
			now = res.GetBackfill()
		}
		if !each(now) {
			return nil
		}
	}
}
