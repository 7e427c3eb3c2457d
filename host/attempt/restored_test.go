package attempt_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// TestRestoredRuns takes runs of each status through a restore. Workers of before the backup, and of after it, are denied.
func TestRestoredRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takenAt := time.Now().Add(-time.Hour)
		const attempts = 3600 + 3600 // since then, and for clocks that differ
		for status, want := range map[host.RunStatus]host.RunStatus{
			host.Queued: host.Queued, host.WaitingForCode: host.Queued, host.Starting: host.Queued,
			host.Started: host.Failure, host.Canceling: host.Failure,
		} {
			f := newFixture(t)
			id := f.starting()
			if status == host.Started || status == host.Canceling {
				if _, a := f.attach(token, hello(id, "w1")); a.grant == nil {
					t.Fatal("not granted")
				}
			}
			if status != host.Starting && status != host.Started {
				f.update(id, func(r *host.Run) { r.Tags = tag.List{{Key: tag.KeyMaxRetries, Value: "2"}} }, status)
			}
			f.restoredAt(id, takenAt)
			run := f.run(id)
			if run.Status != want || !strings.Contains(run.StatusReason, takenAt.UTC().Format("2006-01-02 15:04:05 MST")) {
				t.Errorf("a run that was %s is %s: %q", status, run.Status, run.StatusReason)
			}
			if want == host.Queued && (run.Attempt != 1+attempts || run.Current.TokenSHA256 != nil) {
				t.Errorf("a run that was %s is at attempt %d, with %+v", status, run.Attempt, run.Current)
			}
			if reason, _ := run.Tag(tag.KeyFailureReason); want == host.Failure && reason != host.FailureRestored {
				t.Errorf("a run that was %s failed for the reason %q", status, reason)
			}
			f.restart()
			for _, n := range []uint32{1, 2, attempts} { // of before the backup, and since
				h := hello(id, "w1")
				h.Attempt = n
				if _, a := f.attach(token, h); a.denied == nil {
					t.Errorf("the worker of attempt %d of a run that was %s got %+v", n, status, a)
				}
			}
			if want != host.Queued {
				continue
			}
			f.update(id, func(r *host.Run) { r.Attempt++ }, host.Starting)
			h := hello(id, "w1")
			h.Attempt = 2
			if _, a := f.attach(token, h); a.denied == nil || a.denied.Reason != workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER {
				t.Errorf("the worker of attempt 2 got %+v when the run was started again", a)
			}
		}
	})
}

// restoredAt changes a run as a restore does.
func (f *fixture) restoredAt(id host.RunID, takenAt time.Time) {
	f.t.Helper()
	run, err := f.store.UpdateRun(f.t.Context(), id, func(run *host.Run) ([][]byte, error) {
		return attempt.Restored(run, takenAt, time.Now())
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if notes, err := f.store.LastEvents(f.t.Context(), id, 1); err != nil || len(notes) != 1 || !strings.Contains(string(notes[0].Data), "restored from a backup") {
		f.t.Errorf("run %s has the last event %q, %v", run.ID, notes, err)
	}
}

// TestRestoredRunIsRetried fails a run that had been started and that has retries left.
func TestRestoredRunIsRetried(t *testing.T) {
	run := host.Run{ID: "x", Status: host.Started, Tags: tag.List{{Key: tag.KeyMaxRetries, Value: "1"}}}
	if _, err := attempt.Restored(&run, time.Unix(1, 0), time.Unix(2, 0)); err != nil || !run.RetryDue || run.Status != host.Failure {
		t.Errorf("it is %+v, %v", run, err)
	}
}
