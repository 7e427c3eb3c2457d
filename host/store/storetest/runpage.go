package storetest

import (
	"fmt"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (x *exercise) runPages(t *testing.T) {
	t.Run("PagesAreNewestFirst", x.pagesInOrder)
	t.Run("PagesWhileRunsComeAndGo", x.pagesWhileRunsComeAndGo)
	t.Run("Filters", x.filters)
}

// pages reads all pages of a filter.
func (s *store) pages(f host.RunFilter, limit int) (seqs []uint64) {
	s.t.Helper()
	for before := uint64(0); ; {
		page, err := s.Runs(s.ctx, f, before, limit)
		if err != nil {
			s.t.Fatalf("Runs(%+v, %d, %d): %v", f, before, limit, err)
		}
		if len(page.Runs) > limit {
			s.t.Fatalf("Runs(%+v, %d, %d) has %d runs", f, before, limit, len(page.Runs))
		}
		for _, r := range page.Runs {
			seqs = append(seqs, r.Seq)
		}
		if before = page.Next; before == 0 {
			return seqs
		}
	}
}

func (x *exercise) pagesInOrder(t *testing.T) {
	s := x.new(t)
	if page, err := s.Runs(s.ctx, host.RunFilter{}, 0, 10); err != nil || len(page.Runs) > 0 || page.Next != 0 {
		t.Errorf("Runs of an empty store = %+v, %v", page, err)
	}
	var want []uint64
	for range 10 {
		want = append([]uint64{s.create(nil).Seq}, want...)
	}
	for limit := 1; limit <= 12; limit++ {
		wantSame(t, fmt.Sprintf("pages of %d", limit), s.pages(host.RunFilter{}, limit), want)
	}
	for _, c := range []struct {
		before uint64
		more   bool
	}{{1, false}, {2, false}, {4, false}, {5, true}, {11, true}, {1 << 63, true}} {
		page, err := s.Runs(s.ctx, host.RunFilter{}, c.before, 3)
		if err != nil || (page.Next != 0) != c.more {
			t.Errorf("Runs before %d: next %d, %v; want a next page: %t", c.before, page.Next, err, c.more)
		}
		for _, r := range page.Runs {
			if r.Seq >= c.before {
				t.Errorf("Runs before %d has %d", c.before, r.Seq)
			}
		}
	}
	if page, err := s.Runs(s.ctx, host.RunFilter{}, 0, 0); err != nil || len(page.Runs) > 0 {
		t.Errorf("Runs with limit 0 = %+v, %v", page, err)
	}
}

func (x *exercise) pagesWhileRunsComeAndGo(t *testing.T) {
	s := x.new(t)
	var runs []host.Run
	for range 10 {
		runs = append(runs, s.create(nil))
	}
	first, err := s.Runs(s.ctx, host.RunFilter{}, 0, 4) // 10, 9, 8, 7
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
		page, err := s.Runs(s.ctx, host.RunFilter{}, before, 2)
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
	for _, f := range []host.RunFilter{
		{},
		{Job: host.JobName{Repository: "r1"}},
		{Job: host.JobName{Location: "l", Repository: "r0", Job: "j1"}},
		{Job: host.JobName{Location: "nowhere"}},
		{Statuses: []host.RunStatus{host.Success}},
		{Statuses: []host.RunStatus{host.Failure, host.Queued}},
		{Tags: []tag.Tag{{Key: "i", Value: "2"}}},
		{Tags: []tag.Tag{{Key: "odd\x00=", Value: "v\x00"}, {Key: "i", Value: "0", Origin: tag.OriginRun}}},
		{Tags: []tag.Tag{{Key: "odd", Value: "v"}}},
		{Tags: []tag.Tag{{Key: "i", Value: "0"}, {Key: "i", Value: "1"}}},
		{CodeVersion: "v1"},
		{CodeVersion: "v2"},
		{CodeVersion: "v"},
		{Snapshot: host.Snapshot{Definition: digestOf([]byte("definition 2"))}.ID()[:5]},
		{Snapshot: host.Snapshot{Definition: digestOf([]byte("definition 0"))}.ID(), CodeVersion: "v0", Statuses: []host.RunStatus{host.Success}},
		{Snapshot: "0123456789abcdef"},
		{Tags: []tag.Tag{{Key: "i", Value: "3"}}, Job: host.JobName{Job: "j2"}, Statuses: []host.RunStatus{host.Queued}},
	} {
		var want []uint64
		for _, r := range all {
			if f.Matches(&r) {
				want = append(want, r.Seq)
			}
		}
		for _, limit := range []int{1, 2, 100} {
			wantSame(t, fmt.Sprintf("pages of %d of %+v", limit, f), s.pages(f, limit), want)
		}
	}
}
