package storetest

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) events(t *testing.T) {
	t.Run("StoredOnce", x.eventsOnce)
	t.Run("ErrGap", x.eventGap)
	t.Run("ErrAttempt", x.eventAttempt)
	t.Run("AttemptsInOrder", x.attemptsInOrder)
	t.Run("CursorsResumeAnywhere", x.cursors)
	t.Run("OddBytes", x.oddEvents)
	t.Run("OfAFinalRun", x.eventsOfAFinalRun)
}

// append stores a batch and checks the answer.
func (s *store) append(id host.RunID, b host.EventBatch, wantLast uint64) {
	s.t.Helper()
	if last, err := s.AppendEvents(s.ctx, id, b); err != nil || last != wantLast {
		s.t.Fatalf("AppendEvents(%d from %d.%d) = %d, %v; want %d", len(b.Events), b.Attempt, b.First, last, err, wantLast)
	}
	if last, err := s.LastSeq(s.ctx, id, b.Attempt); err != nil || last != wantLast {
		s.t.Fatalf("LastSeq after AppendEvents = %d, %v; want %d", last, err, wantLast)
	}
}

// list renders all events, each as cursor and data.
func (s *store) list(id host.RunID) []string {
	s.t.Helper()
	events, err := s.Events(s.ctx, id, host.Cursor{}, math.MaxInt)
	if err != nil {
		s.t.Fatalf("Events(%s): %v", id, err)
	}
	return render(events)
}

func render(events []host.StoredEvent) (lines []string) {
	for _, e := range events {
		lines = append(lines, fmt.Sprintf("%s %s", e.Cursor, e.Data))
	}
	return lines
}

// workerEvents is what list shows for batch(attempt, first, last).
func workerEvents(attempt uint32, first, last uint64) (lines []string) {
	for seq := first; seq <= last; seq++ {
		lines = append(lines, fmt.Sprintf("%d.%d.0 %d.%d", attempt, seq, attempt, seq))
	}
	return lines
}

func (x *exercise) eventsOnce(t *testing.T) {
	s := x.new(t)
	run, other := s.started(), s.started()
	if last, err := s.LastSeq(s.ctx, run.ID, 1); err != nil || last != 0 {
		t.Errorf("LastSeq before all events = %d, %v; want 0", last, err)
	}
	s.append(run.ID, batch(1, 1, 1), 1)
	s.append(run.ID, batch(1, 1, 1), 1)
	s.append(run.ID, batch(1, 2, 5), 5)
	s.append(run.ID, batch(1, 1, 4), 5)
	s.append(run.ID, batch(1, 3, 8), 8) // overlaps
	s.append(run.ID, batch(1, 9, 8), 8) // none
	s.append(run.ID, batch(1, 1, 700), 700)
	s.append(other.ID, batch(1, 1, 2), 2)
	for range 2 {
		wantSame(t, "events", s.list(run.ID), workerEvents(1, 1, 700))
		wantSame(t, "events of the other run", s.list(other.ID), workerEvents(1, 1, 2))
		s.reopen()
		s.append(run.ID, batch(1, 690, 700), 700)
		s.append(run.ID, batch(1, 1, 1), 700)
	}
	s.append(run.ID, batch(1, 695, 710), 710)
	wantSame(t, "events", s.list(run.ID), workerEvents(1, 1, 710))
}

func (x *exercise) eventGap(t *testing.T) {
	s := x.new(t)
	run := s.started()
	for _, first := range []uint64{2, 3, math.MaxUint64 - 1} {
		_, err := s.AppendEvents(s.ctx, run.ID, batch(1, first, first))
		wantCode(t, fmt.Sprintf("AppendEvents from %d to none", first), err, host.Conflict)
	}
	s.append(run.ID, batch(1, 1, 3), 3)
	for range 2 {
		_, err := s.AppendEvents(s.ctx, run.ID, batch(1, 5, 6))
		wantCode(t, "AppendEvents of 5 after 3", err, host.Conflict)
		s.reopen()
	}
	_, err := s.AppendEvents(s.ctx, run.ID, batch(1, 0, 3))
	wantCode(t, "AppendEvents from 0", err, host.Invalid)
	_, err = s.AppendEvents(s.ctx, run.ID, host.EventBatch{Attempt: 1, First: math.MaxUint64, Events: make([][]byte, 2)})
	wantCode(t, "AppendEvents beyond the last number", err, host.Invalid)
	wantSame(t, "events", s.list(run.ID), workerEvents(1, 1, 3))
	s.append(run.ID, batch(1, 4, 6), 6)
}

