package alert

import (
	"context"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
)

// Standing is a rule as it stands.
type Standing struct {
	Rule Rule
	// Waiting is how many messages wait.
	Waiting int
	// Last are the last messages, newest first, at most host.MaxAlertsEnded: of those that wait, the ones that are sent next.
	Last []host.Alert
}

// List tells how the rules stand, in their order.
func (a *Alerter) List(ctx context.Context) ([]Standing, error) {
	a.mu.Lock()
	rules := a.wanted
	a.mu.Unlock()
	all := make([]Standing, 0, len(rules))
	for i := range rules {
		s := Standing{Rule: rules[i]}
		waiting, err := a.o.Store.WaitingAlerts(ctx, rules[i].Name, host.MaxAlertsEnded)
		if _, err = host.DamageIn(err); err != nil {
			return nil, err
		}
		ended, err := a.o.Store.EndedAlerts(ctx, rules[i].Name)
		if _, err = host.DamageIn(err); err != nil {
			return nil, err
		}
		s.Last = slices.Concat(waiting, ended)
		slices.SortStableFunc(s.Last, func(x, y host.Alert) int { return y.DueAt.Compare(x.DueAt) })
		s.Last = s.Last[:min(len(s.Last), host.MaxAlertsEnded)]
		if c := a.courierOf(rules[i].Name); c != nil {
			s.Waiting = c.waits()
		}
		all = append(all, s)
	}
	return all, nil
}

// Test sends a message of a rule that says that it is a test, once. sent is its text, and refused why it was not taken. An
// error is that there is no such rule.
func (a *Alerter) Test(ctx context.Context, name string) (sent string, refused, err error) {
	a.mu.Lock()
	rules := a.wanted
	a.mu.Unlock()
	for i := range rules {
		if rules[i].Name != name {
			continue
		}
		m := testMessage(&rules[i], a.o.NewID(), a.o.Address)
		return m.text, rules[i].to.send(ctx, &m, a.client), nil
	}
	return "", nil, &host.Error{
		Code: host.NotFound, Reason: "ALERT_RULE_NOT_FOUND", Message: fmt.Sprintf("there is no alert %.80q", name),
		Remedy: "Name one of those that penstock alert list shows; they are in the section notify of the host's configuration.",
	}
}
