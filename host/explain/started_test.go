package explain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/explain"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const (
	succeeded = workerv1.Outcome_OUTCOME_SUCCESS
	failed    = workerv1.Outcome_OUTCOME_FAILURE
	skipped   = workerv1.Outcome_OUTCOME_SKIPPED
)

func TestStarted(t *testing.T) {
	t.Run("Running", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, s := f.running("flow", opStarted("first", 1))
		began := f.clock.Now()
		f.clock.Advance(90 * time.Second)
		f.report(s, 2, &workerv1.Event{Kind: "progress", OpPath: "first", OpAttempt: 1, Message: "reading",
			Detail: &workerv1.Event_Progress{Progress: &workerv1.Progress{Done: 30, Total: 120, Unit: "rows"}}}, logged("line"))
		e := f.explain(id)
		e.summary("user code runs: op first")
		r := e.want(explain.CodeOpRunning, true, "op first runs, for 1m30s: 30 of 120 rows (25 %), reading")
		if r.OpPath != "first" || !r.Since.Equal(began) {
			t.Errorf("op %s runs since %v, want %v", r.OpPath, r.Since, began)
		}
		if r := e.reason(explain.CodeOpUpstream, "inner.b"); !strings.Contains(r.Message, "op inner.b waits for inner.a") || r.Blocks {
			t.Errorf("got %+v", r)
		}
		if r := e.reason(explain.CodeOpUpstream, "last"); !strings.Contains(r.Message, "waits for first, inner.b") {
			t.Errorf("got %+v", r)
		}
		e.want(explain.CodeWorker, false, "(pid 7) is connected")
		e.want(explain.CodeLastEvent, false, "log: line")
		if r := e.want(explain.CodeMaxRuntime, false, "longer than 2h"); !r.Until.Equal(began.Add(2 * time.Hour)) {
			t.Errorf("it may run until %v", r.Until)
		}
	})
	t.Run("Retry", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("flow", opStarted("first", 1), opFinished("first", 1, failed, "no luck", time.Hour))
		e := f.explain(id)
		e.summary("op first failed and waits for a next attempt")
		if r := e.want(explain.CodeOpRetry, true, "failed in attempt 1 and waits for the next: no luck"); !r.Until.Equal(f.clock.Now().Add(time.Hour)) {
			t.Errorf("the next attempt is at %v", r.Until)
		}
	})
	t.Run("Ready", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("flow", opStarted("first", 1), opFinished("first", 1, succeeded, "", 0))
		e := f.explain(id)
		r := e.want(explain.CodeOpReady, false, "op inner.a could start and waits for its turn: 0 ops run, and 2 run at a time")
		if r.OpPath != "inner.a" {
			t.Errorf("op %q is ready", r.OpPath)
		}
	})
	t.Run("MappedAndMany", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("flow", opStarted("first", 1), opFinished("first", 1, succeeded, "", 0),
			&workerv1.Event{Kind: "map_expanded", Detail: &workerv1.Event_MapExpanded{MapExpanded: &workerv1.MapExpanded{
				OpPaths: []string{"inner.a"}, Keys: []string{"x", "y", "z"}, Total: 3,
			}}},
			opStarted("inner.a[x]", 1),
			&workerv1.Event{Kind: "progress", OpPath: "inner.a[x]", OpAttempt: 1, Detail: &workerv1.Event_Progress{Progress: &workerv1.Progress{Done: 999, Total: 1000}}})
		e := f.explain(id)
		if r := e.reason(explain.CodeOpReady, "inner.a"); !strings.Contains(r.Message, "2 of 3 instances of op inner.a could start and wait for their turn") {
			t.Errorf("got %+v", r)
		}
		e.want(explain.CodeOpRunning, true, "op inner.a[x] runs, for 0s: 999 of 1000 (99 %)")
	})
	t.Run("Mapped", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("flow", opStarted("first", 1), opFinished("first", 1, succeeded, "", 0),
			&workerv1.Event{Kind: "map_expanded", Detail: &workerv1.Event_MapExpanded{MapExpanded: &workerv1.MapExpanded{
				OpPaths: []string{"inner.a"}, Keys: []string{"x", "y.1", "z"}, Total: 3,
			}}},
			opStarted("inner.a[x]", 1), opFinished("inner.a[x]", 1, succeeded, "", 0), opStarted("inner.a[y.1]", 1))
		e := f.explain(id)
		if r := e.reason(explain.CodeOpReady, "inner.a"); !strings.Contains(r.Message, "1 of 3 instances of op inner.a could start and waits for its turn") {
			t.Errorf("got %+v", r)
		}
		e.want(explain.CodeOpRunning, true, "op inner.a[y.1] runs")
		if r := e.reason(explain.CodeOpUpstream, "inner.b"); !strings.Contains(r.Message, "waits for inner.a") {
			t.Errorf("got %+v", r)
		}
	})
	t.Run("Done", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("plain", opStarted("my_op", 1), opFinished("my_op", 1, succeeded, "", 0))
		e := f.explain(id)
		e.want(explain.CodeOpsDone, true, "outputs are being stored")
		e.lacks(explain.CodeOpReady)
	})
	t.Run("NothingYet", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("plain")
		e := f.explain(id)
		e.want(explain.CodeOpRunning, true, "no op has started yet")
		e.lacks(explain.CodeLastEvent)
	})
	t.Run("Silent", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, s := f.running("plain", opStarted("my_op", 1))
		heard := f.clock.Now()
		s.Close()
		f.clock.Advance(2 * time.Second)
		e := f.explain(id)
		r := e.want(explain.CodeWorker, true, "is not connected and has not been heard of for 2s")
		if !r.Since.Equal(heard) || !r.Until.Equal(heard.Add(time.Minute)) || !strings.Contains(r.Remedy, "worker_lost") {
			t.Errorf("got %+v", r)
		}
		e.summary("is not connected")
	})
	t.Run("ManyOps", func(t *testing.T) {
		f := newFixture(t, 10).start()
		var events []*workerv1.Event
		for i := range 450 { // more than a page
			events = append(events, logged("line"))
			if i < 30 {
				events = append(events, opStarted("inner.a["+string(rune('a'+i%26))+string(rune('a'+i/26))+"]", 1))
			}
		}
		id, _ := f.running("flow", events...)
		e := f.explain(id)
		e.want(explain.CodeOpsLeft, true, "20 more ops run or wait")
	})
}

