package explain_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/explain"
	"github.com/penstock-run/penstock/host/workspace"
)

func TestWaiting(t *testing.T) {
	t.Run("JobGone", func(t *testing.T) {
		f := newFixture(t, 0)
		f.patience = time.Hour
		id := f.submit("flow")
		gone := flow()
		gone.Repositories[0].Jobs = gone.Repositories[0].Jobs[1:]
		f.deploy(gone, "flow", false)
		f.start().queue.SetMaxInProgress(10)
		f.await(id, is(host.WaitingForCode))
		e := f.explain(id)
		e.summary("waits for the code of job etl/tutorial/flow (launched from version abc123)")
		r := e.want("JOB_NOT_FOUND", true, "has no job tutorial/flow")
		if r.Since != f.clock.Now() || !strings.Contains(r.Remedy, "penstock run repoint "+string(id)) || !strings.Contains(r.Remedy, "penstock run cancel") {
			t.Errorf("since %v; %s", r.Since, r.Remedy)
		}
		if r := e.want(explain.CodeWaitLimit, false, "fails if its code has not come"); r.Until != f.clock.Now().Add(time.Hour) {
			t.Errorf("it waits until %v", r.Until)
		}
	})
	t.Run("LocationDown", func(t *testing.T) {
		f := newFixture(t, 0)
		id := f.submit("flow")
		f.peer.Stop()
		// A probe under way at the stop breaks; only the next one is refused.
		f.awaitLocation(func(l workspace.Location) bool { return l.Fault != nil && l.Fault.Code == workspace.FaultUnreachable })
		f.start().queue.SetMaxInProgress(10)
		f.await(id, is(host.WaitingForCode))
		e := f.explain(id)
		r := e.want("LOCATION_UNREACHABLE", true, "code location etl cannot be used now")
		if !strings.Contains(r.Remedy, "starts by itself") {
			t.Errorf("the remedy is %s", r.Remedy)
		}
		if r := e.want(explain.CodeWaitLimit, false, "for as long as it takes"); !r.Until.IsZero() {
			t.Errorf("it waits until %v", r.Until)
		}
	})
	t.Run("Misfit", func(t *testing.T) {
		f := newFixture(t, 0)
		id := f.submit("flow")
		other := flow()
		other.Repositories[0].Jobs[0].Definition.ConfigSchemaJson = []byte(`{"additionalProperties":false,"properties":{"m":{"type":"integer"}},"required":["m"],"type":"object"}`)
		f.must(f.peer.Become(other))
		digest := f.peer.DefinitionsDigest()
		f.awaitLocation(func(l workspace.Location) bool { return string(l.Digest[:]) == string(digest) })
		f.start().queue.SetMaxInProgress(10)
		f.await(id, is(host.WaitingForCode))
		e := f.explain(id)
		e.want("RUN_DOES_NOT_FIT", true, "does not fit it any more")
	})
	t.Run("CodeCame", func(t *testing.T) {
		f := newFixture(t, 0)
		id := f.submit("flow")
		gone := flow()
		gone.Repositories[0].Jobs = gone.Repositories[0].Jobs[1:]
		f.deploy(gone, "flow", false)
		f.start().queue.SetMaxInProgress(10)
		f.await(id, is(host.WaitingForCode))
		f.awaitStanding(id)
		// The queue hears nothing of it: its clock stands still, and nobody signals.
		f.must(f.peer.Become(flow()))
		f.awaitLocation(func(workspace.Location) bool { _, err := f.workspace.FindJob("flow"); return err == nil })
		e := f.explain(id)
		e.want(explain.CodeReady, false, "its code is there now")
		e.summary("queued again in a moment")
	})
}

func TestStarting(t *testing.T) {
	t.Run("Asked", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id := f.submit("plain")
		f.started(id)
		f.await(id, is(host.Starting))
		f.awaitStanding(id)
		e := f.explain(id)
		e.want(explain.CodeStart, true, "attempt 1: code location etl was asked for a worker, and none has said hello yet")
		e.want(explain.CodeProcess, false, "process is there (pid 7)")
		if r := e.want(explain.CodeLease, false, "has 3m to say hello"); r.Until != f.clock.Now().Add(3*time.Minute) {
			t.Errorf("the lease ends at %v", r.Until)
		}
		e.lacks(explain.CodeSlotWanted)
	})
	t.Run("UnknownOutcome", func(t *testing.T) {
		f := newFixture(t, 10)
		f.launcher.err = context.DeadlineExceeded
		f.start()
		id := f.submit("plain")
		f.started(id)
		f.await(id, is(host.Starting))
		f.awaitStanding(id)
		e := f.explain(id)
		e.want(explain.CodeStart, true, "whether it started one is not known yet")
		e.want(explain.CodeProcess, false, "does not say what became of the worker")
		if r := e.want(explain.CodeSlotWanted, false, "keeps its slot only as long as nobody else needs it"); r.Until != f.clock.Now().Add(3*time.Second) {
			t.Errorf("it keeps its slot until %v", r.Until)
		}
	})
	t.Run("ProcessEnded", func(t *testing.T) {
		f := newFixture(t, 10)
		f.launcher.state = host.WorkerState{Phase: host.WorkerEnded, ExitStatus: 3, Handle: "pid 7"}
		f.start()
		id := f.submit("plain")
		f.started(id)
		f.await(id, is(host.Starting))
		f.explain(id).want(explain.CodeProcess, false, "ended with exit status 3")
	})
}
