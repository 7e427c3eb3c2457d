package attempt_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// pass lets fake time go by, then waits until nothing moves.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestSilentWorkerIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := granted(f)
		pass(55 * time.Second)
		if err := s.Receive(t.Context(), &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Heartbeat{}}); err != nil {
			t.Fatal(err)
		}
		pass(59 * time.Second)
		if run := f.run(id); run.Status != host.Started {
			t.Fatalf("run is %s before 60 s of silence", run.Status)
		}
		pass(3 * time.Second)
		run := f.run(id)
		if reason, _ := run.Tag(tag.KeyFailureReason); run.Status != host.Failure || reason != "worker_lost" {
			t.Errorf("after 62 s of silence the run is %s, reason %q", run.Status, reason)
		}
		if a := take(s); a.denied == nil {
			t.Errorf("the stream of the lost worker got %+v, want a denial", a)
		}
	})
}

// TestGrantThatWasNotSentIsTakenBack has a stream that takes nothing until the run is over.
func TestGrantThatWasNotSentIsTakenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id := f.starting()
		s, err := f.sessions.Attach(t.Context(), token, hello(id, "w1"))
		if err != nil {
			t.Fatal(err)
		}
		pass(62 * time.Second)
		if run := f.run(id); run.Status != host.Failure {
			t.Fatalf("the run is %s, want FAILURE", run.Status)
		}
		if a := take(s); a.denied == nil || a.grant != nil {
			t.Errorf("a run that is over was offered as %+v, want only a denial", a)
		}
	})
}

func TestSilenceCountsFromTheHostsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := granted(f)
		f.close()
		s.Close()
		pass(time.Hour)
		f.open()
		pass(50 * time.Second)
		if run := f.run(id); run.Status != host.Started {
			t.Errorf("50 s after the host's start the run is %s", run.Status)
		}
		pass(15 * time.Second)
		if run := f.run(id); run.Status != host.Failure {
			t.Errorf("65 s after the host's start the run is %s, want FAILURE", run.Status)
		}
	})
}

func TestDeadProcessIsSeenSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := granted(f)
		f.launcher.state = host.WorkerState{Phase: host.WorkerEnded, ExitStatus: -9, Handle: "pid 7", StderrTail: []byte("out of memory")}
		pass(8 * time.Second)
		if run := f.run(id); run.Status != host.Started {
			t.Fatalf("the run is %s while its stream is there", run.Status)
		}
		s.Close()
		pass(8 * time.Second)
		run := f.run(id)
		if run.Status != host.Failure || !strings.Contains(run.StatusReason, "signal 9") || !strings.Contains(run.StatusReason, "out of memory") {
			t.Errorf("the run is %s %q, want FAILURE that tells the signal and the last words", run.Status, run.StatusReason)
		}
	})
}

func TestHungLocationDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.launcher.hung = map[string]bool{"hung": true}
		f.launcher.state = host.WorkerState{Phase: host.WorkerEnded}
		for range 200 {
			id := f.startingAt("hung")
			s, _ := f.attach(token, hello(id, "w"))
			s.Close()
		}
		id, s := granted(f)
		s.Close()
		pass(8 * time.Second)
		if run := f.run(id); run.Status != host.Failure {
			t.Errorf("8 s after its process ended the run is %s, because another location hangs", run.Status)
		}
		pass(70 * time.Second)
		open, err := f.store.OpenRuns(t.Context())
		if err != nil || len(open) != 0 {
			t.Errorf("%d runs of the location that hangs are not lost yet, %v", len(open), err)
		}
	})
}

// TestFrozenHostLosesNobody stops the host for two minutes, as a debugger or a paused machine does. What workers said
// meanwhile waits to be read.
func TestFrozenHostLosesNobody(t *testing.T) {
	still := hosttest.NewClock()
	f := newFixtureAt(t, still)
	id, _ := granted(f)
	canceled, _ := granted(f)
	f.update(canceled, nil, host.Canceling)
	run := f.run(canceled)
	f.sessions.Cancel(&run, time.Minute, false)
	if err := still.AwaitWaiter(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	still.Advance(2 * time.Minute)
	tick := func() {
		if err := still.Await(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		tick()
	}
	if run := f.run(id); run.Status != host.Started {
		t.Errorf("after the host stood still the run is %s (%s)", run.Status, run.StatusReason)
	}
	if run := f.run(canceled); run.Status != host.Canceling {
		t.Errorf("after the host stood still the canceled run is %s (%s)", run.Status, run.StatusReason)
	}
	// Its end is written beside the clock, which a test moves as fast as it can.
	for late := time.Now().Add(20 * time.Second); !f.run(id).Status.Final(); tick() {
		if time.Now().After(late) {
			t.Fatal("a worker that says nothing at all is never lost")
		}
	}
}

func TestSlowDiskIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := granted(f)
		f.meanwhile.afterAppend = func(host.RunID) { pass(5 * time.Minute) }
		if err := s.Receive(t.Context(), events(1, logged("a"))); err != nil {
			t.Fatal(err)
		}
		pass(30 * time.Second)
		if run := f.run(id); run.Status != host.Started || len(f.launcher.killed) != 0 {
			t.Errorf("because the disk was slow the run is %s (%s)", run.Status, run.StatusReason)
		}
	})
}

