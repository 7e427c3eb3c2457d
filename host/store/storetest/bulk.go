package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (x *exercise) bulks(t *testing.T) {
	t.Run("KeepsAll", x.bulkKeepsAll)
	t.Run("Request", x.bulkRequest)
	t.Run("OneRequestAtATime", x.bulkRequestRace)
	t.Run("Progress", x.bulkProgress)
	t.Run("ErrEnded", x.bulkEnded)
	t.Run("Pages", x.bulkPages)
	t.Run("OldOnesAreForgotten", x.bulksForgotten)
	t.Run("ErrArguments", x.bulkArguments)
}

// newBulk makes an action that has just begun.
func newBulk(t reporter) host.Bulk {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Errorf("make an id: %v", err)
	}
	return host.Bulk{
		ID:        id.String(),
		Action:    host.BulkAction{Kind: host.BulkTag, Where: `team="data team"`, Set: []tag.Tag{{Key: "env", Value: "prod"}}},
		Asked:     digestOf([]byte(id.String())),
		By:        "ada",
		CreatedAt: epoch,
		Below:     8, Selected: 7, Next: 8,
		State: host.BulkRunning,
	}
}

// begin adds an action.
func (s *store) begin(b host.Bulk) host.Bulk {
	s.t.Helper()
	made, created, err := s.CreateBulk(s.ctx, "request "+b.ID, b)
	if err != nil || !created {
		s.t.Fatalf("CreateBulk(%+v) = created %t, error %v; want a new action", b, created, err)
	}
	return made
}

func (s *store) bulk(id string) host.Bulk {
	s.t.Helper()
	b, err := s.Bulk(s.ctx, id)
	if err != nil {
		s.t.Fatalf("Bulk(%s): %v", id, err)
	}
	return b
}

func refs(t reporter, seqs ...uint64) (refs []host.RunRef) {
	t.Helper()
	for _, seq := range seqs {
		id, err := uuid.NewV7()
		if err != nil {
			t.Errorf("make an id: %v", err)
		}
		refs = append(refs, host.RunRef{Seq: seq, ID: host.RunID(id.String())})
	}
	return refs
}

func (x *exercise) bulkKeepsAll(t *testing.T) {
	s := x.new(t)
	b := newBulk(t)
	b.Action = host.BulkAction{
		Kind: host.BulkReexecute, Runs: refs(t, 1<<40, 7, 1), Where: "odd = \"\u00fc\n\"", Force: true, Reason: "because", Strategy: "all",
		Set: []tag.Tag{{Key: "a", Value: "\t"}, {Key: "b"}}, Remove: []string{"c", "d"},
	}
	b.Batch, b.Changed, b.PassedOver, b.Failed, b.Error = refs(t, 3, 2), 1, 2, 3, "no more"
	b.Failures = []host.BulkFailure{{Run: refs(t, 1)[0].ID, Message: "it refuses"}}
	wantSame(t, "CreateBulk", s.begin(b), b)
	wantSame(t, "Bulk", s.bulk(b.ID), b)
	changed := s.bulk(b.ID)
	changed.Action.Runs[0].Seq, changed.Failures[0].Message = 0, "" // it is the caller's
	s.reopen()
	wantSame(t, "Bulk after reopening", s.bulk(b.ID), b)
}

