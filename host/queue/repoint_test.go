package queue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/queue"
)

// renamed is a location whose job has another name now.
func renamed(schema string) hosttest.Behavior {
	b := flows(schema)
	b.Repositories[0].Jobs[0].Definition.Name = "flow_2"
	return b
}

var (
	flow  = host.JobName{Location: "etl", Repository: "tutorial", Job: "flow"}
	flow2 = host.JobName{Location: "etl", Repository: "tutorial", Job: "flow_2"}
)

// waitingFlows is a started queue with n runs whose job was renamed.
func waitingFlows(t *testing.T, n int, after hosttest.Behavior) (f *fixture, ids []host.RunID) {
	t.Helper()
	f = newFixture(t, 0)
	f.deploy(flows(""), "flow", true)
	for range n {
		ids = append(ids, f.submitFlow().ID)
	}
	f.close()
	f.deploy(after, "flow", false)
	f.limit = 10
	f.open()
	f.start()
	for _, id := range ids {
		f.ticksUntil(id, host.WaitingForCode)
	}
	return f, ids
}

func TestRepoint(t *testing.T) {
	f, ids := waitingFlows(t, 3, renamed(""))
	launched := f.run(ids[0])
	request := queue.RepointRequest{From: flow, To: "flow_2", DryRun: true}
	dry, err := f.queue.Repoint(t.Context(), request)
	if err != nil || dry.To != flow2 || len(dry.Runs) != 3 || dry.Left != 0 {
		t.Fatalf("dry run: %+v, %v", dry, err)
	}
	for i, run := range dry.Runs {
		if run.ID != ids[i] || run.Err != nil {
			t.Errorf("dry run %d: %+v, want %s", i, run, ids[i])
		}
		if now := f.run(run.ID); now.Job != flow || now.Status != host.WaitingForCode {
			t.Errorf("the dry run made it a run of %s, %s", now.Job, now.Status)
		}
	}
	request.DryRun = false
	done, err := f.queue.Repoint(t.Context(), request)
	if err != nil || len(done.Runs) != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	for left := slices.Clone(ids); len(left) > 0; {
		r := f.startedLater()
		i := slices.Index(left, r.Run)
		if i < 0 || r.Job != flow2 {
			t.Fatalf("started run %s of %s", r.Run, r.Job)
		}
		left = slices.Delete(left, i, i+1)
	}
	run := f.run(ids[0])
	if run.LaunchedJob() != flow || run.Launched.ID() != launched.Launched.ID() || run.StartedFrom.ID() == run.Launched.ID() ||
		run.Waited != 0 || string(run.ConfigJSON) != `{"n":7}` {
		t.Errorf("it was launched as %s, snapshot %s, started from %s, waited %s, config %s",
			run.LaunchedJob(), run.Launched.ID(), run.StartedFrom.ID(), run.Waited, run.ConfigJSON)
	}
	if notes := f.notes(ids[0], launch.NoteRepointed); len(notes) != 1 || !strings.Contains(notes[0], flow.String()) || !strings.Contains(notes[0], flow2.String()) {
		t.Errorf("notes %q", notes)
	}
	if again, err := f.queue.Repoint(t.Context(), request); err != nil || len(again.Runs) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestRepointLeavesWhatDoesNotFit(t *testing.T) {
	f, ids := waitingFlows(t, 2, renamed(misfitting))
	done, err := f.queue.Repoint(t.Context(), queue.RepointRequest{From: flow, To: "flow_2"})
	if err != nil || len(done.Runs) != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	for i, run := range done.Runs {
		if host.ReasonOf(run.Err) != launch.ReasonMisfit {
			t.Errorf("run %d: %v", i, run.Err)
		}
		if now := f.run(ids[i]); now.Job != flow || now.Status != host.WaitingForCode {
			t.Errorf("run %d is of %s, %s", i, now.Job, now.Status)
		}
	}
}

func TestRepointByID(t *testing.T) {
	f := newFixture(t, 0).start()
	queued := f.submitJob("plain").ID
	final := f.submitJob("plain").ID
	f.toStatus(final, host.Canceled)
	already := f.submit().ID
	to := "my_job_with_tags"
	done, err := f.queue.Repoint(t.Context(), queue.RepointRequest{IDs: []host.RunID{queued, final, already, queued}, To: to})
	if err != nil || len(done.Runs) != 3 {
		t.Fatalf("%+v, %v", done, err)
	}
	if now := f.run(queued); done.Runs[0].Err != nil || now.Job.Job != to || now.Status != host.Queued {
		t.Errorf("the queued one: %v, of %s, %s", done.Runs[0].Err, now.Job, now.Status)
	}
	if host.CodeOf(done.Runs[1].Err) != host.Conflict || !strings.Contains(done.Runs[1].Err.Error(), "CANCELED") {
		t.Errorf("the final one: %v", done.Runs[1].Err)
	}
	if host.CodeOf(done.Runs[2].Err) != host.Conflict || !strings.Contains(done.Runs[2].Err.Error(), "already") {
		t.Errorf("the one that is of it already: %v", done.Runs[2].Err)
	}
}

func TestRepointErrors(t *testing.T) {
	f := newFixture(t, 0).start()
	id := f.submitJob("plain").ID
	plain := host.JobName{Location: "etl", Repository: "tutorial", Job: "plain"}
	for _, c := range []struct {
		name string
		r    queue.RepointRequest
		want host.Code
	}{
		{"ErrNothingNamed", queue.RepointRequest{To: "plain"}, host.Invalid},
		{"ErrNoSuchTarget", queue.RepointRequest{From: plain, To: "nothing"}, host.NotFound},
		{"ErrNoTarget", queue.RepointRequest{From: plain}, host.Invalid},
		{"ErrSameJob", queue.RepointRequest{From: plain, To: "plain"}, host.Invalid},
		{"ErrNoSuchRun", queue.RepointRequest{IDs: []host.RunID{id, "0192a3b4-0000-7000-8000-000000000000"}, To: "nested"}, host.NotFound},
		{"ErrTooMany", queue.RepointRequest{IDs: make([]host.RunID, queue.MaxRepoint+1), To: "nested"}, host.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			if done, err := f.queue.Repoint(t.Context(), c.r); host.CodeOf(err) != c.want || err == nil {
				t.Errorf("%+v, %v", done, err)
			}
		})
	}
	if run := f.run(id); run.Job != plain {
		t.Errorf("the run is of %s now", run.Job)
	}
}

