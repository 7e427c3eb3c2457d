package storetest

import (
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) notes(t *testing.T) {
	t.Run("FollowWhatWasThere", x.notesFollow)
	t.Run("WithoutAChange", x.notesAlone)
	t.Run("ReadWithoutWorkerEvents", x.hostEvents)
}

func (x *exercise) notesFollow(t *testing.T) {
	s := x.new(t)
	run := s.create(func(n *host.NewRun) { n.Events = bytesOf([]string{"queued", "waits"}) })
	s.update(run.ID, func(r *host.Run) { r.StatusReason = "why" }, "third")
	s.update(run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 }, "starts")
	s.append(run.ID, batch(1, 1, 2), 2)
	s.reopen()
	s.update(run.ID, func(r *host.Run) { r.Status = host.Canceling }, "cancels", "really")
	s.reopen()
	s.update(run.ID, func(r *host.Run) { r.StatusReason = "so" }, "at once")
	s.append(run.ID, batch(1, 3, 3), 3)
	s.ended(run.ID)
	s.update(run.ID, func(r *host.Run) { r.StatusReason = "late" }, "ended")
	want := []string{
		"0.0.1 queued", "0.0.2 waits", "0.0.3 third", "1.0.1 starts", "1.1.0 1.1", "1.2.0 1.2",
		"1.2.1 cancels", "1.2.2 really", "1.2.3 at once", "1.3.0 1.3", "1.3.1 ended",
	}
	wantSame(t, "events", s.list(run.ID), want)
	s.reopen()
	wantSame(t, "events after reopening", s.list(run.ID), want)
	if last, err := s.LastSeq(s.ctx, run.ID, 1); err != nil || last != 3 {
		t.Errorf("LastSeq = %d, %v; want 3", last, err)
	}
}

func (x *exercise) notesAlone(t *testing.T) {
	s := x.new(t)
	run := s.started()
	s.update(run.ID, func(*host.Run) {}, "a", "", "b\x00")
	wantSame(t, "run", s.get(run.ID), run)
	wantSame(t, "events", s.list(run.ID), []string{"1.0.1 a", "1.0.2 ", "1.0.3 b\x00"})
}

func (x *exercise) hostEvents(t *testing.T) {
	s := x.new(t)
	run := s.create(func(n *host.NewRun) { n.Events = bytesOf([]string{"queued", "waits"}) })
	s.create(func(n *host.NewRun) { n.Events = bytesOf([]string{"of another"}) })
	s.update(run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 }, "starts")
	s.append(run.ID, batch(1, 1, 500), 500)
	s.update(run.ID, func(r *host.Run) { r.StatusReason = "x" }, "changed")
	for range 2 {
		events, err := s.HostEvents(s.ctx, run.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "HostEvents", render(events), []string{"0.0.1 queued", "0.0.2 waits", "1.0.1 starts", "1.500.1 changed"})
		events[0].Data[0] = 'X'
		s.reopen()
	}
	if events, err := s.HostEvents(s.ctx, s.create(nil).ID); err != nil || len(events) != 0 {
		t.Errorf("HostEvents of a run without any = %v, %v", events, err)
	}
}
