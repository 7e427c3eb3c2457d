package storetest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) alerts(t *testing.T) {
	t.Run("Rules", x.alertRules)
	t.Run("Waiting", x.alertsWaiting)
	t.Run("Ended", x.alertsEnded)
	t.Run("Late", x.alertsLate)
	t.Run("Removed", x.alertsRemoved)
	t.Run("AllOrNothing", x.alertsAllOrNothing)
	t.Run("ErrArguments", x.alertArguments)
}

// newAlert makes a message of a rule that became due so long after epoch.
func newAlert(t testing.TB, rule string, after time.Duration) host.Alert {
	t.Helper()
	run := newRun(t).Run.ID
	sum := sha256.Sum256([]byte(run))
	return host.Alert{ID: hex.EncodeToString(sum[:16]), Rule: rule, Kind: host.AlertEnded, Run: run, DueAt: epoch.Add(after)}
}

// rules adds rules of alerts.
func (s *store) rules(names ...string) {
	s.t.Helper()
	var change host.AlertChange
	for _, name := range names {
		change.Rules = append(change.Rules, host.AlertRule{Name: name, Since: epoch})
	}
	s.changeAlerts(change)
}

func (s *store) changeAlerts(change host.AlertChange) {
	s.t.Helper()
	if err := s.ChangeAlerts(s.ctx, change); err != nil {
		s.t.Fatalf("ChangeAlerts(%+v): %v", change, err)
	}
}

func (s *store) putAlert(a host.Alert, tries uint32) {
	s.t.Helper()
	if err := s.PutAlert(s.ctx, a, tries); err != nil {
		s.t.Fatalf("PutAlert(%+v): %v", a, err)
	}
}

func (s *store) wantWaiting(rule string, want ...host.Alert) {
	s.t.Helper()
	got, err := s.WaitingAlerts(s.ctx, rule, len(want)+1)
	if err != nil {
		s.t.Fatalf("WaitingAlerts(%q): %v", rule, err)
	}
	wantSame(s.t, "WaitingAlerts of "+rule, got, want)
	_, counts, err := s.AlertRules(s.ctx)
	if err != nil || counts[rule] != len(want) {
		s.t.Errorf("AlertRules says that %d of %q wait (%v), want %d", counts[rule], rule, err, len(want))
	}
}

func (x *exercise) alertRules(t *testing.T) {
	s := x.new(t)
	want := []host.AlertRule{{Name: "a", Since: epoch}, {Name: "odd \u00fc\x00", Since: epoch.Add(1), Ended: 1 << 60}, {Name: "zz", Since: epoch}}
	s.changeAlerts(host.AlertChange{Rules: []host.AlertRule{want[2], want[1], want[0]}})
	want[0].Ended = 7
	s.changeAlerts(host.AlertChange{Rules: want[:1]})
	s.reopen()
	got, waiting, err := s.AlertRules(s.ctx)
	if err != nil || len(waiting) != 0 {
		t.Errorf("AlertRules: %v waiting, error %v", waiting, err)
	}
	wantSame(t, "AlertRules", got, want)
}

func (x *exercise) alertsWaiting(t *testing.T) {
	s := x.new(t)
	s.rules("a", "aa")
	first, second, third := newAlert(t, "a", 1), newAlert(t, "a", 2), newAlert(t, "a", 3)
	other := newAlert(t, "aa", 0)
	s.changeAlerts(host.AlertChange{Add: []host.Alert{third, second, other}})
	s.changeAlerts(host.AlertChange{Add: []host.Alert{first}})
	s.wantWaiting("a", first, second, third)
	first.Tries, first.Error = 1, "it answers 500"
	s.putAlert(first, 0)
	s.wantWaiting("a", second, third, first)
	first.Tries, first.Error = 2, "it answers 501"
	s.putAlert(first, 1)
	s.reopen()
	s.wantWaiting("a", second, third, first)
	s.wantWaiting("aa", other)
	wantCode(t, "PutAlert with a number of tries that is not the stored one", s.PutAlert(s.ctx, first, 1), host.NotFound)
	page, err := s.WaitingAlerts(s.ctx, "a", 1)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "a page", page, []host.Alert{second})
}

func (x *exercise) alertsEnded(t *testing.T) {
	s := x.new(t)
	s.rules("a")
	var want []host.Alert
	for i := range host.MaxAlertsEnded + 3 {
		a := newAlert(t, "a", time.Duration(i))
		s.changeAlerts(host.AlertChange{Add: []host.Alert{a}})
		a.Tries = 1
		if i%2 == 0 {
			a.DeliveredAt = epoch.Add(time.Duration(i) * time.Second)
		} else {
			a.GivenUpAt, a.Error = epoch.Add(time.Duration(i)*time.Second), "nobody takes it"
		}
		s.putAlert(a, 0)
		want = append(want, a)
		wantCode(t, "PutAlert of one that does not wait", s.PutAlert(s.ctx, a, 1), host.NotFound)
	}
	refused := newAlert(t, "a", time.Hour)
	refused.GivenUpAt, refused.Error = epoch.Add(time.Hour), "too many wait"
	s.changeAlerts(host.AlertChange{Add: []host.Alert{refused}})
	want = append(want, refused)
	slices.Reverse(want)
	s.reopen()
	s.wantWaiting("a")
	got, err := s.EndedAlerts(s.ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "EndedAlerts", got, want[:host.MaxAlertsEnded])
}