func TestCanceling(t *testing.T) {
	f := newFixture(t, 10).start()
	id, s := f.running("plain", opStarted("my_op", 1))
	_, err := f.queue.Cancel(t.Context(), host.Request{}, id, "somebody asked", 20*time.Second, false)
	f.must(err)
	e := f.explain(id)
	e.want(explain.CodeCancel, false, "asked to end: somebody asked")
	r := e.want(explain.CodeGrace, true, "has 20s for it")
	if !r.Until.Equal(f.clock.Now().Add(25*time.Second)) || !strings.Contains(r.Remedy, "--force") {
		t.Errorf("got %+v", r)
	}
	e.want(explain.CodeOpRunning, false, "op my_op runs")
	e.summary("somebody asked")
	s.Close()
	f.explain(id).want(explain.CodeGrace, true, "not connected")
	_, err = f.queue.Cancel(t.Context(), host.Request{}, id, "", 0, true)
	f.must(err)
	if r := f.explain(id).want(explain.CodeGrace, true, "being killed"); r.Remedy != "" {
		t.Errorf("a forced cancel has the remedy %s", r.Remedy)
	}
}

func runFinished(o workerv1.Outcome, reason, message string) *workerv1.Event {
	end := &workerv1.RunFinished{Outcome: o}
	if reason != "" {
		end.Failure = &workerv1.Failure{Reason: reason, Message: message}
	}
	return &workerv1.Event{Kind: "run_finished", Detail: &workerv1.Event_RunFinished{RunFinished: end}}
}

