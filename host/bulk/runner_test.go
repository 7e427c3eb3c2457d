package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/bulk"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestTenThousandRunsWhileOthersCome(t *testing.T) {
	const runs = 10_000
	f := newFixture(t, 0).start()
	want := f.many(runs, "env", "dev")
	var later atomic.Int64
	f.seam.set(func() {
		f.seam.beforeUpdate = func([]host.RunID) {
			f.run(host.Queued, "env", "dev")
			later.Add(1)
		}
	})
	b := f.await(f.begin(f.request("env=dev", prod)).ID)
	wantCounts(t, b, host.BulkDone, runs, runs, 0, 0)
	if n := later.Load(); n < runs/250 || n > runs/250+12 { // the first ones are smaller
		t.Errorf("%d writes, want %d and few more", n, runs/250)
	}
	counts, err := f.store.CountRuns(t.Context(), f.request("env=dev", prod).Where)
	if err != nil || counts.Total() != uint64(later.Load()) {
		t.Errorf("%d runs have env=dev, %v; want the %d that came later", counts.Total(), err, later.Load())
	}
	run := f.get(want[runs/2])
	at, _ := slices.BinarySearchFunc(run.Tags, "env", func(t tag.Tag, key string) int { return strings.Compare(t.Key, key) })
	if got := run.Tags[at]; got.Value != "prod" || got.Origin != tag.OriginEdited || got.EditedBy != "ada" {
		t.Errorf("the tag is %+v, want one that ada edited", got)
	}
}

// many adds runs that have ended, with tags.
func (f *fixture) many(n int, tags ...string) []host.RunID {
	f.t.Helper()
	ids := make([]host.RunID, n)
	turns := make(chan struct{}, 64)
	for i := range ids {
		turns <- struct{}{}
		go func() {
			defer func() { <-turns }()
			ids[i] = f.run(host.Queued, tags...).ID
		}()
	}
	for range cap(turns) {
		turns <- struct{}{}
	}
	return ids
}

func TestStop(t *testing.T) {
	f := newFixture(t, 5).start()
	f.many(50, "env", "dev")
	var id string
	begun, told := make(chan struct{}), make(chan struct{})
	var writes atomic.Int64
	f.seam.set(func() {
		f.seam.beforeUpdate = func([]host.RunID) {
			if writes.Add(1) == 5 { // of the third batch
				close(begun)
				<-told
			}
		}
	})
	id = f.begin(f.request("env=dev", prod)).ID
	<-begun
	ended := make(chan host.Bulk, 1)
	go func() {
		b, err := f.runner.End(t.Context(), id)
		if err != nil {
			t.Errorf("End: %v", err)
		}
		ended <- b
	}()
	if err := f.clock.AwaitWaiter(t.Context(), bulk.StopPatience); err != nil { // End waits for the batch under way
		t.Fatal(err)
	}
	close(told)
	b := <-ended
	wantCounts(t, b, host.BulkStopped, 50, 15, 0, 0)
	if b.EndedAt.IsZero() || b.Error != "" {
		t.Errorf("it ended at %s with error %q, want a time and no error", b.EndedAt, b.Error)
	}
	f.restart()
	again, err := f.runner.End(t.Context(), id)
	if err != nil || again.Changed != 15 {
		t.Errorf("End again = %d changed, %v; want it as it was", again.Changed, err)
	}
	counts, err := f.store.CountRuns(t.Context(), f.request("env=prod", prod).Where)
	if err != nil || counts.Total() != 15 {
		t.Errorf("%d runs were changed, %v; want 15", counts.Total(), err)
	}
	if _, err := f.runner.End(t.Context(), string(newID(t))); host.CodeOf(err) != host.NotFound {
		t.Errorf("End of none: %v, want NotFound", err)
	}
}

func TestStoreThatTakesNoWritesPausesIt(t *testing.T) {
	f := newFixture(t, 5).start()
	f.many(20, "env", "dev")
	full := &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "the disk is nearly full"}
	f.seam.set(func() {
		f.seam.beforeUpdate = func([]host.RunID) { f.seam.set(func() { f.seam.refuse, f.seam.beforeUpdate = full, nil }) }
	})
	b := f.begin(f.request("env=dev", prod))
	for pause := 500 * time.Millisecond; pause < 4*time.Second; pause *= 2 {
		if err := f.clock.Await(t.Context(), pause); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.clock.AwaitWaiter(t.Context(), 4*time.Second); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := f.runner.End(t.Context(), b.ID)
		ended <- err
	}()
	if err := f.clock.AwaitWaiter(t.Context(), bulk.StopPatience); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(bulk.StopPatience)
	if err := f.clock.AwaitWaiter(t.Context(), 8*time.Second); err != nil { // the action has tried again
		t.Fatal(err)
	}
	if err := <-ended; host.ReasonOf(err) != "BULK_NOT_STOPPED" || !strings.Contains(err.Error(), "nearly full") {
		t.Errorf("End = %v, want why it has not ended yet", err)
	}
	f.seam.set(func() { f.seam.refuse = nil })
	f.clock.Advance(8 * time.Second)
	wantCounts(t, f.await(b.ID), host.BulkStopped, 20, 5, 0, 0) // it was told to end; the batch was begun
}

