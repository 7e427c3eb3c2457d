package queue_test

import (
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

// inProgress is how many runs the store says are in progress; more than the limit is an error.
func (f *fixture) inProgress() (n int) {
	f.t.Helper()
	open, err := f.store.OpenRuns(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for i := range open {
		if open[i].Status.InProgress() {
			n++
		}
	}
	if f.limit >= 0 && n > f.limit {
		f.t.Fatalf("%d runs are in progress, the limit is %d", n, f.limit)
	}
	return n
}

// ticksUntilInProgress lets time pass until so many runs are in progress.
func (f *fixture) ticksUntilInProgress(n int) {
	f.t.Helper()
	for late := time.Now().Add(20 * time.Second); f.inProgress() != n; f.tick() {
		if time.Now().After(late) {
			f.t.Fatalf("%d runs are in progress, want %d", f.inProgress(), n)
		}
	}
}

const somewhere = "/tutorial/my_job_with_tags"

func TestHungLocationGivesItsSlotsBack(t *testing.T) {
	f := newFixtureOf(t, 3, "hung", "well")
	release := f.launcher.hang("hung")
	f.start()
	var hung []host.RunID
	for range 6 {
		hung = append(hung, f.submitJob("hung"+somewhere, "penstock/priority", "9").ID)
	}
	f.ticksUntilInProgress(3)
	well := map[host.RunID]bool{}
	for range 9 {
		well[f.submitJob("well"+somewhere).ID] = true
	}
	for late := time.Now().Add(20 * time.Second); len(well) > 0; {
		for len(f.launcher.starts) == 0 {
			if time.Now().After(late) {
				t.Fatalf("%d runs of another location did not start", len(well))
			}
			f.inProgress()
			f.tick()
		}
		r := f.started()
		if !well[r.Run] {
			t.Fatalf("run %s at %s was started", r.Run, r.Job.Location)
		}
		delete(well, r.Run)
		f.await(r.Run, host.Starting)
		f.toStatus(r.Run, host.Started)
		f.inProgress()
		f.end(r.Run)
	}
	release()
	for len(hung) > 0 {
		r := f.startedLater()
		// Time runs fast here: the run may be at its next attempt.
		if i := slices.Index(hung, r.Run); i >= 0 {
			f.await(r.Run, host.Starting)
			f.end(r.Run)
			hung = slices.Delete(hung, i, i+1)
		}
	}
}

// TestSlowLocationKeepsItsStart when nobody else waits for the slot.
func TestSlowLocationKeepsItsStart(t *testing.T) {
	f := newFixtureOf(t, 1, "hung", "well")
	f.launcher.hang("hung")
	f.start()
	first := f.submitJob("hung" + somewhere).ID
	second := f.submitJob("hung" + somewhere).ID
	f.await(first, host.Starting)
	for range 30 {
		f.tick()
	}
	if run, other := f.run(first), f.run(second); run.Status != host.Starting || run.Attempt != 1 || other.Status != host.Queued {
		t.Errorf("after 30 s it is %s attempt %d, the one behind it %s", run.Status, run.Attempt, other.Status)
	}
	well := f.submitJob("well" + somewhere).ID
	if r := f.startedLater(); r.Run != well {
		t.Errorf("started %s, want %s", r.Run, well)
	}
}

// TestGrantBeatsGivingBack: a worker that says hello while nobody answers for it keeps its slot.
func TestGrantBeatsGivingBack(t *testing.T) {
	f := newFixtureOf(t, 1, "hung", "well")
	f.launcher.hang("hung")
	f.start()
	id := f.submitJob("hung" + somewhere).ID
	f.await(id, host.Starting)
	f.toStatus(id, host.Started)
	f.submitJob("well" + somewhere)
	for range 30 {
		f.tick()
		f.inProgress()
	}
	if run := f.run(id); run.Status != host.Started || run.Attempt != 1 {
		t.Errorf("it is %s, attempt %d", run.Status, run.Attempt)
	}
	if len(f.launcher.starts) != 0 {
		t.Error("another run was started though the slot is taken")
	}
}

// TestDrainingLocationIsNotAskedForEachRun: one refusal is enough to leave the others alone.
func TestDrainingLocationIsNotAskedForEachRun(t *testing.T) {
	f := newFixture(t, 2)
	f.launcher.outcome = refuse("DRAINING") // before the workspace has heard of it
	const n = 50
	for range n {
		f.submit()
	}
	f.start()
	f.started()
	for range 10 {
		f.tick()
	}
	f.settle()
	attempts := 0
	open, err := f.store.OpenRuns(t.Context())
	if err != nil || len(open) != n {
		t.Fatalf("%d runs, %v", len(open), err)
	}
	for i := range open {
		attempts += int(open[i].Attempt)
	}
	if attempts > 20 {
		t.Errorf("%d attempts within about 10 s at a server that drains", attempts)
	}
}
