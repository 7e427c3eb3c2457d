package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// settling is how long after the host's start no retry is given up because it waited too long: its location may
	// answer by then.
	settling = 15 * time.Second
	// maxCauses is how many notes of why its retry is put off a run gets, and again after a restart of the host.
	maxCauses = 20
)

// retry launches the retry of a run, puts it off, or gives it up. An error is one of the store.
func (r *Retrier) retry(ctx context.Context, d *due) error {
	run, err := r.o.Store.Run(ctx, d.id)
	if host.CodeOf(err) == host.NotFound || err == nil && !run.RetryDue {
		delete(r.due, d.id)
		return nil
	}
	if err != nil {
		return err
	}
	number := run.RetryNumber() + 1
	request := launch.RetryOf(&run, number)
	child, err := r.o.Submit(ctx, request)
	instead := ""
	if refused(err) && request.Reexecution.Strategy == reexecution.FromFailure {
		// What failed alone cannot be executed, but all of it perhaps can.
		why := err
		request.Reexecution.Strategy = reexecution.All
		if child, err = r.o.Submit(ctx, request); err == nil {
			instead = fmt.Sprintf("; with all ops, because it cannot take up where it failed: %v", why)
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err() // the next start goes on
	case err == nil && child.Parent != run.ID:
		return r.conclude(ctx, d, launch.NoteNotRetried, fmt.Sprintf("not retried: run %s was launched by somebody with the id of the retry's request", child.ID))
	case err == nil:
		return r.conclude(ctx, d, launch.NoteRetried,
			fmt.Sprintf("retried as run %s, retry %d of %d%s", child.ID, number, max(tag.RetryLimit(run.Tags), number), instead))
	case host.ReasonOf(err) == host.ReasonFull:
		d.putOff(r.o.Clock.Now()) // the store tells of that, and takes no note of it
		return nil
	case host.CodeOf(err) == host.Internal:
		return err
	case temporary(err) && !r.waitedTooLong(&run):
		return r.postpone(ctx, d, err)
	default:
		return r.conclude(ctx, d, launch.NoteNotRetried, "not retried: "+advised(err))
	}
}

// refused tells that a launch was refused as it is.
func refused(err error) bool {
	code := host.CodeOf(err)
	return err != nil && code != host.Unavailable && code != host.Internal
}

// temporary tells that a launch which failed may be accepted later as it is: its location cannot be worked with now, or is
// not configured now.
func temporary(err error) bool {
	code := host.CodeOf(err)
	return code == host.Unavailable || code == host.Refused || host.ReasonOf(err) == launch.ReasonLocationGone
}

// waitedTooLong tells that the run's retry could not be launched for as long as a run of its location may wait for code.
func (r *Retrier) waitedTooLong(run *host.Run) bool {
	limit := r.o.WaitForCode(run.Job.Location)
	now := r.o.Clock.Now()
	return limit > 0 && now.Sub(run.EndedAt) > limit && now.Sub(r.started) > settling
}

// postpone puts a retry off, and tells why once for each cause.
func (r *Retrier) postpone(ctx context.Context, d *due, why error) error {
	d.putOff(r.o.Clock.Now())
	cause := host.ReasonOf(why)
	if d.causes[cause] || len(d.causes) >= maxCauses || cause == "" {
		return nil
	}
	if d.causes == nil {
		d.causes = map[string]bool{}
	}
	d.causes[cause] = true
	r.o.Logger.Info("a retry is put off", "run", d.id, "why", why)
	return r.change(ctx, d, func(*host.Run) [][]byte {
		return [][]byte{launch.Note(launch.NoteRetryPutOff, "the retry cannot be launched yet: "+advised(why), r.o.Clock.Now())}
	})
}

// conclude ends what is due, and tells how.
func (r *Retrier) conclude(ctx context.Context, d *due, kind, text string) error {
	err := r.change(ctx, d, func(run *host.Run) [][]byte {
		run.RetryDue = false
		return [][]byte{launch.Note(kind, text, r.o.Clock.Now())}
	})
	if err == nil {
		delete(r.due, d.id)
	}
	return err
}

// change changes a run of which a retry is due, if it is there and one still is.
func (r *Retrier) change(ctx context.Context, d *due, change func(*host.Run) [][]byte) error {
	_, err := r.o.Store.UpdateRun(ctx, d.id, func(run *host.Run) ([][]byte, error) {
		if !run.RetryDue {
			return nil, nil
		}
		return change(run), nil
	})
	if host.CodeOf(err) == host.NotFound {
		return nil
	}
	return err
}

// advised is an error with what to do.
func advised(err error) string {
	text := err.Error()
	if e, ok := errors.AsType[*host.Error](err); ok && e.Remedy != "" {
		text += "\n" + e.Advice()
	}
	return text
}
