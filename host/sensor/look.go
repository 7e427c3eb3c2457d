package sensor

import (
	"context"
	"errors"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// sight is a sensor as it is looked at.
type sight struct {
	automation host.Automation
	definition *workspace.Sensor
	where      *selector.Expr
	// ended is up to where the runs that ended were looked at, kept when that was stored last.
	ended uint64
	kept  time.Time
	// failed tells how its last evaluation went.
	failed bool
}

// lookAt evaluates a sensor once, or for each run that ended, and puts it back on the agenda.
func (w *Watcher) lookAt(ctx context.Context, e *entry) {
	w.mu.Lock()
	on := e.on()
	seen := sight{automation: e.automation, definition: e.definition, where: e.where, ended: e.ended, kept: e.kept}
	runStatus := e.runStatus()
	e.heard = false
	w.mu.Unlock()
	var err error
	switch {
	case !on:
	case runStatus:
		err = w.follow(ctx, &seen)
	default:
		err = w.evaluate(ctx, &seen, nil)
	}
	now := w.o.Clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	e.busy = false
	if ctx.Err() != nil {
		return // the next start goes on
	}
	e.ended, e.kept = max(seen.ended, e.automation.Ended), seen.kept
	w.conclude(e, &seen, err, now)
	w.put(e, now)
	w.wake()
}

// conclude takes in how it went, and says when it is evaluated next. The caller holds mu.
func (w *Watcher) conclude(e *entry, seen *sight, err error, now time.Time) {
	switch {
	case err == nil:
		e.failures, e.trouble = 0, nil
		e.failed++
		if !seen.failed {
			e.failed = 0
		}
	case errors.Is(err, errChanged):
		e.automation.Version, e.next = 0, now.Add(firstPause) // whatever the store has is newer
		w.stale, w.retry = true, time.Time{}
		return
	default:
		if host.CodeOf(err) == host.Internal && e.failures == 0 {
			w.o.Logger.Error("evaluate a sensor", "sensor", e.automation.Name.String(), "error", err)
		}
		if host.CodeOf(err) == host.NotFound { // it is gone, which the picture will show
			w.stale, w.retry = true, time.Time{}
		}
		e.next, e.trouble = now.Add(pause(e.failures)), err
		e.failures++
		return
	}
	switch {
	case !e.on():
	case !e.runStatus():
		e.next = now.Add(e.interval())
	case e.heard:
		e.next = now
	case e.ended > e.automation.Ended:
		e.next = e.kept.Add(keepEvery)
	default:
		e.next = now.Add(rounds)
	}
}

// errChanged tells that a sensor is not any more what a tick was made for. It is to be evaluated again.
var errChanged = errors.New("the sensor changed meanwhile")

// evaluate evaluates a sensor and stores its tick; ended is the run for which a run-status sensor is.
func (w *Watcher) evaluate(ctx context.Context, seen *sight, ended *endedRun) error {
	a := seen.automation
	request := &usercodev1.EvaluateSensorRequest{Cursor: a.Cursor, LastEvaluatedAt: stamp(a.EvaluatedAt)}
	if ended != nil {
		request.EndedRun = ended.message()
	}
	e, cursor, err := w.ask(ctx, seen.definition, request)
	if err != nil {
		return err
	}
	// Ticks are told apart by their instants, also when two follow on each other at once.
	if last := a.EvaluatedAt; !e.StartedAt.After(last) && last.Sub(e.StartedAt) < time.Second {
		e.StartedAt = last.Add(time.Microsecond)
	}
	e.At, e.Automation = e.StartedAt, a
	if ended != nil {
		ended.keys(e.Outcome)
	}
	n, err := w.maker.Make(ctx, e)
	if err != nil {
		return err
	}
	seen.failed = n.Tick.Status == host.TickFailure
	n.Next.EvaluatedAt = e.StartedAt
	if ended != nil {
		n.Next.Ended = ended.pos
	}
	if cursor != nil && !seen.failed {
		n.Next.Cursor, n.Tick.Cursor = *cursor, *cursor
	}
	return w.store(ctx, seen, &n)
}

// ask asks user code. That it fails for good is part of what is answered.
func (w *Watcher) ask(ctx context.Context, d *workspace.Sensor, r *usercodev1.EvaluateSensorRequest) (e *automation.Evaluated, cursor *string, err error) {
	done, err := w.o.Turns.Take(ctx, d.Name.Location)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	e = &automation.Evaluated{Name: d.Name, StartedAt: w.o.Clock.Now(), Tags: automation.TagsOf(d.Definition.GetTags())}
	if jobs := d.Definition.GetJobs(); len(jobs) > 0 {
		e.Job = jobs[0]
	}
	response, err := w.o.Code.EvaluateSensor(ctx, d.Name, r)
	w.o.Metrics.Evaluated(host.SensorKind, w.o.Clock.Now().Sub(e.StartedAt))
	if code := host.CodeOf(err); err != nil && (code == host.Invalid || code == host.Conflict) {
		e.Outcome = &usercodev1.Evaluation{Error: automation.Advised(err)}
		return e, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	e.Outcome = response.GetEvaluation()
	return e, response.Cursor, nil
}

// store stores a tick, with what the sensor has seen.
func (w *Watcher) store(ctx context.Context, seen *sight, n *host.NewTick) error {
	tick, created, err := w.maker.Put(ctx, n, &seen.automation)
	switch {
	case host.ReasonOf(err) == host.ReasonAutomationChanged:
		return errChanged // somebody switched it or set its cursor, or another host evaluated it
	case err != nil:
		return err
	case !created:
		// The clock went back to where a tick that skipped for the same reason is counted already, or there is a tick.
		return w.keep(ctx, seen, n.Next.Ended)
	}
	seen.failed = n.Tick.Status == host.TickFailure
	w.o.Metrics.Ticked(&tick, 0)
	a := n.Next
	if a.Cursor != seen.automation.Cursor || a.Ended != seen.automation.Ended {
		a.Version++
	}
	w.moved(seen, a)
	return nil
}

// keep stores up to where the runs that ended were looked at.
func (w *Watcher) keep(ctx context.Context, seen *sight, ended uint64) error {
	if ended <= seen.automation.Ended {
		return nil
	}
	version := seen.automation.Version
	a, err := w.o.Store.UpdateAutomation(ctx, seen.automation.Name, func(a *host.Automation) error {
		if a.Version != version {
			return errChanged
		}
		a.Ended = ended
		return nil
	})
	if err != nil {
		return err
	}
	w.moved(seen, a)
	return nil
}

// moved takes in what was stored.
func (w *Watcher) moved(seen *sight, a host.Automation) {
	seen.automation, seen.ended, seen.kept = a, max(seen.ended, a.Ended), w.o.Clock.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.entries[a.Name]; e != nil {
		e.takeIn(a)
	}
	w.o.Feed.Publish(a.Name)
}
