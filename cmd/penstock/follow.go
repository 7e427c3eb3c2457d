package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// maxRetryAfter is the longest pause before follow calls again.
const maxRetryAfter = 5 * time.Second

// follow hands out a run's events from the first one, then new ones as they come, until the run is final. A host that
// goes away meanwhile is called again, from the last cursor, until ctx ends; lost and back tell about it.
// The run is the last one known: final, unless there is an error.
func (c *client) follow(ctx context.Context, run *hostv1.Run, p printer, each func(*hostv1.WatchRunEventsResponse) error) (*hostv1.Run, error) {
	cursor, away, pause := "", false, c.retryAfter
	for {
		err := c.watch(ctx, &hostv1.WatchRunEventsRequest{RunId: run.GetId(), After: cursor}, func(m *hostv1.WatchRunEventsResponse) error {
			if away {
				away, pause = false, c.retryAfter
				fmt.Fprintln(p.err, "The host answers again.")
			}
			if m.GetRun() != nil {
				run = m.GetRun()
			}
			if err := each(m); err != nil {
				return err
			}
			if m.GetCursor() != "" {
				cursor = m.GetCursor()
			}
			return nil
		})
		if err == nil {
			// The stream is complete, but its last message may have been before the last change.
			if run, err = c.run(ctx, run.GetId()); err == nil && isFinal(run.GetStatus()) {
				return run, nil
			}
		}
		var f *failure
		if err != nil && (ctx.Err() != nil || !errors.As(err, &f) || !f.passes()) {
			return run, err
		}
		if err != nil && !away {
			away = true
			message := f.message
			if f.rpc != connect.CodeUnavailable {
				message = "the connection to the host at " + c.address + " broke"
			}
			fmt.Fprintf(p.err, "%s\nTrying again until it answers; Ctrl-C stops this, and leaves the run going.\n", pieces(message, "  ")[0])
		}
		select {
		case <-ctx.Done():
			return run, ctx.Err()
		case <-time.After(pause):
			pause = min(2*pause, maxRetryAfter)
		}
	}
}

// watch reads one stream of a run's events to its end.
func (c *client) watch(ctx context.Context, req *hostv1.WatchRunEventsRequest, each func(*hostv1.WatchRunEventsResponse) error) error {
	stream, err := c.runs.WatchRunEvents(ctx, req)
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
		if err := each(m); err != nil {
			return err
		}
	}
}

// passes reports whether the same call may work a little later: the host is away, starting or stopping.
func (f *failure) passes() bool {
	switch f.rpc {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded:
		return true
	case connect.CodeUnknown, connect.CodeInternal, connect.CodeCanceled, connect.CodeAborted:
		return !f.remote // the connection broke in the middle of a message
	default:
		return false
	}
}

func isFinal(s hostv1.RunStatus) bool {
	return s == hostv1.RunStatus_RUN_STATUS_SUCCESS || s == hostv1.RunStatus_RUN_STATUS_FAILURE || s == hostv1.RunStatus_RUN_STATUS_CANCELED
}
