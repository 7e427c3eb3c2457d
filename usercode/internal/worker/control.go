package worker

import (
	"context"
	"errors"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// defaultGrace is how long user code may take to end when nobody says otherwise.
const defaultGrace = 30 * time.Second

var (
	errTerminated = errors.New("the worker process was told to end")
	errUnwanted   = errors.New("the host wants no more of this attempt")
)

// run executes the granted run and decides when the process is done. The engine may be left behind: it runs user
// code, which cannot be forced to return.
func (w *worker) run(ctx context.Context, spec *workerv1.RunSpec, clientEnd chan error) (exitStatus int) {
	userCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	abandon := make(chan struct{})
	over := make(chan struct{})
	go func() {
		defer close(over)
		w.execute(userCtx, spec, abandon)
	}()

	var (
		terminated = ctx.Done()
		ended      = (<-chan struct{})(over)
		grace      = deadline{now: w.opts.Now} // for user code that was canceled
		giveUp     = deadline{now: w.opts.Now} // for what has not been delivered
		status     = ExitUndelivered
	)
	defer grace.stop()
	defer giveUp.stop()
	for {
		select {
		case err := <-clientEnd:
			clientEnd <- err
			denied, isDenied := errors.AsType[deniedError](err)
			switch {
			case errors.Is(err, errDelivered) && status == ExitKilled:
				return ExitKilled
			case errors.Is(err, errDelivered):
				return ExitDelivered
			case !isDenied:
				return ExitUndelivered // cannot be: the client ends by itself for no other reason
			case ended == nil:
				return w.deniedAfterTheEnd(denied)
			}
			w.logger.Error("user code is canceled", "error", err)
			cancel(errUnwanted) // before the buffer lets ops go on that wait for room
			w.buffer.close()
			return w.waitUnwanted(over, abandon)

		case c := <-w.client.cancels:
			switch {
			case ended == nil:
			case c.GetForce():
				w.logger.Error("the worker is killed", "reason", c.GetReason())
				killDescendants()
				return ExitKilled
			case status != ExitKilled:
				cancel(cancelCause(c.GetReason()))
				grace.lower(graceOf(c))
			}

		case <-terminated:
			terminated = nil
			switch {
			case ended == nil:
				giveUp.lower(defaultGrace)
			case status != ExitKilled:
				cancel(errTerminated)
				grace.lower(defaultGrace)
			}

		case <-grace.c:
			// User code had its time. Its children end now; what it has said is reported, for a moment.
			grace.stop()
			w.logger.Error("user code did not end in its grace and is killed")
			killDescendants()
			close(abandon)
			status = ExitKilled
			giveUp.lower(w.opts.timing.killReport)

		case <-ended:
			ended = nil
			grace.stop()
			giveUp.lower(w.opts.timing.undelivered)

		case <-giveUp.c:
			w.logger.Error("the host does not have every event, and the worker ends all the same")
			return status
		}
	}
}

// deniedAfterTheEnd is what follows when the host has closed the attempt before every event was acknowledged. Often
// only its last ack was lost.
func (w *worker) deniedAfterTheEnd(denied deniedError) int {
	w.logger.Warn("the run is over and so is its attempt at the host", "error", denied)
	if denied.denied.GetReason() == workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER {
		return ExitDelivered
	}
	return ExitDenied
}

// waitUnwanted gives user code a moment to clean up.
func (w *worker) waitUnwanted(over <-chan struct{}, abandon chan struct{}) int {
	timer := time.NewTimer(w.opts.timing.deniedGrace)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
		close(abandon)
	}
	return ExitDenied
}

func graceOf(c *workerv1.Cancel) time.Duration {
	if c.GetGrace() == nil {
		return defaultGrace
	}
	return max(c.GetGrace().AsDuration(), 0)
}

func cancelCause(reason string) error {
	if reason == "" {
		return context.Canceled
	}
	return errors.New(reason)
}

// deadline is a timer that is only ever brought forward.
type deadline struct {
	now   func() time.Time
	c     <-chan time.Time
	timer *time.Timer
	at    time.Time
}

// lower sets the deadline, unless it is earlier already.
func (d *deadline) lower(in time.Duration) {
	at := d.now().Add(in)
	if d.timer != nil {
		if !at.Before(d.at) {
			return
		}
		d.timer.Stop()
	}
	d.at, d.timer = at, time.NewTimer(in)
	d.c = d.timer.C
}

// stop lets the deadline never come.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
	d.c, d.timer = nil, nil
}
