package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// recordLens are how many events the records of a run have, in order.
func recordLens(t testing.TB, s *Store, run uint64) (lens []int) {
	t.Helper()
	for _, e := range s.epochs.all() {
		if err := e.view(func(tx *bbolt.Tx) error {
			records, err := recordsOf(tx, run, host.Cursor{}, math.MaxInt)
			for _, r := range records {
				lens = append(lens, len(r.events))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return lens
}

// merged ends a run and merges its events.
func merged(t testing.TB, s *Store, id host.RunID) host.Run {
	t.Helper()
	run := updated(t, s, id, func(r *host.Run) { r.Status = host.Success })
	if err := s.mergeEvents(t.Context(), []uint64{run.Seq}); err != nil {
		t.Fatal(err)
	}
	return run
}

func TestEndedRunsAreMerged(t *testing.T) {
	for _, c := range []struct {
		batches []int
		want    string
	}{
		{[]int{1}, "[1]"},
		{[]int{1, 2, 3, 4}, "[10]"},
		{[]int{64, 64}, "[128]"},
		{[]int{100, 50, 1}, "[151]"},                      // no short one at the end
		{[]int{50, 50, 50, 60}, "[128 82]"},               // a long one
		{[]int{128, 128, 40}, "[128 128 40]"},             // not worth it
		{[]int{128, 128, 3, 3, 3, 3}, "[128 140]"},        // half as many
		{[]int{128, 1, 127, 2, 126}, "[128 1 127 2 126]"}, // nearly
	} {
		s, _ := openNew(t, nil)
		other, run := start(t, s), start(t, s)
		appended(t, s, other.ID, 1, 2)
		appended(t, s, other.ID, 3, 4)
		last := uint64(0)
		for _, n := range c.batches {
			appended(t, s, run.ID, last+1, last+uint64(n))
			last += uint64(n)
		}
		merged(t, s, run.ID)
		if got := fmt.Sprint(recordLens(t, s, run.Seq)); got != c.want {
			t.Errorf("batches of %v are merged to %s, want %s", c.batches, got, c.want)
		}
		wantNumbered(t, s, run.ID, last)
		if got := fmt.Sprint(recordLens(t, s, other.Seq)); got != "[2 2]" {
			t.Errorf("a run in progress has records of %s", got)
		}
	}
}

// TestMergedRecordsStaySmall merges large events.
func TestMergedRecordsStaySmall(t *testing.T) {
	s, _ := openNew(t, nil)
	run := start(t, s)
	for i := range uint64(40) {
		b := host.EventBatch{Attempt: 1, First: i + 1, Events: [][]byte{bytes.Repeat([]byte{byte(i)}, 50_000)}}
		if _, err := s.AppendEvents(t.Context(), run.ID, b); err != nil {
			t.Fatal(err)
		}
	}
	merged(t, s, run.ID)
	for _, n := range recordLens(t, s, run.Seq) {
		if n > maxRecordBytes/50_000 {
			t.Errorf("a record has %d events of 50 KB", n)
		}
	}
	events, err := s.Events(t.Context(), run.ID, host.Cursor{Attempt: 1}, 100)
	if err != nil || len(events) != 40 || len(recordLens(t, s, run.Seq)) > 10 {
		t.Errorf("%d events are there in records of %v, %v", len(events), recordLens(t, s, run.Seq), err)
	}
}

// TestRunsAreMergedByThemselves waits until what ended runs take in the background is less; a clock's second passes at once.
func TestRunsAreMergedByThemselves(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	clock := newManualClock()
	s := open(t, dir, &Options{Clock: clock})
	var runs []host.Run
	for range 30 {
		run := start(t, s)
		for i := range uint64(5) {
			appended(t, s, run.ID, 3*i+1, 3*i+3)
		}
		runs = append(runs, updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Success }))
	}
	late := runs[0]
	for i := range uint64(3) {
		appended(t, s, late.ID, 16+i, 16+i)
	}
	if err := s.Close(); err != nil { // which merges what waits still
		t.Fatal(err)
	}
	s = open(t, dir, nil)
	defer s.Close()
	for _, run := range runs {
		want := uint64(15)
		if run.ID == late.ID {
			want = 18
		}
		if got := recordLens(t, s, run.Seq); len(got) != 1 || uint64(got[0]) != want {
			t.Errorf("run %d has records of %v, want one of %d", run.Seq, got, want)
		}
		wantNumbered(t, s, run.ID, want)
	}
	for _, d := range clock.waited {
		if d != keeperDelay {
			t.Errorf("the keeper waited %s", d)
		}
	}
}

// TestReadersSeeNoMerge reads a run from each place while it is merged again and again.
func TestReadersSeeNoMerge(t *testing.T) {
	s, _ := openNew(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	runs := make(chan host.Run, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			select {
			case run := <-runs:
				if err := s.mergeEvents(ctx, []uint64{run.Seq}); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			case <-ctx.Done():
			}
		}
	}()
	chance := rand.New(rand.NewPCG(5, 6))
	for range 15 {
		run := updated(t, s, create(t, s).ID, func(r *host.Run) { r.Status, r.Attempt = host.Failure, 1 })
		appendSingly(t, s, run.Seq, 1, 200)
		runs <- run
		for at := uint64(0); at < 200; {
			limit := 1 + chance.IntN(20)
			got, err := s.Events(ctx, run.ID, host.Cursor{Attempt: 1, Seq: at}, limit)
			if err != nil || len(got) != min(limit, 200-int(at)) {
				t.Fatalf("%d events after %d = %d, %v", limit, at, len(got), err)
			}
			for _, e := range got {
				if at++; e.Cursor.Seq != at || string(e.Data) != fmt.Sprint(at) {
					t.Fatalf("event %d is %q at %s", at, e.Data, e.Cursor)
				}
			}
		}
	}
	cancel()
	<-done
}

// TestMergeOfADeletedRunWritesNothing has a run go between the moments at which its events are read and written.
func TestMergeOfADeletedRunWritesNothing(t *testing.T) {
	s, dir := openNew(t, nil)
	run := start(t, s)
	appendSingly(t, s, run.Seq, 1, 50)
	e := s.epochs.current()
	var due []merging
	if err := e.view(func(tx *bbolt.Tx) error {
		records, err := recordsOf(tx, run.Seq, host.Cursor{}, math.MaxInt)
		if err == nil {
			due, err = mergingsOf(run.Seq, records)
		}
		return err
	}); err != nil || len(due) != 1 {
		t.Fatalf("%d mergings, %v; want 1", len(due), err)
	}
	updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Success })
	if err := s.DeleteRun(t.Context(), run.ID); err != nil {
		t.Fatal(err)
	}
	if err := e.replace(t.Context(), due); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	checkPurged(t, dir)
}

