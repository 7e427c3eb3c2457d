package queue_test

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// TestFullDiskKeepsRunsQueued lets the disk be full while runs are due: they start when there is room.
func TestFullDiskKeepsRunsQueued(t *testing.T) {
	f := newFixture(t, 10)
	first, second := f.submit().ID, f.submit().ID
	f.full.Store(true)
	f.start()
	for range 20 {
		f.tick()
	}
	if n := len(f.launcher.starts); n > 0 {
		t.Errorf("%d runs were started", n)
	}
	if _, err := f.store.Run(t.Context(), first); err != nil {
		t.Error(err)
	}
	f.full.Store(false)
	got := map[host.RunID]uint32{}
	for range 2 {
		r := f.startedLater()
		got[r.Run] = r.Attempt
	}
	if got[first] != 1 || got[second] != 1 {
		t.Errorf("the starts are %v", got)
	}
}

// TestHelloThatFoundTheDiskFull lets the lease of a start go by while the worker cannot say hello for want of room: that is
// no time in which it could have.
func TestHelloThatFoundTheDiskFull(t *testing.T) {
	f := newFixture(t, 10).start()
	id := f.submit().ID
	r := f.started()
	run := f.await(id, host.Starting)
	hello := &workerv1.Hello{RunId: string(id), Attempt: 1, WorkerId: "w", WantGrant: true, DefinitionDigest: run.StartedFrom.Definition[:]}
	f.full.Store(true)
	for range 30 { // 5 minutes of a lease of 3
		if _, err := f.sessions.Attach(t.Context(), r.Token, hello); host.ReasonOf(err) != host.ReasonFull {
			t.Fatalf("Attach = %v", err)
		}
		for range 10 {
			f.tick()
		}
	}
	f.full.Store(false)
	for range 100 {
		f.tick()
	}
	run = f.await(id, host.Starting)
	if run.Attempt != 1 || run.StartTimeouts != 0 {
		t.Fatalf("it is at attempt %d after %d time-outs", run.Attempt, run.StartTimeouts)
	}
	s, err := f.sessions.Attach(t.Context(), r.Token, hello)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if run := f.await(id, host.Started); run.StartedAt.Before(run.Current.StartingAt.Add(5 * time.Minute)) {
		t.Errorf("it was started at %s", run.StartedAt)
	}
}
