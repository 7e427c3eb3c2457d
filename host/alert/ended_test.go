package alert_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestTellsOfRunsThatEnded(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	before := f.ended("old", host.Failure, "before the rule", launchTag("team", "etl"))
	f.start(f.rule(hookRule("etl", "status=failure and team=etl", r.URL)))
	f.ended("other", host.Failure, "", launchTag("team", "web"))
	f.ended("fine", host.Success, "", launchTag("team", "etl"))
	id := f.ended("load", host.Failure, "<!channel> a&b\x1b failed", launchTag("team", "etl"), tag.System(tag.KeyFailureReason, host.FailureOp))
	got := r.wantRuns(t, id)[0]
	f.awaitDelivered("etl", 1)
	run := got.body.Run
	if run.Job != "load" || run.Status != "FAILURE" || run.Failure != "op_failure" || run.Tags["team"] != "etl" || !run.Ended.Equal(f.clock.Now()) ||
		run.URL != "http://penstock.test:3000/runs/"+string(id) || run.Reason == "" {
		t.Errorf("the run is told as %+v", run)
	}
	if got.id == "" || got.id != got.body.Delivery || got.id != f.last("etl").ID {
		t.Errorf("the message has the ids %q, %q and %q", got.id, got.body.Delivery, f.last("etl").ID)
	}
	want := "FAILURE: run " + string(id) + " of l/r/load.\n&lt;!channel&gt; a&amp;b\ufffd failed\n" + run.URL
	if got.body.Text != want || got.body.Rule != "etl" || got.body.About != "ended" || got.body.Test {
		t.Errorf("got the text\n%s\nwant\n%s\n(%+v)", got.body.Text, want, got.body)
	}
	if last := f.last("etl"); last.Tries != 1 || last.Error != "" || last.Run == before {
		t.Errorf("the message is remembered as %+v", last)
	}
}

func TestSelectsByMetadata(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	f.start(f.rule(hookRule("a", "meta:owner=ada and status=failure", r.URL)))
	bodies := map[string]host.Digest{}
	for _, text := range []string{"owner=ada", "owner=bob"} {
		d := host.Digest(sha256.Sum256([]byte(text)))
		bodies[text] = d
		if err := f.store.PutBodies(t.Context(), map[host.Digest][]byte{d: []byte(text)}); err != nil {
			t.Fatal(err)
		}
	}
	var ids []host.RunID
	for _, text := range []string{"owner=bob", "owner=ada"} {
		id := f.run("x")
		f.update(id, func(run *host.Run) { run.Launched.Metadata = bodies[text] })
		f.end(id, host.Failure, "")
		ids = append(ids, id)
	}
	r.wantRuns(t, ids[1])
}

func TestReadsWhatEndedWhileNoHostRan(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	rule := f.rule(hookRule("a", "status=failure", r.URL))
	f.start(rule)
	first := f.ended("x", host.Failure, "")
	r.wantRuns(t, first)
	f.awaitDelivered("a", 1)
	f.stop()
	f.ended("x", host.Success, "")
	second := f.ended("x", host.Failure, "")
	f.restart(rule)
	r.wantRuns(t, second)
}

func TestARetriedRunIsToldOnce(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	f.start(f.rule(hookRule("a", "status=failure", r.URL)))
	fail := func(retryDue bool, tags ...tag.Tag) host.RunID {
		id := f.run("x", tags...)
		f.update(id, func(run *host.Run) {
			run.Status, run.EndedAt, run.RetryDue = host.Failure, f.clock.Now(), retryDue
		})
		return id
	}
	settle := func(id host.RunID) { f.update(id, func(run *host.Run) { run.RetryDue = false }) }

	parent := fail(true)
	child := f.run("x", tag.System(tag.KeyParentRun, string(parent)), tag.System(tag.KeyRetryNumber, "1"))
	settle(parent)
	f.end(child, host.Failure, "again")
	r.wantRuns(t, child)

	alone := fail(true)
	again := f.run("x", tag.System(tag.KeyParentRun, string(alone))) // by a person, not instead of the retry
	settle(alone)
	r.wantRuns(t, alone)
	f.end(again, host.Success, "")

	lucky := fail(true)
	child = f.run("x", tag.System(tag.KeyParentRun, string(lucky)), tag.System(tag.KeyRetryNumber, "1"))
	settle(lucky)
	f.end(child, host.Success, "")
	r.wantRuns(t, fail(false))
}

func TestABurst(t *testing.T) {
	const n, teams = 1000, 10
	f, r := newFixture(t), newReceiver(t)
	var rules []alert.Rule
	for i := range teams {
		rules = append(rules, f.rule(hookRule(fmt.Sprint("team", i), fmt.Sprint("status=failure and team=", i), r.URL)))
	}
	f.start(rules...)
	ids := make([]host.RunID, n)
	var creating sync.WaitGroup // so that creations share writes
	for i := range ids {
		creating.Go(func() { ids[i] = f.run("x", launchTag("team", fmt.Sprint(i%teams))) })
	}
	creating.Wait()
	results, err := f.store.UpdateRuns(t.Context(), host.Request{}, ids, func(run *host.Run) ([][]byte, error) {
		run.Status, run.EndedAt = host.Failure, f.clock.Now()
		return nil, nil
	})
	if err != nil || len(results) != n {
		t.Fatalf("%d results, %v", len(results), err)
	}
	all := r.wantRuns(t, ids...)
	for range n {
		<-f.store.puts // each was delivered
	}
	distinct := map[string]bool{}
	for _, m := range all {
		distinct[m.id] = true
	}
	if len(distinct) != n {
		t.Errorf("%d messages have different ids, want %d", len(distinct), n)
	}
	for i := range rules {
		if s := f.standing(rules[i].Name); s.Waiting != 0 || len(s.Last) != host.MaxAlertsEnded {
			t.Errorf("of %s %d wait and %d are remembered", rules[i].Name, s.Waiting, len(s.Last))
		}
	}
}

func TestRulesAreReplaced(t *testing.T) {
	f, r, other := newFixture(t), newReceiver(t), newReceiver(t)
	down := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	r.refuseWith(down)
	a, b := f.rule(hookRule("a", "status=failure", r.URL)), f.rule(hookRule("b", "status=failure", r.URL))
	f.start(a, b)
	id := f.ended("x", host.Failure, "")
	f.await("a", 1, func(host.Alert) bool { return true })

	// What waits goes to where the changed rule says. That of a rule that is gone is dropped.
	f.alerter.SetRules([]alert.Rule{f.rule(hookRule("a", "status=failure", other.URL))})
	other.wantRuns(t, id)
	f.awaitDelivered("a", 1)
	if !strings.Contains(f.log.String(), "its messages that waited are dropped") {
		t.Errorf("the log says\n%s", f.log)
	}
	r.takeAgain()
	for len(f.store.added) > 0 {
		<-f.store.added
	}
	f.alerter.SetRules([]alert.Rule{a, b})
	f.awaitRule("b") // from now on it is told
	f.clock.Advance(time.Hour)
	next := f.ended("x", host.Failure, "")
	r.wantRuns(t, next, next)
}