func (x *exercise) eventAttempt(t *testing.T) {
	s := x.new(t)
	run := s.create(nil)
	for _, attempt := range []uint32{1, 2} {
		_, err := s.AppendEvents(s.ctx, run.ID, batch(attempt, 1, 1))
		wantCode(t, fmt.Sprintf("AppendEvents of attempt %d before any", attempt), err, host.Conflict)
	}
	_, err := s.AppendEvents(s.ctx, run.ID, batch(0, 1, 1))
	wantCode(t, "AppendEvents of attempt 0", err, host.Invalid)
	s.update(run.ID, func(r *host.Run) { r.Attempt = 2 })
	for _, attempt := range []uint32{1, 3} {
		_, err := s.AppendEvents(s.ctx, run.ID, batch(attempt, 1, 1))
		wantCode(t, fmt.Sprintf("AppendEvents of attempt %d during 2", attempt), err, host.Conflict)
	}
	s.append(run.ID, batch(2, 1, 1), 1)
	wantSame(t, "events", s.list(run.ID), workerEvents(2, 1, 1))
}

func (x *exercise) attemptsInOrder(t *testing.T) {
	s := x.new(t)
	run := s.started()
	var want []string
	for attempt := uint32(1); attempt <= 3; attempt++ {
		s.update(run.ID, func(r *host.Run) { r.Attempt = attempt })
		s.append(run.ID, batch(attempt, 1, 3), 3)
		s.append(run.ID, batch(attempt, 4, 300), 300)
		want = append(want, workerEvents(attempt, 1, 300)...)
		if attempt == 2 {
			s.reopen()
		}
	}
	wantSame(t, "events", s.list(run.ID), want)
	for attempt, want := range []uint64{0, 300, 300, 300, 0} {
		if last, err := s.LastSeq(s.ctx, run.ID, uint32(attempt)); err != nil || last != want {
			t.Errorf("LastSeq of attempt %d = %d, %v; want %d", attempt, last, err, want)
		}
	}
}

// longHistory makes a run with worker events in batches of many sizes, and notes between them.
func (s *store) longHistory() host.RunID {
	s.t.Helper()
	run := s.create(func(n *host.NewRun) { n.Events = bytesOf([]string{"queued", "waits"}) })
	for attempt := uint32(1); attempt <= 2; attempt++ {
		s.update(run.ID, func(r *host.Run) { r.Attempt = attempt }, fmt.Sprint("start ", attempt))
		last := uint64(0)
		for _, size := range []uint64{1, 2, 130, 1, 40} {
			s.append(run.ID, batch(attempt, last+1, last+size), last+size)
			last += size
			s.update(run.ID, func(*host.Run) {}, fmt.Sprint("note ", last), "and another")
		}
		s.append(run.ID, batch(attempt, last+1, last+300), last+300)
	}
	return run.ID
}

