package explain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/explain"
	"github.com/penstock-run/penstock/host/hosttest"
)

func TestQueued(t *testing.T) {
	t.Run("Limit", func(t *testing.T) {
		f := newFixture(t, 1).start()
		first := f.submit("plain")
		f.started(first)
		second, third := f.submit("plain"), f.submit("plain")
		urgent := f.submit("plain", "penstock/priority", "5")
		f.awaitStanding(urgent)
		e := f.explain(third)
		e.summary("all 1 slot is taken")
		if r := e.want(explain.CodeLimit, true, "taken by runs in progress"); !slices.Equal(r.Runs, []host.RunID{first}) || r.Remedy == "" {
			t.Errorf("the slots are held by %v, want %s: %s", r.Runs, first, r.Remedy)
		}
		if r := e.want(explain.CodeOrder, true, "position 3 of 3: 2 runs come before it"); !slices.Equal(r.Runs, []host.RunID{urgent, second}) {
			t.Errorf("before it are %v, want %s and %s", r.Runs, urgent, second)
		}
		e.want(explain.CodeReady, false, "answers and has a job that the run fits")
		e = f.explain(urgent)
		e.want(explain.CodeOrder, false, "it is the next one")
	})
	t.Run("TagLimit", func(t *testing.T) {
		f := newFixture(t, -1)
		each, _ := host.NewLimit("one at a time", "", "customer", 1)
		none, _ := host.NewLimit("", "env=closed", "", 0)
		f.queue.SetLimits([]host.Limit{each, none})
		f.start()
		first := f.submit("plain", "customer", "acme")
		f.started(first)
		second, closed := f.submit("plain", "customer", "acme"), f.submit("plain", "env", "closed", "customer", "other")
		f.awaitStanding(second)
		f.awaitStanding(closed)
		e := f.explain(second)
		e.summary(`limit "one at a time" for customer=acme: all 1 slot is taken`)
		if r := e.want(explain.CodeTagLimit, true, "taken by runs in progress"); !slices.Equal(r.Runs, []host.RunID{first}) || r.Remedy == "" {
			t.Errorf("the slot is held by %v, want %s: %s", r.Runs, first, r.Remedy)
		}
		f.explain(closed).summary(`limit "env=closed" lets no run start`)
	})
	t.Run("NothingStarts", func(t *testing.T) {
		f := newFixture(t, 0).start()
		id := f.submit("plain")
		f.awaitStanding(id)
		e := f.explain(id)
		e.want(explain.CodeLimit, true, "set to 0")
		e.summary("so nothing starts")
	})
	t.Run("Held", func(t *testing.T) {
		f := newFixture(t, -1)
		f.held = "every server of code location etl drains"
		f.start()
		id := f.submit("plain")
		f.awaitStanding(id)
		e := f.explain(id)
		e.want(explain.CodeLocationHeld, true, "drains")
		e.want(explain.CodeLimit, false, "no limit")
		e.summary("drains")
	})
	t.Run("LocationFull", func(t *testing.T) {
		f := newFixture(t, 10)
		f.launcher.outcome.Refusal = &host.StartRefusal{Reason: "OVERLOADED", Message: "2 workers of 2"}
		f.start()
		id := f.submit("plain")
		f.started(id)
		f.await(id, func(r *host.Run) bool { return r.Status == host.Queued && r.Attempt == 1 })
		f.awaitStanding(id)
		e := f.explain(id)
		if r := e.want(explain.CodeLocationFull, true, "as many workers as it may have"); !r.Until.After(f.clock.Now()) {
			t.Errorf("it is asked again at %v, now is %v", r.Until, f.clock.Now())
		}
		e.want(explain.CodeLimit, false, "0 of 10 slots are taken")
	})
	t.Run("BackOff", func(t *testing.T) {
		f := newFixture(t, 10)
		f.launcher.outcome.Refusal = &host.StartRefusal{Reason: "DRAINING", Message: "it is stopping"}
		f.start()
		id := f.submit("plain")
		f.started(id)
		f.await(id, func(r *host.Run) bool { return r.Status == host.Queued && r.Attempt == 1 })
		f.awaitStanding(id)
		e := f.explain(id)
		if r := e.want(explain.CodeBackOff, true, "it is stopping"); r.Until != f.clock.Now().Add(500*time.Millisecond) {
			t.Errorf("it is tried again at %v, now is %v", r.Until, f.clock.Now())
		}
		e.want(explain.CodeLocationResting, true, "left alone")
	})
	t.Run("WillWait", func(t *testing.T) {
		f := newFixture(t, 0).start()
		id := f.submit("flow")
		gone := flow()
		gone.Repositories[0].Jobs = gone.Repositories[0].Jobs[1:]
		f.deploy(gone, "flow", false)
		f.awaitStanding(id)
		e := f.explain(id)
		e.want("JOB_NOT_FOUND", false, "when its turn comes, the run will wait")
		e.summary("so nothing starts")
	})
	t.Run("NotTakenIn", func(t *testing.T) {
		f := newFixture(t, 1) // the queue has not started, so it knows nothing
		e := f.explain(f.submit("plain"))
		e.want(explain.CodeOrder, false, "just taking it in")
	})
	t.Run("ErrNoRun", func(t *testing.T) {
		f := newFixture(t, 1)
		_, err := f.explainer.Run(t.Context(), "01890000-0000-7000-8000-000000000000")
		if host.CodeOf(err) != host.NotFound {
			t.Errorf("got %v", err)
		}
	})
}

// awaitStanding waits until the queue has taken the run in, is not at it, and knows it as it is stored. The queue tells
// nobody, so it is asked; its clock stands still meanwhile.
func (f *fixture) awaitStanding(id host.RunID) {
	f.t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.After(20 * time.Second); ; {
		run, err := f.store.Run(f.t.Context(), id)
		f.must(err)
		s := f.queue.Standing(id)
		if s.Known && s.RunStatus == run.Status && !s.Working {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			f.t.Fatalf("after 20 s the queue knows the run as %+v, and it is %s", s, run.Status)
		}
	}
}

// deploy changes the peer's definitions and waits until the workspace has the job, or has it no more.
func (f *fixture) deploy(b hosttest.Behavior, job string, there bool) {
	f.t.Helper()
	f.must(f.peer.Become(b))
	for {
		_, err := f.workspace.FindJob(job)
		if (err == nil) == there {
			break
		}
		select {
		case <-f.changes.Ready():
			f.changes.Take()
		case <-time.After(20 * time.Second):
			f.t.Fatalf("after 20 s job %s: %v", job, err)
		}
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}
