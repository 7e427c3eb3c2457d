package storetest

import (
	"fmt"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// updateRepoints gives runs another job.
func (x *exercise) updateRepoints(t *testing.T) {
	s := x.new(t)
	other, third := host.JobName{Location: "there", Repository: "r2", Job: "j2"}, host.JobName{Location: "l", Repository: "r", Job: "j"}
	for _, from := range host.RunStatuses {
		for _, to := range host.RunStatuses {
			run := s.create(nil)
			run = s.update(run.ID, func(r *host.Run) { r.Status = from })
			got, err := s.UpdateRun(s.ctx, run.ID, func(r *host.Run) ([][]byte, error) {
				r.Status, r.Job, r.LaunchedAs = to, other, third
				return bytesOf([]string{"re-pointed"}), nil
			})
			unstarted := func(x host.RunStatus) bool { return x == host.Queued || x == host.WaitingForCode }
			if !unstarted(from) || !unstarted(to) {
				wantCode(t, fmt.Sprintf("UpdateRun that re-points from %s to %s", from, to), err, host.Invalid)
				wantSame(t, "Run", s.get(run.ID), run)
				continue
			}
			if err != nil {
				t.Fatalf("UpdateRun that re-points from %s to %s: %v", from, to, err)
			}
			run.Status, run.Job, run.LaunchedAs = to, other, run.Job
			wantSame(t, "UpdateRun", got, run)
			wantSame(t, "Run", s.get(run.ID), run)
		}
	}
	n := newRun(t)
	n.Run.LaunchedAs = third // it is not for the caller to say
	launched := n.Run.Job
	run := s.create(func(c *host.NewRun) { *c = n })
	if run.LaunchedAs != (host.JobName{}) || run.LaunchedJob() != launched {
		t.Errorf("a new run was launched as %s, and its job is %s", run.LaunchedAs, run.Job)
	}
	for i, job := range []host.JobName{other, third, launched, other} {
		run = s.update(run.ID, func(r *host.Run) { r.Job = job })
		if run.Job != job || run.LaunchedAs != launched || run.LaunchedJob() != launched {
			t.Errorf("after being re-pointed %d times the run of %s was launched as %s, want %s", i+1, run.Job, run.LaunchedAs, launched)
		}
	}
	s.reopen()
	wantSame(t, "Run after reopening", s.get(run.ID), run)
	if page, err := s.Runs(s.ctx, host.JobIs(other), 0, 1); err != nil || len(page.Runs) != 1 || page.Runs[0].ID != run.ID {
		t.Errorf("Runs of the new job = %+v, %v; want the run", page, err)
	}
	for _, of := range s.all() {
		if of.ID == run.ID && !host.JobIs(other).Matches(host.RunSource{Run: &of}) {
			t.Errorf("the run does not match its new job: %+v", of)
		}
	}
	// The request stands for what it asked for.
	if again, created, err := s.CreateRun(s.ctx, n); err != nil || created || again.ID != run.ID {
		t.Errorf("CreateRun again = run %s, created %t, %v; want run %s", again.ID, created, err, run.ID)
	}
	n.Run.Job = other
	_, _, err := s.CreateRun(s.ctx, n)
	wantCode(t, "CreateRun again for the new job", err, host.Conflict)
	s.ended(run.ID)
	if err := s.DeleteRun(s.ctx, run.ID); err != nil {
		t.Fatal(err)
	}
}
