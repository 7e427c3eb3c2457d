package sensor

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

const (
	// defaultInterval is that of a sensor that says none, minInterval the shortest.
	defaultInterval = 30 * time.Second
	minInterval     = time.Second
	// failedInterval is up to how much the interval of a sensor doubles while it fails.
	failedInterval = time.Minute
	// spread is over how much time the first evaluations after a start are spread at most.
	spread = 10 * time.Second
)

// entry is a sensor in the picture of a Watcher, whose mu guards it.
type entry struct {
	automation host.Automation
	// definition is nil when its location has none, or it is not known. where selects the runs of a run-status sensor, and
	// wrong says what is wrong with either.
	definition *workspace.Sensor
	where      *selector.Expr
	wrong      error
	// idle is why it is not evaluated whatever happens; trouble, why its evaluation came to nothing.
	idle, trouble error
	// busy tells that it is being looked at, heard that a run ended meanwhile.
	busy, heard bool
	// failures counts how often in a row it could not be evaluated, failed how often in a row it failed.
	failures, failed int
	// next is when it is evaluated next; zero when it has not been put on the agenda.
	next time.Time
	// ended is up to where the runs that ended were looked at, kept when that was stored last.
	ended uint64
	kept  time.Time
	// told is the problem that was logged last.
	told string
}

// runStatus tells that it is evaluated for runs that ended.
func (e *entry) runStatus() bool {
	return e.definition != nil && e.definition.Definition.GetRunStatus() != nil
}

// redraw brings the picture up to date with the definitions and the store.
func (w *Watcher) redraw(ctx context.Context, now time.Time) error {
	w.mu.Lock()
	w.stale = false // what changes from here on needs another look
	w.mu.Unlock()
	all, absent, refusals := automation.Read(w.o.Code, versioncheck.Sensors, w.o.Code.Sensors)
	var there []automation.Definition
	definitions := map[host.AutomationName]*workspace.Sensor{}
	for _, d := range all {
		if automation.Named(d.Name) {
			definitions[d.Name] = d
			there = append(there, automation.Definition{Name: d.Name, Body: d.Body, DefaultOn: d.Definition.GetDefaultOn()})
		}
	}
	records, err := w.books.Keep(ctx, there, absent, w.fromNow)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.stale, w.retry = true, now.Add(pause(w.failures))
		w.failures++
		return err
	}
	w.failures = 0
	faults := automation.Faults(w.o.Code)
	for i := range records {
		name := records[i].Name
		e := w.entryOf(name)
		e.takeIn(records[i])
		e.define(definitions[name])
		delete(definitions, name)
		e.idle = automation.Idle(&e.automation, e.definition != nil, e.wrong, refusals[name.Location], faults[name.Location])
		w.put(e, now)
	}
	for name, d := range definitions { // all of them have records, which can be read or not
		e := w.entryOf(name)
		e.define(d)
		e.idle = automation.Unreadable(name)
		w.put(e, now)
	}
	return nil
}

// fromNow has a sensor that begins pass over the runs that ended before.
func (w *Watcher) fromNow(ctx context.Context, a *host.Automation) (err error) {
	a.Ended, err = w.o.Store.LastEnded(ctx)
	if err != nil || a.Version == 0 {
		return err // a new one is stored with it
	}
	_, err = w.o.Store.UpdateAutomation(ctx, a.Name, func(stored *host.Automation) error {
		stored.Ended = max(stored.Ended, a.Ended)
		return nil
	})
	return err
}

// takeIn takes a record as stored in, unless a newer one is known.
func (e *entry) takeIn(a host.Automation) {
	if a.Version < e.automation.Version {
		return
	}
	e.automation = a
	e.ended = max(e.ended, a.Ended)
}

// entryOf is the entry of that name, which is made if need be. The caller holds mu.
func (w *Watcher) entryOf(name host.AutomationName) *entry {
	if w.entries[name] == nil {
		w.entries[name] = &entry{automation: host.Automation{Name: name}}
	}
	return w.entries[name]
}

// define takes a definition in, nil for none.
func (e *entry) define(d *workspace.Sensor) {
	same := e.definition != nil && d != nil && e.definition.Digest == d.Digest
	e.definition = d
	if same {
		return
	}
	e.where, e.wrong, e.failures, e.failed, e.trouble, e.next = nil, nil, 0, 0, nil, time.Time{}
	if d == nil {
		return
	}
	e.wrong = d.Err
	if rs := d.Definition.GetRunStatus(); rs != nil && e.wrong == nil {
		e.where, e.wrong = WhereOf(rs.GetWhere())
	}
}

