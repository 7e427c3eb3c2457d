package queue_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/runtag"
	"github.com/penstock-run/penstock/usercode/tag"
)

// priority edits the priority of runs, as people do: of one, or of many in one write.
func (f *fixture) priority(value string, ids ...host.RunID) {
	f.t.Helper()
	edit := runtag.Edit{Set: tag.List{{Key: tag.KeyPriority, Value: value}}}
	if value == "" {
		edit = runtag.Edit{Remove: []string{tag.KeyPriority}}
	}
	results, err := f.store.UpdateRuns(f.t.Context(), host.Request{}, ids, edit.Change(runtag.Who{}, f.clock))
	for _, r := range results {
		if err == nil {
			err = r.Err
		}
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestEditedPriorityActsAtOnce(t *testing.T) {
	for name, feedLimit := range map[string]int{"Told": 100, "LostOnTheWay": 2} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 1)
			f.queue.LimitFeed(feedLimit)
			f.start()
			first := f.submit().ID
			f.started()
			f.await(first, host.Starting)
			normal, raised, lowered, bulk1, bulk2, again := f.submit().ID, f.submit().ID, f.submit("penstock/priority", "1").ID, f.submit().ID, f.submit().ID,
				f.submit("penstock/priority", "90").ID
			f.priority("70", raised)
			f.priority("-1", lowered)
			f.priority("50", bulk1, bulk2)
			f.priority("", again) // 0, as normal is, and after it
			f.end(first)
			for i, want := range []host.RunID{raised, bulk1, bulk2, normal, again, lowered} {
				got := f.started()
				if got.Run != want {
					t.Fatalf("start %d is of %s, want %s", i, got.Run, want)
				}
				f.await(got.Run, host.Starting)
				f.end(got.Run)
			}
		})
	}
}

// TestEditedPriorityOfAWaitingRun has it count when the run comes back to the queue.
func TestEditedPriorityOfAWaitingRun(t *testing.T) {
	f := newFixture(t, 0)
	first, second := f.submit().ID, f.submit().ID
	f.toStatus(second, host.WaitingForCode)
	f.priority("5", second)
	f.start()
	f.await(second, host.Queued)
	f.queue.SetMaxInProgress(1)
	if got := f.startedLater(); got.Run != second {
		t.Errorf("the first start is of %s, want the run whose priority was raised; the other is %s", got.Run, first)
	}
}

func TestRepointAgainAnswersTheSame(t *testing.T) {
	f := newFixture(t, 0)
	plain := host.JobName{Location: "etl", Repository: "tutorial", Job: "plain"}
	waiting := func() host.RunID {
		id := f.submitJob("plain").ID
		f.toStatus(id, host.WaitingForCode)
		return id
	}
	ids := []host.RunID{waiting(), waiting(), waiting()}
	request := queue.RepointRequest{From: plain, To: "my_job_with_tags", Request: host.Request{ID: uuid.NewString(), What: "re-point"}}
	check := func(left int) {
		t.Helper()
		done, err := f.queue.Repoint(t.Context(), request)
		var got []host.RunID
		for _, run := range done.Runs {
			if got = append(got, run.ID); run.Err != nil {
				t.Errorf("run %s: %v", run.ID, run.Err)
			}
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, ids) || done.Left != left {
			t.Fatalf("re-pointed %v, %d left, %v; want %v and %d", got, done.Left, err, ids, left)
		}
	}
	check(0)
	later := waiting()
	check(1)
	if run := f.run(later); run.Job != plain {
		t.Errorf("a run that came later is of %s by the repeat", run.Job)
	}
	f.toStatus(ids[1], host.Canceled)
	if err := f.queue.Delete(t.Context(), host.Request{}, ids[1]); err != nil {
		t.Fatal(err)
	}
	check(1)
	request.Request.What = "something else"
	if _, err := f.queue.Repoint(t.Context(), request); host.ReasonOf(err) != "REQUEST_ID_USED" {
		t.Errorf("the request id for something else: %v", err)
	}
	// Of runs that are named, a repeat goes on with those that refused.
	named := queue.RepointRequest{IDs: []host.RunID{later, f.submitJob("plain").ID}, To: "my_job_with_tags", Request: host.Request{ID: uuid.NewString(), What: "named"}}
	f.toStatus(named.IDs[1], host.Starting)
	for i, want := range []bool{false, true} {
		done, err := f.queue.Repoint(t.Context(), named)
		if err != nil || len(done.Runs) != 2 || done.Runs[0].Err != nil || (done.Runs[1].Err == nil) != want {
			t.Errorf("call %d: %+v, %v", i+1, done, err)
		}
		if !want {
			f.toStatus(named.IDs[1], host.Queued)
		}
	}
}

func TestCancelAgainChangesNothing(t *testing.T) {
	f := newFixture(t, 0)
	id := f.submit().ID
	r := host.Request{ID: uuid.NewString(), What: "cancel"}
	for range 2 {
		if run, err := f.queue.Cancel(t.Context(), r, id, "the test", 0, false); err != nil || run.Status != host.Canceled {
			t.Fatalf("the run is %s, %v", run.Status, err)
		}
	}
	r.ID = uuid.NewString()
	for range 2 {
		if err := f.queue.Delete(t.Context(), r, id); err != nil {
			t.Fatal(err)
		}
	}
	r.ID = uuid.NewString()
	if err := f.queue.Delete(t.Context(), r, id); host.CodeOf(err) != host.NotFound {
		t.Errorf("another deletion: %v", err)
	}
	if _, err := f.queue.Cancel(t.Context(), r, id, "", 0, false); host.CodeOf(err) != host.NotFound {
		t.Errorf("cancel of a run that is gone: %v", err)
	}
}
