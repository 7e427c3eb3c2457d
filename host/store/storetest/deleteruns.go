package storetest

import (
	"fmt"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) deleteRunsMixed(t *testing.T) {
	s := x.new(t)
	kept, running := s.ended(s.create(nil).ID), s.started()
	var ended []host.Run
	for range 3 {
		run := s.started()
		if _, err := s.AppendEvents(s.ctx, run.ID, batch(1, 1, 700)); err != nil {
			t.Fatal(err)
		}
		ended = append(ended, s.update(run.ID, func(r *host.Run) { r.Status = host.Failure }, "note"))
	}
	r := request("delete")
	ids := []host.RunID{ended[0].ID, running.ID, "no id", ended[1].ID, ended[0].ID}
	want := func(results []host.RunResult, err error, repeated bool) {
		t.Helper()
		if err != nil || len(results) != len(ids) {
			t.Fatalf("DeleteRuns = %d results, %v", len(results), err)
		}
		for at, of := range map[int]host.Run{0: ended[0], 3: ended[1], 4: ended[0]} {
			said := host.Run{ID: of.ID, Seq: of.Seq, Job: of.Job}
			if repeated {
				said = host.Run{ID: of.ID}
			}
			wantSame(t, fmt.Sprintf("result %d", at), results[at], host.RunResult{Run: said, Repeated: repeated})
		}
		wantCode(t, "DeleteRuns of a run that goes on", results[1].Err, host.Conflict)
		wantCode(t, "DeleteRuns of no run", results[2].Err, host.NotFound)
	}
	results, err := s.DeleteRuns(s.ctx, r, ids)
	want(results, err, false)
	for range 2 {
		s.wantNoRun(ended[0].ID)
		s.wantNoRun(ended[1].ID)
		wantSame(t, "runs", s.all(), []host.Run{ended[2], running, kept})
		if n := len(s.list(ended[2].ID)); n != 701 {
			t.Errorf("the run that stays has %d events, want 701", n)
		}
		s.reopen()
		results, err := s.DeleteRuns(s.ctx, r, ids)
		want(results, err, true)
	}
	// The run that went on meanwhile can be deleted by the same request.
	s.ended(running.ID)
	if results, err := s.DeleteRuns(s.ctx, r, ids); err != nil || results[1].Err != nil || results[1].Repeated {
		t.Errorf("DeleteRuns = %+v, %v; want the run that has ended to be deleted", results, err)
	}
	wantSame(t, "runs", s.all(), []host.Run{ended[2], kept})
	// Without a request a repeat finds nothing.
	if results, err := s.DeleteRuns(s.ctx, host.Request{}, []host.RunID{ended[0].ID}); err != nil || host.CodeOf(results[0].Err) != host.NotFound {
		t.Errorf("DeleteRuns without a request = %+v, %v", results, err)
	}
}
