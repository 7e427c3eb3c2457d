package backfill

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

const (
	// chunk is how many runs are launched in a row, with one call of the job's code.
	chunk = 100
	// maxTries is how often a launch is tried that fails for no known reason.
	maxTries = 8
	// maxMessage is how many bytes of why a partition was refused are kept.
	maxMessage = 1 << 10
)

// launchSome launches the next runs, as many as may be open beside those that are, and reports whether anything was done.
// They are launched one after another, for the queue starts them in that order.
func (w *work) launchSome(ctx context.Context) (on bool, err error) {
	places := w.picture.upNext(&w.b, min(w.b.MaxOpenRuns-len(w.picture.live), chunk))
	if len(places) == 0 {
		return false, nil
	}
	made, err := w.runParts(ctx, places)
	if err != nil {
		return w.unasked(err)
	}
	return true, w.launchAll(ctx, places, made)
}

// launchAll launches the runs of places. An error means that nothing more can be launched now.
func (w *work) launchAll(ctx context.Context, places []int, made []host.PartitionRun) error {
	for i, at := range places {
		if w.state() != host.BackfillRunning {
			return nil
		}
		if made[i].Err != "" {
			w.refuse(at, "the job's code failed for it: "+made[i].Err)
			continue
		}
		if err := w.launch(ctx, at, &made[i]); err != nil {
			return err
		}
	}
	return nil
}

// unasked refuses all that is left when the job is gone, or has no partitions any more. Other errors it returns.
func (w *work) unasked(why error) (on bool, err error) {
	if temporary(why) || host.CodeOf(why) == host.Internal {
		return false, why
	}
	w.refuseRest(told(why))
	return true, nil
}

// runParts asks the job's code what it makes of partitions, if it makes anything.
func (w *work) runParts(ctx context.Context, places []int) ([]host.PartitionRun, error) {
	keys := make([]string, len(places))
	for i, at := range places {
		keys[i] = w.b.Partitions[at]
	}
	made, err := w.r.o.PartitionRuns(ctx, w.b.Job, keys)
	if err == nil && len(made) != len(keys) {
		err = fmt.Errorf("for %d partitions of job %s there are %d runs", len(keys), w.b.Job, len(made))
	}
	return made, err
}

// launch launches the run of a place. An error means that nothing can be launched now.
func (w *work) launch(ctx context.Context, at int, made *host.PartitionRun) error {
	request := launchOf(&w.b, at, made)
	run, err := w.r.o.Submit(ctx, request)
	used := host.ReasonOf(err) == host.ReasonRequestUsed
	if used {
		run, err = w.r.o.Store.RunOfRequest(ctx, request.RequestID)
	}
	switch {
	case used && host.CodeOf(err) == host.NotFound: // it was launched, and deleted since
		w.mu.Lock()
		w.picture.places[at].done = true
		w.mu.Unlock()
		return nil
	case err == nil && !ours(&w.b, &run):
		w.refuse(at, fmt.Sprintf("run %s was launched by somebody with the id of its request", run.ID))
		return nil
	case err == nil:
		err = w.r.follow(ctx, &run) // it was launched long before, if its request comes again
	}
	switch {
	case err == nil:
		w.mu.Lock()
		w.picture.places[at].done = true
		w.picture.take(at, &run)
		w.mu.Unlock()
	case ctx.Err() != nil:
		return ctx.Err()
	case temporary(err):
		return err
	case host.CodeOf(err) == host.Internal && host.ReasonOf(err) != host.ReasonDamaged && w.tries < maxTries:
		return err
	default:
		if host.CodeOf(err) == host.Internal {
			w.r.o.Logger.Error("a run of a backfill cannot be launched", "backfill", w.b.ID, "partition", w.b.Partitions[at], "error", err)
		}
		w.refuse(at, told(err))
	}
	w.tries = 0
	return nil
}

// temporary tells that it may be otherwise later: the location, or the store, cannot be worked with now, or the location
// is not configured now.
func temporary(err error) bool {
	code := host.CodeOf(err)
	return code == host.Unavailable || code == host.Refused || host.ReasonOf(err) == launch.ReasonLocationGone
}

// refuse remembers that a place cannot be launched.
func (w *work) refuse(at int, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.picture.refuse(at)
	w.b.RefusedCount++
	if len(w.b.Refusals) < host.MaxBackfillRefusals {
		w.b.Refusals = append(w.b.Refusals, host.BackfillRefusal{Partition: w.b.Partitions[at], Message: cut(why, maxMessage)})
	}
}

// refuseRest refuses all that is left to launch, for one reason.
func (w *work) refuseRest(why string) {
	for _, at := range w.picture.upNext(&w.b, roundLen(&w.b)) {
		w.refuse(at, why)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.b.Problem = cut(why, maxMessage)
}

// cut shortens a text to about n bytes.
func cut(text string, n int) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= n {
		return text
	}
	for !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}

// told is an error for people, with what to do.
func told(err error) string {
	e, ok := errors.AsType[*host.Error](err)
	if !ok {
		return "internal error, see the host's log"
	}
	text := e.Error()
	if e.Remedy != "" {
		text += "\n" + e.Advice()
	}
	return text
}
