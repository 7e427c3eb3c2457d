package alert

import (
	"context"
	"slices"

	"github.com/penstock-run/penstock/host"
)

// useRules puts the rules into use that were set, if they were since. Rules that are new start from now.
func (a *Alerter) useRules(ctx context.Context) error {
	a.mu.Lock()
	rules, sets := a.wanted, a.sets
	var gone []*courier
	if sets != a.used {
		gone = a.withdraw(rules)
	}
	a.mu.Unlock()
	if sets == a.used {
		return nil
	}
	for _, c := range gone { // before it is counted what waits
		c.stop()
	}
	stored, waiting, err := a.o.Store.AlertRules(ctx)
	if err != nil {
		return err
	}
	states, change, err := a.statesOf(ctx, rules, stored)
	if err != nil {
		return err
	}
	if len(change.Remove) > 0 || len(change.Rules) > 0 {
		if err := a.o.Store.ChangeAlerts(ctx, change); err != nil {
			return err
		}
	}
	for _, name := range change.Remove {
		a.o.Metrics.forget(name)
		if n := waiting[name]; n > 0 {
			a.o.Logger.Warn("a rule of alerts is gone; its messages that waited are dropped", "rule", name, "messages", n)
		}
	}
	noted, err := a.o.Store.LateAlerts(ctx)
	if err != nil {
		return err
	}
	a.states = states
	a.late.use(rules, states, noted)
	a.behind = true

	for i := range rules {
		if a.courierOf(rules[i].Name) != nil {
			continue
		}
		c := newCourier(a, &rules[i], waiting[rules[i].Name])
		a.mu.Lock()
		a.couriers[rules[i].Name] = c
		a.mu.Unlock()
		c.start(ctx)
	}
	a.used = sets
	return nil
}

// withdraw takes the couriers of rules that are gone or are others now. mu is held.
func (a *Alerter) withdraw(rules []Rule) (gone []*courier) {
	for name, c := range a.couriers {
		if i := slices.IndexFunc(rules, func(r Rule) bool { return r.Name == name }); i < 0 || !c.rule.same(&rules[i]) {
			gone = append(gone, c)
			delete(a.couriers, name)
		}
	}
	return gone
}

// statesOf are what is to be kept of rules, and what that changes in the store.
func (a *Alerter) statesOf(ctx context.Context, rules []Rule, stored []host.AlertRule) (states map[string]host.AlertRule, change host.AlertChange, err error) {
	states = map[string]host.AlertRule{}
	known := map[string]host.AlertRule{}
	for _, s := range stored {
		known[s.Name] = s
	}
	var last uint64
	for i := range rules {
		name := rules[i].Name
		state, was := known[name]
		if !was {
			if last == 0 {
				if last, err = a.o.Store.LastEnded(ctx); err != nil {
					return nil, change, err
				}
			}
			state = host.AlertRule{Name: name, Ended: last, Since: a.o.Clock.Now()}
			change.Rules = append(change.Rules, state)
		}
		if now, ok := a.states[name]; ok && was {
			state.Ended = max(state.Ended, now.Ended) // it may be ahead of the store
		}
		states[name] = state
	}
	for name := range known {
		if states[name].Name == "" {
			change.Remove = append(change.Remove, name)
		}
	}
	return states, change, nil
}
