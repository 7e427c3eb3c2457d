package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (x *exercise) runSelects(t *testing.T) {
	t.Run("AsBruteForce", x.selectsAsBruteForce)
	t.Run("PagesWhileTagsChange", x.pagesWhileTagsChange)
	t.Run("CanceledContext", x.selectCanceled)
}

// selectsAsBruteForce changes runs by chance and compares what conditions by chance select with what they match.
func (x *exercise) selectsAsBruteForce(t *testing.T) {
	x.byChance(t, func(rt *rapid.T, s *store) {
		c := &choosing{store: s, runs: map[uint64]host.RunSource{}}
		c.create(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"create":     c.create,
			"retag":      c.retag,
			"finish":     c.finish,
			"start":      c.start,
			"repoint":    c.repoint,
			"delete":     c.delete,
			"page":       c.page,
			"count":      c.count,
			"terms":      c.terms,
			"close/open": func(*rapid.T) { c.reopen() },
		})
	})
}

// choosing is a store with what its runs are known to be.
type choosing struct {
	*store

	runs map[uint64]host.RunSource
}

// newestFirst are the numbers of all runs.
func (c *choosing) newestFirst() []uint64 {
	seqs := slices.Sorted(maps.Keys(c.runs))
	slices.Reverse(seqs)
	return seqs
}