// TestEpochThatMovesIsNotMerged leaves records alone of which some may have been copied.
func TestEpochThatMovesIsNotMerged(t *testing.T) {
	s, _ := openNew(t, nil)
	run := create(t, s)
	appendSingly(t, s, run.Seq, 1, 50)
	begin(t, s)
	old := s.epochs.all()[0]
	s.setMoving(old, true)
	if err := s.mergeEvents(t.Context(), []uint64{run.Seq}); err != nil {
		t.Fatal(err)
	}
	if got := recordLens(t, s, run.Seq); len(got) != 50 {
		t.Errorf("the records have %v events", got)
	}
	s.setMoving(old, false)
	if err := s.mergeEvents(t.Context(), []uint64{run.Seq}); err != nil {
		t.Fatal(err)
	}
	if got := recordLens(t, s, run.Seq); len(got) != 1 {
		t.Errorf("the records have %v events", got)
	}
}

// TestRunsOfBeforeACrashAreMerged opens what a process left that was killed while runs which had just ended waited.
func TestRunsOfBeforeACrashAreMerged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, &Options{Clock: stoppedClock{}})
	now := time.Now()
	ended := func(at time.Time) host.Run {
		run := start(t, s)
		for i := range uint64(5) {
			appended(t, s, run.ID, 3*i+1, 3*i+3)
		}
		return updated(t, s, run.ID, func(r *host.Run) { r.Status, r.EndedAt = host.Success, at })
	}
	long := ended(now.Add(-time.Hour)) // it was merged an hour ago, or is not now
	late, last := ended(now.Add(-time.Second)), ended(now)
	open := start(t, s)
	appended(t, s, open.ID, 1, 1)
	appended(t, s, open.ID, 2, 2)
	killed := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(killed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(killed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.Close(); err != nil { // which waits for what is merged
		t.Fatal(err)
	}
	checkFiles(t, killed)
	if s, err = Open(killed, nil); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for run, want := range map[*host.Run]string{&long: "[3 3 3 3 3]", &late: "[15]", &last: "[15]", &open: "[1 1]"} {
		if got := fmt.Sprint(recordLens(t, s, run.Seq)); got != want {
			t.Errorf("run %d has records of %s, want %s", run.Seq, got, want)
		}
	}
}

// stoppedClock never gets on.
type stoppedClock struct{}

func (stoppedClock) Now() time.Time                       { return time.Unix(1_780_000_000, 0) }
func (stoppedClock) After(time.Duration) <-chan time.Time { return nil }