func TestRepointAtMostSoMany(t *testing.T) {
	f := newFixture(t, 0)
	for i := range queue.MaxRepoint + 5 {
		id := f.submitJob("plain", "number", fmt.Sprint(i)).ID
		f.toStatus(id, host.WaitingForCode)
	}
	request := queue.RepointRequest{From: host.JobName{Location: "etl", Repository: "tutorial", Job: "plain"}, To: "my_job_with_tags"}
	for _, want := range []struct{ runs, left int }{{queue.MaxRepoint, 5}, {5, 0}, {0, 0}} {
		done, err := f.queue.Repoint(t.Context(), request)
		if err != nil || len(done.Runs) != want.runs || done.Left != want.left {
			t.Fatalf("%d runs, %d left, %v; want %+v", len(done.Runs), done.Left, err, want)
		}
	}
}

// TestRepointBesideAStart: what was checked for the old job is never started as the new one.
func TestRepointBesideAStart(t *testing.T) {
	f := newFixture(t, 1)
	id := f.submitJob("plain").ID
	entered, proceed := make(chan struct{}), make(chan struct{})
	first := true
	f.seam.beforeUpdate = func(host.RunID) {
		if first { // the start, after it has checked the run
			first = false
			close(entered)
			<-proceed
		}
	}
	f.start()
	<-entered
	_, err := f.store.UpdateRun(t.Context(), id, func(r *host.Run) ([][]byte, error) {
		r.Job.Job = "my_job_with_tags"
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	close(proceed)
	if r := f.startedLater(); r.Job.Job != "my_job_with_tags" || r.Attempt != 1 || r.Definition == f.run(id).Launched.Definition {
		t.Errorf("started as %s, attempt %d, from the definition at launch: %t", r.Job, r.Attempt, r.Definition == f.run(id).Launched.Definition)
	}
}
