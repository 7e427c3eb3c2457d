package retention_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/retention"
)

// The rules of the tests: dev for 3 days, failures for 180, what succeeded for 30; what was cancelled has no rule.
var rules = []retention.Rule{rule("env", "dev", 3*day), statusRule(host.Failure, 180*day), statusRule(host.Success, 30*day)}

func TestFirstRuleThatSelectsDecides(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: rules})
	f.run("dev failure of 4 days", "j", host.Failure, 4*day, env("dev"))
	f.run("dev failure of 2 days", "j", host.Failure, 2*day, env("dev"))
	f.run("failure of 179 days", "j", host.Failure, 179*day, env("prod"))
	f.run("failure of 181 days", "j", host.Failure, 181*day)
	f.run("success of 29 days", "j", host.Success, 29*day)
	f.run("success of 31 days", "j", host.Success, 31*day)
	f.run("canceled of 399 days", "j", host.Canceled, 399*day)
	f.run("queued", "j", "", 0, env("dev"))
	f.runOnce()
	f.wantLeft("dev failure of 2 days", "failure of 179 days", "success of 29 days", "canceled of 399 days", "queued")
	if p := f.keeper.LastPass(); p.Deleted != 3 || p.Err != nil || p.EndedAt.IsZero() {
		t.Errorf("last pass %+v, want 3 deleted", p)
	}

	f.clock.Advance(day + time.Second)
	f.runOnce()
	f.wantLeft("canceled of 399 days", "queued")
}

func TestRuleBeforeProtects(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: []retention.Rule{rule("env", "audit", 0), rule("", "", day)}})
	f.run("audit", "j", host.Success, 300*day, env("audit"))
	f.run("other", "j", host.Success, 2*day)
	f.runOnce()
	f.wantLeft("audit")
}

func TestLastOfEachJobStay(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: []retention.Rule{rule("", "", day)}, KeepLast: 2})
	for i := range 5 {
		f.run(fmt.Sprint("a", i), "a", host.Success, 10*day)
	}
	f.run("b0", "b", host.Failure, 10*day)
	f.run("c0", "c", host.Success, 10*day)
	f.run("c1", "c", host.Success, 10*day)
	f.run("c2 runs", "c", "", 0)
	preview, err := f.keeper.Preview(t.Context(), f.keeper.Policy())
	if err != nil {
		t.Fatal(err)
	}
	if got := preview.Results[0]; got.Deleted != 4 || got.KeptAsLast != 4 || got.Selected != 9 {
		t.Errorf("preview %+v, want 4 deleted, 4 kept as last, of 9", got)
	}
	f.runOnce()
	f.wantLeft("a3", "a4", "b0", "c1", "c2 runs")
}

func TestNothingIsDeletedWithoutRules(t *testing.T) {
	f := newFixture(t, retention.Policy{KeepLast: 1})
	f.run("old", "j", host.Success, 399*day)
	f.run("older", "j", host.Success, 399*day)
	f.runOnce()
	f.wantLeft("old", "older")
	if p := f.keeper.LastPass(); !p.StartedAt.IsZero() {
		t.Errorf("there was a pass: %+v", p)
	}
}

