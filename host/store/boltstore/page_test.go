package boltstore

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// TestPageOfLargeRuns lists runs that do not fit into memory together, as far as a host of many clients goes.
func TestPageOfLargeRuns(t *testing.T) {
	s, _ := openNew(t, nil)
	const n, config = 40, 1 << 20
	for range n {
		run := newRun()
		run.Run.ConfigYAML = strings.Repeat("a: 1\n", config/5)
		if _, _, err := s.CreateRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	seq, before := uint64(n), uint64(0)
	for {
		page, err := s.Runs(t.Context(), nil, before, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Runs) == 0 || len(page.Runs) > maxPageBytes/config+1 {
			t.Fatalf("a page has %d runs of 1 MiB", len(page.Runs))
		}
		for i := range page.Runs {
			if page.Runs[i].Seq != seq {
				t.Fatalf("run %d comes where %d is due", page.Runs[i].Seq, seq)
			}
			seq--
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	if seq != 0 {
		t.Errorf("%d runs were not listed", seq)
	}
}

// TestPageOfOpenRunsReadsNoOther spoils the record of a final run: a list of open runs does not even look at it.
func TestPageOfOpenRunsReadsNoOther(t *testing.T) {
	s, _ := openNew(t, nil)
	var ids []host.RunID
	for range 5 {
		run := newRun()
		if _, _, err := s.CreateRun(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, run.Run.ID)
	}
	cancel := func(r *host.Run) ([][]byte, error) {
		r.Status, r.EndedAt = host.Canceled, r.CreatedAt
		return nil, nil
	}
	if _, err := s.UpdateRun(t.Context(), ids[2], cancel); err != nil {
		t.Fatal(err)
	}
	var sound []byte
	put := func(value []byte) {
		if err := s.meta.db.Update(func(tx *bbolt.Tx) error {
			runs := tx.Bucket(bucketRuns)
			sound = bytes.Clone(runs.Get(seqKey(3)))
			return runs.Put(seqKey(3), value)
		}); err != nil {
			t.Fatal(err)
		}
	}
	put([]byte("spoilt"))
	record := sound
	defer func() { put(record) }()
	if _, err := s.Runs(t.Context(), host.StatusIn(host.Queued, host.Canceled), 0, 10); err == nil {
		t.Error("a list that may hold final runs did not read the spoilt one")
	}
	var seqs []uint64
	for before := uint64(0); ; {
		page, err := s.Runs(t.Context(), host.StatusIn(host.Queued, host.Started), before, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i := range page.Runs {
			seqs = append(seqs, page.Runs[i].Seq)
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	if want := []uint64{5, 4, 2, 1}; !slices.Equal(seqs, want) {
		t.Errorf("the open runs are %v, want %v", seqs, want)
	}
}