// WhereOf is the selector of a run-status sensor; nil selects every run.
func WhereOf(text string) (*selector.Expr, error) {
	where, err := selector.Parse(text, host.RunSchema(), nil)
	if err != nil {
		return nil, fmt.Errorf("the selector of its runs: %w", err)
	}
	if where == nil {
		return nil, nil
	}
	for term := range where.Terms() {
		if term.Time.Relative {
			return nil, fmt.Errorf("the selector of its runs has a time that is relative (%s), and runs are looked at whenever they end", term.Name)
		}
	}
	return where, nil
}

// switchedOn tells that it is switched on, as far as is known.
func (e *entry) switchedOn() bool {
	if e.definition == nil {
		return automation.On(e.automation.Switch, automation.DefaultOn(&e.automation))
	}
	return automation.On(e.automation.Switch, e.definition.Definition.GetDefaultOn())
}

// on tells that it is evaluated.
func (e *entry) on() bool {
	return e.definition != nil && e.idle == nil && e.automation.GoneSince.IsZero() && e.switchedOn()
}

// interval is the time from the end of an evaluation to the next one.
func (e *entry) interval() time.Duration {
	i := defaultInterval
	if d := e.definition.Definition.GetInterval(); d != nil {
		i = max(d.AsDuration(), minInterval)
	}
	if e.failed > 0 && i < failedInterval {
		i = min(i<<min(e.failed, 6), failedInterval)
	}
	return i
}

// put has it evaluated when its time has come, unless it is being evaluated, and tells what changed. The caller holds mu.
func (w *Watcher) put(e *entry, now time.Time) {
	defer w.tell(e)
	if e.busy {
		return
	}
	name := e.automation.Name
	if !e.on() {
		e.failures, e.failed, e.trouble, e.next = 0, 0, nil, time.Time{}
		w.agenda.Drop(name)
		return
	}
	if longest := max(e.interval(), rounds); e.next.Sub(now) > longest { // the clock was set back
		e.next = now.Add(longest)
	}
	if e.next.IsZero() {
		e.next = now
		if !e.runStatus() {
			e.next = w.firstTime(e, now)
		}
	}
	w.agenda.Set(name, e.next)
}

// firstTime is when a sensor is evaluated after it came on the agenda: after its interval, or soon.
func (w *Watcher) firstTime(e *entry, now time.Time) time.Time {
	soon := now.Add(time.Duration(w.o.Jitter() * float64(min(e.interval(), spread))))
	after := e.automation.EvaluatedAt.Add(e.interval())
	if after.Before(soon) || after.After(now.Add(e.interval())) { // it is due, or the clock went back
		return soon
	}
	return after
}

// hear has a sensor looked at because runs ended, if it is one for that. The caller holds mu.
func (w *Watcher) hear(e *entry, now time.Time) {
	if !e.runStatus() || !e.on() {
		return
	}
	e.heard = true
	if !e.busy && e.failures == 0 {
		e.next = now
		w.agenda.Set(e.automation.Name, now)
	}
}

// problem is why it is not evaluated though it is switched on, or may be.
func (e *entry) problem() error {
	switch {
	case !e.switchedOn() && host.ReasonOf(e.idle) != host.ReasonDamaged:
		return nil
	case e.idle != nil:
		return e.idle
	case !e.on():
		return nil
	}
	return e.trouble
}

// tell logs a problem that is another than before, and tells the Feed. The caller holds mu.
func (w *Watcher) tell(e *entry) {
	problem, _ := automation.Trouble(e.problem())
	name := e.automation.Name
	if problem != e.told {
		if problem != "" {
			w.o.Logger.Warn("a sensor is not evaluated", "sensor", name.String(), "why", problem)
		} else {
			w.o.Logger.Info("a sensor is evaluated again, or is not to be", "sensor", name.String())
		}
		e.told = problem
	}
	w.o.Feed.Publish(name)
}

// Standing tells how a sensor stands; the zero Standing when it is not known.
func (w *Watcher) Standing(name host.AutomationName) automation.Standing {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.entries[name]
	if e == nil {
		return automation.Standing{}
	}
	st := automation.Standing{Running: e.on()}
	st.Problem, st.Remedy = automation.Trouble(e.problem())
	if st.Running && !e.runStatus() && !e.busy {
		st.Next = e.next
	}
	return st
}
