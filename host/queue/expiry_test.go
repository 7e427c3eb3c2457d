package queue_test

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/usercode/tag"
)

// settle lets the queue look twice, and waits until it does nothing.
func (f *fixture) settle() {
	f.t.Helper()
	for range 2 {
		f.tick()
		for f.queue.Busy() {
			runtime.Gosched()
		}
	}
}

func (f *fixture) run(id host.RunID) host.Run {
	f.t.Helper()
	run, err := f.store.Run(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// deploy replaces the server's process, and returns when the workspace says that job is there or not.
func (f *fixture) deploy(b hosttest.Behavior, job string, there bool) {
	f.t.Helper()
	if err := f.peer.Become(b); err != nil {
		f.t.Fatal(err)
	}
	for late := time.Now().Add(20 * time.Second); ; {
		l, err := f.workspace.Reload(f.t.Context(), "etl")
		if err != nil {
			f.t.Fatal(err)
		}
		_, gone := f.workspace.FindJob("etl/tutorial/" + job)
		if l.State == host.LocationReady && l.Server.GetServerId() == f.peer.ServerID() && l.Draining == b.Draining && (gone == nil) == there {
			break
		}
		if time.Now().After(late) {
			f.t.Fatalf("20 s after the deploy the location is %s, draining: %t, job there: %t, server %s, want %s; fault %+v",
				l.State, l.Draining, gone == nil, l.Server.GetServerId(), f.peer.ServerID(), l.Fault)
		}
	}
	f.signal()
}

// signal tells the queue that code changed, as the workspace does.
func (f *fixture) signal() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func without() hosttest.Behavior {
	b := hosttest.Current()
	b.Repositories = hosttest.Many(1)
	return b
}

func TestWaitExpires(t *testing.T) {
	f := newFixture(t, 10)
	f.patience.Store(int64(24 * time.Hour))
	id := f.wait(1)[0]
	f.start()
	f.settle()
	if run := f.run(id); !f.queue.WaitsUntil(&run).Equal(run.WaitingSince.Add(24 * time.Hour)) {
		t.Errorf("it waits from %s until %s", run.WaitingSince, f.queue.WaitsUntil(&run))
	}
	f.clock.Advance(23 * time.Hour)
	f.settle()
	if run := f.run(id); run.Status != host.WaitingForCode {
		t.Fatalf("after 23 h of 24 it is %s (%s)", run.Status, run.StatusReason)
	}
	f.clock.Advance(time.Hour)
	run := f.ticksUntil(id, host.Failure)
	if why, _ := run.Tag(tag.KeyFailureReason); why != "wait_expired" || !strings.HasPrefix(run.StatusReason, "code did not come within 24h: ") ||
		!strings.Contains(run.StatusReason, "my_job_with_tags") {
		t.Errorf("it failed with %q, %q", why, run.StatusReason)
	}
}

func TestWaitForEverByDefault(t *testing.T) {
	f := newFixture(t, 10)
	id := f.wait(1)[0]
	f.start()
	f.clock.Advance(1000 * time.Hour)
	f.settle()
	if run := f.run(id); run.Status != host.WaitingForCode || !f.queue.WaitsUntil(&run).IsZero() {
		t.Errorf("it is %s and waits until %s", run.Status, f.queue.WaitsUntil(&run))
	}
	f.patience.Store(int64(time.Hour)) // a policy that comes later acts on those that wait already
	f.ticksUntil(id, host.Failure)
}

// TestWaitsAddUp: what counts is the time without code, over a return of the code and over a restart of the host.
func TestWaitsAddUp(t *testing.T) {
	f := newFixture(t, 0)
	f.patience.Store(int64(24 * time.Hour))
	id := f.wait(1)[0]
	f.start()
	f.settle()
	f.clock.Advance(10 * time.Hour)
	f.deploy(hosttest.Current(), "my_job_with_tags", true)
	f.ticksUntil(id, host.Queued)
	f.clock.Advance(100 * time.Hour) // the code is there, a slot is not
	f.deploy(without(), "my_job_with_tags", false)
	f.close()
	f.limit = 10
	f.open()
	f.start()
	run := f.ticksUntil(id, host.WaitingForCode)
	if run.Waited < 10*time.Hour || run.Waited > 11*time.Hour {
		t.Fatalf("it waited for %s before, want 10 h", run.Waited)
	}
	f.clock.Advance(13 * time.Hour)
	f.close()
	f.open()
	f.start()
	f.settle()
	if run := f.run(id); run.Status != host.WaitingForCode {
		t.Fatalf("after 23 of 24 h without code it is %s (%s)", run.Status, run.StatusReason)
	}
	f.clock.Advance(time.Hour)
	f.ticksUntil(id, host.Failure)
}

// TestCodeThatCameWhileTheHostWasAway comes in time, however long the host was away.
func TestCodeThatCameWhileTheHostWasAway(t *testing.T) {
	f := newFixture(t, 10)
	f.patience.Store(int64(24 * time.Hour))
	id := f.wait(1)[0]
	f.start()
	f.settle()
	f.close()
	f.clock.Advance(48 * time.Hour)
	f.deploy(hosttest.Current(), "my_job_with_tags", true)
	f.open()
	f.start()
	if r := f.startedLater(); r.Run != id {
		t.Errorf("started %s, want %s", r.Run, id)
	}
}
