package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// endedPage is how many runs that ended are read at a time.
	endedPage = 500
	// MaxWaiting is how many messages of a rule wait at most; what comes beyond is given up at once.
	MaxWaiting = 10_000
)

// readEnded finds what is due for runs that ended since it was asked last.
func (a *Alerter) readEnded(ctx context.Context) error {
	for len(a.states) > 0 {
		from := uint64(math.MaxUint64)
		for _, s := range a.states {
			from = min(from, s.Ended)
		}
		entries, err := a.o.Store.EndedRuns(ctx, from, endedPage)
		if err != nil || len(entries) == 0 {
			return err
		}
		if lost := entries[0].Pos - from - 1; lost > 0 {
			a.o.Logger.Warn("more runs ended than are remembered while alerts did not read them; nobody is told of the oldest", "runs", lost)
		}
		var due []host.Alert
		for _, e := range entries {
			more, err := a.dueFor(ctx, e)
			if err != nil {
				return err
			}
			due = append(due, more...)
		}
		states := map[string]host.AlertRule{}
		for name, s := range a.states {
			s.Ended = max(s.Ended, entries[len(entries)-1].Pos)
			states[name] = s
		}
		switch {
		case len(due) > 0 || len(entries) == endedPage:
			if err := a.add(ctx, due, states); err != nil {
				return err
			}
		case a.dirty.IsZero():
			a.dirty = a.o.Clock.Now()
		}
		a.states = states
	}
	return nil
}

// dueFor are the messages about a run that ended.
func (a *Alerter) dueFor(ctx context.Context, e host.EndedRun) (due []host.Alert, err error) {
	if e.RetryDue {
		return nil, nil // another entry comes when that is settled
	}
	var concerned []*Rule
	for _, r := range a.ended() {
		if a.states[r.Name].Ended < e.Pos {
			concerned = append(concerned, r)
		}
	}
	if len(concerned) == 0 {
		return nil, nil
	}
	run, err := a.o.Store.Run(ctx, e.Run)
	switch {
	case host.CodeOf(err) == host.NotFound:
		return nil, nil
	case host.ReasonOf(err) == host.ReasonDamaged:
		a.o.Logger.Error("a run that ended cannot be read; nobody is told of it", "run", e.Run, "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	if e.Settled {
		if retried, err := a.retried(ctx, e.Run); err != nil || retried {
			return nil, err
		}
	}
	source := host.RunSource{Run: &run}
	read := false
	for _, r := range concerned {
		if looksAtMetadata(r.where) && !read {
			source.Texts, read = a.texts(ctx, &run), true
		}
		if r.where.Bind(a.o.Clock.Now()).Matches(source) {
			due = append(due, a.alertOf(r, host.AlertEnded, e.Run, a.o.Clock.Now()))
		}
	}
	return due, nil
}

// ended are the rules in use about runs that ended.
func (a *Alerter) ended() (rules []*Rule) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, c := range a.couriers {
		if c.rule.late == nil {
			rules = append(rules, &c.rule)
		}
	}
	return rules
}

// retried tells that a failed run has an automatic retry.
func (a *Alerter) retried(ctx context.Context, id host.RunID) (bool, error) {
	isRetry := selector.All(selector.TagIs(tag.KeyParentRun, string(id)), &selector.Expr{Op: selector.Exists, On: selector.Tag, Name: tag.KeyRetryNumber})
	page, err := a.o.Store.SelectRuns(ctx, isRetry, 0, 1)
	return len(page.Runs) > 0, err
}

// looksAtMetadata tells that a selector needs the metadata of runs.
func looksAtMetadata(where *selector.Expr) bool {
	if where == nil {
		return false
	}
	for term := range where.Terms() {
		if term.On == selector.Metadata {
			return true
		}
	}
	return false
}

// texts are those of the metadata that a run was launched with; none when they cannot be read.
func (a *Alerter) texts(ctx context.Context, run *host.Run) []host.MetadataText {
	if run.Launched.Metadata.IsZero() {
		return nil
	}
	body, err := a.o.Store.Body(ctx, run.Launched.Metadata)
	if err != nil {
		a.o.Logger.Error("read the metadata that a run was launched with", "run", run.ID, "error", err)
		return nil
	}
	texts, _ := a.o.MetadataTexts(body) // what cannot be read selects nothing, as everywhere
	return texts
}

// alertOf is a message. Its id follows from what it is about, so that one found twice is the same.
func (a *Alerter) alertOf(r *Rule, kind host.AlertKind, run host.RunID, due time.Time) host.Alert {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%s\n%s", r.Name, a.states[r.Name].Since.UnixNano(), kind, run))
	return host.Alert{ID: hex.EncodeToString(sum[:16]), Rule: r.Name, Kind: kind, Run: run, DueAt: due}
}

// add stores messages, and how far was read for them, in one transaction, and tells the couriers.
func (a *Alerter) add(ctx context.Context, due []host.Alert, states map[string]host.AlertRule) error {
	count := map[string]int{}
	for i := range due {
		d := &due[i]
		if c := a.courierOf(d.Rule); c != nil && c.waits()+count[d.Rule] >= MaxWaiting {
			d.GivenUpAt, d.Error = d.DueAt, fmt.Sprintf("%d messages of the rule wait already", MaxWaiting)
			continue
		}
		count[d.Rule]++
	}
	change := host.AlertChange{Add: due, Forget: a.late.over}
	for _, s := range states {
		change.Rules = append(change.Rules, s)
	}
	if err := a.o.Store.ChangeAlerts(ctx, change); err != nil {
		return err
	}
	a.dirty, a.late.over = time.Time{}, nil
	for i := range due {
		if !due[i].Waits() {
			a.o.Metrics.gaveUp(due[i].Rule)
			a.o.Logger.Error("an alert is given up", "rule", due[i].Rule, "run", due[i].Run, "error", due[i].Error)
		}
	}
	for name, n := range count {
		if c := a.courierOf(name); c != nil {
			c.more(n)
		}
	}
	return nil
}

// save stores how far was read, if the store does not know.
func (a *Alerter) save(ctx context.Context) error {
	if a.dirty.IsZero() || len(a.states) == 0 {
		a.dirty = time.Time{}
		return nil
	}
	return a.add(ctx, nil, a.states)
}
