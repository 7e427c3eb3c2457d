package boltstore

import (
	"testing"

	"github.com/penstock-run/penstock/host"
)

// TestOrderOfEndsIsPruned ends more runs than are kept.
func TestOrderOfEndsIsPruned(t *testing.T) {
	const keep = 100
	s, _ := openNew(t, &Options{keepEnded: keep, unsynced: true})
	run := start(t, s)
	const ends = 3*endedSlice + 5
	for i := range 2 * ends {
		updated(t, s, run.ID, func(r *host.Run) {
			if r.Status = host.Success; i%2 > 0 {
				r.Status = host.Started
			}
		})
	}
	all, err := s.EndedRuns(t.Context(), 0, 1<<20)
	if err != nil || len(all) < keep || len(all) > keep+endedSlice || all[len(all)-1].Pos != ends {
		t.Fatalf("%d entries are there, from %+v to %+v, %v", len(all), all[0], all[len(all)-1], err)
	}
	for i, e := range all {
		if e.Pos != all[0].Pos+uint64(i) {
			t.Fatalf("entry %d is at %d, behind %d", i, e.Pos, all[0].Pos)
		}
	}
	if last, err := s.LastEnded(t.Context()); last != ends || err != nil {
		t.Errorf("LastEnded = %d, %v; want %d", last, err, ends)
	}
}
