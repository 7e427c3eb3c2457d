package storetest

import (
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) endedRuns(t *testing.T) {
	t.Run("EachEnd", x.endedEach)
	t.Run("Retry", x.endedRetry)
	t.Run("SeveralAtOnce", x.endedSeveral)
	t.Run("Pages", x.endedPages)
}

// wantEnded compares the whole order in which runs ended.
func (s *store) wantEnded(want ...host.EndedRun) {
	s.t.Helper()
	got, err := s.EndedRuns(s.ctx, 0, len(want)+1)
	if err != nil {
		s.t.Errorf("EndedRuns: %v", err)
	}
	for i := range want {
		want[i].Pos = uint64(i) + 1
	}
	wantSame(s.t, "EndedRuns", got, want)
	if last, err := s.LastEnded(s.ctx); last != uint64(len(want)) || err != nil {
		s.t.Errorf("LastEnded = %d, %v; want %d", last, err, len(want))
	}
}

func (x *exercise) endedEach(t *testing.T) {
	s := x.new(t)
	s.wantEnded()
	first, second := s.started(), s.started()
	s.wantEnded()
	s.ended(second.ID)
	s.ended(first.ID)
	s.update(first.ID, func(r *host.Run) { r.StatusReason = "edited later" })
	s.update(second.ID, func(r *host.Run) { r.Status = host.Failure }) // final all the same
	canceled := s.create(nil)
	s.update(canceled.ID, func(r *host.Run) { r.Status = host.Canceled })
	if err := s.DeleteRun(s.ctx, second.ID); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	want := []host.EndedRun{{Run: second.ID}, {Run: first.ID}, {Run: canceled.ID}}
	s.wantEnded(want...)
	s.update(first.ID, func(r *host.Run) { r.Status = host.Started })
	s.ended(first.ID)
	s.wantEnded(append(want, host.EndedRun{Run: first.ID})...)
}

func (x *exercise) endedRetry(t *testing.T) {
	s := x.new(t)
	run, other := s.started(), s.started()
	fail := func(r *host.Run) { r.Status, r.RetryDue = host.Failure, true }
	s.update(run.ID, fail)
	s.update(other.ID, fail)
	s.update(run.ID, func(r *host.Run) { r.StatusReason = "edited" })
	s.update(other.ID, func(r *host.Run) { r.RetryDue = false })
	s.update(run.ID, func(r *host.Run) { r.RetryDue = false })
	s.reopen()
	s.wantEnded(
		host.EndedRun{Run: run.ID, RetryDue: true}, host.EndedRun{Run: other.ID, RetryDue: true},
		host.EndedRun{Run: other.ID, Settled: true}, host.EndedRun{Run: run.ID, Settled: true},
	)
}

func (x *exercise) endedSeveral(t *testing.T) {
	s := x.new(t)
	var ids []host.RunID
	var want []host.EndedRun
	for range 5 {
		run := s.started()
		ids, want = append(ids, run.ID), append(want, host.EndedRun{Run: run.ID})
	}
	end := func(r *host.Run) ([][]byte, error) {
		r.Status = host.Success
		return nil, nil
	}
	for range 2 { // the same again ends nothing
		if _, err := s.UpdateRuns(s.ctx, request("end"), ids, end); err != nil {
			t.Fatal(err)
		}
		s.wantEnded(want...)
	}
}

func (x *exercise) endedPages(t *testing.T) {
	s := x.new(t)
	var want []host.RunID
	for range 7 {
		run := s.started()
		want = append(want, s.ended(run.ID).ID)
	}
	var got []host.RunID
	for after := uint64(0); ; {
		page, err := s.EndedRuns(s.ctx, after, 3)
		if err != nil || len(page) > 3 {
			t.Fatalf("EndedRuns = %d, %v", len(page), err)
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			got = append(got, e.Run)
			after = e.Pos
		}
	}
	wantSame(t, "EndedRuns in pages", got, want)
	for _, after := range []uint64{8, ^uint64(0)} {
		if page, err := s.EndedRuns(s.ctx, after, 3); len(page) > 0 || err != nil {
			t.Errorf("EndedRuns behind the last = %v, %v", page, err)
		}
	}
}
