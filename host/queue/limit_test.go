package queue_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/runtag"
	"github.com/penstock-run/penstock/usercode/tag"
)

func limit(t *testing.T, where, each string, atMost int) host.Limit {
	t.Helper()
	l, problems := host.NewLimit("", where, each, atMost)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return l
}

// standings are the limits of a run as the queue sees them, once the first is full: it may look at who holds slots a moment
// later than the store does.
func (f *fixture) standings(id host.RunID) []queue.LimitStanding {
	f.t.Helper()
	for {
		if s := f.queue.Standing(id); s.Known && len(s.Limits) > 0 && s.Limits[0].Full {
			return s.Limits
		}
		f.tick()
	}
}

func TestLimitsByTag(t *testing.T) {
	f := newFixture(t, -1)
	f.queue.SetLimits([]host.Limit{limit(t, "env=prod", "", 1), limit(t, "", "customer", 1)})
	first := f.submit("env", "prod").ID
	blocked := f.submit("env", "prod", "penstock/priority", "9").ID
	acme := f.submit("customer", "acme").ID
	acmeToo := f.submit("customer", "acme").ID
	other := f.submit("customer", "other").ID
	f.start()
	// The one of higher priority has the slot, and what is blocked blocks nobody behind it.
	began := map[host.RunID]bool{}
	for range 3 {
		r := f.started()
		f.await(r.Run, host.Starting)
		began[r.Run] = true
	}
	if !began[blocked] || !began[acme] || !began[other] {
		t.Fatalf("started are %v, want %s, %s and %s", began, blocked, acme, other)
	}
	if of := f.standings(first); len(of) != 1 || !of[0].Full || of[0].Taken != 1 || of[0].Holders[0] != blocked {
		t.Errorf("limits of the run that waits for production: %+v", of)
	}
	if of := f.standings(acmeToo); len(of) != 1 || of[0].Key != "customer" || of[0].Value != "acme" || of[0].Holders[0] != acme {
		t.Errorf("limits of the second run of a customer: %+v", of)
	}
	f.awaitQueue(queue.Status{MaxInProgress: -1, InProgress: 3, Queued: 2})
	of := f.queue.Limits()
	wantValues := []queue.ValueStatus{{Value: "acme", InProgress: 1, Waiting: 1}, {Value: "other", InProgress: 1}}
	if len(of) != 2 || of[0].InProgress != 1 || of[0].Waiting != 1 || of[1].InProgress != 2 || of[1].Waiting != 1 ||
		of[1].ValueCount != 2 || !slices.Equal(of[1].Values, wantValues) {
		t.Errorf("the limits stand so: %+v", of)
	}
	f.end(acme)
	if r := f.started(); r.Run != acmeToo {
		t.Fatalf("after the customer's run %s is started, want %s", r.Run, acmeToo)
	}
	// Another tag of a queued run acts at once.
	edit := runtag.Edit{Set: tag.List{{Key: "env", Value: "dev"}}}
	if _, err := f.store.UpdateRuns(t.Context(), host.Request{}, []host.RunID{first}, edit.Change(runtag.Who{}, f.clock)); err != nil {
		t.Fatal(err)
	}
	if r := f.started(); r.Run != first {
		t.Fatalf("%s is started, want %s, which is not of production any more", r.Run, first)
	}
}

// TestLimitsSurviveARestartAndAChange: slots are held by who runs, whoever started it, under limits that came later too.
func TestLimitsSurviveARestartAndAChange(t *testing.T) {
	f := newFixture(t, -1).start()
	running := f.submit("env", "prod").ID
	f.started()
	f.await(running, host.Starting)
	f.close()
	f.open()
	f.queue.SetLimits([]host.Limit{limit(t, "env=prod", "", 1)})
	f.start()
	waiting := f.submit("env", "prod").ID
	free := f.submit("env", "dev").ID
	if r := f.started(); r.Run != free {
		t.Fatalf("%s is started, want %s", r.Run, free)
	}
	f.queue.SetLimits([]host.Limit{limit(t, "env=prod", "", 2)})
	if r := f.started(); r.Run != waiting {
		t.Fatalf("%s is started, want %s", r.Run, waiting)
	}
}

// TestEditBesideAStartKeepsTheLimit edits a run into a full limit after its turn has come, and before it is STARTING.
func TestEditBesideAStartKeepsTheLimit(t *testing.T) {
	f := newFixture(t, -1)
	f.queue.SetLimits([]host.Limit{limit(t, "env=prod", "", 1)})
	holder, edited := f.submit("env", "prod").ID, f.submit("env", "dev").ID
	entered, proceed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.seam.beforeUpdate = func(id host.RunID) {
		if id == edited {
			once.Do(func() { close(entered); <-proceed })
		}
	}
	f.start()
	<-entered
	if r := f.started(); r.Run != holder {
		t.Fatalf("%s is started, want %s", r.Run, holder)
	}
	f.await(holder, host.Starting)
	edit := runtag.Edit{Set: tag.List{{Key: "env", Value: "prod"}}}
	if _, err := f.store.UpdateRuns(t.Context(), host.Request{}, []host.RunID{edited}, edit.Change(runtag.Who{}, f.clock)); err != nil {
		t.Fatal(err)
	}
	close(proceed)
	f.queue.AwaitStarts()
	f.tick()
	f.tick()
	for f.queue.Busy() {
		runtime.Gosched()
	}
	if n := len(f.launcher.starts); n != 0 {
		t.Fatalf("with a limit of 1 and one in progress %d more were started", n)
	}
	f.end(holder)
	if r := f.startedLater(); r.Run != edited || r.Attempt != 1 {
		t.Errorf("attempt %d of %s is started, want the first of %s", r.Attempt, r.Run, edited)
	}
}