func TestFinal(t *testing.T) {
	t.Run("Success", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, s := f.running("plain", opStarted("my_op", 1))
		f.clock.Advance(3 * time.Second)
		f.report(s, 2, opFinished("my_op", 1, succeeded, "", 0), runFinished(succeeded, "", ""))
		e := f.explain(id)
		if e.Run.Status != host.Success || len(e.Reasons) != 1 {
			t.Errorf("got %s", e)
		}
		e.summary("the run succeeded after 3s")
	})
	t.Run("OpFailed", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("flow", opStarted("first", 1), opFinished("first", 1, failed, "no luck", 0),
			opFinished("inner.a", 0, skipped, "not run", 0), runFinished(failed, "op_failure", "1 op failed"))
		e := f.explain(id)
		e.summary("because op first did (error): no luck")
		if r := e.want(explain.CodeOpFailed, false, "first, op first failed in attempt 1 (error): no luck"); r.OpPath != "first" {
			t.Errorf("op %q failed", r.OpPath)
		}
		e.want(explain.CodeCause, false, "1 op failed")
	})
	t.Run("Retried", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, _ := f.running("plain", opStarted("my_op", 1), opFinished("my_op", 1, failed, "no luck", 0), runFinished(failed, "op_failure", "1 op failed"))
		note := func(kind, text string, due bool) {
			_, err := f.store.UpdateRun(t.Context(), id, func(run *host.Run) ([][]byte, error) {
				run.RetryDue = due
				return [][]byte{launch.Note(kind, text, f.clock.Now())}, nil
			})
			f.must(err)
		}
		f.explain(id).lacks(explain.CodeRetry)
		note(launch.NoteRetryPutOff, "the location is away", true)
		e := f.explain(id)
		e.want(explain.CodeRetryDue, false, "is due")
		e.want(explain.CodeRetry, false, "the location is away")
		run, err := f.store.Run(t.Context(), id)
		f.must(err)
		child, err := f.queue.Submit(t.Context(), launch.Request{RequestID: launch.RetryOf(&run, 1).RequestID, Job: "plain"})
		f.must(err)
		note(launch.NoteRetried, "retried as a run", false)
		e = f.explain(id)
		e.lacks(explain.CodeRetryDue)
		if r := e.Reasons[len(e.Reasons)-1]; r.Code != explain.CodeRetry || !slices.Equal(r.Runs, []host.RunID{child.ID}) {
			t.Errorf("the retry is %+v, want run %s", r, child.ID)
		}
	})
	t.Run("WorkerLost", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, s := f.running("plain", opStarted("my_op", 1))
		s.Close()
		for f.explain(id).Run.Status == host.Started {
			f.must(f.clock.Await(t.Context(), time.Second))
		}
		e := f.explain(id)
		if r := e.want(explain.CodeCause, false, "worker_lost"); r.Remedy == "" {
			t.Error("there is no remedy")
		}
		e.want(explain.CodeOpRunning, false, "op my_op ran when it ended")
	})
	t.Run("Killed", func(t *testing.T) {
		f := newFixture(t, 10).start()
		id, s := f.running("plain", opStarted("my_op", 1))
		_, err := f.queue.Cancel(t.Context(), host.Request{}, id, "somebody asked", time.Second, false)
		f.must(err)
		s.Close()
		for f.explain(id).Run.Status == host.Canceling {
			f.must(f.clock.Await(t.Context(), time.Second))
		}
		e := f.explain(id)
		e.summary("did not end within its grace")
		e.want(explain.CodeCancel, false, "asked to end: somebody asked")
	})
	t.Run("Canceled", func(t *testing.T) {
		f := newFixture(t, 0).start()
		id := f.submit("plain")
		_, err := f.queue.Cancel(t.Context(), host.Request{}, id, "somebody asked", 0, false)
		f.must(err)
		f.explain(id).summary("the run was canceled: somebody asked")
	})
}
