package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/grpc"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// client keeps the worker attached to its host: it opens the stream again whenever it breaks, until every event is
// acknowledged or the host denies the attempt.
type client struct {
	assignment Assignment
	early      *grpc.ClientConn // for the first session; nil afterwards
	hello      *workerv1.Hello  // of the first attach; seq and want_grant are set at each
	buffer     *buffer
	slots      *slots
	logger     *slog.Logger
	now        func() time.Time
	random     *rand.Rand // used by the goroutine of run alone
	timing     timing
	started    time.Time

	granted chan *workerv1.RunSpec // gets the first grant, has room for it
	cancels chan *workerv1.Cancel  // has room; what does not fit is said again by the host at the next attach

	mu      sync.Mutex
	running bool // the grant has come
}

// errDelivered and deniedError end run; any other end of a session is followed by the next session.
var errDelivered = errors.New("the host has every event")

type deniedError struct{ denied *workerv1.Denied }

func (e deniedError) Error() string {
	return fmt.Sprintf("the host denied the attempt (%s): %s", e.denied.GetReason(), e.denied.GetMessage())
}

// goAwayError is a host that is about to stop.
type goAwayError struct{ after time.Duration }

func (goAwayError) Error() string { return "the host is about to stop" }

// run answers errDelivered, a deniedError, or the end of ctx.
func (c *client) run(ctx context.Context) error {
	wait := c.timing.backoffMin
	for {
		established, err := c.session(ctx)
		switch _, denied := errors.AsType[deniedError](err); {
		case c.buffer.delivered():
			// The host may end the stream right after its last ack.
			return errDelivered
		case denied:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case established:
			wait = c.timing.backoffMin
		}
		pause := wait/2 + time.Duration(c.random.Int64N(int64(wait/2)+1))
		if goAway, ok := errors.AsType[goAwayError](err); ok {
			pause += goAway.after
		}
		c.logger.Warn("not attached to the host, trying again", "host", c.assignment.HostAddress, "error", err, "in", pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, c.timing.backoffMax)
	}
}

// grant takes the permission to run. The same one may come several times, when an answer was lost.
func (c *client) grant(run *workerv1.RunSpec) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running {
		c.running = true
		c.granted <- run
	}
}

func (c *client) isRunning() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}
