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
