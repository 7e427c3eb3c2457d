package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (x *exercise) backfills(t *testing.T) {
	t.Run("KeepsAll", x.backfillKeepsAll)
	t.Run("Request", x.backfillRequest)
	t.Run("Update", x.backfillUpdate)
	t.Run("Rounds", x.backfillRounds)
	t.Run("ErrChange", x.backfillErrChange)
	t.Run("ManyPartitions", x.backfillManyPartitions)
	t.Run("Pages", x.backfillPages)
	t.Run("OldOnesAreForgotten", x.backfillsForgotten)
	t.Run("ErrArguments", x.backfillArguments)
}

// newBackfill makes a backfill that has just begun.
func newBackfill(t reporter) host.Backfill {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Errorf("make an id: %v", err)
	}
	return host.Backfill{
		ID: id.String(), Job: host.JobName{Location: "here", Repository: "tutorial", Job: "my_job"}, PartitionSet: "daily",
		Partitions: []string{"2026-03-01", "2026-03-02", "2026-03-03"}, MaxOpenRuns: host.DefaultBackfillOpenRuns,
		AskedDigest: digestOf([]byte(id.String())), CreatedAt: epoch, State: host.BackfillRunning,
	}
}

// beginBackfill adds a backfill.
func (s *store) beginBackfill(b host.Backfill) host.Backfill {
	s.t.Helper()
	made, created, err := s.CreateBackfill(s.ctx, "request "+b.ID, b)
	if err != nil || !created {
		s.t.Fatalf("CreateBackfill(%+v) = created %t, error %v; want a new backfill", b, created, err)
	}
	return made
}

func (s *store) backfill(id string) host.Backfill {
	s.t.Helper()
	b, err := s.Backfill(s.ctx, id)
	if err != nil {
		s.t.Fatalf("Backfill(%s): %v", id, err)
	}
	return b
}

func (s *store) updateBackfill(id string, change func(*host.Backfill)) host.Backfill {
	s.t.Helper()
	b, err := s.UpdateBackfill(s.ctx, id, func(b *host.Backfill) error {
		change(b)
		return nil
	})
	if err != nil {
		s.t.Fatalf("UpdateBackfill(%s): %v", id, err)
	}
	return b
}

func (x *exercise) backfillKeepsAll(t *testing.T) {
	s := x.new(t)
	b := newBackfill(t)
	b.Tags = []tag.Tag{{Key: "a", Value: "\t", Origin: tag.OriginLaunch}, {Key: "b"}}
	b.ConfigYAML, b.OpSelection, b.Title, b.By, b.Asked = "ops: {}", "+a", "of March", "ada", []byte("\x00\xff")
	b.Partitions = []string{"odd \u00fc|\"", "", "b"}
	b.Problem, b.Next, b.RefusedCount, b.Forced = "it waits", 2, 9, true
	b.Refusals = []host.BackfillRefusal{{Partition: "b", Message: "it refuses"}}
	b.Counts = host.RunCounts{}
	wantSame(t, "CreateBackfill", s.beginBackfill(b), b)
	got := s.backfill(b.ID)
	wantSame(t, "Backfill", got, b)
	got.Partitions[0], got.Refusals[0].Message = "x", "x" // it is the caller's
	s.reopen()
	wantSame(t, "Backfill after reopening", s.backfill(b.ID), b)
	if got := s.backfill(b.ID); got.Counts == nil {
		t.Error("that there are counts, of nothing, is lost")
	}
}

func (x *exercise) backfillRequest(t *testing.T) {
	s := x.new(t)
	b := s.beginBackfill(newBackfill(t))
	b = s.updateBackfill(b.ID, func(b *host.Backfill) { b.Next = 2 })
	s.reopen()
	again := newBackfill(t)
	again.AskedDigest, again.Title = b.AskedDigest, "other"
	got, created, err := s.CreateBackfill(s.ctx, "request "+b.ID, again)
	if err != nil || created {
		t.Errorf("CreateBackfill again = created %t, %v", created, err)
	}
	wantSame(t, "CreateBackfill again", got, b)
	if got, err = s.BackfillOfRequest(s.ctx, "request "+b.ID); err != nil {
		t.Error(err)
	}
	wantSame(t, "BackfillOfRequest", got, b)
	_, err = s.BackfillOfRequest(s.ctx, "request "+again.ID)
	wantCode(t, "BackfillOfRequest of none", err, host.NotFound)
	_, _, err = s.CreateBackfill(s.ctx, "request "+b.ID, newBackfill(t))
	if wantCode(t, "CreateBackfill of another with its request", err, host.Conflict); host.ReasonOf(err) != host.ReasonRequestUsed {
		t.Errorf("its reason is %s", host.ReasonOf(err))
	}
	_, _, err = s.CreateBackfill(s.ctx, "another request id", b)
	wantCode(t, "CreateBackfill with the id of another", err, host.Conflict)
	_, err = s.Backfill(s.ctx, again.ID)
	wantCode(t, "Backfill of one that was not made", err, host.NotFound)
}