func TestItGoesOnOnceTheStoreTakesWrites(t *testing.T) {
	f := newFixture(t, 5).start()
	f.many(20, "env", "dev")
	f.seam.set(func() {
		f.seam.beforeUpdate = func([]host.RunID) {
			f.seam.set(func() { f.seam.refuse, f.seam.beforeUpdate = errors.New("something else"), nil })
		}
	})
	b := f.begin(f.request("env=dev", prod))
	if err := f.clock.AwaitWaiter(t.Context(), 500*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	f.seam.set(func() { f.seam.refuse = nil })
	f.clock.Advance(500 * time.Millisecond)
	wantCounts(t, f.await(b.ID), host.BulkDone, 20, 20, 0, 0)
}

func TestFailuresAreOfTheirRuns(t *testing.T) {
	f := newFixture(t, 0).start()
	again := host.BulkAction{Kind: host.BulkReexecute, Strategy: "all"}
	for i := range host.MaxBulkFailures + 5 {
		id := f.run(host.Failure, "env", "dev").ID
		f.refuses[id] = &host.Error{Code: host.Refused, Reason: "INCOMPATIBLE", Message: fmt.Sprintf("no %d", i), Remedy: "upgrade it"}
	}
	gone := f.run(host.Failure, "env", "dev").ID
	f.refuses[gone] = &host.Error{Code: host.Unavailable, Reason: "LOCATION_UNREACHABLE", Message: "it does not answer"}
	b := f.await(f.begin(f.request("env=dev", again)).ID)
	wantCounts(t, b, host.BulkDone, host.MaxBulkFailures+6, 0, 0, host.MaxBulkFailures+6)
	if len(b.Failures) != host.MaxBulkFailures {
		t.Errorf("%d failures are kept, want %d", len(b.Failures), host.MaxBulkFailures)
	}
	want := []host.BulkFailure{{Run: gone, Message: "it does not answer"}}
	if !slices.Equal(b.Failures[:1], want) {
		t.Errorf("the first failure is %+v, want %+v", b.Failures[0], want[0])
	}
	if got := b.Failures[1].Message; got != fmt.Sprintf("no %d\nUpgrade it.", host.MaxBulkFailures+4) {
		t.Errorf("the second failure says %q", got)
	}
}

func TestErrorOfNobodyIsTriedAgainAndThenOneOfTheRun(t *testing.T) {
	f := newFixture(t, 0).start()
	id := f.run(host.Failure).ID
	f.refuses[id] = errors.New("something inside")
	b := f.begin(f.request("", host.BulkAction{Kind: host.BulkReexecute, Strategy: "from_failure"}))
	for i, pause := 0, 500*time.Millisecond; i < 8; i, pause = i+1, min(2*pause, 15*time.Second) {
		if err := f.clock.Await(t.Context(), pause); err != nil {
			t.Fatal(err)
		}
	}
	b = f.await(b.ID)
	wantCounts(t, b, host.BulkDone, 1, 0, 0, 1)
	if got := b.Failures[0].Message; got != "internal error, see the host's log" {
		t.Errorf("the failure says %q, want nothing of the inside", got)
	}
}

func TestBeginProblems(t *testing.T) {
	f := newFixture(t, 0)
	for name, a := range map[string]host.BulkAction{
		"Nothing":     {},
		"Strategy":    {Kind: host.BulkReexecute, Strategy: "selected"},
		"NoTags":      {Kind: host.BulkTag},
		"TagRule":     {Kind: host.BulkTag, Set: []tag.Tag{{Key: "bad key"}, {Key: "penstock/run_key", Value: "x"}}},
		"TwoMeanings": {Kind: host.BulkTag, Set: []tag.Tag{{Key: "a"}}, Remove: []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.runner.Begin(t.Context(), f.request("", a))
			e, ok := errors.AsType[*host.Error](err)
			if !ok || e.Code != host.Invalid || len(e.Problems) == 0 {
				t.Fatalf("Begin = %v, want problems", err)
			}
			p, err := f.runner.Preview(t.Context(), f.request("", a))
			if err != nil || !slices.Equal(p.Problems, e.Problems) {
				t.Errorf("Preview = %v, %v; want the problems of Begin, %v", p.Problems, err, e.Problems)
			}
		})
	}
	q := f.request("", prod)
	q.ID = "short"
	if _, err := f.runner.Begin(t.Context(), q); host.ReasonOf(err) != "REQUEST_ID" {
		t.Errorf("Begin with a short request id = %v", err)
	}
	q = f.request("", prod)
	q.By = strings.Repeat("x", 1000)
	if _, err := f.runner.Begin(t.Context(), q); host.CodeOf(err) != host.Invalid {
		t.Errorf("Begin by somebody with a long name = %v, want Invalid", err)
	}
}

