package bulk_test

import (
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/bulk"
)

func TestRunsThatAreNamed(t *testing.T) {
	f := newFixture(t, 2).start()
	q := f.request("", host.BulkAction{Kind: host.BulkDelete})
	for range 5 {
		q.IDs = append(q.IDs, f.run(host.Success).ID)
	}
	open, other := f.run(host.Queued).ID, f.run(host.Success).ID
	q.IDs = append(q.IDs, open, q.IDs[0])
	b := f.begin(q)
	wantCounts(t, f.await(b.ID), host.BulkDone, 6, 5, 1, 0)
	f.get(open)
	f.get(other)
	// The answer may have been lost: the runs are gone, and the request is answered all the same.
	if again := f.begin(q); again.ID != b.ID {
		t.Errorf("the request began %s, and then %s", b.ID, again.ID)
	}
	q.Asked[0]++
	if _, err := f.runner.Begin(t.Context(), q); host.CodeOf(err) != host.Invalid {
		t.Errorf("Begin for runs that are gone = %v, want Invalid", err)
	}
	q.IDs = []host.RunID{open}
	if _, err := f.runner.Begin(t.Context(), q); host.CodeOf(err) != host.Conflict {
		t.Errorf("Begin of something else with the request = %v, want Conflict", err)
	}
	q = f.request("", host.BulkAction{Kind: host.BulkDelete})
	q.IDs = make([]host.RunID, host.MaxBulkRuns+1)
	if _, err := f.runner.Begin(t.Context(), q); host.CodeOf(err) != host.Invalid {
		t.Errorf("Begin with too many runs = %v, want Invalid", err)
	}
}

func TestRunsThatAreGoneWhenItComesToThem(t *testing.T) {
	f := newFixture(t, 3).start()
	ids := f.many(9, "env", "dev")
	var mu sync.Mutex
	f.seam.set(func() {
		f.seam.beforeUpdate = func(batch []host.RunID) {
			mu.Lock()
			defer mu.Unlock()
			// One of this batch, and one of a later one.
			for _, id := range []host.RunID{batch[0], ids[0]} {
				if run, err := f.store.Run(t.Context(), id); err == nil && !run.Status.Final() {
					f.become(id, host.Canceled)
					if err := f.store.DeleteRun(t.Context(), id); err != nil {
						t.Error(err)
					}
				}
			}
		}
	})
	b := f.await(f.begin(f.request("env=dev", prod)).ID)
	counts, err := f.store.CountRuns(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	left := counts.Total()
	wantCounts(t, b, host.BulkDone, 9, left, 9-left, 0)
}

// TestWhatIsGoneBeforeItIsCounted deletes what an action made or changed before the action can store that it did.
func TestWhatIsGoneBeforeItIsCounted(t *testing.T) {
	full := &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "the disk is nearly full"}
	for name, a := range map[string]host.BulkAction{"Tag": prod, "Reexecute": {Kind: host.BulkReexecute, Strategy: "all"}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 8).start()
			gone := f.run(host.Failure, "env", "dev").ID
			f.run(host.Failure, "env", "dev")
			refuse := func() { f.seam.set(func() { f.seam.refusePut = full }) }
			f.beforeSubmit = refuse
			f.seam.set(func() { f.seam.beforeUpdate = func([]host.RunID) { refuse() } })
			b := f.begin(f.request("env=dev", a))
			if err := f.clock.AwaitWaiter(t.Context(), 500*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if a.Kind == host.BulkReexecute {
				child, err := f.store.RunOfRequest(t.Context(), bulk.RequestOf(b.ID, gone))
				if err != nil {
					t.Fatal(err)
				}
				gone = f.become(child.ID, host.Canceled).ID
			}
			if err := f.store.DeleteRun(t.Context(), gone); err != nil {
				t.Fatal(err)
			}
			f.beforeSubmit = nil
			f.seam.set(func() { f.seam.refusePut, f.seam.beforeUpdate = nil, nil })
			f.clock.Advance(500 * time.Millisecond)
			wantCounts(t, f.await(b.ID), host.BulkDone, 2, 2, 0, 0)
		})
	}
}

func TestWithoutRuns(t *testing.T) {
	f := newFixture(t, 0).start()
	wantCounts(t, f.await(f.begin(f.request("", prod)).ID), host.BulkDone, 0, 0, 0, 0)
	f.run(host.Queued)
	wantCounts(t, f.await(f.begin(f.request("env=dev", prod)).ID), host.BulkDone, 0, 0, 0, 0)
}

// TestRunsAreJudgedWhenItComesToThem lets one run come to match and another not match any more while an action goes on.
func TestRunsAreJudgedWhenItComesToThem(t *testing.T) {
	f := newFixture(t, 4).start()
	comes, goes := f.run(host.Queued, "env", "test").ID, f.run(host.Queued, "env", "dev").ID
	for range 12 {
		f.run(host.Queued, "env", "dev")
	}
	retag := func(id host.RunID, value string) {
		if _, err := f.store.UpdateRun(t.Context(), id, func(r *host.Run) ([][]byte, error) {
			r.Tags[0].Value = value
			return nil, nil
		}); err != nil {
			t.Error(err)
		}
	}
	var once sync.Once
	f.seam.set(func() {
		f.seam.beforeUpdate = func([]host.RunID) { once.Do(func() { retag(comes, "dev"); retag(goes, "test") }) }
	})
	wantCounts(t, f.await(f.begin(f.request("env=dev", prod)).ID), host.BulkDone, 13, 13, 0, 0)
	for id, want := range map[host.RunID]string{comes: "prod", goes: "test"} {
		run := f.get(id)
		if got, _ := run.Tag("env"); got != want {
			t.Errorf("run %s has env=%s, want %s", id, got, want)
		}
	}
}
