package storetest

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) concurrent(t *testing.T) {
	t.Run("TwoClaimersOneWinner", x.claimers)
	t.Run("UpdatesAddUp", x.updatesAddUp)
	t.Run("ManyWriters", x.manyWriters)
	t.Run("ReadersMissNothing", x.readersMissNothing)
	t.Run("AppendersOfOneRun", x.appendersOfOneRun)
}

func (x *exercise) claimers(t *testing.T) {
	s := x.new(t)
	for range 20 {
		run := s.started()
		taken := errors.New("taken")
		var wins, losses atomic.Int32
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				_, err := s.UpdateRun(s.ctx, run.ID, func(r *host.Run) ([][]byte, error) {
					if r.Current.WorkerID != "" {
						return nil, taken
					}
					r.Current.WorkerID = fmt.Sprint("worker ", i)
					return bytesOf([]string{"granted"}), r.Become(host.Started, "", epoch)
				})
				switch {
				case err == nil:
					wins.Add(1)
				case errors.Is(err, taken):
					losses.Add(1)
				default:
					t.Errorf("UpdateRun: %v", err)
				}
			})
		}
		wg.Wait()
		if wins.Load() != 1 || losses.Load() != 3 {
			t.Fatalf("%d won and %d lost, want 1 and 3", wins.Load(), losses.Load())
		}
		wantSame(t, "events", s.list(run.ID), []string{"1.0.1 granted"})
	}
}