func (x *exercise) alertsLate(t *testing.T) {
	s := x.new(t)
	s.rules("a", "b")
	a, b := newAlert(t, "a", 0), newAlert(t, "b", 0)
	a.Kind, b.Kind, b.Run = host.AlertLate, host.AlertLate, a.Run
	ended := newAlert(t, "a", 0)
	s.changeAlerts(host.AlertChange{Add: []host.Alert{a, b, ended}})
	a.Tries, a.DeliveredAt = 1, epoch
	s.putAlert(a, 0)
	s.reopen()
	s.wantLate(host.LateAlert{Rule: "a", Run: a.Run}, host.LateAlert{Rule: "b", Run: a.Run})
	s.changeAlerts(host.AlertChange{Forget: []host.LateAlert{{Rule: "a", Run: a.Run}, {Rule: "a", Run: ended.Run}, {Rule: "x", Run: "x"}}})
	s.wantLate(host.LateAlert{Rule: "b", Run: a.Run})
}

func (s *store) wantLate(want ...host.LateAlert) {
	s.t.Helper()
	got, err := s.LateAlerts(s.ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b host.LateAlert) int { return strings.Compare(a.Rule, b.Rule) })
	wantSame(s.t, "LateAlerts", got, want)
}

func (x *exercise) alertsRemoved(t *testing.T) {
	s := x.new(t)
	s.rules("a", "b", "c")
	late, kept := newAlert(t, "b", 0), newAlert(t, "c", 0)
	late.Kind = host.AlertLate
	done := newAlert(t, "b", 0)
	done.DeliveredAt = epoch
	s.changeAlerts(host.AlertChange{Add: []host.Alert{late, kept, done, newAlert(t, "b", 0)}})
	fresh := newAlert(t, "b", 1)
	s.changeAlerts(host.AlertChange{
		Remove: []string{"b", "a", "never there"}, Rules: []host.AlertRule{{Name: "b", Since: epoch}}, Add: []host.Alert{fresh},
	})
	s.wantWaiting("b", fresh)
	s.wantWaiting("c", kept)
	s.wantWaiting("a")
	s.wantLate()
	got, err := s.EndedAlerts(s.ctx, "b")
	if err != nil || len(got) != 0 {
		t.Errorf("EndedAlerts of a rule that was removed = %v, %v", got, err)
	}
	wantCode(t, "PutAlert of a rule that was removed", s.PutAlert(s.ctx, late, 0), host.NotFound)
}

func (x *exercise) alertsAllOrNothing(t *testing.T) {
	s := x.new(t)
	s.rules("a")
	s.changeAlerts(host.AlertChange{Rules: []host.AlertRule{{Name: "a", Since: epoch, Ended: 3}}})
	err := s.ChangeAlerts(s.ctx, host.AlertChange{
		Rules: []host.AlertRule{{Name: "a", Since: epoch, Ended: 5}}, Add: []host.Alert{newAlert(t, "a", 0), newAlert(t, "b", 0)},
	})
	wantCode(t, "ChangeAlerts with a message of no rule", err, host.NotFound)
	err = s.ChangeAlerts(s.ctx, host.AlertChange{Remove: []string{"a"}, Add: []host.Alert{newAlert(t, "a", 0)}})
	wantCode(t, "ChangeAlerts with a message of a rule that it removes", err, host.NotFound)
	s.wantWaiting("a")
	rules, _, err := s.AlertRules(s.ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "AlertRules", rules, []host.AlertRule{{Name: "a", Since: epoch, Ended: 3}})
}

func (x *exercise) alertArguments(t *testing.T) {
	s := x.new(t)
	s.rules("a")
	for name, edit := range map[string]func(*host.Alert){
		"ID":    func(a *host.Alert) { a.ID = "x" },
		"rule":  func(a *host.Alert) { a.Rule = "" },
		"kind":  func(a *host.Alert) { a.Kind = "dance" },
		"run":   func(a *host.Alert) { a.Run = "x" },
		"time":  func(a *host.Alert) { a.DueAt = time.Time{} },
		"text":  func(a *host.Alert) { a.Error = "\xff" },
		"long":  func(a *host.Alert) { a.Error = fmt.Sprintf("%*d", host.MaxAlertError+1, 1) },
		"end":   func(a *host.Alert) { a.DeliveredAt = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"twice": func(a *host.Alert) { a.DeliveredAt, a.GivenUpAt = epoch, epoch },
	} {
		a := newAlert(t, "a", 0)
		edit(&a)
		wantCode(t, "ChangeAlerts with a wrong "+name, s.ChangeAlerts(s.ctx, host.AlertChange{Add: []host.Alert{a}}), host.Invalid)
		wantCode(t, "PutAlert with a wrong "+name, s.PutAlert(s.ctx, a, 0), host.Invalid)
	}
	wantCode(t, "ChangeAlerts with a rule without a time", s.ChangeAlerts(s.ctx, host.AlertChange{Rules: []host.AlertRule{{Name: "a"}}}), host.Invalid)
	s.wantWaiting("a")
}
