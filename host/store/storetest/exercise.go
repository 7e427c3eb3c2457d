// Package storetest is the contract of [host.Store] as tests. A store's own tests call [Exercise].
package storetest

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Exercise runs every test against stores that open makes. path names a store: opened again after Close, it has what
// was written before. Metadata is read by [MetadataTexts]. open fails the test when it cannot; Exercise closes what it
// opened.
func Exercise(t *testing.T, open func(t *testing.T, path string) host.Store) {
	x := &exercise{open: open}
	t.Run("Run", x.runs)
	t.Run("RunPage", x.runPages)
	t.Run("RunSelect", x.runSelects)
	t.Run("RunTerm", x.runTerms)
	t.Run("Request", x.requests)
	t.Run("SeveralRuns", x.severalRuns)
	t.Run("RunBytes", x.runBytes)
	t.Run("Event", x.events)
	t.Run("Epoch", x.epochs)
	t.Run("Note", x.notes)
	t.Run("Body", x.bodies)
	t.Run("Retry", x.retries)
	t.Run("Output", x.outputs)
	t.Run("Bulk", x.bulks)
	t.Run("Alert", x.alerts)
	t.Run("LimitChange", x.limitChanges)
	t.Run("Automation", x.automations)
	t.Run("Tick", x.ticks)
	t.Run("Ended", x.endedRuns)
	t.Run("Partition", x.partitions)
	t.Run("Backfill", x.backfills)
	t.Run("KnownLocation", x.knownLocations)
	t.Run("JobHistory", x.jobHistories)
	t.Run("Close", x.closes)
	t.Run("Concurrent", x.concurrent)
	t.Run("Random", x.random)
}

// ExerciseEvents runs the tests that have most to do with events: for a store that keeps them in more than one way.
func ExerciseEvents(t *testing.T, open func(t *testing.T, path string) host.Store) {
	x := &exercise{open: open}
	t.Run("Event", x.events)
	t.Run("Epoch", x.epochs)
	t.Run("Note", x.notes)
	t.Run("Concurrent", x.concurrent)
	t.Run("Random", x.random)
}

type exercise struct {
	open func(t *testing.T, path string) host.Store
}

// store is a store under test.
type store struct {
	host.Store

	x    *exercise
	t    *testing.T
	path string
	ctx  context.Context
}

func (x *exercise) new(t *testing.T) *store {
	t.Helper()
	s := &store{x: x, t: t, path: filepath.Join(t.TempDir(), "store"), ctx: t.Context()}
	s.Store = x.open(t, s.path)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// byChance runs f with a new store again and again, as rapid does.
func (x *exercise) byChance(t *testing.T, f func(rt *rapid.T, s *store)) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path := filepath.Join(t.TempDir(), fmt.Sprint(n))
		s := &store{x: x, t: t, path: path, ctx: t.Context(), Store: x.open(t, path)}
		defer func() {
			if err := s.Close(); err != nil {
				rt.Errorf("Close: %v", err)
			}
		}()
		f(rt, s)
	})
}

// reopen closes the store and opens it again.
func (s *store) reopen() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatalf("Close: %v", err)
	}
	s.Store = s.x.open(s.t, s.path)
}

// epoch is when the tests' first runs are created.
var epoch = time.Date(2026, 3, 29, 0, 30, 0, 123456789, time.UTC)

// newRun makes a queued run without tags, bodies and events.
func newRun(t testing.TB) host.NewRun {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return host.NewRun{
		RequestID: "request " + id.String(),
		Run: host.Run{
			ID:        host.RunID(id.String()),
			Job:       host.JobName{Location: "here", Repository: "tutorial", Job: "my_job"},
			Status:    host.Queued,
			CreatedAt: epoch,
		},
	}
}

// create adds a run after edit, which may be nil.
func (s *store) create(edit func(*host.NewRun)) host.Run {
	s.t.Helper()
	n := newRun(s.t)
	if edit != nil {
		edit(&n)
	}
	run, created, err := s.CreateRun(s.ctx, n)
	if err != nil || !created {
		s.t.Fatalf("CreateRun(%+v) = created %t, error %v; want a new run", n, created, err)
	}
	return run
}

// update changes a run without condition.
func (s *store) update(id host.RunID, change func(*host.Run), notes ...string) host.Run {
	s.t.Helper()
	run, err := s.UpdateRun(s.ctx, id, func(r *host.Run) ([][]byte, error) {
		change(r)
		return bytesOf(notes), nil
	})
	if err != nil {
		s.t.Fatalf("UpdateRun(%s): %v", id, err)
	}
	return run
}

// started adds a run whose first attempt may report events.
func (s *store) started() host.Run {
	s.t.Helper()
	run := s.create(nil)
	return s.update(run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 })
}

// ended makes a run final.
func (s *store) ended(id host.RunID) host.Run {
	s.t.Helper()
	return s.update(id, func(r *host.Run) { r.Status, r.EndedAt = host.Success, epoch.Add(time.Hour) })
}

func (s *store) get(id host.RunID) host.Run {
	s.t.Helper()
	run, err := s.Run(s.ctx, id)
	if err != nil {
		s.t.Fatalf("Run(%s): %v", id, err)
	}
	return run
}

// all returns every run, newest first.
func (s *store) all() []host.Run {
	s.t.Helper()
	page, err := s.Runs(s.ctx, nil, 0, 1<<20)
	if err != nil || page.Next != 0 {
		s.t.Fatalf("Runs of everything = next %d, error %v", page.Next, err)
	}
	return page.Runs
}

// reporter is a test, of package testing or of rapid.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

func wantCode(t reporter, what string, err error, want host.Code) {
	t.Helper()
	if err == nil || host.CodeOf(err) != want {
		t.Errorf("%s: got error %v (code %d), want code %d", what, err, host.CodeOf(err), want)
	}
}

func wantSame[T any](t reporter, what string, got, want T) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return // much faster than a diff
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(tag.Tag{})); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

func bytesOf(texts []string) (b [][]byte) {
	for _, text := range texts {
		b = append(b, []byte(text))
	}
	return b
}

// batch makes events "attempt.seq" from first to last.
func batch(attempt uint32, first, last uint64) host.EventBatch {
	b := host.EventBatch{Attempt: attempt, First: first}
	for seq := first; seq <= last; seq++ {
		b.Events = append(b.Events, fmt.Appendf(nil, "%d.%d", attempt, seq))
	}
	return b
}
