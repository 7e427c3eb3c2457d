package boltstore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// patientClock stands still until it is moved, and nobody's time comes at it.
type patientClock struct {
	mu  sync.Mutex
	now time.Time
}

func newPatientClock() *patientClock { return &patientClock{now: time.Unix(1_780_000_000, 0).UTC()} }

func (c *patientClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *patientClock) After(time.Duration) <-chan time.Time { return nil }

func (c *patientClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// remembered tells of each request whether a store still knows it.
func remembered(t *testing.T, s *Store, ids ...string) (known []bool) {
	t.Helper()
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		for _, id := range ids {
			known = append(known, tx.Bucket(bucketIdempotency).Get([]byte(id)) != nil)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return known
}

// mark changes runs by a request.
func mark(t *testing.T, s *Store, id string, runs ...host.RunID) {
	t.Helper()
	results, err := s.UpdateRuns(t.Context(), host.Request{ID: id, What: "mark"}, runs, func(r *host.Run) ([][]byte, error) {
		r.StartTimeouts++
		return nil, nil
	})
	if err != nil || results[0].Err != nil {
		t.Fatalf("%+v, %v", results, err)
	}
}

func TestOldRequestsAreForgotten(t *testing.T) {
	clock := newPatientClock()
	s, _ := openNew(t, &Options{Clock: clock})
	launch := func() (host.NewRun, host.RunID) {
		n := newRun()
		n.Run.CreatedAt = clock.Now()
		run, _, err := s.CreateRun(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		return n, run.ID
	}
	kept, keptID := launch()
	deleted, deletedID := launch()
	updated(t, s, deletedID, func(r *host.Run) { r.Status = host.Failure })
	if err := s.DeleteRun(t.Context(), deletedID); err != nil {
		t.Fatal(err)
	}
	mark(t, s, "old and not used again", keptID)
	mark(t, s, "old, and goes on later", keptID)
	want := func(what string, want ...bool) {
		t.Helper()
		if err := s.forget(1000); err != nil {
			t.Fatal(err)
		}
		got := remembered(t, s, kept.RequestID, deleted.RequestID, "old and not used again", "old, and goes on later")
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s the requests are known %v, want %v", what, got, want)
		}
	}
	want("at once", true, true, true, true)
	clock.move(6 * 24 * time.Hour)
	_, other := launch()
	mark(t, s, "old, and goes on later", keptID, other)
	clock.move(24*time.Hour - time.Second)
	want("a second before 7 days", true, true, true, true)
	clock.move(2 * time.Second)
	want("after 7 days", true, false, false, true)
	clock.move(365 * 24 * time.Hour)
	want("after a year", true, false, false, false)
	if run, err := s.RunOfRequest(t.Context(), kept.RequestID); err != nil || run.ID != keptID {
		t.Errorf("the launch of a run that is there answers %s, %v", run.ID, err)
	}
}

// TestForgettingKeepsUp writes for ever, and expects that what is kept of requests does not grow for ever.
func TestForgettingKeepsUp(t *testing.T) {
	clock := newPatientClock()
	s, _ := openNew(t, &Options{Clock: clock})
	runs := make([]host.RunID, 100)
	for i := range runs {
		n := newRun()
		n.Run.CreatedAt = clock.Now()
		run, _, err := s.CreateRun(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		runs[i] = run.ID
	}
	const days = 25
	for day := range days {
		s.forgetting.done.Wait()
		clock.move(24 * time.Hour)
		for i := range 3 {
			mark(t, s, fmt.Sprintf("request %08x of day %d", (day*3+i)*2654435761%(1<<32), day), runs...)
		}
	}
	s.forgetting.done.Wait()
	left := 0
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		left = tx.Bucket(bucketIdempotency).Stats().KeyN
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	// The launches, those of 7 days, and what was written since the last look.
	if left < len(runs)+7*3 || left > len(runs)+7*3+forgetEvery/len(runs)+3 {
		t.Errorf("after %d days %d records are left", days, left)
	}
}

func TestDamagedRequestIsNotForgotten(t *testing.T) {
	clock := newPatientClock()
	s, _ := openNew(t, &Options{Clock: clock})
	run := create(t, s)
	mark(t, s, "a request to be damaged", run.ID)
	for name, value := range map[string][]byte{
		"checksum": []byte("xxxxxxxxxxxxxxxx"),
		"format":   pack([]byte("a request to be damaged"), make([]byte, 60)),
		"length":   pack([]byte("a request to be damaged"), append(make([]byte, idLen), append([]byte{memoryFormat, 0, 0, 0, 0, 0, 0, 0, 1, 0, 200}, make([]byte, 16)...)...)),
	} {
		if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
			x.put(bucketIdempotency, []byte("a request to be damaged"), value)
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
		clock.move(30 * 24 * time.Hour)
		if err := s.forget(1000); err != nil {
			t.Fatal(err)
		}
		if !remembered(t, s, "a request to be damaged")[0] {
			t.Errorf("%s: a damaged record was removed", name)
		}
		r := host.Request{ID: "a request to be damaged", What: "mark"}
		_, err := s.UpdateRuns(t.Context(), r, []host.RunID{run.ID}, func(*host.Run) ([][]byte, error) { return nil, nil })
		wantReason(t, name, err, host.Internal, reasonDamaged)
		_, err = s.RunsOfRequest(t.Context(), r)
		wantReason(t, name, err, host.Internal, reasonDamaged)
	}
	// What is left is to be sound.
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		x.del(bucketIdempotency, []byte("a request to be damaged"))
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
}
