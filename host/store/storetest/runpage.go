package storetest

import (
	"fmt"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (x *exercise) runPages(t *testing.T) {
	t.Run("PagesAreNewestFirst", x.pagesInOrder)
	t.Run("PagesWhileRunsComeAndGo", x.pagesWhileRunsComeAndGo)
	t.Run("Filters", x.filters)
}

// pages reads all pages of a filter.
func (s *store) pages(where *selector.Expr, limit int) (seqs []uint64) {
	s.t.Helper()
	for before := uint64(0); ; {
		page, err := s.Runs(s.ctx, where, before, limit)
		if err != nil {
			s.t.Fatalf("Runs(%+v, %d, %d): %v", where, before, limit, err)
		}
		if len(page.Runs) > limit {
			s.t.Fatalf("Runs(%+v, %d, %d) has %d runs", where, before, limit, len(page.Runs))
		}
		for _, r := range page.Runs {
			seqs = append(seqs, r.Seq)
		}
		if before = page.Next; before == 0 {
			return seqs
		}
	}
}

// pagesOfRefs is pages of SelectRuns.
func (s *store) pagesOfRefs(where *selector.Expr, limit int) (seqs []uint64) {
	s.t.Helper()
	for before := uint64(0); ; {
		page, err := s.SelectRuns(s.ctx, where, before, limit)
		if err != nil {
			s.t.Fatalf("SelectRuns(%+v, %d, %d): %v", where, before, limit, err)
		}
		if len(page.Runs) > limit {
			s.t.Fatalf("SelectRuns(%+v, %d, %d) has %d runs", where, before, limit, len(page.Runs))
		}
		for _, r := range page.Runs {
			if ids, err := s.FindRuns(s.ctx, string(r.ID), 1); err != nil || len(ids) != 1 {
				s.t.Fatalf("SelectRuns(%+v) names run %q, which is not there: %v", where, r.ID, err)
			}
			seqs = append(seqs, r.Seq)
		}
		if before = page.Next; before == 0 {
			return seqs
		}
	}
}

func (x *exercise) pagesInOrder(t *testing.T) {
	s := x.new(t)
	if page, err := s.Runs(s.ctx, nil, 0, 10); err != nil || len(page.Runs) > 0 || page.Next != 0 {
		t.Errorf("Runs of an empty store = %+v, %v", page, err)
	}
	var want []uint64
	for range 10 {
		want = append([]uint64{s.create(nil).Seq}, want...)
	}
	for limit := 1; limit <= 12; limit++ {
		wantSame(t, fmt.Sprintf("pages of %d", limit), s.pages(nil, limit), want)
	}
	for _, c := range []struct {
		before uint64
		more   bool
	}{{1, false}, {2, false}, {4, false}, {5, true}, {11, true}, {1 << 63, true}} {
		page, err := s.Runs(s.ctx, nil, c.before, 3)
		if err != nil || (page.Next != 0) != c.more {
			t.Errorf("Runs before %d: next %d, %v; want a next page: %t", c.before, page.Next, err, c.more)
		}
		for _, r := range page.Runs {
			if r.Seq >= c.before {
				t.Errorf("Runs before %d has %d", c.before, r.Seq)
			}
		}
	}
	if page, err := s.Runs(s.ctx, nil, 0, 0); err != nil || len(page.Runs) > 0 {
		t.Errorf("Runs with limit 0 = %+v, %v", page, err)
	}
	if page, err := s.SelectRuns(s.ctx, nil, 0, 0); err != nil || len(page.Runs) > 0 {
		t.Errorf("SelectRuns with limit 0 = %+v, %v", page, err)
	}
}

func (x *exercise) pagesWhileRunsComeAndGo(t *testing.T) {
	s := x.new(t)
	var runs []host.Run
	for range 10 {
		runs = append(runs, s.create(nil))
	}
	first, err := s.Runs(s.ctx, nil, 0, 4) // 10, 9, 8, 7
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []uint64{7, 6, 3, 1} {
		id := runs[seq-1].ID
		s.ended(id)
		if err := s.DeleteRun(s.ctx, id); err != nil {
			t.Fatal(err)
		}
		s.create(nil)
	}
	var got []uint64
	for before := first.Next; before != 0; {
		page, err := s.Runs(s.ctx, nil, before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Runs {
			got = append(got, r.Seq)
		}
		before = page.Next
	}
	wantSame(t, "pages after the first", got, []uint64{5, 4, 2})
}

func (x *exercise) filters(t *testing.T) {
	s := x.new(t)
	for i := range 12 {
		definition := fmt.Append(nil, "definition ", i%3)
		run := s.create(func(n *host.NewRun) {
			n.Bodies = map[host.Digest][]byte{digestOf(definition): definition}
			n.Run.Launched = host.Snapshot{Definition: digestOf(definition), CodeVersion: fmt.Sprint("v", i%2)}
			n.Run.Job = host.JobName{Location: "l", Repository: fmt.Sprint("r", i%2), Job: fmt.Sprint("j", i%3)}
			n.Run.Tags = []tag.Tag{
				{Key: "i", Value: fmt.Sprint(i % 4), Origin: tag.OriginLaunch}, {Key: "odd\x00=", Value: "v\x00"},
			}
		})
		if i%4 == 0 {
			s.ended(run.ID)
		}
		if i%6 == 1 {
			s.update(run.ID, func(r *host.Run) {
				r.StartedFrom = host.Snapshot{Definition: digestOf([]byte("definition 2")), CodeVersion: "v2"}
			})
		}
	}
	all := s.all()
	version := func(v string) *selector.Expr { return selector.FieldIs(host.FieldVersion, v) }
	snapshot := func(id string) *selector.Expr { return selector.FieldHasPrefix(host.FieldSnapshot, id) }
	for _, f := range []*selector.Expr{
		nil,
		host.JobIs(host.JobName{Repository: "r1"}),
		host.JobIs(host.JobName{Location: "l", Repository: "r0", Job: "j1"}),
		host.JobIs(host.JobName{Location: "nowhere"}),
		host.StatusIn(host.Success),
		host.StatusIn(host.Failure, host.Queued),
		selector.TagIs("i", "2"),
		selector.All(selector.TagIs("odd\x00=", "v\x00"), selector.TagIs("i", "0")),
		selector.TagIs("odd", "v"),
		selector.All(selector.TagIs("i", "0"), selector.TagIs("i", "1")),
		version("v1"),
		version("v2"),
		version("v"),
		snapshot(host.Snapshot{Definition: digestOf([]byte("definition 2"))}.ID()[:5]),
		selector.All(snapshot(host.Snapshot{Definition: digestOf([]byte("definition 0"))}.ID()), version("v0"), host.StatusIn(host.Success)),
		snapshot("0123456789abcdef"),
		selector.All(selector.TagIs("i", "3"), host.JobIs(host.JobName{Job: "j2"}), host.StatusIn(host.Queued)),
	} {
		var want []uint64
		for _, r := range all {
			if f.Matches(host.RunSource{Run: &r}) {
				want = append(want, r.Seq)
			}
		}
		for _, limit := range []int{1, 2, 100} {
			wantSame(t, fmt.Sprintf("pages of %d of %+v", limit, f), s.pages(f, limit), want)
			wantSame(t, fmt.Sprintf("pages of %d names of %+v", limit, f), s.pagesOfRefs(f, limit), want)
		}
	}
}
