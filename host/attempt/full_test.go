package attempt_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// fullStore is a store whose disk is full now and then.
type fullStore struct {
	host.Store

	// runs tells that no run can be written, events that no events can.
	runs, events atomic.Bool
}

var errFull = &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "the disk is nearly full"}

func (f *fullStore) UpdateRun(ctx context.Context, id host.RunID, change func(*host.Run) ([][]byte, error)) (host.Run, error) {
	if f.runs.Load() {
		return host.Run{}, errFull
	}
	return f.Store.UpdateRun(ctx, id, change)
}

func (f *fullStore) AppendEvents(ctx context.Context, id host.RunID, b host.EventBatch) (uint64, error) {
	if f.events.Load() {
		return 0, errFull
	}
	return f.Store.AppendEvents(ctx, id, b)
}

func (f *fullStore) set(full bool) {
	f.runs.Store(full)
	f.events.Store(full)
}

// onFullDisk makes the sessions anew, over a store whose disk may be full.
func (f *fixture) onFullDisk() *fullStore {
	f.t.Helper()
	f.sessions.Stop()
	full := &fullStore{Store: f.store}
	f.sessions = attempt.New(attempt.Options{
		Store: full, Launcher: f.launcher, Clock: f.clock, Logger: slog.New(slog.DiscardHandler), Feed: f.feed,
	})
	if err := f.sessions.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return full
}

// TestFullDiskFailsNoRun lets the disk be full for ten minutes of a run, in which its worker tries again and again, as
// workers do.
func TestFullDiskFailsNoRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		full := f.onFullDisk()
		id := f.starting()
		full.set(true)
		if _, err := f.sessions.Attach(t.Context(), token, hello(id, "w1")); host.ReasonOf(err) != host.ReasonFull || !f.sessions.RefusedAt().Equal(time.Now()) {
			t.Fatalf("Attach = %v, refused at %s", err, f.sessions.RefusedAt())
		}
		full.set(false)
		s, a := f.attach(token, hello(id, "w1"))
		if a.grant == nil {
			t.Fatalf("not granted: %+v", a)
		}
		full.set(true)
		for range 120 {
			if err := s.Receive(t.Context(), events(1, logged("a"))); host.ReasonOf(err) != host.ReasonFull {
				t.Fatalf("Receive = %v", err)
			}
			s.Close() // the stream ends with the error
			pass(5 * time.Second)
			if s, a = f.attach(token, hello(id, "w1")); a.welcome == nil {
				t.Fatalf("not welcome: %+v", a)
			}
		}
		if run := f.run(id); run.Status != host.Started {
			t.Fatalf("the run is %s", run.Status)
		}
		full.set(false)
		if err := s.Receive(t.Context(), events(1, logged("a"), ended(workerv1.Outcome_OUTCOME_SUCCESS, "", ""))); err != nil {
			t.Fatal(err)
		}
		if run := f.run(id); run.Status != host.Success || len(f.stored(id)) < 2 {
			t.Errorf("the run is %s with %d events", run.Status, len(f.stored(id)))
		}
	})
}

// TestEndThatFoundTheDiskFull stores the last event of a run, and finds the disk full when it should end the run. The
// worker is gone by the time there is room.
func TestEndThatFoundTheDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		full := f.onFullDisk()
		id, s := granted(f)
		full.runs.Store(true)
		if err := s.Receive(t.Context(), events(1, ended(workerv1.Outcome_OUTCOME_SUCCESS, "", ""))); host.ReasonOf(err) != host.ReasonFull {
			t.Fatalf("Receive = %v", err)
		}
		s.Close()
		f.launcher.mu.Lock()
		f.launcher.state = host.WorkerState{Phase: host.WorkerEnded, ExitStatus: 1}
		f.launcher.mu.Unlock()
		pass(5 * time.Minute)
		if run := f.run(id); run.Status != host.Started {
			t.Fatalf("the run is %s while the disk is full", run.Status)
		}
		full.runs.Store(false)
		pass(3 * time.Second)
		if run := f.run(id); run.Status != host.Success {
			t.Errorf("the run is %s: %s; want what its worker reported", run.Status, run.StatusReason)
		}
	})
}

// TestStartOnAFullDisk starts a host whose disk is full, and that has to end a run as its worker had reported.
func TestStartOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := granted(f)
		s.Close()
		f.sessions.Stop()
		full := &fullStore{Store: f.store}
		full.set(true)
		if _, err := f.store.AppendEvents(t.Context(), id, host.EventBatch{
			Attempt: 1, First: 1, Events: events(1, ended(workerv1.Outcome_OUTCOME_FAILURE, "op_failure", "it failed")).GetEvents().GetEvents(),
		}); err != nil {
			t.Fatal(err)
		}
		f.sessions = attempt.New(attempt.Options{
			Store: full, Launcher: f.launcher, Clock: f.clock, Logger: slog.New(slog.DiscardHandler), Feed: f.feed,
		})
		if err := f.sessions.Start(t.Context()); err != nil {
			t.Fatalf("Start on a full disk: %v", err)
		}
		pass(2 * time.Minute)
		full.set(false)
		pass(3 * time.Second)
		run := f.run(id)
		if reason, _ := run.Tag(tag.KeyFailureReason); run.Status != host.Failure || reason != "op_failure" {
			t.Errorf("the run is %s, reason %q", run.Status, reason)
		}
	})
}
