package bulk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// sizes lets the fixture note how many runs each write has.
func (f *fixture) sizes() (all func() []int) {
	var sizes []int // under the seam's lock
	f.seam.set(func() {
		f.seam.beforeUpdate = func(ids []host.RunID) { f.seam.set(func() { sizes = append(sizes, len(ids)) }) }
	})
	return func() (now []int) {
		f.seam.set(func() { now = slices.Clone(sizes) })
		return now
	}
}

func TestWritesGrowWithSmallRuns(t *testing.T) {
	f := newFixture(t, 0).start()
	f.many(1200, "env", "dev")
	sizes := f.sizes()
	wantCounts(t, f.await(f.begin(f.request("env=dev", prod)).ID), host.BulkDone, 1200, 1200, 0, 0)
	if got := sizes(); got[0] > 10 || slices.Max(got) != 250 {
		t.Errorf("the writes have %v runs, want few at first and 250 at most", got)
	}
}

func TestWritesOfLargeEditsAreSmall(t *testing.T) {
	f := newFixture(t, 0).start()
	f.many(12, "env", "dev")
	edit := host.BulkAction{Kind: host.BulkTag}
	for i := range 100 {
		edit.Set = append(edit.Set, tag.Tag{Key: fmt.Sprint("k", i), Value: strings.Repeat("v", tag.MaxValueBytes)})
	}
	sizes := f.sizes()
	wantCounts(t, f.await(f.begin(f.request("env=dev", edit)).ID), host.BulkDone, 12, 12, 0, 0)
	if got := sizes(); slices.Max(got) > 4 {
		t.Errorf("the writes have %v runs, want few: each adds a megabyte", got)
	}
}

func TestWritesOfLargeRunsAreSmall(t *testing.T) {
	f := newFixture(t, 0).start()
	config := strings.Repeat("a: b\n", 100_000)
	for range 60 {
		id := newID(t)
		if _, _, err := f.store.CreateRun(t.Context(), host.NewRun{RequestID: "request-" + string(id), Run: host.Run{
			ID: id, Job: host.JobName{Location: "here", Repository: "tutorial", Job: "my_job"}, Status: host.Queued, CreatedAt: f.clock.Now(),
			ConfigYAML: config,
		}}); err != nil {
			t.Fatal(err)
		}
	}
	sizes := f.sizes()
	wantCounts(t, f.await(f.begin(f.request("", prod)).ID), host.BulkDone, 60, 60, 0, 0)
	if got := sizes(); slices.Max(got) > 20 || got[len(got)-1] > 8 {
		t.Errorf("the writes have %v runs, want few: each has half a megabyte", got)
	}
}
