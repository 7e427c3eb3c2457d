package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// evaluate finds out what the tick of a schedule at an instant makes. That it fails for good is part of what it answers;
// an error tells that nobody could say now.
func (s *Scheduler) evaluate(ctx context.Context, d *workspace.Schedule, c *calendar.Calendar, at time.Time) (*automation.Evaluated, error) {
	e := &automation.Evaluated{
		Name: d.Name, At: at, StartedAt: s.o.Clock.Now(), Tags: automation.TagsOf(d.Definition.GetTags()), Job: d.Definition.GetJob(),
	}
	var err error
	switch makes := d.Definition.GetMakes().(type) {
	case *usercodev1.ScheduleDefinition_Fixed:
		e.Outcome = &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{ConfigYaml: makes.Fixed.GetConfigYaml()}}}
	case *usercodev1.ScheduleDefinition_Partitions:
		err = s.partitions(ctx, e, c)
	default:
		err = s.ask(ctx, e)
	}
	if err != nil && final(err) {
		e.Outcome, e.Parts, err = &usercodev1.Evaluation{Error: automation.Advised(err)}, nil, nil
	}
	return e, err
}

// final tells of an error that asking again is of no use.
func final(err error) bool {
	code := host.CodeOf(err)
	return code == host.Invalid || code == host.Conflict
}

// ask asks user code.
func (s *Scheduler) ask(ctx context.Context, e *automation.Evaluated) (err error) {
	done, err := s.o.Turns.Take(ctx, e.Name.Location)
	if err != nil {
		return err
	}
	defer done()
	e.StartedAt = s.o.Clock.Now()
	e.Outcome, err = s.o.Code.EvaluateSchedule(ctx, e.Name, e.At)
	s.o.Metrics.Evaluated(host.ScheduleKind, s.o.Clock.Now().Sub(e.StartedAt))
	return err
}

// partitions makes a request for each partition that has ended since the instant before. User code is asked what belongs
// to their runs, where it has a say.
func (s *Scheduler) partitions(ctx context.Context, e *automation.Evaluated, c *calendar.Calendar) error {
	before, ok := c.Prev(e.At)
	if !ok {
		before = e.At.AddDate(-10, 0, 0) // which is how far a calendar looks
	}
	job := host.JobName{Location: e.Name.Location, Repository: e.Name.Repository, Job: e.Job}
	keys, err := s.o.Ended(ctx, job, before, e.At, host.MaxTickRuns)
	if err != nil {
		return jobGone(err)
	}
	if len(keys) == 0 {
		e.Outcome = &usercodev1.Evaluation{SkipReason: fmt.Sprintf("no partition ended between %s and %s", wallOf(before), wallOf(e.At))}
		return nil
	}
	done, err := s.o.Turns.Take(ctx, e.Name.Location)
	if err != nil {
		return err
	}
	defer done()
	e.StartedAt = s.o.Clock.Now()
	e.Parts, err = s.o.Code.PartitionRuns(ctx, job, keys)
	s.o.Metrics.Evaluated(host.ScheduleKind, s.o.Clock.Now().Sub(e.StartedAt))
	if err != nil {
		return jobGone(err)
	}
	e.Outcome = &usercodev1.Evaluation{}
	for i, key := range keys {
		if why := e.Parts[i].Err; why != "" {
			return &host.Error{
				Code: host.Invalid, Reason: "PARTITION_FAILED",
				Message: fmt.Sprintf("the code of job %s failed for partition %.80q, and none of the %d runs was made: %s", job, key, len(keys), why),
			}
		}
		e.Outcome.RunRequests = append(e.Outcome.RunRequests, &usercodev1.RunRequest{Partition: key})
	}
	return nil
}

// jobGone makes of the error that there is no such job one for good: the schedule is there, so its location was heard.
func jobGone(err error) error {
	if host.CodeOf(err) != host.NotFound {
		return err
	}
	text, remedy := automation.Trouble(err)
	return &host.Error{Code: host.Invalid, Reason: host.ReasonOf(err), Message: text, Remedy: remedy, Err: err}
}

// Test evaluates a schedule at an instant, or at its next one when that is zero, and stores nothing.
//
// Errors: NotFound; Refused by the gate; Invalid when the definition cannot be used, or nothing is at the instant;
// Unavailable when its location does not answer.
func (s *Scheduler) Test(ctx context.Context, name host.AutomationName, at time.Time) (*automation.Tested, error) {
	d, err := s.o.Code.Schedule(name)
	if err != nil {
		return nil, err
	}
	if d.Err != nil {
		return nil, automation.Unusable(name, d.Err)
	}
	c, err := calendar.New(d.Definition.GetZone(), d.Definition.GetCrons()...)
	if err != nil {
		return nil, automation.Unusable(name, err)
	}
	if at.IsZero() {
		next, ok := c.Next(s.o.Clock.Now())
		if !ok {
			return nil, automation.Unusable(name, errors.New("it has no tick within ten years"))
		}
		at = next
	}
	e, err := s.evaluate(ctx, d, c, at)
	if err != nil {
		return nil, err
	}
	return s.maker.Test(ctx, e)
}

// Switch switches a schedule. One that did not run and will starts now: nothing is made up for of the time before. Where the
// clock was ahead, now is before the last ticks; their rows keep those from being made again.
func (s *Scheduler) Switch(ctx context.Context, name host.AutomationName, to host.AutomationSwitch, by string) (host.Automation, error) {
	now := s.o.Clock.Now()
	a, err := automation.Switch(ctx, s.o.Store, name, to, by, now, func(a *host.Automation) { a.From = now })
	if err != nil {
		return a, err
	}
	s.o.Logger.InfoContext(ctx, "a schedule was switched", "schedule", name.String(), "to", string(to), "by", by)
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[name]; e != nil {
		if a.Version >= e.automation.Version {
			e.automation = a
		}
		e.failures, e.trouble = 0, nil
		s.put(e, now)
	} else {
		s.stale, s.retry = true, time.Time{}
	}
	s.wake()
	return a, nil
}