func TestCancelReachesTheWorker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := granted(f)
		f.update(id, nil, host.Canceling)
		run := f.run(id)
		f.sessions.Cancel(&run, 5*time.Second, false)
		if a := take(s); a.cancel.GetGrace().AsDuration() != 5*time.Second || a.cancel.GetForce() {
			t.Errorf("the worker got %+v, want a cancel with 5 s", a)
		}
		if err := s.Receive(t.Context(), events(1, ended(workerv1.Outcome_OUTCOME_CANCELED, "", ""))); err != nil {
			t.Fatal(err)
		}
		if run := f.run(id); run.Status != host.Canceled {
			t.Errorf("the run is %s, want CANCELED", run.Status)
		}
	})
}

func TestCancelOfADeafWorkerKills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.launcher.failing = errors.New("the server is gone")
		id, _ := granted(f)
		f.update(id, nil, host.Canceling)
		run := f.run(id)
		f.sessions.Cancel(&run, 5*time.Second, false)
		pass(9 * time.Second)
		if run := f.run(id); run.Status != host.Canceling {
			t.Fatalf("within grace and margin the run is %s", run.Status)
		}
		pass(3 * time.Second)
		if run := f.run(id); run.Status != host.Canceled || len(f.launcher.killed) != 1 {
			t.Errorf("the run is %s and %d workers were killed, want CANCELED and 1", run.Status, len(f.launcher.killed))
		}
	})
}

func TestForceIsQuickerThanGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, _ := granted(f)
		f.update(id, nil, host.Canceling)
		run := f.run(id)
		f.sessions.Cancel(&run, time.Minute, false)
		f.sessions.Cancel(&run, 0, true)
		f.sessions.Cancel(&run, time.Minute, false)
		pass(8 * time.Second)
		if run := f.run(id); run.Status != host.Canceled {
			t.Errorf("8 s after a forced cancel the run is %s", run.Status)
		}
	})
}

func TestWorkerThatComesBackHearsOfTheCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := granted(f)
		s.Close()
		f.update(id, nil, host.Canceling)
		f.restart()
		h := hello(id, "w1")
		h.WantGrant = false
		if _, a := f.attach(token, h); a.cancel == nil {
			t.Errorf("the worker that came back got %+v, want a cancel", a)
		}
	})
}

func TestStopSendsWorkersAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		_, s := granted(f)
		f.sessions.Stop()
		f.sessions.Stop()
		if a := take(s); a.away == nil || !a.last {
			t.Errorf("at the host's stop the worker got %+v, want to go away", a)
		}
	})
}

// TestAnotherWorkersEndIsNotThisOnes: a start made two workers at different servers, and the launcher knows the one
// that was not granted.
func TestAnotherWorkersEndIsNotThisOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		f.launcher.state = host.WorkerState{Phase: host.WorkerEnded, ServerID: "other"}
		id := f.starting()
		h := hello(id, "w1")
		h.ServerId = "granted"
		s, a := f.attach(token, h)
		if a.grant == nil {
			t.Fatalf("got %+v, want the grant", a)
		}
		s.Close()
		pass(20 * time.Second)
		if run := f.run(id); run.Status != host.Started {
			t.Fatalf("the run is %s %q, though its own worker may live", run.Status, run.StatusReason)
		}
		f.launcher.mu.Lock()
		f.launcher.state.ServerID = "granted"
		f.launcher.mu.Unlock()
		pass(8 * time.Second)
		if run := f.run(id); run.Status != host.Failure {
			t.Errorf("its own worker ended, and the run is %s", run.Status)
		}
	})
}