func (x *exercise) backfillUpdate(t *testing.T) {
	s := x.new(t)
	b := s.beginBackfill(newBackfill(t))
	want := b
	want.State, want.EndedAt, want.Problem, want.Next = host.BackfillFailure, epoch.Add(1), "some failed", 3
	want.Refusals, want.RefusedCount, want.Forced = []host.BackfillRefusal{{Partition: "2026-03-02", Message: "no"}}, 1, true
	want.Counts = host.RunCounts{host.Success: 1, host.Failure: 1}
	got := s.updateBackfill(b.ID, func(b *host.Backfill) {
		*b = want
		b.Partitions, b.Title, b.Job.Job, b.Retry, b.By = nil, "x", "x", []int{1}, "x" // never change so
	})
	wantSame(t, "UpdateBackfill", got, want)
	s.reopen()
	wantSame(t, "Backfill", s.backfill(b.ID), want)

	const clients = 8
	s.updateBackfill(b.ID, func(b *host.Backfill) { b.RefusedCount = 1 })
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			if _, err := s.UpdateBackfill(s.ctx, b.ID, func(b *host.Backfill) error {
				b.RefusedCount++
				return nil
			}); err != nil {
				t.Errorf("UpdateBackfill: %v", err)
			}
		})
	}
	wg.Wait()
	if got := s.backfill(b.ID).RefusedCount; got != clients+1 {
		t.Errorf("%d of %d concurrent updates are there", got-1, clients)
	}
}

func (x *exercise) backfillRounds(t *testing.T) {
	s := x.new(t)
	b := s.beginBackfill(newBackfill(t))
	for round, places := range [][]int{{2, 0}, nil, {1}} {
		want := b
		want.Round, want.Retry, want.RetryRequest, want.Next = round+1, places, fmt.Sprint("request ", round), 0
		b = s.updateBackfill(b.ID, func(b *host.Backfill) { *b = want })
		wantSame(t, "UpdateBackfill", b, want)
		wantSame(t, "Backfill", s.backfill(b.ID), want)
		b = s.updateBackfill(b.ID, func(b *host.Backfill) { b.Next = len(places) })
		wantSame(t, "places of a round that goes on", b.Retry, places)
	}
	_, err := s.UpdateBackfill(s.ctx, b.ID, func(b *host.Backfill) error {
		b.Round--
		return nil
	})
	wantCode(t, "UpdateBackfill that goes back", err, host.Invalid)
	s.reopen()
	wantSame(t, "Backfill", s.backfill(b.ID), b)
}

func (x *exercise) backfillErrChange(t *testing.T) {
	s := x.new(t)
	b := s.beginBackfill(newBackfill(t))
	refused := errors.New("refused")
	if _, err := s.UpdateBackfill(s.ctx, b.ID, func(b *host.Backfill) error {
		b.Next = 2
		return refused
	}); !errors.Is(err, refused) {
		t.Errorf("UpdateBackfill = %v, want the error of change", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic of change did not reach its caller")
			}
		}()
		_, _ = s.UpdateBackfill(s.ctx, b.ID, func(*host.Backfill) error { panic("of a test") })
	}()
	for name, change := range map[string]func(*host.Backfill){
		"State":  func(b *host.Backfill) { b.State = "DANCING" },
		"Next":   func(b *host.Backfill) { b.Next = 4 },
		"Places": func(b *host.Backfill) { b.Round, b.Retry = 1, []int{3} },
	} {
		_, err := s.UpdateBackfill(s.ctx, b.ID, func(b *host.Backfill) error {
			change(b)
			return nil
		})
		wantCode(t, "UpdateBackfill with a wrong "+name, err, host.Invalid)
	}
	_, err := s.UpdateBackfill(s.ctx, uuid.NewString(), func(*host.Backfill) error { return nil })
	wantCode(t, "UpdateBackfill of none", err, host.NotFound)
	wantSame(t, "Backfill", s.backfill(b.ID), b)
}

func (x *exercise) backfillManyPartitions(t *testing.T) {
	s := x.new(t)
	b := newBackfill(t)
	b.Partitions = make([]string, host.MaxBackfillPartitions)
	retry := make([]int, 0, len(b.Partitions))
	for i := range b.Partitions {
		b.Partitions[i] = fmt.Sprintf("%032x", i)
		retry = append(retry, i)
	}
	b = s.beginBackfill(b)
	slices.Reverse(retry)
	want := b
	want.Round, want.Retry = 1, retry
	s.updateBackfill(b.ID, func(b *host.Backfill) { b.Round, b.Retry = 1, retry })
	wantSame(t, "Backfill", s.backfill(b.ID), want)
	before, err := s.Size()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		s.updateBackfill(b.ID, func(b *host.Backfill) { b.Next = i })
	}
	if after, err := s.Size(); err != nil || after > before+1<<20 {
		t.Errorf("the store grew from %d to %d bytes (%v) with updates of small things", before, after, err)
	}
}

