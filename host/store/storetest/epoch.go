package storetest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) epochs(t *testing.T) {
	t.Run("KeepsWhatIsWanted", x.tidyKeeps)
	t.Run("BesideOthers", x.tidyBesideOthers)
	t.Run("Cancelled", x.tidyCancelled)
	t.Run("MergedRunsReadTheSame", x.endedRunsReadTheSame)
}

func (s *store) tidy() {
	s.t.Helper()
	if _, err := s.TidyEpochs(s.ctx); err != nil {
		s.t.Fatalf("TidyEpochs: %v", err)
	}
}

// tidyKeeps deletes all but a few runs, some of which are in progress and get events before and after.
func (x *exercise) tidyKeeps(t *testing.T) {
	s := x.new(t)
	last := map[host.RunID]uint64{}
	var kept, gone []host.RunID
	for i := range 30 {
		run := s.started()
		s.append(run.ID, batch(1, 1, 40), 40)
		last[run.ID] = 40
		switch i % 10 {
		case 0:
			kept = append(kept, run.ID)
		case 5:
			kept = append(kept, s.ended(run.ID).ID)
		default:
			gone = append(gone, s.ended(run.ID).ID)
		}
	}
	for range 2 {
		s.tidy()
		for i, id := range gone[:len(gone)/2+1] {
			if err := s.DeleteRun(s.ctx, id); err != nil {
				t.Fatalf("delete %d: %v", i, err)
			}
		}
		gone = gone[len(gone)/2+1:]
		s.tidy()
		s.reopen()
		for _, id := range kept {
			s.append(id, batch(1, last[id]-3, last[id]+7), last[id]+7)
			last[id] += 7
		}
		s.tidy()
		for _, id := range kept {
			wantSame(t, "events", s.list(id), workerEvents(1, 1, last[id]))
		}
	}
}

// tidyBesideOthers has runs come, report, end and go while somebody tidies, and reads them all the time.
func (x *exercise) tidyBesideOthers(t *testing.T) {
	s := x.new(t)
	ctx, cancel := context.WithCancel(t.Context())
	var tidying, lives sync.WaitGroup
	tidying.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.TidyEpochs(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("TidyEpochs: %v", err)
				return
			}
		}
	})
	var mu sync.Mutex
	left := map[host.RunID]uint64{}
	for worker := range 4 {
		lives.Go(func() {
			for i := range 8 {
				run, _, err := s.CreateRun(t.Context(), newRun(t))
				if err != nil {
					t.Error(err)
					return
				}
				if err := x.liveAndGo(s, run.ID, (i+worker)%4 > 0); err != nil {
					t.Error(err)
					return
				}
				if (i+worker)%4 == 0 {
					mu.Lock()
					left[run.ID] = 60
					mu.Unlock()
				}
			}
		})
	}
	lives.Wait()
	cancel()
	tidying.Wait()
	s.reopen()
	for id, last := range left {
		wantSame(t, "events of a run that was kept", s.list(id), workerEvents(1, 1, last))
	}
}

// liveAndGo takes a run through its life and looks at it meanwhile.
func (x *exercise) liveAndGo(s *store, id host.RunID, remove bool) error {
	become := func(status host.RunStatus) error {
		_, err := s.UpdateRun(s.ctx, id, func(r *host.Run) ([][]byte, error) {
			r.Status, r.Attempt = status, 1
			return nil, nil
		})
		return err
	}
	if err := become(host.Starting); err != nil {
		return err
	}
	for last := uint64(0); last < 60; last += 5 {
		if _, err := s.AppendEvents(s.ctx, id, batch(1, last+1, last+5)); err != nil {
			return err
		}
		all, err := s.Events(s.ctx, id, host.Cursor{}, math.MaxInt)
		if err != nil {
			return err
		}
		end, err := s.LastEvents(s.ctx, id, 7)
		if err != nil {
			return err
		}
		wantSame(s.t, "events so far", render(all), workerEvents(1, 1, last+5))
		wantSame(s.t, "the last events so far", render(end), workerEvents(1, max(last+5, 7)-6, last+5))
	}
	if err := become(host.Success); err != nil || !remove {
		return err
	}
	return s.DeleteRun(s.ctx, id)
}

func (x *exercise) tidyCancelled(t *testing.T) {
	s := x.new(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.TidyEpochs(ctx); err == nil {
		t.Error("TidyEpochs with a cancelled context has no error")
	}
}

// endedRunsReadTheSame reads a run from many places before and after it has ended, in which time its store may arrange
// its events anew.
func (x *exercise) endedRunsReadTheSame(t *testing.T) {
	s := x.new(t)
	id := s.longHistory()
	for seq := uint64(475); seq < 600; seq++ {
		s.append(id, batch(2, seq, seq), seq)
	}
	want, err := s.Events(s.ctx, id, host.Cursor{}, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	s.ended(id)
	for range 2 {
		for round := range 40 {
			for i := round; i < len(want); i += 37 {
				got, err := s.Events(s.ctx, id, want[i].Cursor, 9)
				if err != nil {
					t.Fatal(err)
				}
				wantSame(t, fmt.Sprint("events after ", want[i].Cursor), got, want[i+1:min(len(want), i+10)])
			}
			n := 1 + 23*round
			got, err := s.LastEvents(s.ctx, id, n)
			if err != nil {
				t.Fatal(err)
			}
			wantSame(t, fmt.Sprintf("last %d events", n), got, want[max(0, len(want)-n):])
		}
		s.tidy()
		s.reopen()
	}
}
