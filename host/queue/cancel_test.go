package queue_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (f *fixture) toStatus(id host.RunID, path ...host.RunStatus) {
	f.t.Helper()
	for _, next := range path {
		_, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
			return nil, r.Become(next, "", f.clock.Now())
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name  string
		path  []host.RunStatus
		force bool
		want  host.RunStatus
	}{
		{"Queued", nil, false, host.Canceled},
		{"WaitingForCode", []host.RunStatus{host.WaitingForCode}, false, host.Canceled},
		{"Starting", []host.RunStatus{host.Starting}, false, host.Canceled},
		{"Started", []host.RunStatus{host.Starting, host.Started}, false, host.Canceling},
		{"Canceling", []host.RunStatus{host.Starting, host.Started, host.Canceling}, false, host.Canceling},
		{"CancelingForced", []host.RunStatus{host.Starting, host.Started, host.Canceling}, true, host.Canceling},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, 0)
			id := f.submit().ID
			f.toStatus(id, c.path...)
			run, err := f.queue.Cancel(t.Context(), host.Request{}, id, "the test", 0, c.force)
			if err != nil || run.Status != c.want || run.Current.Forced != c.force {
				t.Errorf("Cancel: %s forced %t, %v; want %s", run.Status, run.Current.Forced, err, c.want)
			}
			if c.name == "Starting" && len(f.launcher.killed) != 1 {
				t.Errorf("%d workers were killed, want 1", len(f.launcher.killed))
			}
		})
	}
}

func TestCancelOfAFinalRunIsAConflict(t *testing.T) {
	f := newFixture(t, 0)
	id := f.submit().ID
	f.toStatus(id, host.Canceled)
	if _, err := f.queue.Cancel(t.Context(), host.Request{}, id, "", 0, true); host.CodeOf(err) != host.Conflict {
		t.Errorf("Cancel: %v, want Conflict", err)
	}
	if err := f.queue.Delete(t.Context(), host.Request{}, id); err != nil {
		t.Error(err)
	}
	if _, err := f.queue.Cancel(t.Context(), host.Request{}, id, "", 0, false); host.CodeOf(err) != host.NotFound {
		t.Errorf("Cancel of a deleted run: %v, want NotFound", err)
	}
}

func TestCancelAll(t *testing.T) {
	f := newFixture(t, 1).start()
	first := f.submit().ID
	f.started()
	f.await(first, host.Starting)
	f.toStatus(first, host.Started)
	waiting := f.submit().ID
	done := make(chan error, 1)
	go func() { done <- f.queue.CancelAll(t.Context(), "shutdown", time.Second) }()
	f.await(waiting, host.Canceled)
	f.await(first, host.Canceling)
	f.toStatus(first, host.Canceled)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(f.launcher.starts) != 0 {
		t.Error("CancelAll let another run start")
	}
}

func TestCancelAllEndsWithItsContext(t *testing.T) {
	f := newFixture(t, 1).start()
	id := f.submit().ID
	f.started()
	f.await(id, host.Starting)
	f.toStatus(id, host.Started)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.queue.CancelAll(ctx, "shutdown", time.Second) }()
	f.await(id, host.Canceling)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("CancelAll: %v, want canceled", err)
	}
}

// TestCancelOfARunThatTookTooLong has a person who cancels what is being ended for its time: it is the person's then.
func TestCancelOfARunThatTookTooLong(t *testing.T) {
	for _, force := range []bool{false, true} {
		f := newFixture(t, 0)
		id := f.submit().ID
		f.toStatus(id, host.Starting, host.Started)
		if _, err := f.store.UpdateRun(t.Context(), id, func(r *host.Run) ([][]byte, error) {
			r.Current.OverRuntime = true
			return nil, r.Become(host.Canceling, "it took too long", f.clock.Now())
		}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			run, err := f.queue.Cancel(t.Context(), host.Request{}, id, "the test", 0, force)
			if err != nil || run.Status != host.Canceling || run.Current.OverRuntime || run.Current.Forced != force || run.StatusReason != "the test" {
				t.Errorf("Cancel(force %t): %s %q, over its runtime: %t, %v", force, run.Status, run.StatusReason, run.Current.OverRuntime, err)
			}
		}
	}
}

// TestCancelOfARunThatIsToBeRetried drops the retry, once.
func TestCancelOfARunThatIsToBeRetried(t *testing.T) {
	f := newFixture(t, 0)
	id := f.submit(tag.KeyMaxRetries, "3").ID
	f.toStatus(id, host.Starting, host.Started)
	if _, err := f.store.UpdateRun(t.Context(), id, func(r *host.Run) ([][]byte, error) {
		return nil, r.Fail(host.FailureOp, "it broke", f.clock.Now())
	}); err != nil {
		t.Fatal(err)
	}
	run, err := f.queue.Cancel(t.Context(), host.Request{}, id, "the test", 0, false)
	if err != nil || run.Status != host.Failure || run.RetryDue || run.StatusReason != "it broke" {
		t.Errorf("Cancel: %s %q, a retry is due: %t, %v", run.Status, run.StatusReason, run.RetryDue, err)
	}
	if _, err := f.queue.Cancel(t.Context(), host.Request{}, id, "the test", 0, true); host.CodeOf(err) != host.Conflict {
		t.Errorf("a second Cancel: %v, want Conflict", err)
	}
}