func TestPreviewSaysWhatAPassDoes(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: rules})
	for i := range 300 {
		f.run(fmt.Sprint("success ", i), "j", host.Success, time.Duration(i)*day)
	}
	for i := range 20 {
		f.run(fmt.Sprint("dev ", i), "j", host.Failure, time.Duration(i)*day, env("dev"))
	}
	f.run("canceled", "j", host.Canceled, day)
	p, err := f.keeper.Preview(t.Context(), f.keeper.Policy())
	if err != nil {
		t.Fatal(err)
	}
	if p.Runs != 321 || p.WithoutRule != 1 || len(p.Results) != 3 {
		t.Errorf("preview %+v, want 3 rules, 321 runs, 1 without a rule", p)
	}
	deleted := uint64(0)
	for i, want := range []struct{ selected, deleted uint64 }{{20, 16}, {0, 0}, {300, 269}} {
		got := p.Results[i]
		if got.Selected != want.selected || got.Deleted != want.deleted {
			t.Errorf("rule %d selects %d and deletes %d, want %d and %d", i, got.Selected, got.Deleted, want.selected, want.deleted)
		}
		if (got.Bytes > 0) != (want.deleted > 0) || got.Oldest.IsZero() != (want.deleted == 0) || got.Newest.Before(got.Oldest) {
			t.Errorf("rule %d: %d bytes, from %s to %s", i, got.Bytes, got.Oldest, got.Newest)
		}
		deleted += got.Deleted
	}
	if len(f.left()) != 321 {
		t.Error("the preview deleted runs")
	}
	f.runOnce()
	if got := uint64(321 - len(f.left())); got != deleted {
		t.Errorf("a pass deleted %d runs, the preview said %d", got, deleted)
	}
}

func TestPreviewRefusesBadRules(t *testing.T) {
	f := newFixture(t, retention.Policy{})
	_, err := f.keeper.Preview(t.Context(), retention.Policy{
		KeepLast: -1, Rules: []retention.Rule{rule("", "", time.Second), rule("env", "dev", day)},
	})
	e, ok := errors.AsType[*host.Error](err)
	if !ok || e.Code != host.Invalid || len(e.Problems) != 3 {
		t.Fatalf("got %v, want three problems", err)
	}
	for i, want := range []string{"keep_last_per_job", "rules[0].keep", "rules[1].where"} {
		if e.Problems[i].Field != want {
			t.Errorf("problem %d is about %q, want %q", i, e.Problems[i].Field, want)
		}
	}
}

func TestLoopFollowsThePolicy(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: []retention.Rule{rule("env", "dev", day)}})
	dev, old := f.run("dev", "j", host.Success, 10*day, env("dev")), f.run("old", "j", host.Success, 10*day)
	if err := f.keeper.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer f.keeper.Stop()
	if err := f.clock.Await(t.Context(), retention.First); err != nil {
		t.Fatal(err)
	}
	if got := <-f.deleted; got != dev {
		t.Errorf("run %s was deleted first, want that of dev", f.names[got])
	}
	if err := f.clock.AwaitWaiter(t.Context(), retention.Every); err != nil {
		t.Fatal(err)
	}
	f.keeper.SetPolicy(retention.Policy{Rules: []retention.Rule{rule("", "", day)}})
	if err := f.clock.Await(t.Context(), retention.First); err != nil {
		t.Fatal(err)
	}
	if got := <-f.deleted; got != old {
		t.Errorf("run %s was deleted, want the old one", f.names[got])
	}
}

func TestClockThatJumpsAheadDeletesNothingAtOnce(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: []retention.Rule{rule("", "", day)}})
	f.run("new", "j", host.Success, time.Hour)
	if err := f.keeper.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer f.keeper.Stop()
	await := func(d time.Duration) {
		t.Helper()
		if err := f.clock.AwaitWaiter(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	await(retention.First)
	f.clock.Advance(300 * day)
	await(retention.Jump)
	f.wantLeft("new")
	if !strings.Contains(f.log.String(), "jumped ahead") {
		t.Errorf("the log does not tell of it:\n%s", f.log)
	}
	// Nobody has put it right: then that is the time.
	f.clock.Advance(retention.Jump)
	await(retention.Every)
	f.wantLeft()
}

func TestStopMayBeCalledAnyTime(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: rules})
	f.keeper.Stop()
	if err := f.keeper.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.keeper.Stop()
	f.keeper.Stop()
	if strings.Contains(f.log.String(), "ERROR") {
		t.Error(f.log.String())
	}
}

func TestPassEndsWithItsContext(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: []retention.Rule{rule("", "", day)}})
	f.run("old", "j", host.Success, 10*day)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.keeper.RunOnce(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	f.wantLeft("old")
}
