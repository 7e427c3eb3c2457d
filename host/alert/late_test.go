package alert_test

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
)

// pass moves the clock and has the Alerter look: it may have been about to wait for a time that it found before.
func (f *fixture) pass(d time.Duration) {
	f.clock.Advance(d)
	if f.alerter != nil {
		f.alerter.Wake()
	}
}

// begin makes a run STARTED.
func (f *fixture) begin(id host.RunID) {
	f.t.Helper()
	f.update(id, func(r *host.Run) { r.Status, r.Attempt, r.StartedAt = host.Started, 1, f.clock.Now() })
}

func TestTellsOfRunsThatDoNotStart(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	rule := f.rule(alert.RuleText{Name: "a", When: "job=x", NotStartedAfter: "15m", URL: r.URL})
	f.start(rule)
	late, inTime, other := f.run("x"), f.run("x"), f.run("y")
	f.pass(14 * time.Minute)
	f.begin(inTime)
	f.pass(time.Minute)
	got := r.wantRuns(t, late)[0]
	f.awaitDelivered("a", 1)
	if want := "LATE: run " + string(late) + " of l/r/x: not started after 15m. It is QUEUED.\nhttp://penstock.test:3000/runs/" + string(late); got.body.Text != want {
		t.Errorf("got the text\n%s\nwant\n%s", got.body.Text, want)
	}
	f.restart(rule) // it is late still, and was told of
	next := f.run("x")
	f.pass(time.Hour)
	r.wantRuns(t, next)
	f.awaitDelivered("a", 1)

	for _, id := range []host.RunID{late, inTime, other, next} {
		f.end(id, host.Success, "")
	}
	f.stop() // which stores what is left to store
	noted, err := f.store.LateAlerts(t.Context())
	if err != nil || len(noted) != 0 {
		t.Errorf("notes about runs that have ended are kept: %v, %v", noted, err)
	}
}

func TestTellsOfRunsThatDoNotEnd(t *testing.T) {
	f, after, by := newFixture(t), newReceiver(t), newReceiver(t)
	f.start(
		f.rule(alert.RuleText{Name: "after", NotFinishedAfter: "2h", URL: after.URL}),
		f.rule(alert.RuleText{Name: "by", NotFinishedBy: "13:30 Europe/Berlin", URL: by.URL}), // the clock shows 10:00 UTC
	)
	slow, queued, quick := f.run("x"), f.run("x"), f.run("x")
	f.pass(time.Hour)
	f.begin(slow)
	f.begin(quick)
	f.pass(90*time.Minute - 1)
	f.end(quick, host.Failure, "")
	f.pass(1)
	by.wantRuns(t, slow, queued)
	f.pass(30 * time.Minute)
	after.wantRuns(t, slow)
	f.awaitDelivered("after", 1)
}

func TestANewRuleIsNotAboutRunsThatWereLateBefore(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	f.run("x")
	f.pass(time.Hour)
	soon := f.run("x")
	f.start(f.rule(alert.RuleText{Name: "a", NotStartedAfter: "15m", URL: r.URL}))
	f.pass(15 * time.Minute)
	r.wantRuns(t, soon)
}
