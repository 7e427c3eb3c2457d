package queue_test

import (
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/queue"
)

// TestFullServerIsAskedForOneRunAtATime: what a server that is full says of one run it would say of all.
func TestFullServerIsAskedForOneRunAtATime(t *testing.T) {
	f := newFixture(t, 10)
	f.launcher.outcome = refuse("OVERLOADED")
	const n = 40
	var ids []host.RunID
	for range n {
		ids = append(ids, f.submit().ID)
	}
	f.start()
	f.started() // from here on the queue is at work, and what passes is time that it sees
	for range 60 {
		f.tick()
		for f.queue.Busy() {
			f.tick()
		}
	}
	var attempts uint32
	for _, id := range ids {
		run, err := f.store.Run(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if run.Status != host.Queued {
			t.Fatalf("run %s is %s", id, run.Status)
		}
		attempts += run.Attempt
	}
	// Ten at first, then one after 1, 2, 4, 8 s and every 10 s.
	if attempts < 3 || attempts > 2*n {
		t.Errorf("a full server was asked for %d starts in a minute", attempts)
	}
	f.launcher.set(func() { f.launcher.outcome = nil })
	for len(f.launcher.starts) > 0 {
		<-f.launcher.starts
	}
	if r := f.startedLater(); r.Run != ids[0] {
		t.Errorf("after that %s was started first, want %s, which was queued first", r.Run, ids[0])
	}
}

// TestLocationsShareTheQueueInOrder: a location that is held costs the runs of others neither time nor their order.
func TestLocationsShareTheQueueInOrder(t *testing.T) {
	f := newFixtureOf(t, 1, "east", "west", "held")
	held := map[host.RunID]bool{}
	var want []host.RunID
	for i, location := range []string{"held", "west", "east", "east", "held", "west", "east", "west"} {
		priority := []string{"penstock/priority", "0"}
		if i == 6 {
			priority[1] = "5"
		}
		id := f.submitJob(location+"/tutorial/my_job_with_tags", priority...).ID
		switch {
		case location == "held":
			held[id] = true
		case i == 6:
			want = append([]host.RunID{id}, want...)
		default:
			want = append(want, id)
		}
	}
	f.heldLocation.Store("held")
	f.start()
	for i, id := range want {
		r := f.started()
		if r.Run != id {
			t.Fatalf("start %d is of %s, want %s", i, r.Run, id)
		}
		f.await(id, host.Starting)
		f.end(id)
	}
	f.heldLocation.Store("")
	if r := f.startedLater(); !held[r.Run] {
		t.Errorf("%s was started", r.Run)
	}
}

// TestRepointLeavesAHeldLocation: a run that waits behind a held location starts once it is of another one.
func TestRepointLeavesAHeldLocation(t *testing.T) {
	f := newFixtureOf(t, 10, "east", "held")
	f.heldLocation.Store("held")
	other, id := f.submitJob("held/tutorial/my_job_with_tags").ID, f.submitJob("held/tutorial/my_job_with_tags").ID
	f.start()
	f.tick()
	if _, err := f.queue.Repoint(t.Context(), queue.RepointRequest{IDs: []host.RunID{id}, To: "east/tutorial/my_job_with_tags"}); err != nil {
		t.Fatal(err)
	}
	if r := f.started(); r.Run != id || r.Job.Location != "east" {
		t.Errorf("%s was started at %s, want %s at east", r.Run, r.Job.Location, id)
	}
	f.heldLocation.Store("")
	if r := f.startedLater(); r.Run != other {
		t.Errorf("%s was started, want %s, which was left", r.Run, other)
	}
}
