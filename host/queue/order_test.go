package queue_test

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/queue"
)

func TestOrderIsPriorityThenFirstIn(t *testing.T) {
	f := newFixture(t, 1)
	normal := f.submit()
	urgent := f.submit("penstock/priority", "5")
	later := f.submit()
	low := f.submit("penstock/priority", "-3")
	top := f.submit("penstock/priority", "2000000000")
	f.start()
	for i, want := range []host.Run{top, urgent, normal, later, low} {
		got := f.started()
		if got.Run != want.ID {
			t.Fatalf("start %d is of %s, want %s", i, got.Run, want.ID)
		}
		f.await(got.Run, host.Starting)
		f.end(got.Run)
	}
}

func TestAtMostSoManyInProgress(t *testing.T) {
	f := newFixture(t, 3).start()
	var ids []host.RunID
	for range 8 {
		ids = append(ids, f.submit().ID)
	}
	for done := range 8 {
		r := f.started()
		f.await(r.Run, host.Starting)
		if s := f.queue.Status(); s.InProgress > 3 || s.MaxInProgress != 3 {
			t.Fatalf("status %+v", s)
		}
		if done >= 2 { // three are in progress, so the next needs an end
			open, err := f.store.OpenRuns(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			busy := 0
			for i := range open {
				if open[i].Status.InProgress() {
					busy++
				}
			}
			if busy > 3 {
				t.Fatalf("%d runs in progress, want at most 3", busy)
			}
			f.end(ids[done-2])
		}
	}
}

func TestZeroPausesAndMinusOneIsUnlimited(t *testing.T) {
	f := newFixture(t, 0).start()
	id := f.submit().ID
	f.tick() // it looked once
	if run, err := f.store.Run(t.Context(), id); err != nil || run.Status != host.Queued {
		t.Errorf("with a limit of 0 the run is %s, %v", run.Status, err)
	}
	f.close()
	f.limit = -1
	f.open()
	f.start()
	for range 30 {
		f.submit()
	}
	for range 31 {
		f.started()
	}
}

func TestSubmitTwiceIsOneRun(t *testing.T) {
	f := newFixture(t, 0)
	r := launch.Request{RequestID: "0123456789abcdef", Job: "plain"}
	first, err := f.queue.Submit(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.queue.Submit(t.Context(), r)
	if err != nil || again.ID != first.ID {
		t.Errorf("the repeat made %s, %v; want %s", again.ID, err, first.ID)
	}
	for _, id := range []string{"", "short", "with a space in it", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"} {
		if _, err := f.queue.Submit(t.Context(), launch.Request{RequestID: id, Job: "plain"}); host.CodeOf(err) != host.Invalid {
			t.Errorf("request id %q: %v, want Invalid", id, err)
		}
	}
}

func TestRequestIDOfAnotherJobIsAConflict(t *testing.T) {
	f := newFixture(t, 0)
	r := launch.Request{RequestID: "0123456789abcdef", Job: "plain"}
	if _, err := f.queue.Submit(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	r.Job = "my_job_with_tags"
	if run, err := f.queue.Submit(t.Context(), r); host.CodeOf(err) != host.Conflict {
		t.Errorf("the request id of a run of another job answered run %s of %s, %v; want Conflict", run.ID, run.Job, err)
	}
}

func TestRefusedSubmitLeavesNothing(t *testing.T) {
	f := newFixture(t, 0)
	for job, want := range map[string]host.Code{"no_such_job": host.NotFound, "": host.Invalid} {
		if _, err := f.queue.Submit(t.Context(), launch.Request{RequestID: "0123456789abcdef", Job: job}); host.CodeOf(err) != want {
			t.Errorf("job %q: %v, want code %d", job, err, want)
		}
	}
	_, err := f.queue.Submit(t.Context(), launch.Request{RequestID: "0123456789abcdef", Job: "plain", ConfigYAML: "a: 1", OpSelection: "nope"})
	if host.ReasonOf(err) != "LAUNCH_INVALID" {
		t.Errorf("bad config and selection: %v", err)
	}
	page, err := f.store.Runs(t.Context(), nil, 0, 10)
	if err != nil || len(page.Runs) != 0 {
		t.Errorf("%d runs are stored, %v; want none", len(page.Runs), err)
	}
}

// awaitQueue lets time pass until the queue stands so.
func (f *fixture) awaitQueue(want queue.Status) {
	f.t.Helper()
	for late := time.Now().Add(20 * time.Second); f.queue.Status() != want; f.tick() {
		if time.Now().After(late) {
			f.t.Fatalf("after 20 s the queue is %+v, want %+v", f.queue.Status(), want)
		}
	}
}

func TestLimitIsReplaced(t *testing.T) {
	f := newFixture(t, 0).start()
	first, second := f.submit(), f.submit()
	f.queue.SetMaxInProgress(1)
	if got := f.started(); got.Run != first.ID {
		t.Fatalf("the first start is of %s, want %s", got.Run, first.ID)
	}
	f.await(first.ID, host.Starting)
	f.awaitQueue(queue.Status{MaxInProgress: 1, InProgress: 1, Queued: 1})
	f.queue.SetMaxInProgress(-1)
	if got := f.started(); got.Run != second.ID {
		t.Fatalf("the second start is of %s, want %s", got.Run, second.ID)
	}
	f.await(second.ID, host.Starting)
	f.queue.SetMaxInProgress(0) // ends nothing
	third := f.submit()
	f.end(first.ID)
	f.end(second.ID)
	f.awaitQueue(queue.Status{MaxInProgress: 0, Queued: 1})
	f.queue.SetMaxInProgress(1)
	if got := f.started(); got.Run != third.ID {
		t.Fatalf("the third start is of %s, want %s", got.Run, third.ID)
	}
}