func (c *choosing) create(t *rapid.T) {
	for range rapid.IntRange(1, 12).Draw(t, "runs") {
		n := newRun(c.t)
		n.Run.Job = selectableJobs.Draw(t, "job")
		n.Run.CreatedAt = tenMinutes.Draw(t, "created")
		n.Run.Tags = selectableTags.Draw(t, "tags")
		body := selectableMetadata.Draw(t, "metadata")
		definition := []byte(n.Run.Job.Job)
		n.Bodies = map[host.Digest][]byte{digestOf(definition): definition}
		n.Run.Launched = host.Snapshot{Definition: digestOf(definition), CodeVersion: rapid.SampledFrom(selectableTexts).Draw(t, "version")}
		if body != "" {
			n.Bodies[digestOf([]byte(body))] = []byte(body)
			n.Run.Launched.Metadata = digestOf([]byte(body))
		}
		run, created, err := c.CreateRun(c.ctx, n)
		if err != nil || !created {
			t.Fatalf("CreateRun = created %t, %v", created, err)
		}
		texts, err := MetadataTexts([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		c.runs[run.Seq] = host.RunSource{Run: &run, Texts: texts}
	}
}

// change updates one run by chance, or several in one write.
func (c *choosing) change(t *rapid.T, change func(*host.Run)) {
	seqs := c.newestFirst()
	if len(seqs) == 0 {
		t.Skip("no runs")
	}
	chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(seqs), 1, min(len(seqs), 8), rapid.ID[uint64]).Draw(t, "chosen")
	ids := make([]host.RunID, len(chosen))
	for i, seq := range chosen {
		ids[i] = c.runs[seq].Run.ID
	}
	changed := func(r *host.Run) ([][]byte, error) {
		change(r)
		return nil, nil
	}
	var results []host.RunResult
	var err error
	if len(ids) == 1 {
		results = make([]host.RunResult, 1)
		results[0].Run, err = c.UpdateRun(c.ctx, ids[0], changed)
	} else {
		results, err = c.UpdateRuns(c.ctx, host.Request{}, ids, changed)
	}
	for i := range results {
		if err = errors.Join(err, results[i].Err); err == nil {
			run := &results[i].Run
			c.runs[run.Seq] = host.RunSource{Run: run, Texts: c.runs[run.Seq].Texts}
		}
	}
	if err != nil {
		t.Fatalf("update runs: %v", err)
	}
}

func (c *choosing) retag(t *rapid.T) {
	tags := selectableTags.Draw(t, "tags")
	c.change(t, func(r *host.Run) { r.Tags = slices.Clone(tags) })
}

func (c *choosing) finish(t *rapid.T) {
	status, at := rapid.SampledFrom(host.RunStatuses).Draw(t, "status"), someTimes.Draw(t, "ended")
	c.change(t, func(r *host.Run) { r.Status, r.EndedAt = status, at[r.Seq%uint64(len(at))] })
}

func (c *choosing) start(t *rapid.T) {
	at, version := someTimes.Draw(t, "started"), rapid.SampledFrom(selectableTexts).Draw(t, "version")
	c.change(t, func(r *host.Run) {
		r.Status, r.StartedAt = host.Started, at[r.Seq%uint64(len(at))]
		r.StartedFrom = host.Snapshot{Definition: digestOf([]byte(version)), CodeVersion: version}
	})
}

func (c *choosing) repoint(t *rapid.T) {
	job := selectableJobs.Draw(t, "job")
	c.change(t, func(r *host.Run) {
		if r.Status == host.Queued {
			r.Job = job
		}
	})
}

// delete deletes final runs by chance, one by one or in one write.
func (c *choosing) delete(t *rapid.T) {
	var ids []host.RunID
	for _, seq := range c.newestFirst() {
		if run := c.runs[seq].Run; run.Status.Final() && rapid.Bool().Draw(t, "this one") {
			ids = append(ids, run.ID)
			delete(c.runs, seq)
		}
	}
	if rapid.Bool().Draw(t, "at once") {
		results, err := c.DeleteRuns(c.ctx, host.Request{}, ids)
		for _, r := range results {
			err = errors.Join(err, r.Err)
		}
		if err != nil {
			t.Fatalf("DeleteRuns: %v", err)
		}
		return
	}
	for _, id := range ids {
		if err := c.DeleteRun(c.ctx, id); err != nil {
			t.Fatalf("DeleteRun: %v", err)
		}
	}
}

func (c *choosing) page(t *rapid.T) {
	where := c.condition(t, 3)
	var want []uint64
	for _, seq := range c.newestFirst() {
		if where.Matches(c.runs[seq]) {
			want = append(want, seq)
		}
	}
	limit := rapid.SampledFrom([]int{1, 3, 100}).Draw(t, "limit")
	wantSame(t, fmt.Sprintf("pages of %d of %s", limit, conditionText(where)), c.pages(where, limit), want)
	wantSame(t, fmt.Sprintf("pages of %d names of %s", limit, conditionText(where)), c.pagesOfRefs(where, limit), want)
	if page, err := c.Runs(c.ctx, where, 0, 100); err != nil || len(page.Runs) > 0 && page.Runs[0].Seq != want[0] {
		t.Errorf("Runs of %s: %v", conditionText(where), err)
	} else {
		for i := range page.Runs {
			wantSame(t, "a run of a page", page.Runs[i], *c.runs[page.Runs[i].Seq].Run)
			page.Runs[i].Tags = append(page.Runs[i].Tags[:0], tag.Tag{Key: "spoilt"})
		}
	}
}

func (c *choosing) count(t *rapid.T) {
	where := c.condition(t, 3)
	want := host.RunCounts{}
	for _, source := range c.runs {
		if where.Matches(source) {
			want[source.Run.Status]++
		}
	}
	got, err := c.CountRuns(c.ctx, where)
	if err != nil {
		t.Fatalf("CountRuns of %s: %v", conditionText(where), err)
	}
	wantSame(t, "CountRuns of "+conditionText(where), got, want)
}

func (c *choosing) terms(t *rapid.T) {
	q := host.TermQuery{
		On:     rapid.SampledFrom([]selector.Subject{selector.Tag, selector.Metadata, selector.Field}).Draw(t, "on"),
		Prefix: rapid.SampledFrom([]string{"", "", "a", "a\x00", "l"}).Draw(t, "prefix"),
		Limit:  rapid.SampledFrom([]int{1, 2, 100}).Draw(t, "limit"),
	}
	if q.On == selector.Field {
		q.Name = rapid.SampledFrom(selectableFields).Draw(t, "field")
	} else if rapid.Bool().Draw(t, "values") {
		q.Name = rapid.SampledFrom(selectableKeys).Draw(t, "key")
	}
	got, err := c.RunTerms(c.ctx, q)
	if err != nil {
		t.Fatalf("RunTerms(%+v): %v", q, err)
	}
	wantSame(t, fmt.Sprintf("RunTerms(%+v)", q), got, c.countTerms(q))
}

func (x *exercise) pagesWhileTagsChange(t *testing.T) {
	s := x.new(t)
	var runs []host.Run
	for range 12 {
		runs = append(runs, s.create(func(n *host.NewRun) { n.Run.Tags = []tag.Tag{{Key: "k", Value: "in"}} }))
	}
	retag := func(seq uint64, value string) {
		s.update(runs[seq-1].ID, func(r *host.Run) { r.Tags = []tag.Tag{{Key: "k", Value: value}} })
	}
	retag(11, "out")
	var got []uint64
	for before, page := uint64(0), 0; page == 0 || before != 0; page++ {
		found, err := s.Runs(s.ctx, selector.TagIs("k", "in"), before, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found.Runs {
			got = append(got, r.Seq)
		}
		before = found.Next
		switch page {
		case 0: // 12, 10, 9
			retag(8, "out")
			retag(11, "in")
			retag(12, "out")
		case 1: // 7, 6, 5
			retag(8, "in")
			retag(4, "out")
			retag(3, "out")
			retag(3, "in")
		}
	}
	wantSame(t, "pages while tags change", got, []uint64{12, 10, 9, 7, 6, 5, 3, 2, 1})
}

func (x *exercise) selectCanceled(t *testing.T) {
	s := x.new(t)
	s.create(nil)
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	slow := selector.None(&selector.Expr{Op: selector.After, On: selector.Field, Name: host.FieldStarted, Time: selector.Time{At: epoch}})
	_, err := s.Runs(ctx, slow, 0, 1)
	_, err2 := s.CountRuns(ctx, slow)
	if !errors.Is(err, context.Canceled) || !errors.Is(err2, context.Canceled) {
		t.Errorf("with a cancelled context: Runs %v, CountRuns %v", err, err2)
	}
}
