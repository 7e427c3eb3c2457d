package boltstore

import (
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/penstock-run/penstock/host"
)

// recorder keeps what OnChange was told. OnChange is called one at a time, so a lock is not needed; the race detector
// says so when that changes.
type recorder struct {
	changes []host.Change
	tell    func(host.Change)
}

func (r *recorder) record(c host.Change) {
	r.changes = append(r.changes, c)
	if r.tell != nil {
		r.tell(c)
	}
}

func TestChangesAreTold(t *testing.T) {
	var r recorder
	s, _ := openNew(t, &Options{OnChange: r.record})
	created := create(t, s)
	started := updated(t, s, created.ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 })
	for _, last := range []uint64{2, 2, 5} {
		if _, err := s.AppendEvents(t.Context(), created.ID, numbered(1, last)); err != nil {
			t.Fatal(err)
		}
	}
	noted := updated(t, s, created.ID, func(r *host.Run) { r.StatusReason = "why" }, "a", "b")
	updated(t, s, created.ID, func(*host.Run) {})
	ended := updated(t, s, created.ID, func(r *host.Run) { r.Status = host.Success })
	if err := s.DeleteRun(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}
	want := []host.Change{
		{Run: created, Events: true, LastEvent: host.Cursor{Note: 1}},
		{Run: started},
		{Run: started, Events: true, LastEvent: host.Cursor{Attempt: 1, Seq: 2}},
		{Run: started, Events: true, LastEvent: host.Cursor{Attempt: 1, Seq: 5}},
		{Run: noted, Events: true, LastEvent: host.Cursor{Attempt: 1, Seq: 5, Note: 2}},
		{Run: ended},
		{Run: host.Run{ID: created.ID, Seq: 1, Job: created.Job}, Deleted: true},
	}
	if diff := cmp.Diff(want, r.changes, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("changes: -want +got\n%s", diff)
	}
}

