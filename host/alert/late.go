package alert

import (
	"container/heap"
	"context"
	"time"

	"github.com/penstock-run/penstock/host"
)

// openRun is what is known of a run that has not ended.
type openRun struct{ created, started time.Time }

// tracker knows when open runs become late. Its zero value is for no rules about that.
type tracker struct {
	// rules are those about late runs, by name, with since when they are there.
	rules map[string]lateRule
	// runs are all open ones, nil without rules; stale tells that they are to be read again.
	runs  map[host.RunID]openRun
	stale bool
	due   deadlines
	// noted are the runs of which there is an alert already, and over the notes that are not needed any more.
	noted map[host.LateAlert]bool
	over  []host.LateAlert
}

// lateRule is a rule about late runs.
type lateRule struct {
	*Rule

	since time.Time
}

// deadline is when a run becomes late, by a rule.
type deadline struct {
	at   time.Time
	rule string
	run  host.RunID
}

// use replaces the rules, and the notes that the store has.
func (t *tracker) use(rules []Rule, states map[string]host.AlertRule, noted []host.LateAlert) {
	t.rules, t.runs, t.due, t.over = map[string]lateRule{}, nil, nil, nil
	for i := range rules {
		if rules[i].late != nil {
			t.rules[rules[i].Name] = lateRule{Rule: &rules[i], since: states[rules[i].Name].Since}
		}
	}
	t.noted = map[host.LateAlert]bool{}
	for _, n := range noted {
		t.noted[n] = true
	}
	t.stale = len(t.rules) > 0 || len(noted) > 0
}

// absorb takes a run as committed in.
func (t *tracker) absorb(run *host.Run, deleted bool) {
	if len(t.rules) == 0 && len(t.noted) == 0 || t.runs == nil {
		return
	}
	if deleted || run.Status.Final() {
		delete(t.runs, run.ID)
		for rule := range t.rules {
			if l := (host.LateAlert{Rule: rule, Run: run.ID}); t.noted[l] {
				delete(t.noted, l)
				t.over = append(t.over, l)
			}
		}
		return
	}
	now := openRun{created: run.CreatedAt, started: run.StartedAt}
	if was, known := t.runs[run.ID]; known && was == now {
		return
	}
	t.runs[run.ID] = now
	for name := range t.rules {
		t.expect(name, run.ID, now)
	}
}

// expect notes when a run becomes late by a rule.
func (t *tracker) expect(name string, id host.RunID, run openRun) {
	rule := t.rules[name]
	at, ok := rule.late.deadline(run)
	if !ok || !at.After(rule.since) || t.noted[host.LateAlert{Rule: name, Run: id}] {
		return
	}
	heap.Push(&t.due, deadline{at: at, rule: name, run: id})
}

// next is when the next run becomes late.
func (t *tracker) next() (at time.Time, some bool) {
	if len(t.due) == 0 {
		return time.Time{}, false
	}
	return t.due[0].at, true
}

// reread reads the open runs.
func (a *Alerter) reread(ctx context.Context) error {
	t := &a.late
	runs, err := a.o.Store.OpenRuns(ctx)
	if _, err = host.DamageIn(err); err != nil { // the queue tells of runs that cannot be read
		return err
	}
	t.runs, t.due, t.stale = map[host.RunID]openRun{}, nil, false
	for i := range runs {
		t.absorb(&runs[i], false)
	}
	for l := range t.noted {
		if _, open := t.runs[l.Run]; !open {
			delete(t.noted, l)
			t.over = append(t.over, l)
		}
	}
	if len(t.over) > 0 && a.dirty.IsZero() {
		a.dirty = a.o.Clock.Now()
	}
	return nil
}

// findLate finds the runs that are late by now.
func (a *Alerter) findLate(ctx context.Context, now time.Time) error {
	t := &a.late
	var found []host.Alert
	for len(t.due) > 0 && !t.due[0].at.After(now) && len(found) < endedPage {
		d := heap.Pop(&t.due).(deadline) //nolint:forcetypeassert // nothing else is in it
		run, open := t.runs[d.run]
		at, ok := time.Time{}, false
		if rule, is := t.rules[d.rule]; is && open {
			at, ok = rule.late.deadline(run)
		}
		switch {
		case !ok || t.noted[host.LateAlert{Rule: d.rule, Run: d.run}]:
			continue
		case at.After(now): // it was put back to the queue, or started later
			t.expect(d.rule, d.run, run)
			continue
		}
		matches, err := a.isLate(ctx, t.rules[d.rule], d.run, now)
		if err != nil {
			t.stale = true // all deadlines are found again
			return err
		}
		if matches {
			found = append(found, a.alertOf(t.rules[d.rule].Rule, host.AlertLate, d.run, at))
			t.noted[host.LateAlert{Rule: d.rule, Run: d.run}] = true
		}
	}
	if len(found) == 0 {
		return nil
	}
	if err := a.add(ctx, found, a.states); err != nil {
		for _, f := range found {
			delete(t.noted, host.LateAlert{Rule: f.Rule, Run: f.Run})
		}
		t.stale = true
		return err
	}
	return nil
}

// isLate asks the store whether a rule is about a run, and the run still open and late.
func (a *Alerter) isLate(ctx context.Context, rule lateRule, id host.RunID, now time.Time) (bool, error) {
	run, err := a.o.Store.Run(ctx, id)
	switch {
	case host.CodeOf(err) == host.NotFound || host.ReasonOf(err) == host.ReasonDamaged:
		return false, nil
	case err != nil:
		return false, err
	case run.Status.Final():
		return false, nil
	}
	if at, ok := rule.late.deadline(openRun{created: run.CreatedAt, started: run.StartedAt}); !ok || at.After(now) {
		return false, nil
	}
	source := host.RunSource{Run: &run}
	if looksAtMetadata(rule.where) {
		source.Texts = a.texts(ctx, &run)
	}
	return rule.where == nil || rule.where.Bind(now).Matches(source), nil
}

// deadlines is a heap, the earliest first.
type deadlines []deadline

// Len, Less, Swap, Push and Pop are for container/heap.
func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d deadlines) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *deadlines) Push(x any)        { *d = append(*d, x.(deadline)) } //nolint:forcetypeassert // as above
func (d *deadlines) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	*d = (*d)[:last]
	return x
}
