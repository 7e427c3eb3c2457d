package attempt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// grantedWith is granted, of a run with tags.
func grantedWith(f *fixture, tags ...tag.Tag) (host.RunID, *attempt.Session) {
	f.t.Helper()
	id := f.starting()
	f.change(id, func(run *host.Run) { run.Tags = tag.Merge(tags) })
	s, a := f.attach(token, hello(id, "w1"))
	if a.grant == nil {
		f.t.Fatalf("not granted: %+v", a)
	}
	return id, s
}

// change changes a run without condition.
func (f *fixture) change(id host.RunID, change func(*host.Run)) {
	f.t.Helper()
	if _, err := f.store.UpdateRun(f.t.Context(), id, func(run *host.Run) ([][]byte, error) {
		change(run)
		return nil, nil
	}); err != nil {
		f.t.Fatal(err)
	}
}

var (
	tenMinutes = tag.Tag{Key: tag.KeyMaxRuntime, Value: "10m", Origin: tag.OriginLaunch}
	oneRetry   = tag.Tag{Key: tag.KeyMaxRetries, Value: "1", Origin: tag.OriginLaunch}
)

// beat lets time go by in which the worker says that it lives.
func beat(t *testing.T, s *attempt.Session, d time.Duration) {
	t.Helper()
	for ; d > 0; d -= 30 * time.Second {
		pass(min(d, 30*time.Second))
		if err := s.Receive(t.Context(), &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Heartbeat{}}); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fixture) wantEnd(id host.RunID, status host.RunStatus, reason string, due bool) host.Run {
	f.t.Helper()
	run := f.run(id)
	if got, _ := run.Tag(tag.KeyFailureReason); run.Status != status || got != reason || run.RetryDue != due {
		f.t.Errorf("the run is %s for %q, a retry is due: %t; want %s for %q, %t", run.Status, got, run.RetryDue, status, reason, due)
	}
	return run
}

func TestRunThatTakesTooLongIsCanceledAndFails(t *testing.T) {
	for name, c := range map[string]struct {
		end    *workerv1.Event
		status host.RunStatus
		reason string
		due    bool
	}{
		"Canceled": {ended(workerv1.Outcome_OUTCOME_CANCELED, "canceled", "the run was canceled"), host.Failure, "max_runtime", true},
		"Failure":  {ended(workerv1.Outcome_OUTCOME_FAILURE, "op_failure", "op a: it broke"), host.Failure, "max_runtime", true},
		"Success":  {ended(workerv1.Outcome_OUTCOME_SUCCESS, "", ""), host.Success, "", false},
		"Killed":   {nil, host.Failure, "max_runtime", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				id, s := grantedWith(f, tenMinutes, oneRetry)
				beat(t, s, 10*time.Minute-time.Second)
				if run := f.run(id); run.Status != host.Started {
					t.Fatalf("before its time is over the run is %s", run.Status)
				}
				pass(3 * time.Second)
				run := f.run(id)
				if run.Status != host.Canceling || !run.Current.OverRuntime || !strings.Contains(run.StatusReason, "longer than 10m") {
					t.Fatalf("the run is %s %q, want CANCELING because of its time", run.Status, run.StatusReason)
				}
				if a := take(s); a.cancel.GetGrace().AsDuration() != 30*time.Second || a.cancel.GetReason() != run.StatusReason {
					t.Errorf("the worker is told %+v, want to end within 30 s, and why", a.cancel)
				}
				if c.end != nil {
					if err := s.Receive(t.Context(), events(1, c.end)); err != nil {
						t.Fatal(err)
					}
				} else {
					pass(40 * time.Second)
				}
				f.wantEnd(id, c.status, c.reason, c.due)
			})
		})
	}
}

func TestPersonsCancelOfRunThatTookTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := grantedWith(f, tenMinutes, oneRetry)
		f.change(id, func(run *host.Run) {
			if err := run.Become(host.Canceling, "by a person", time.Now()); err != nil {
				t.Error(err)
			}
		})
		run := f.run(id)
		f.sessions.Cancel(&run, time.Hour, false)
		beat(t, s, 11*time.Minute)
		if run := f.run(id); run.Status != host.Canceling || run.Current.OverRuntime || run.StatusReason != "by a person" {
			t.Errorf("a run that a person canceled is %s %q, over its runtime: %t", run.Status, run.StatusReason, run.Current.OverRuntime)
		}
		if err := s.Receive(t.Context(), events(1, ended(workerv1.Outcome_OUTCOME_CANCELED, "canceled", ""))); err != nil {
			t.Fatal(err)
		}
		f.wantEnd(id, host.Canceled, "", false)
	})
}

func TestRuntimeCountsAcrossRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := grantedWith(f, tenMinutes)
		beat(t, s, 5*time.Minute)
		f.close()
		s.Close()
		pass(4 * time.Minute)
		f.open()
		s, _ = f.attach(token, hello(id, "w1"))
		beat(t, s, 50*time.Second)
		if run := f.run(id); run.Status != host.Started {
			t.Fatalf("after 9 m 50 s the run is %s", run.Status)
		}
		beat(t, s, 15*time.Second)
		if run := f.run(id); run.Status != host.Canceling {
			t.Fatalf("after 10 m 5 s the run is %s, want CANCELING", run.Status)
		}
		// The host stops before the worker was told, and tells it after its start.
		f.close()
		s.Close()
		f.open()
		s, a := f.attach(token, hello(id, "w1"))
		if a.cancel == nil {
			t.Fatal("the worker that came back was not told to end")
		}
		if err := s.Receive(t.Context(), events(1, ended(workerv1.Outcome_OUTCOME_CANCELED, "canceled", ""))); err != nil {
			t.Fatal(err)
		}
		f.wantEnd(id, host.Failure, "max_runtime", false)
	})
}

