package backfill_test

import (
	"strconv"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// A run that ended well and was deleted since hides none that failed before it: its partition is not launched again.
func TestDeletedRuns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, 3).start()
	b := f.begin(all(3))
	f.drain(b.ID, func(string) host.RunStatus { return host.Failure })
	b = f.retry(b.ID, 3)
	b, _ = f.drain(b.ID, failing(f.code.keys[0]))
	f.deleteWell(b.ID)
	f.restart()
	b = f.retry(b.ID, 1)
	f.awaitOpen(b.ID, 1)
	f.restart() // in the middle of the round
	b, p := f.drain(b.ID, well)
	if b.State != host.BackfillSuccess {
		t.Errorf("it is %s, %+v", b.State, p)
	}
}

// failing is how runs end of which those of one partition fail.
func failing(fails string) func(key string) host.RunStatus {
	return func(key string) host.RunStatus {
		if key == fails {
			return host.Failure
		}
		return host.Success
	}
}

// retry begins another round of so many partitions.
func (f *fixture) retry(id string, want int) host.Backfill {
	f.t.Helper()
	was, err := f.store.Backfill(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	b, n, err := f.runner.Retry(f.t.Context(), "retry-of-a-backfill-"+strconv.Itoa(was.Round), id, "")
	if err != nil || n != want {
		f.t.Fatalf("Retry = %d partitions, %v; want %d", n, err, want)
	}
	return b
}

// deleteWell deletes the runs that ended well.
func (f *fixture) deleteWell(id string) {
	f.t.Helper()
	for _, run := range f.runs(id) {
		if run.Status != host.Success {
			continue
		}
		if err := f.store.DeleteRun(f.t.Context(), run.ID); err != nil {
			f.t.Fatal(err)
		}
	}
}
