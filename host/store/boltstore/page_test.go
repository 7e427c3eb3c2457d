package boltstore

import (
	"strings"
	"testing"

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
		page, err := s.Runs(t.Context(), host.RunFilter{}, before, 1000)
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