func (x *exercise) bulkRequest(t *testing.T) {
	s := x.new(t)
	b := s.begin(newBulk(t))
	b.Changed = 5
	if err := s.PutBulk(s.ctx, b); err != nil {
		t.Fatal(err)
	}
	s.reopen()
	again := newBulk(t) // relative times may have become other instants
	again.Asked, again.Action.Where = b.Asked, "created<2026-01-01"
	got, created, err := s.CreateBulk(s.ctx, "request "+b.ID, again)
	if err != nil || created {
		t.Fatalf("CreateBulk again = created %t, error %v; want the action that the request made", created, err)
	}
	wantSame(t, "CreateBulk again", got, b)
	got, err = s.BulkOfRequest(s.ctx, "request "+b.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "BulkOfRequest", got, b)
	for _, id := range []string{"request " + again.ID, ""} {
		_, err = s.BulkOfRequest(s.ctx, id)
		wantCode(t, "BulkOfRequest of one that began nothing", err, host.NotFound)
	}
	_, err = s.Bulk(s.ctx, again.ID)
	wantCode(t, "Bulk of a repeated request", err, host.NotFound)
	_, _, err = s.CreateBulk(s.ctx, "request "+b.ID, newBulk(t))
	wantCode(t, "CreateBulk of something else with the request", err, host.Conflict)
	_, _, err = s.CreateBulk(s.ctx, "another request id", b)
	wantCode(t, "CreateBulk with an id that is taken", err, host.Conflict)
}