func (x *exercise) updatesAddUp(t *testing.T) {
	s := x.new(t)
	run := s.started()
	const clients, each = 8, 25
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range each {
				_, err := s.UpdateRun(s.ctx, run.ID, func(r *host.Run) ([][]byte, error) {
					r.StartTimeouts++
					return [][]byte{fmt.Append(nil, r.StartTimeouts)}, nil
				})
				if err != nil {
					t.Errorf("UpdateRun: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if got := s.get(run.ID).StartTimeouts; got != clients*each {
		t.Errorf("the count is %d, want %d", got, clients*each)
	}
	var want []string
	for i := 1; i <= clients*each; i++ {
		want = append(want, fmt.Sprintf("1.0.%d %d", i, i))
	}
	wantSame(t, "notes", s.list(run.ID), want)
}

func (x *exercise) manyWriters(t *testing.T) {
	s := x.new(t)
	const writers, each = 16, 12
	seqs := make(chan uint64, writers*each)
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				n := newRun(t)
				n.Events = bytesOf([]string{"queued"})
				run, _, err := s.CreateRun(s.ctx, n)
				if err != nil {
					t.Errorf("CreateRun: %v", err)
					return
				}
				seqs <- run.Seq
				if err := s.oneLife(run.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(seqs)
	seen := map[uint64]bool{}
	for seq := range seqs {
		seen[seq] = true
	}
	for seq := uint64(1); seq <= writers*each; seq++ {
		if !seen[seq] {
			t.Errorf("no run has Seq %d", seq)
		}
	}
	open, err := s.OpenRuns(s.ctx)
	if err != nil || len(open) > 0 {
		t.Errorf("OpenRuns = %d, %v; want none", len(open), err)
	}
}

// oneLife takes a run to its end. It runs beside others, so it returns what is wrong.
func (s *store) oneLife(id host.RunID) error {
	if _, err := s.UpdateRun(s.ctx, id, func(r *host.Run) ([][]byte, error) {
		r.Attempt++
		return bytesOf([]string{"starts"}), r.Become(host.Starting, "", epoch)
	}); err != nil {
		return err
	}
	for last := uint64(3); last <= 9; last += 3 {
		if _, err := s.AppendEvents(s.ctx, id, batch(1, 1, last)); err != nil {
			return err
		}
	}
	if _, err := s.UpdateRun(s.ctx, id, func(r *host.Run) ([][]byte, error) {
		return bytesOf([]string{"fails"}), r.Become(host.Failure, "", epoch)
	}); err != nil {
		return err
	}
	events, err := s.Events(s.ctx, id, host.Cursor{}, 100)
	if err == nil && len(events) != 12 {
		err = fmt.Errorf("run %s has %d events, want 12", id, len(events))
	}
	return err
}

// readersMissNothing checks that a reader who follows cursors sees all that a reader who comes later sees.
func (x *exercise) readersMissNothing(t *testing.T) {
	s := x.new(t)
	for range 3 {
		run := s.started()
		var writers, readers sync.WaitGroup
		followed, writes := make([][]host.StoredEvent, 2), make([]chan struct{}, 2)
		for i := range followed {
			writes[i] = make(chan struct{}, 1)
			readers.Go(func() { followed[i] = s.follow(run.ID, writes[i]) })
		}
		begins := func() {
			for _, c := range writes {
				select {
				case c <- struct{}{}:
				default:
				}
			}
		}
		writers.Go(func() { s.appendPairs(run.ID, 400, begins) })
		writers.Go(func() { s.addNotes(run.ID, 200, begins) })
		writers.Wait()
		for _, c := range writes {
			close(c)
		}
		readers.Wait()
		want := s.list(run.ID)
		if len(want) != 600 {
			t.Errorf("%d events are there, want 600", len(want))
		}
		for _, got := range followed {
			wantSame(t, "events that a reader followed", render(got), want)
		}
	}
}

// appendPairs appends events two by two, and checks that each is there once it was answered. It calls begins before each
// write.
func (s *store) appendPairs(id host.RunID, n uint64, begins func()) {
	for seq := uint64(1); seq < n; seq += 2 {
		begins()
		if _, err := s.AppendEvents(s.ctx, id, batch(1, seq, seq+1)); err != nil {
			s.t.Errorf("AppendEvents: %v", err)
			return
		}
		after := host.Cursor{Attempt: 1, Seq: seq, Note: math.MaxUint32}
		if got, err := s.Events(s.ctx, id, after, 1); err != nil || len(got) == 0 {
			s.t.Errorf("event %d was answered and cannot be read: %v", seq+1, err)
		}
	}
}

func (s *store) addNotes(id host.RunID, n int, begins func()) {
	for i := range n {
		begins()
		_, err := s.UpdateRun(s.ctx, id, func(*host.Run) ([][]byte, error) { return [][]byte{fmt.Append(nil, i)}, nil })
		if err != nil {
			s.t.Errorf("UpdateRun: %v", err)
			return
		}
	}
}

// follow reads events by cursor, several times in vain while a write is under way, until it gets none after the writes
// have ended. A reader that never waited would take the processor from the writers.
func (s *store) follow(id host.RunID, writes <-chan struct{}) (followed []host.StoredEvent) {
	var at host.Cursor
	const tries = 5
	for ended, vain := false, 0; ; {
		got, err := s.Events(s.ctx, id, at, 7)
		switch {
		case err != nil:
			s.t.Errorf("Events after %s: %v", at, err)
			return followed
		case len(got) > 0:
			followed, at, vain = append(followed, got...), got[len(got)-1].Cursor, 0
		case ended:
			return followed
		default:
			if vain++; vain == tries {
				_, more := <-writes
				ended, vain = !more, 0
			}
		}
	}
}

func (x *exercise) appendersOfOneRun(t *testing.T) {
	s := x.new(t)
	run := s.started()
	var wg sync.WaitGroup
	for i := range uint64(4) {
		wg.Go(func() {
			for last := uint64(1); last <= 120; last += i + 1 {
				got, err := s.AppendEvents(s.ctx, run.ID, batch(1, 1, last))
				if err != nil || got < last {
					t.Errorf("AppendEvents up to %d = %d, %v", last, got, err)
				}
			}
		})
	}
	wg.Wait()
	s.append(run.ID, batch(1, 1, 130), 130)
	s.reopen()
	wantSame(t, "events", s.list(run.ID), workerEvents(1, 1, 130))
}
