package storetest

import (
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) retries(t *testing.T) {
	t.Run("DueUntilItIsDone", x.retryDue)
	t.Run("GoneWithItsRun", x.retryOfDeletedRun)
}

// retryDue looks for runs of which a retry is due after each change, also after a restart.
func (x *exercise) retryDue(t *testing.T) {
	s := x.new(t)
	due := func(want ...host.Run) {
		t.Helper()
		for range 2 {
			got, err := s.RunsToRetry(s.ctx)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, "RunsToRetry", got, want)
			s.reopen()
		}
	}
	first, other, second := s.create(nil), s.create(nil), s.create(nil)
	due()
	fail := func(r *host.Run) { r.Status, r.RetryDue = host.Failure, true }
	second = s.update(second.ID, fail)
	first = s.update(first.ID, fail)
	s.update(other.ID, func(r *host.Run) { r.Status = host.Failure })
	due(first, second)
	first = s.update(first.ID, func(r *host.Run) { r.StatusReason = "a note of it" })
	due(first, second)
	s.update(first.ID, func(r *host.Run) { r.RetryDue = false })
	due(second)
}

func (x *exercise) retryOfDeletedRun(t *testing.T) {
	s := x.new(t)
	run := s.create(nil)
	s.update(run.ID, func(r *host.Run) { r.Status, r.RetryDue = host.Failure, true })
	if err := s.DeleteRun(s.ctx, run.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.RunsToRetry(s.ctx); err != nil || len(got) > 0 {
		t.Errorf("RunsToRetry = %v, %v; want none: the run was deleted", got, err)
	}
}