// TestLastChangeIsTheNewest has events and updates of one run race: whatever comes last must tell the newest state, or
// a listener would show an old one for good.
func TestLastChangeIsTheNewest(t *testing.T) {
	var r recorder
	s, _ := openNew(t, &Options{OnChange: r.record})
	for range 10 {
		run := start(t, s)
		var wg sync.WaitGroup
		wg.Go(func() {
			for seq := uint64(1); seq <= 20; seq++ {
				if _, err := s.AppendEvents(t.Context(), run.ID, numbered(seq, seq)); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				_, err := s.UpdateRun(t.Context(), run.ID, func(r *host.Run) ([][]byte, error) {
					r.StartTimeouts++
					return [][]byte{[]byte("note")}, nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		var last host.Cursor
		count := uint32(0)
		for _, c := range r.changes {
			if c.Run.ID != run.ID {
				continue
			}
			if c.Run.StartTimeouts < count {
				t.Fatalf("a change tells count %d after %d", c.Run.StartTimeouts, count)
			}
			if c.Events && c.LastEvent.Less(last) {
				t.Fatalf("a change tells event %s after %s", c.LastEvent, last)
			}
			if count = c.Run.StartTimeouts; c.Events {
				last = c.LastEvent
			}
		}
		events, err := s.LastEvents(t.Context(), run.ID, 1)
		if err != nil || count != 20 || last != events[0].Cursor {
			t.Fatalf("the last change tells count %d and event %s, want 20 and %s (%v)", count, last, events[0].Cursor, err)
		}
	}
}

// TestReadsGoOnDuringOnChange has OnChange read the store: no lock that it holds may be one that a read needs.
func TestReadsGoOnDuringOnChange(t *testing.T) {
	var s *Store
	r := recorder{tell: func(c host.Change) {
		got := make(chan error)
		go func() { // OnChange itself must not call the store
			_, err := s.Events(t.Context(), c.Run.ID, host.Cursor{}, 10)
			if err == nil {
				_, err = s.Runs(t.Context(), nil, 0, 10)
			}
			got <- err
		}()
		if err := <-got; err != nil {
			t.Errorf("read during OnChange: %v", err)
		}
	}}
	s, _ = openNew(t, &Options{OnChange: r.record})
	run := start(t, s)
	if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 3)); err != nil {
		t.Fatal(err)
	}
	updated(t, s, run.ID, func(*host.Run) {}, "note")
	if len(r.changes) != 4 {
		t.Errorf("%d changes were told, want 4", len(r.changes))
	}
}

// TestNoteHoldsBackLaterEvents stops the transaction of a note between its place and its commit.
func TestNoteHoldsBackLaterEvents(t *testing.T) {
	var r recorder
	s, _ := openNew(t, &Options{OnChange: r.record})
	run, other := start(t, s), create(t, s)
	if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 2)); err != nil {
		t.Fatal(err)
	}
	release := stall(t, s)
	var wg sync.WaitGroup
	inside, resume := make(chan struct{}), make(chan struct{})
	wg.Go(func() { updated(t, s, run.ID, func(*host.Run) {}, "note") })
	waiting(s, 1)
	wg.Go(func() {
		updated(t, s, other.ID, func(*host.Run) {
			close(inside)
			<-resume
		}, "note")
	})
	waiting(s, 2)
	release()
	<-inside // the note of run has its place, after event 2

	answered := make(chan struct{})
	wg.Go(func() {
		if last, err := s.AppendEvents(t.Context(), run.ID, numbered(3, 4)); err != nil || last != 4 {
			t.Errorf("AppendEvents = %d, %v", last, err)
		}
		close(answered)
	})
	tail := s.tails.hold(run.ID)
	defer s.tails.release(tail)
	for stored := uint64(0); stored < 4; runtime.Gosched() { // until they are on disk
		tail.mu.Lock()
		stored = tail.stored
		tail.mu.Unlock()
	}
	if last, err := s.LastSeq(t.Context(), run.ID, 1); err != nil || last != 2 {
		t.Errorf("LastSeq before the note = %d, %v; want 2", last, err)
	}
	if got := cursors(t, s, run.ID); !cmp.Equal(got, []string{"0.0.1", "1.1.0", "1.2.0"}) {
		t.Errorf("events before the note: %v", got)
	}
	select {
	case <-answered:
		t.Error("AppendEvents was answered with events that cannot be read yet")
	default:
	}
	close(resume)
	wg.Wait()
	if got := cursors(t, s, run.ID); !cmp.Equal(got, []string{"0.0.1", "1.1.0", "1.2.0", "1.2.1", "1.3.0", "1.4.0"}) {
		t.Errorf("events after the note: %v", got)
	}
	var last host.Cursor
	for _, c := range r.changes {
		if c.Run.ID == run.ID && c.Events {
			last = c.LastEvent
		}
	}
	if want := (host.Cursor{Attempt: 1, Seq: 4}); last != want {
		t.Errorf("the last change tells event %s, want %s", last, want)
	}
}

func cursors(t *testing.T, s *Store, id host.RunID) (list []string) {
	t.Helper()
	events, err := s.Events(t.Context(), id, host.Cursor{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		list = append(list, e.Cursor.String())
	}
	return list
}

// TestNothingIsToldAfterTheDeletion deletes a run between the moment at which events of it are stored and their commit.
func TestNothingIsToldAfterTheDeletion(t *testing.T) {
	deleted := make(chan struct{})
	r := recorder{tell: func(c host.Change) {
		if c.Deleted {
			close(deleted)
		}
	}}
	s, _ := openNew(t, &Options{OnChange: r.record})
	run := start(t, s)
	updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Success })
	var wg sync.WaitGroup
	hold := func() (<-chan struct{}, chan<- struct{}) {
		reached, let := make(chan struct{}), make(chan struct{})
		wg.Go(func() {
			if err := s.epochs.current().do(&write{ctx: t.Context(), apply: func(*txn) error {
				close(reached)
				<-let
				return nil
			}}); err != nil {
				t.Error(err)
			}
		})
		return reached, let
	}
	waiting := func(n int) {
		for len(s.epochs.current().queue) < n {
			runtime.Gosched()
		}
	}
	reached, let := hold()
	<-reached
	wg.Go(func() {
		if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 2)); err != nil {
			t.Error(err)
		}
	})
	waiting(1)
	stored, commit := hold()
	waiting(2)
	close(let)
	<-stored
	wg.Go(func() {
		if err := s.DeleteRun(t.Context(), run.ID); err != nil {
			t.Error(err)
		}
	})
	<-deleted
	close(commit)
	wg.Wait()
	if last := r.changes[len(r.changes)-1]; !last.Deleted {
		t.Errorf("after its deletion the run was told as %+v", last)
	}
}