func (x *exercise) bulkRequestRace(t *testing.T) {
	s := x.new(t)
	b := newBulk(t)
	var wg sync.WaitGroup
	made := make([]host.Bulk, 8)
	won := make([]bool, len(made))
	for i := range made {
		wg.Go(func() {
			own := newBulk(t)
			own.Asked = b.Asked
			var err error
			if made[i], won[i], err = s.CreateBulk(s.ctx, "request "+b.ID, own); err != nil {
				t.Errorf("CreateBulk: %v", err)
			}
		})
	}
	wg.Wait()
	winners := 0
	for i := range made {
		if made[i].ID != made[0].ID {
			t.Errorf("one request made actions %s and %s", made[0].ID, made[i].ID)
		}
		if won[i] {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d calls made an action, want 1", winners)
	}
}

func (x *exercise) bulkProgress(t *testing.T) {
	s := x.new(t)
	b := s.begin(newBulk(t))
	other := s.begin(newBulk(t))
	b.Batch, b.Next, b.Changed, b.PassedOver = refs(t, 6, 5), 5, 1, 1
	b.Fail(refs(t, 7)[0].ID, "it refuses")
	put := b
	put.Action, put.By, put.Below, put.Selected, put.Asked = host.BulkAction{Kind: host.BulkDelete}, "bob", 99, 99, host.Digest{}
	if err := s.PutBulk(s.ctx, put); err != nil {
		t.Fatal(err)
	}
	wantSame(t, "Bulk", s.bulk(b.ID), b)
	s.reopen()
	wantSame(t, "Bulk after reopening", s.bulk(b.ID), b)
	wantSame(t, "another", s.bulk(other.ID), other)
	wantCode(t, "PutBulk of one that is not there", s.PutBulk(s.ctx, newBulk(t)), host.NotFound)
}

func (x *exercise) bulkEnded(t *testing.T) {
	for _, state := range []host.BulkState{host.BulkDone, host.BulkStopped} {
		s := x.new(t)
		b := s.begin(newBulk(t))
		b.State, b.EndedAt, b.Error = state, epoch.Add(time.Minute), "why"
		for range 2 { // again because the first answer may have been lost
			if err := s.PutBulk(s.ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		again := b
		again.State, again.EndedAt = host.BulkRunning, time.Time{}
		wantCode(t, "PutBulk after the end", s.PutBulk(s.ctx, again), host.Conflict)
		wantSame(t, "Bulk", s.bulk(b.ID), b)
	}
}

// bulkList returns all actions, newest first, in pages.
func (s *store) bulkList(limit int) (all []string) {
	s.t.Helper()
	for before := ""; ; {
		page, next, err := s.Bulks(s.ctx, before, limit)
		if err != nil || len(page) > limit {
			s.t.Fatalf("Bulks before %q = %d actions, error %v; want at most %d", before, len(page), err, limit)
		}
		for _, b := range page {
			all = append(all, b.ID)
		}
		if next == "" {
			return all
		}
		before = next
	}
}

func (x *exercise) bulkPages(t *testing.T) {
	s := x.new(t)
	wantSame(t, "Bulks of nothing", s.bulkList(1), nil)
	var want []string
	for range 7 {
		want = append(want, s.begin(newBulk(t)).ID)
	}
	slices.Sort(want)
	slices.Reverse(want)
	for _, limit := range []int{1, 3, 7, 8} {
		wantSame(t, fmt.Sprintf("Bulks in pages of %d", limit), s.bulkList(limit), want)
	}
	page, next, err := s.Bulks(s.ctx, "", 0)
	if len(page) != 0 || next != "" || err != nil {
		t.Errorf("Bulks without a limit = %v, %q, %v; want nothing", page, next, err)
	}
}

func (x *exercise) bulksForgotten(t *testing.T) {
	s := x.new(t)
	var wg sync.WaitGroup
	all := make([]host.Bulk, host.MaxBulks+3)
	for i := range all {
		all[i] = newBulk(t)
	}
	slices.SortFunc(all, func(a, b host.Bulk) int { return strings.Compare(a.ID, b.ID) })
	first := s.begin(all[0])
	first.State, first.EndedAt = host.BulkDone, epoch
	if err := s.PutBulk(s.ctx, first); err != nil {
		t.Fatal(err)
	}
	s.begin(all[1]) // goes on
	for i := 2; i < host.MaxBulks; i++ {
		wg.Go(func() { s.begin(all[i]) })
	}
	wg.Wait()
	wantSame(t, "Bulk while there is room", s.bulk(first.ID), first)
	s.begin(all[host.MaxBulks])
	_, err := s.Bulk(s.ctx, first.ID)
	wantCode(t, "Bulk of one that was forgotten", err, host.NotFound)
	s.begin(all[host.MaxBulks+1])
	wantSame(t, "the oldest, which goes on", s.bulk(all[1].ID).ID, all[1].ID)
	b := all[host.MaxBulks+2]
	if _, created, err := s.CreateBulk(s.ctx, "request "+first.ID, b); err != nil || !created {
		t.Errorf("CreateBulk with a forgotten request = created %t, %v; want a new action", created, err)
	}
}

func (x *exercise) bulkArguments(t *testing.T) {
	s := x.new(t)
	for name, edit := range map[string]func(*host.Bulk){
		"ID":       func(b *host.Bulk) { b.ID = "x" },
		"kind":     func(b *host.Bulk) { b.Action.Kind = "dance" },
		"state":    func(b *host.Bulk) { b.State = "ASLEEP" },
		"ended":    func(b *host.Bulk) { b.State = host.BulkDone },
		"time":     func(b *host.Bulk) { b.CreatedAt = time.Time{} },
		"text":     func(b *host.Bulk) { b.By = "\xff" },
		"runs":     func(b *host.Bulk) { b.Action.Runs = make([]host.RunRef, host.MaxBulkRuns+1) },
		"batch":    func(b *host.Bulk) { b.Batch = []host.RunRef{{Seq: 1, ID: "x"}} },
		"failures": func(b *host.Bulk) { b.Failures = []host.BulkFailure{{Run: "x"}} },
	} {
		b := newBulk(t)
		edit(&b)
		_, _, err := s.CreateBulk(s.ctx, "request "+newBulk(t).ID, b)
		wantCode(t, "CreateBulk with a wrong "+name, err, host.Invalid)
	}
	_, _, err := s.CreateBulk(s.ctx, "short", newBulk(t))
	wantCode(t, "CreateBulk with a short request id", err, host.Invalid)
	_, err = s.Bulk(s.ctx, "x")
	wantCode(t, "Bulk(x)", err, host.NotFound)
	_, _, err = s.Bulks(s.ctx, "x", 1)
	wantCode(t, "Bulks before x", err, host.Invalid)
	wantSame(t, "Bulks", s.bulkList(1), nil)
}