func (x *exercise) cursors(t *testing.T) {
	s := x.new(t)
	before, id := s.longHistory(), s.longHistory()
	s.longHistory()
	for range 2 {
		all, err := s.Events(s.ctx, id, host.Cursor{}, math.MaxInt)
		if err != nil {
			t.Fatal(err)
		}
		if want := 2 + 2*(1+174+10+300); len(all) != want {
			t.Fatalf("%d events are there, want %d", len(all), want)
		}
		wantSame(t, "another run's events", s.list(before), render(all))
		for i := range all {
			if i > 0 && !all[i-1].Cursor.Less(all[i].Cursor) {
				t.Fatalf("%s comes before %s", all[i-1].Cursor, all[i].Cursor)
			}
			if i%5 > 0 && i > 20 {
				continue
			}
			limit := i%7 + 1
			got, err := s.Events(s.ctx, id, all[i].Cursor, limit)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, fmt.Sprintf("%d events after %s", limit, all[i].Cursor), got, all[i+1:min(len(all), i+1+limit)])
		}
		for _, n := range []int{0, 1, 2, 3, 128, 299, 301, len(all), len(all) + 1, math.MaxInt} {
			got, err := s.LastEvents(s.ctx, id, n)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, fmt.Sprintf("last %d events", n), got, all[max(0, len(all)-n):])
		}
		x.oddCursors(t, s, id, all)
		s.reopen()
	}
}

// oddCursors are of places at which no event is.
func (x *exercise) oddCursors(t *testing.T, s *store, id host.RunID, all []host.StoredEvent) {
	t.Helper()
	for _, c := range []host.Cursor{
		{Attempt: 0, Seq: 7}, {Note: math.MaxUint32}, {Attempt: 1, Seq: 134, Note: 99}, {Attempt: 1, Seq: math.MaxUint64},
		{Attempt: 1, Seq: math.MaxUint64, Note: math.MaxUint32}, {Attempt: 2, Note: 1}, {Attempt: 2, Seq: 474}, {Attempt: 9},
		{Attempt: math.MaxUint32, Seq: math.MaxUint64, Note: math.MaxUint32},
	} {
		var want []host.StoredEvent
		for _, e := range all {
			if c.Less(e.Cursor) {
				want = append(want, e)
			}
		}
		got, err := s.Events(s.ctx, id, c, math.MaxInt)
		if err != nil {
			t.Errorf("Events after %s: %v", c, err)
		}
		wantSame(t, fmt.Sprintf("events after %s", c), got, want)
	}
	if got, err := s.Events(s.ctx, id, host.Cursor{}, 0); err != nil || len(got) > 0 {
		t.Errorf("Events with limit 0 = %d, %v", len(got), err)
	}
	if got, err := s.LastEvents(s.ctx, id, -1); err != nil || len(got) > 0 {
		t.Errorf("LastEvents(-1) = %d, %v", len(got), err)
	}
}

func (x *exercise) oddEvents(t *testing.T) {
	s := x.new(t)
	run := s.started()
	b := host.EventBatch{Attempt: 1, First: 1, Events: [][]byte{
		{}, []byte("\x00"), bytes.Repeat([]byte("zero "), 1<<16), []byte("\xff\xfe"), bytes.Repeat([]byte{0xaa}, 256<<10), {},
	}}
	s.append(run.ID, b, 6)
	for range 2 {
		got, err := s.Events(s.ctx, run.ID, host.Cursor{}, 10)
		if err != nil || len(got) != len(b.Events) {
			t.Fatalf("Events = %d, %v; want %d", len(got), err, len(b.Events))
		}
		for i, e := range got {
			if !bytes.Equal(e.Data, b.Events[i]) || e.Cursor != (host.Cursor{Attempt: 1, Seq: uint64(i) + 1}) {
				t.Errorf("event %d came back with %d bytes at %s", i+1, len(e.Data), e.Cursor)
			}
		}
		s.reopen()
	}
}

func (x *exercise) eventsOfAFinalRun(t *testing.T) {
	s := x.new(t)
	run := s.started()
	s.append(run.ID, batch(1, 1, 2), 2)
	s.ended(run.ID)
	for last := uint64(3); last <= 4; last++ {
		s.append(run.ID, batch(1, 1, last), last)
		s.update(run.ID, func(*host.Run) {}, "late")
		s.reopen()
	}
	wantSame(t, "events", s.list(run.ID), []string{
		"1.1.0 1.1", "1.2.0 1.2", "1.3.0 1.3", "1.3.1 late", "1.4.0 1.4", "1.4.1 late",
	})
}
