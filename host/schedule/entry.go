package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/versioncheck"
)

// entry is a schedule in the picture of a Scheduler, whose mu guards it.
type entry struct {
	automation host.Automation
	// definition is nil when its location has none, or it is not known; calendar is nil when there is none to be had.
	definition *workspace.Schedule
	calendar   *calendar.Calendar
	// idle is why it makes no ticks though it is switched on, without being looked at; trouble, why its tick could not be made.
	idle, trouble error
	// busy tells that it is being looked at, failures how often in a row that was for nothing; after some it is left alone
	// until notBefore.
	busy      bool
	failures  int
	notBefore time.Time
	// told is the problem that was logged last.
	told string
}

// redraw brings the picture up to date with the definitions and the store.
func (s *Scheduler) redraw(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	s.stale = false // what changes from here on needs another look
	s.mu.Unlock()
	all, absent, refusals := automation.Read(s.o.Code, versioncheck.Schedules, s.o.Code.Schedules)
	var there []automation.Definition
	definitions := map[host.AutomationName]*workspace.Schedule{}
	for _, d := range all {
		if automation.Named(d.Name) {
			definitions[d.Name] = d
			there = append(there, automation.Definition{Name: d.Name, Body: d.Body, DefaultOn: d.Definition.GetDefaultOn()})
		}
	}
	records, err := s.books.Keep(ctx, there, absent, func(context.Context, *host.Automation) error { return nil })
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.stale, s.retry = true, now.Add(pause(s.failures))
		s.failures++
		return err
	}
	s.failures = 0
	locations := automation.Faults(s.o.Code)
	for i := range records {
		name := records[i].Name
		e := s.entryOf(name)
		// What a tick that was stored meanwhile has left is newer.
		if records[i].Version >= e.automation.Version {
			e.automation = records[i]
		}
		e.define(definitions[name])
		delete(definitions, name)
		e.idle = automation.Idle(&e.automation, e.definition != nil, e.wrong(), refusals[name.Location], locations[name.Location])
		s.put(e, now)
	}
	for name, d := range definitions { // all of them have records, which can be read or not
		e := s.entryOf(name)
		e.define(d)
		e.idle = automation.Unreadable(name)
		s.put(e, now)
	}
	return nil
}

// entryOf is the entry of that name, which is made if need be. The caller holds mu.
func (s *Scheduler) entryOf(name host.AutomationName) *entry {
	if s.entries[name] == nil {
		s.entries[name] = &entry{automation: host.Automation{Name: name}}
	}
	return s.entries[name]
}

// define takes a definition in, nil for none.
func (e *entry) define(d *workspace.Schedule) {
	if e.definition != nil && d != nil && e.definition.Digest == d.Digest {
		e.definition = d
		return
	}
	e.definition, e.calendar, e.failures, e.trouble = d, nil, 0, nil
	if d != nil && d.Err == nil {
		// The workspace has looked at it; what cannot be used has Err.
		e.calendar, _ = calendar.New(d.Definition.GetZone(), d.Definition.GetCrons()...)
	}
}

// wrong is what is wrong with its definition.
func (e *entry) wrong() error {
	if e.definition == nil {
		return nil
	}
	return e.definition.Err
}

// on tells that it makes ticks.
func (e *entry) on() bool {
	return e.calendar != nil && e.idle == nil && e.automation.GoneSince.IsZero() && e.switchedOn()
}

// put has it looked at when its time has come, unless it is being looked at, and tells what changed. The caller holds mu.
func (s *Scheduler) put(e *entry, now time.Time) {
	defer s.tell(e, now)
	if e.busy {
		return
	}
	name := e.automation.Name
	next, some := time.Time{}, false
	if e.on() {
		next, some = e.calendar.Next(e.automation.From)
	} else {
		e.failures, e.trouble = 0, nil
	}
	if !some {
		s.agenda.Drop(name)
		return
	}
	if e.notBefore.Sub(now) > maxPause { // the clock was set back
		e.notBefore = now
	}
	if e.failures > 0 && next.Before(e.notBefore) {
		next = e.notBefore
	}
	if settled := s.started.Add(settling); e.definition.Stale && next.Before(settled) && now.Before(settled) && settled.Sub(now) <= settling {
		next = settled
	}
	s.agenda.Set(name, next)
}

// switchedOn tells that it is switched on, as far as is known.
func (e *entry) switchedOn() bool {
	if e.definition == nil {
		return automation.On(e.automation.Switch, automation.DefaultOn(&e.automation))
	}
	return automation.On(e.automation.Switch, e.definition.Definition.GetDefaultOn())
}

// problem is why it makes no ticks though it is switched on, or may be.
func (e *entry) problem(now time.Time) error {
	name := e.automation.Name
	switch {
	case !e.switchedOn() && host.ReasonOf(e.idle) != host.ReasonDamaged:
		return nil
	case e.idle != nil:
		return e.idle
	case !e.on():
		return nil
	case e.trouble != nil:
		return e.trouble
	}
	if next, some := e.calendar.Next(e.automation.From); !some {
		return &host.Error{
			Code: host.Invalid, Reason: "NO_TICKS", Message: fmt.Sprintf("schedule %s has no tick within ten years", name),
			Remedy: "look at its crons, and deploy others",
		}
	} else if before, _ := e.calendar.Next(now); e.automation.From.After(now.Add(grace)) && next.After(before) {
		return &host.Error{
			Code: host.Conflict, Reason: "CLOCK_BACK",
			Message: fmt.Sprintf("the clock of the host went back: ticks until %s were made already, and none is made twice", wallOf(e.automation.From)),
			Remedy:  "put the clock right; if it is, switch the schedule off and on: it goes on from now, without the ticks that were made already",
		}
	}
	return nil
}

// tell logs a problem that is another than before, and tells the Feed. The caller holds mu.
func (s *Scheduler) tell(e *entry, now time.Time) {
	problem, _ := automation.Trouble(e.problem(now))
	name := e.automation.Name
	if problem != e.told {
		if problem != "" {
			s.o.Logger.Warn("a schedule makes no ticks", "schedule", name.String(), "why", problem)
		} else {
			s.o.Logger.Info("a schedule makes ticks again, or is not to", "schedule", name.String())
		}
		e.told = problem
	}
	s.o.Feed.Publish(name)
}

// Standing tells how a schedule stands; the zero Standing when it is not known.
func (s *Scheduler) Standing(name host.AutomationName) automation.Standing {
	now := s.o.Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[name]
	if e == nil {
		return automation.Standing{}
	}
	st := automation.Standing{Running: e.on()}
	st.Problem, st.Remedy = automation.Trouble(e.problem(now))
	if st.Running {
		after := now
		if e.automation.From.After(after) {
			after = e.automation.From
		}
		st.Next, _ = e.calendar.Next(after)
	}
	return st
}

// Names are those of all schedules that the Scheduler knows of, sorted.
func (s *Scheduler) Names() []host.AutomationName {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]host.AutomationName, 0, len(s.entries))
	for name := range s.entries {
		names = append(names, name)
	}
	slices.SortFunc(names, host.AutomationName.Compare)
	return names
}
