package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"connectrpc.com/connect/v2"
)

// watchAgain reads streams of something that goes on, one after the other, until one that ended in order says that it has
// ended. As with follow, a host that goes away meanwhile is called again: what is watched goes on when it is back. once
// calls heard with each message.
func (c *client) watchAgain(ctx context.Context, p printer, what string, once func(heard func()) (ended bool, err error)) error {
	away, pause := false, c.retryAfter
	heard := func() {
		if away {
			away, pause = false, c.retryAfter
			fmt.Fprintln(p.err, "The host answers again.")
		}
	}
	for {
		ended, err := once(heard)
		if err == nil && ended {
			return nil
		}
		f, ok := errors.AsType[*failure](err)
		if err != nil && (ctx.Err() != nil || !ok || !f.passes()) {
			return err
		}
		if err != nil && !away {
			away = true
			message := f.message
			if f.rpc != connect.CodeUnavailable {
				message = "the connection to the host at " + c.address + " broke"
			}
			fmt.Fprintf(p.err, "%s\nTrying again until it answers; Ctrl-C stops this, and leaves %s going.\n", pieces(message, "  ")[0], what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
			pause = min(2*pause, maxRetryAfter)
		}
	}
}