func (x *exercise) backfillPages(t *testing.T) {
	s := x.new(t)
	var all []host.Backfill
	for i := range 7 {
		b := newBackfill(t)
		b.Job.Job = fmt.Sprint("job", i%2)
		all = append(all, s.beginBackfill(b))
	}
	slices.Reverse(all)
	for _, job := range []host.JobName{{}, all[0].Job, {Location: "x", Repository: "y", Job: "z"}} {
		var got, want []host.Backfill
		for _, b := range all {
			if job == (host.JobName{}) || b.Job == job {
				want = append(want, b)
			}
		}
		for before := ""; ; {
			page, next, err := s.Backfills(s.ctx, job, before, 2)
			if err != nil || len(page) > 2 {
				t.Fatalf("Backfills = %d, %v", len(page), err)
			}
			got = append(got, page...)
			if before = next; next == "" {
				break
			}
		}
		wantSame(t, "Backfills of "+job.Job, got, want)
	}
	id := all[2].ID
	for _, prefix := range []string{"", id[:9], id, id + "0", "x", id[:35]} {
		var want []string
		for _, b := range slices.Backward(all) {
			if strings.HasPrefix(b.ID, prefix) {
				want = append(want, b.ID)
			}
		}
		got, err := s.FindBackfills(s.ctx, prefix, 5)
		if err != nil {
			t.Error(err)
		}
		wantSame(t, fmt.Sprintf("FindBackfills(%q)", prefix), got, want[:min(5, len(want))])
	}
	_, _, err := s.Backfills(s.ctx, host.JobName{}, "x", 2)
	wantCode(t, "Backfills before no id", err, host.Invalid)
}

func (x *exercise) backfillsForgotten(t *testing.T) {
	s := x.new(t)
	first := s.beginBackfill(newBackfill(t))
	var ids []string
	begin := func() {
		b := newBackfill(t)
		ids = append(ids, s.beginBackfill(b).ID)
		s.updateBackfill(b.ID, func(b *host.Backfill) { b.State = host.BackfillSuccess })
	}
	begin()
	b := newBackfill(t) // and the rest at once
	ids = append(ids, b.ID)
	s.beginBackfill(b)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range (host.MaxBackfills - 3) / 8 {
				b := newBackfill(t)
				if _, _, err := s.CreateBackfill(s.ctx, "request "+b.ID, b); err != nil {
					t.Errorf("CreateBackfill: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for range (host.MaxBackfills-3)%8 + 2 {
		s.beginBackfill(newBackfill(t))
	}
	_, err := s.Backfill(s.ctx, ids[0])
	wantCode(t, "Backfill that ended and is beyond the newest ones", err, host.NotFound)
	_, err = s.BackfillOfRequest(s.ctx, "request "+ids[0])
	wantCode(t, "BackfillOfRequest of it", err, host.NotFound)
	wantSame(t, "one that goes on", s.backfill(first.ID), first)
	s.backfill(ids[1])
}

func (x *exercise) backfillArguments(t *testing.T) {
	s := x.new(t)
	for name, edit := range map[string]func(*host.Backfill){
		"ID":         func(b *host.Backfill) { b.ID = "x" },
		"Job":        func(b *host.Backfill) { b.Job.Job = "" },
		"Partitions": func(b *host.Backfill) { b.Partitions = nil },
		"many":       func(b *host.Backfill) { b.Partitions = make([]string, host.MaxBackfillPartitions+1) },
		"text":       func(b *host.Backfill) { b.Partitions[1] = "\xff" },
		"State":      func(b *host.Backfill) { b.State = host.BackfillSuccess },
		"open runs":  func(b *host.Backfill) { b.MaxOpenRuns = 0 },
		"round":      func(b *host.Backfill) { b.Round = 1 },
		"refusals":   func(b *host.Backfill) { b.Refusals = make([]host.BackfillRefusal, 2) },
		"title":      func(b *host.Backfill) { b.Title = "\xff" },
	} {
		b := newBackfill(t)
		edit(&b)
		_, _, err := s.CreateBackfill(s.ctx, "request "+uuid.NewString(), b)
		wantCode(t, "CreateBackfill with a wrong "+name, err, host.Invalid)
	}
	_, _, err := s.CreateBackfill(s.ctx, "short", newBackfill(t))
	wantCode(t, "CreateBackfill with a short request id", err, host.Invalid)
	found, err := s.FindBackfills(s.ctx, "", 1)
	if err != nil || len(found) > 0 {
		t.Errorf("FindBackfills = %v, %v; want none", found, err)
	}
}
