package retention_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/retention"
)

// deletes is a store that tells of each deletion before it.
type deletes struct {
	host.Store

	before func()
}

func (d deletes) DeleteRuns(ctx context.Context, r host.Request, ids []host.RunID) ([]host.RunResult, error) {
	d.before()
	return d.Store.DeleteRuns(ctx, r, ids)
}

func TestWhoTakesRulesBackStopsThePass(t *testing.T) {
	all := retention.Rule{Keep: day}
	f := newFixture(t, retention.Policy{Rules: []retention.Rule{statusRule(host.Success, day), all}})
	for i := range 201 {
		f.run(fmt.Sprint("success ", i), "j", host.Success, 10*day)
	}
	f.run("failure", "j", host.Failure, 10*day)
	writes := 0
	var k *retention.Keeper
	k = retention.New(retention.Options{
		Store: deletes{f.store, func() {
			writes++
			k.SetPolicy(retention.Policy{Rules: []retention.Rule{statusRule(host.Success, 0), all}})
		}},
		Clock: f.clock, Logger: slog.New(slog.DiscardHandler), Policy: f.keeper.Policy(),
	})
	if err := k.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := len(f.left()); writes != 1 || left != 2 {
		t.Errorf("after %d writes %d runs are left, want 2 after the first", writes, left)
	}
	if pass := k.LastPass(); pass.Deleted != 200 || pass.EndedAt.IsZero() || pass.Err != nil {
		t.Errorf("the pass is %+v, want 200 deleted", pass)
	}
}

func TestSameRulesAgainDisturbNothing(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: rules})
	for i := range 201 {
		f.run(fmt.Sprint("success ", i), "j", host.Success, 40*day)
	}
	var k *retention.Keeper
	k = retention.New(retention.Options{
		Store: deletes{f.store, func() { k.SetPolicy(retention.Policy{Rules: slices.Clone(rules)}) }},
		Clock: f.clock, Logger: slog.New(slog.DiscardHandler), Policy: f.keeper.Policy(),
	})
	if err := k.RunOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantLeft()
}
