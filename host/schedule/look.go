package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// sight is a schedule as it is looked at.
type sight struct {
	automation host.Automation
	definition *workspace.Schedule
	calendar   *calendar.Calendar
	failures   int
}

// lookAt makes the ticks of a schedule that are due, one after the other, and puts it back among those that wait.
func (s *Scheduler) lookAt(ctx context.Context, e *entry) {
	var err error
	for err == nil && ctx.Err() == nil {
		seen, on := s.see(e)
		if !on {
			break
		}
		now := s.o.Clock.Now()
		d := dueAt(seen.calendar, seen.automation.From, now, seen.definition.Definition.GetMissedTicks())
		if d.dropped == 0 && len(d.keep) == 0 {
			break
		}
		err = s.makeNext(ctx, &seen, &d)
	}
	now := s.o.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e.busy = false
	switch {
	case ctx.Err() != nil: // the next start goes on
		return
	case err == nil:
		e.failures, e.trouble = 0, nil
	case errors.Is(err, errChanged):
		e.automation.Version = 0 // whatever the store has is newer
		e.failures, e.trouble, e.notBefore = 1, nil, now.Add(firstPause)
		s.stale, s.retry = true, time.Time{}
	default:
		if host.CodeOf(err) == host.Internal && e.failures == 0 {
			s.o.Logger.Error("make the tick of a schedule", "schedule", e.automation.Name.String(), "error", err)
		}
		if host.CodeOf(err) == host.NotFound { // it is gone, which the picture will show
			s.stale, s.retry = true, time.Time{}
		}
		e.trouble, e.notBefore = err, now.Add(pause(e.failures))
		e.failures++
	}
	s.put(e, now)
	s.wake()
}

// see is a schedule as it is now, and whether it makes ticks.
func (s *Scheduler) see(e *entry) (sight, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sight{automation: e.automation, definition: e.definition, calendar: e.calendar, failures: e.failures}, e.on()
}

// makeNext makes the oldest tick that is to be made, after it told of those that are not. An error tells that it could not
// now; errChanged, that the schedule is not what it was.
func (s *Scheduler) makeNext(ctx context.Context, seen *sight, d *due) error {
	if len(d.keep) == 0 {
		return s.drop(ctx, seen, d)
	}
	at := d.keep[0]
	outcome, err := s.evaluate(ctx, seen.definition, seen.calendar, at)
	if err != nil {
		return err
	}
	done, err := s.plan(ctx)
	if err != nil {
		return err
	}
	defer done()
	if d.dropped > 0 {
		// Only now that there is an answer: until there is, the policy may come to leave others out as well.
		if err := s.drop(ctx, seen, d); err != nil {
			return err
		}
	}
	outcome.Automation, outcome.Late = seen.automation, outcome.StartedAt.Sub(at) > grace
	n, err := s.maker.Make(ctx, outcome)
	if err != nil {
		return err
	}
	n.Next.From = at
	return s.store(ctx, seen, &n)
}

// plan waits for a place to plan and store a tick in.
func (s *Scheduler) plan(ctx context.Context) (done func(), err error) {
	select {
	case s.planning <- struct{}{}:
		return func() { <-s.planning }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// drop stores a tick that stands for those that are not made up for.
func (s *Scheduler) drop(ctx context.Context, seen *sight, d *due) error {
	now := s.o.Clock.Now()
	n := host.NewTick{
		Tick: host.Tick{
			Name: seen.automation.Name, At: d.last, Status: host.TickSkipped,
			SkipReason: d.reason(s.whyMissed(seen, d.last), seen.definition.Definition.GetMissedTicks()),
			StartedAt:  now, EndedAt: now, LastAt: now, Count: 1, Late: true,
		},
		Version: seen.automation.Version, Next: seen.automation,
	}
	n.Next.From = d.last
	return s.store(ctx, seen, &n)
}

// whyMissed says why a tick at an instant was not made in time.
func (s *Scheduler) whyMissed(seen *sight, at time.Time) string {
	switch {
	case at.Before(s.started):
		return "the host did not run, or was just starting"
	case seen.failures > 0:
		return "its location did not answer, or the host could not store it"
	default:
		return "the clock of the host was set ahead, its machine slept, or its location could not be used"
	}
}

// errChanged tells that a schedule is not any more what a tick was made for. It is to be looked at again.
var errChanged = errors.New("the schedule changed meanwhile")

// store stores a tick, and moves the schedule on.
func (s *Scheduler) store(ctx context.Context, seen *sight, n *host.NewTick) error {
	tick, created, err := s.maker.Put(ctx, n, &seen.automation)
	switch {
	case host.ReasonOf(err) == host.ReasonAutomationChanged:
		return errChanged // somebody switched it, a deploy changed it, or another host made a tick
	case err != nil:
		return err
	case !created:
		return s.pass(ctx, seen, n.Tick.At)
	}
	s.o.Metrics.Ticked(&tick, s.o.Clock.Now().Sub(tick.At))
	seen.automation = n.Next
	seen.automation.Version = n.Version + 1 // From moved, which counts
	s.takeIn(seen.automation)
	return nil
}

// pass moves a schedule on over a tick that another host has made.
func (s *Scheduler) pass(ctx context.Context, seen *sight, at time.Time) error {
	a, err := s.o.Store.UpdateAutomation(ctx, seen.automation.Name, func(a *host.Automation) error {
		if a.From.Before(at) {
			a.From = at
		}
		return nil
	})
	if err != nil {
		return err
	}
	seen.automation = a
	s.takeIn(a)
	return nil
}

// takeIn takes a record as stored in.
func (s *Scheduler) takeIn(a host.Automation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[a.Name]; e != nil && a.Version >= e.automation.Version {
		e.automation = a
	}
	s.o.Feed.Publish(a.Name)
}