// TestWorkerMayReportWhatEndedWhileTheHostWasAway has a host that comes back after the run's time is over, and a worker
// that ended in time.
func TestWorkerMayReportWhatEndedWhileTheHostWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := grantedWith(f, tenMinutes)
		f.close()
		s.Close()
		pass(time.Hour)
		f.open()
		pass(5 * time.Second)
		s, _ = f.attach(token, hello(id, "w1"))
		if err := s.Receive(t.Context(), events(1, ended(workerv1.Outcome_OUTCOME_FAILURE, "op_failure", "op a: it broke"))); err != nil {
			t.Fatal(err)
		}
		f.wantEnd(id, host.Failure, "op_failure", false)
	})
}

func TestNoRuntimeLimitWithoutItsTag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := grantedWith(f, oneRetry)
		beat(t, s, 24*time.Hour)
		if run := f.run(id); run.Status != host.Started {
			t.Errorf("after a day the run is %s", run.Status)
		}
	})
}

// setRuntime edits the limit of a run; an empty one takes it away.
func (f *fixture) setRuntime(id host.RunID, limit string) {
	f.t.Helper()
	f.change(id, func(run *host.Run) {
		run.Tags = slices.DeleteFunc(run.Tags, func(t tag.Tag) bool { return t.Key == tag.KeyMaxRuntime })
		if limit != "" {
			run.Tags = tag.Merge(run.Tags, tag.List{{Key: tag.KeyMaxRuntime, Value: limit, Origin: tag.OriginEdited}})
		}
	})
}

func TestEditedRuntimeActsAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		tags []tag.Tag
		edit string
		// after is when the run is to end, 0 for never.
		after time.Duration
	}{
		"Added":             {nil, "20m", 20 * time.Minute},
		"Lowered":           {[]tag.Tag{{Key: tag.KeyMaxRuntime, Value: "2h", Origin: tag.OriginLaunch}}, "20m", 20 * time.Minute},
		"LoweredBelowTaken": {[]tag.Tag{{Key: tag.KeyMaxRuntime, Value: "2h", Origin: tag.OriginLaunch}}, "1m", 5 * time.Minute},
		"Raised":            {[]tag.Tag{tenMinutes}, "30m", 30 * time.Minute},
		"TakenAway":         {[]tag.Tag{tenMinutes}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t)
				id, s := grantedWith(f, c.tags...)
				beat(t, s, 5*time.Minute)
				f.setRuntime(id, c.edit)
				rest := c.after - 5*time.Minute
				if c.after == 0 {
					rest = 24 * time.Hour
				}
				if rest > 0 {
					beat(t, s, rest-time.Second)
				}
				if run := f.run(id); run.Status != host.Started {
					t.Fatalf("the run is %s before its time is over", run.Status)
				}
				if c.after == 0 {
					return
				}
				beat(t, s, 4*time.Second)
				if run := f.run(id); run.Status != host.Canceling || !strings.Contains(run.StatusReason, "longer than "+c.edit) {
					t.Errorf("after %s the run is %s %q", c.after, run.Status, run.StatusReason)
				}
			})
		})
	}
}

// TestEditedRuntimeActsWhenChangesWereLost has more runs change at once than are kept for a look.
func TestEditedRuntimeActsWhenChangesWereLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := grantedWith(f)
		other := f.starting()
		run := f.run(other)
		for i := range attempt.FeedLimit + 1 {
			run.ID = host.RunID(fmt.Sprint("no run ", i))
			f.feed.Publish(host.Change{Run: run})
		}
		f.setRuntime(id, "1m")
		beat(t, s, time.Minute+4*time.Second)
		if run := f.run(id); run.Status != host.Canceling {
			t.Errorf("the run is %s, want CANCELING", run.Status)
		}
	})
}

// TestEditedRetriesCountAtTheEnd edits how often a run is tried again while it runs.
func TestEditedRetriesCountAtTheEnd(t *testing.T) {
	f := newFixture(t)
	failure := events(1, ended(workerv1.Outcome_OUTCOME_FAILURE, "op_failure", "op a: it broke"))
	raised, s := grantedWith(f)
	f.change(raised, func(run *host.Run) { run.Tags = tag.Merge(run.Tags, tag.List{oneRetry}) })
	if err := s.Receive(t.Context(), failure); err != nil {
		t.Fatal(err)
	}
	f.wantEnd(raised, host.Failure, "op_failure", true)
	dropped, s := grantedWith(f, oneRetry)
	f.change(dropped, func(run *host.Run) { run.Tags = nil })
	if err := s.Receive(t.Context(), failure); err != nil {
		t.Fatal(err)
	}
	f.wantEnd(dropped, host.Failure, "op_failure", false)
	// After the end it changes nothing any more.
	f.change(dropped, func(run *host.Run) { run.Tags = tag.Merge(run.Tags, tag.List{oneRetry}) })
	f.wantEnd(dropped, host.Failure, "op_failure", false)
}