func TestTooManyActions(t *testing.T) {
	f := newFixture(t, 0).start()
	f.run(host.Queued)
	f.seam.set(func() { f.seam.refuse = &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "full"} })
	// Writes of actions alone are to work, so they begin in the store itself.
	f.runner.Stop()
	var last string
	for range bulk.MaxUnfinished {
		b := host.Bulk{ID: string(newID(t)), Action: prod, CreatedAt: f.clock.Now(), Below: 2, Next: 2, Selected: 1, State: host.BulkRunning}
		last = b.ID
		if _, _, err := f.store.CreateBulk(t.Context(), "request-"+b.ID, b); err != nil {
			t.Fatal(err)
		}
	}
	f.close()
	f.open()
	f.seam.set(func() { f.seam.refuse = &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "full"} })
	f.start()
	if _, err := f.runner.Begin(t.Context(), f.request("", prod)); host.ReasonOf(err) != "TOO_MANY_BULKS" {
		t.Errorf("Begin = %v, want that too many go on", err)
	}
	f.seam.set(func() { f.seam.refuse = nil })
	// Only some act at once; as these end, the others get their turns.
	go func() {
		for f.clock.Await(t.Context(), 500*time.Millisecond) == nil {
			continue
		}
	}()
	f.await(last)
}

func TestStartAndStop(t *testing.T) {
	f := newFixture(t, 1)
	f.runner.Stop() // before the start
	f.runner.Stop()
	f.restart()
	f.many(20, "env", "dev")
	id := f.begin(f.request("env=dev", prod)).ID
	for changed := uint64(2); changed < 20; changed += 3 {
		f.awaitThat(id, func(b *host.Bulk) bool { return b.Changed >= changed })
		f.restart()
	}
	wantCounts(t, f.await(id), host.BulkDone, 20, 20, 0, 0)
	f.runner.Stop()
	if _, err := f.runner.Begin(t.Context(), f.request("env=prod", prod)); err != nil {
		t.Errorf("Begin after Stop = %v, want it kept for the next start", err)
	}
}

func TestCanceledContexts(t *testing.T) {
	f := newFixture(t, 0).start()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.runner.Begin(ctx, f.request("", prod)); !errors.Is(err, context.Canceled) {
		t.Errorf("Begin = %v, want the error of its context", err)
	}
	if _, err := f.runner.Preview(ctx, f.request("", prod)); !errors.Is(err, context.Canceled) {
		t.Errorf("Preview = %v, want the error of its context", err)
	}
	page, _, err := f.store.Bulks(t.Context(), "", 1)
	if err != nil || len(page) > 0 {
		t.Errorf("%d actions were begun, %v", len(page), err)
	}
}

func TestHistoryNamesTheAction(t *testing.T) {
	f := newFixture(t, 0).start()
	id := f.run(host.Success, "env", "dev").ID
	f.await(f.begin(f.request("env=dev", prod)).ID)
	f.await(f.begin(f.request("env=prod", prod)).ID)
	if n := f.notes(id, launch.NoteTagsChanged); n != 1 {
		t.Errorf("%d events tell of changed tags, want 1", n)
	}
}

func TestReasonOfACancelIsOneLine(t *testing.T) {
	f := newFixture(t, 0).start()
	run := f.run(host.Queued)
	f.await(f.begin(f.request("", host.BulkAction{Kind: host.BulkCancel, Reason: "it costs\ntoo much\x1b[31m\xff"})).ID)
	if got, want := f.get(run.ID).StatusReason, "it costs too much\ufffd[31m\ufffd"; got != want {
		t.Errorf("the run is canceled because %q, want %q", got, want)
	}
}

// TestFewWritesAtOnce lets four actions act at a time: what others wait for stays that of one.
func TestFewWritesAtOnce(t *testing.T) {
	f := newFixture(t, 4).start()
	f.many(40, "env", "dev")
	now, most := 0, 0 // under the seam's lock
	f.seam.set(func() {
		f.seam.beforeUpdate = func([]host.RunID) { f.seam.set(func() { now++; most = max(most, now) }) }
		f.seam.afterUpdate = func() { f.seam.set(func() { now-- }) }
	})
	var ids []string
	for i := range 4 {
		ids = append(ids, f.begin(f.request("env=dev", host.BulkAction{Kind: host.BulkTag, Set: []tag.Tag{{Key: "k", Value: fmt.Sprint(i)}}})).ID)
	}
	for _, id := range ids {
		wantCounts(t, f.await(id), host.BulkDone, 40, 40, 0, 0)
	}
	f.seam.set(func() {
		if most > 2 {
			t.Errorf("%d writes were under way at a time, want at most 2", most)
		}
	})
}
