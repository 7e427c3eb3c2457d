package storetest

import (
	"strings"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) requests(t *testing.T) {
	t.Run("RepeatAnswersTheSameRun", x.repeatedRequest)
	t.Run("ManyAtOnceMakeOneRun", x.requestsAtOnce)
}

func (x *exercise) repeatedRequest(t *testing.T) {
	s := x.new(t)
	n := newRun(t)
	n.RequestID = "odd\x00/" + strings.Repeat("値", 30)
	n.Events = bytesOf([]string{"queued"})
	first, created, err := s.CreateRun(s.ctx, n)
	if err != nil || !created {
		t.Fatalf("CreateRun = created %t, %v", created, err)
	}
	first = s.update(first.ID, func(r *host.Run) { r.Status = host.WaitingForCode })
	again := newRun(t)
	again.RequestID, again.Events = n.RequestID, n.Events
	for range 2 {
		got, created, err := s.CreateRun(s.ctx, again)
		if err != nil || created {
			t.Errorf("CreateRun again = created %t, %v; want the run from before", created, err)
		}
		wantSame(t, "CreateRun again", got, first)
		if got, err := s.RunOfRequest(s.ctx, n.RequestID); err != nil || got.ID != first.ID {
			t.Errorf("RunOfRequest = %s, %v; want %s", got.ID, err, first.ID)
		}
		if events, err := s.Events(s.ctx, first.ID, host.Cursor{}, 10); err != nil || len(events) != 1 {
			t.Errorf("%d events are there, error %v; want 1", len(events), err)
		}
		wantSame(t, "Runs", s.all(), []host.Run{first})
		s.reopen()
	}

	other := again
	other.Run.Job.Job = "another"
	_, _, err = s.CreateRun(s.ctx, other)
	wantCode(t, "CreateRun again for another job", err, host.Conflict)

	s.ended(first.ID)
	if err := s.DeleteRun(s.ctx, first.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, _, err = s.CreateRun(s.ctx, again)
		wantCode(t, "CreateRun again after the run was deleted", err, host.Conflict)
		_, err = s.RunOfRequest(s.ctx, n.RequestID)
		wantCode(t, "RunOfRequest after the run was deleted", err, host.NotFound)
		s.reopen()
	}
	for _, id := range []string{"", "never used before", strings.Repeat("x", 1<<16)} {
		_, err = s.RunOfRequest(s.ctx, id)
		wantCode(t, "RunOfRequest of none", err, host.NotFound)
	}
}

func (x *exercise) requestsAtOnce(t *testing.T) {
	s := x.new(t)
	id := newRun(t).RequestID
	var wg sync.WaitGroup
	var mu sync.Mutex
	ids, made := map[host.RunID]bool{}, 0
	for range 32 {
		n := newRun(t)
		n.RequestID = id
		wg.Go(func() {
			run, created, err := s.CreateRun(s.ctx, n)
			if err != nil {
				t.Errorf("CreateRun: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			ids[run.ID] = true
			if created {
				made++
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 || made != 1 {
		t.Errorf("%d runs were answered, %d as created; want one and one", len(ids), made)
	}
	if got := s.all(); len(got) != 1 {
		t.Errorf("%d runs are there, want 1", len(got))
	}
}

func (x *exercise) requestUsed(t *testing.T) {
	s := x.new(t)
	run := s.create(nil).ID
	m := marks{}
	r := request("mark it")
	if _, err := s.UpdateRuns(s.ctx, r, []host.RunID{run}, m.change); err != nil {
		t.Fatal(err)
	}
	launched := newRun(t)
	if _, _, err := s.CreateRun(s.ctx, launched); err != nil {
		t.Fatal(err)
	}
	used := func(what string, err error) {
		t.Helper()
		wantCode(t, what, err, host.Conflict)
		if host.ReasonOf(err) != "REQUEST_ID_USED" {
			t.Errorf("%s: the reason is %q", what, host.ReasonOf(err))
		}
	}
	for range 2 {
		other := host.Request{ID: r.ID, What: "delete it"}
		_, err := s.UpdateRuns(s.ctx, other, []host.RunID{run}, m.change)
		used("UpdateRuns for something else", err)
		if err != nil && !strings.Contains(err.Error(), "mark it") {
			t.Errorf("the error does not say what it was used for: %v", err)
		}
		_, err = s.RunsOfRequest(s.ctx, other)
		used("RunsOfRequest for something else", err)
		_, err = s.DeleteRuns(s.ctx, other, []host.RunID{run})
		used("DeleteRuns for something else", err)
		n := newRun(t)
		n.RequestID = r.ID
		_, _, err = s.CreateRun(s.ctx, n)
		used("CreateRun with the id of a change", err)
		_, err = s.RunOfRequest(s.ctx, r.ID)
		wantCode(t, "RunOfRequest of a change", err, host.NotFound)
		_, err = s.UpdateRuns(s.ctx, host.Request{ID: launched.RequestID, What: "mark it"}, []host.RunID{run}, m.change)
		used("UpdateRuns with the id of a launch", err)
		s.reopen()
	}
	if m.made[run] != 1 {
		t.Errorf("the run was changed %d times", m.made[run])
	}
}
