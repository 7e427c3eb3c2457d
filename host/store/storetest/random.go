package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// random does operations by chance and compares every answer with the model's.
func (x *exercise) random(t *testing.T) {
	x.byChance(t, func(rt *rapid.T, s *store) {
		r := &random{store: s, model: newModel()}
		rt.Repeat(map[string]func(*rapid.T){
			"":           r.check,
			"create":     r.create,
			"update":     r.update,
			"update ":    r.update, // often
			"append":     r.append,
			"append ":    r.append,
			"delete":     r.delete,
			"update *":   r.updateSeveral,
			"delete *":   r.deleteSeveral,
			"collect":    r.collect,
			"runs":       r.runs,
			"events":     r.events,
			"bodies":     r.bodies,
			"find":       r.find,
			"repoint":    r.repoint,
			"know":       r.know,
			"know ":      r.know,
			"touch":      r.touch,
			"history":    r.histories,
			"automate":   r.automate,
			"tick":       r.tick,
			"tick ":      r.tick,
			"backfill":   r.backfillOne,
			"tidy":       func(*rapid.T) { r.tidy() },
			"close/open": func(*rapid.T) { r.reopen() },
		})
	})
}

type random struct {
	*store

	model *model
}

var (
	texts = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\x00", "a\x00b", "/", "a", "b"}))
	data  = rapid.Custom(func(t *rapid.T) []byte {
		return bytes.Repeat([]byte(texts.Draw(t, "text")), rapid.IntRange(0, 50).Draw(t, "times"))
	})
	blobs = rapid.SliceOfN(data, 0, 5)
	jobs  = rapid.SampledFrom([]host.JobName{
		{Location: "l", Repository: "r", Job: "j"}, {Location: "l", Repository: "r", Job: "k"}, {Location: "ll", Repository: "r", Job: "k"},
	})
	tagKeys = rapid.SampledFrom([]string{"a", "b", "a\x00", ""})
)

// pick chooses a run, deleted ones too.
func (r *random) pick(t *rapid.T) *modelRun {
	if len(r.model.runs) == 0 {
		t.Skip("no runs yet")
	}
	return r.model.runs[rapid.IntRange(0, len(r.model.runs)-1).Draw(t, "run")]
}

func (r *random) create(t *rapid.T) {
	n := newRun(r.t)
	n.Run.Job = jobs.Draw(t, "job")
	n.Run.CreatedAt = epoch.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "minutes")) * time.Minute)
	n.Run.ConfigYAML = texts.Draw(t, "config")
	n.Run.Tags = []tag.Tag{{Key: tagKeys.Draw(t, "key"), Value: texts.Draw(t, "value"), Origin: tag.OriginLaunch}}
	n.Events = blobs.Draw(t, "notes")
	body := data.Draw(t, "body")
	n.Run.Launched.Definition = digestOf(body)
	n.Bodies = map[host.Digest][]byte{digestOf(body): body}
	if len(r.model.runs) > 0 && rapid.IntRange(0, 4).Draw(t, "repeat") == 0 {
		n.RequestID = r.pick(t).request
	}
	before := r.model.requests[n.RequestID]
	got, created, err := r.CreateRun(r.ctx, n)
	if before != nil && (before.deleted || before.run.LaunchedJob() != n.Run.Job) {
		wantCode(t, "CreateRun with a request id of another run", err, host.Conflict)
		return
	}
	if err != nil || created != (before == nil) {
		t.Fatalf("CreateRun = created %t, %v; want created %t", created, err, before == nil)
	}
	if made := r.model.create(n); made != nil {
		before = made
	}
	wantSame(t, "CreateRun", got, before.run)
}

func (r *random) update(t *rapid.T) {
	run := r.pick(t)
	refuse := rapid.IntRange(0, 5).Draw(t, "refuse") == 0
	notes := blobs.Draw(t, "notes")
	status := rapid.SampledFrom(host.RunStatuses).Draw(t, "status")
	reason := texts.Draw(t, "reason")
	attempt := uint32(0)
	if rapid.IntRange(0, 3).Draw(t, "new attempt") == 0 {
		attempt = 1
	}
	due := rapid.Bool().Draw(t, "retry due")
	refused := errors.New("refused")
	change := func(h *host.Run) ([][]byte, error) {
		h.Status, h.StatusReason, h.Attempt, h.RetryDue = status, reason, h.Attempt+attempt, due
		if refuse {
			return notes, refused
		}
		return notes, nil
	}
	got, err := r.UpdateRun(r.ctx, run.run.ID, change)
	switch {
	case run.deleted:
		wantCode(t, "UpdateRun of a deleted run", err, host.NotFound)
	case refuse:
		if !errors.Is(err, refused) {
			t.Errorf("UpdateRun = %v, want the error of change", err)
		}
	case err != nil:
		t.Errorf("UpdateRun: %v", err)
	default:
		was := run.run
		_, _ = change(&run.run)
		run.note(notes)
		r.model.end(&was, &run.run)
		wantSame(t, "UpdateRun", got, run.run)
	}
}

func (r *random) append(t *rapid.T) {
	run := r.pick(t)
	attempt := run.run.Attempt
	if attempt == 0 || rapid.IntRange(0, 9).Draw(t, "other attempt") == 0 {
		attempt++
	}
	last := run.last[attempt]
	b := host.EventBatch{Attempt: attempt, First: uint64(max(1, int(last)+rapid.IntRange(-3, 2).Draw(t, "first")))}
	salt := data.Draw(t, "data")
	for i := range rapid.IntRange(0, 150).Draw(t, "events") {
		b.Events = append(b.Events, fmt.Appendf(nil, "%d %s", b.First+uint64(i), salt))
	}
	got, err := r.AppendEvents(r.ctx, run.run.ID, b)
	switch {
	case run.deleted:
		wantCode(t, "AppendEvents to a deleted run", err, host.NotFound)
	case attempt != run.run.Attempt:
		wantCode(t, "AppendEvents of another attempt", err, host.Conflict)
	case !run.append(b):
		wantCode(t, "AppendEvents with a gap", err, host.Conflict)
	case err != nil || got != run.last[attempt]:
		t.Errorf("AppendEvents = %d, %v; want %d", got, err, run.last[attempt])
	}
}

func (r *random) delete(t *rapid.T) {
	run := r.pick(t)
	err := r.DeleteRun(r.ctx, run.run.ID)
	switch {
	case run.deleted:
		wantCode(t, "DeleteRun of a deleted run", err, host.NotFound)
	case !run.run.Status.Final():
		wantCode(t, "DeleteRun of a run that is not final", err, host.Conflict)
	case err != nil:
		t.Errorf("DeleteRun: %v", err)
	default:
		run.deleted, run.collect = true, run.run.Attempt > 0
	}
}

// collect forgets some of the runs whose outputs are to be collected, and others.
func (r *random) collect(t *rapid.T) {
	location := jobs.Draw(t, "job").Location
	limit := rapid.IntRange(0, 3).Draw(t, "limit")
	after := host.RunID("")
	if rapid.Bool().Draw(t, "from a place") {
		after = r.pick(t).run.ID
	}
	ids, err := r.OutputsToCollect(r.ctx, location, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(r.model.outputs(location), func(id host.RunID) bool { return id <= after })
	wantSame(t, "OutputsToCollect", ids, want[:min(limit, len(want))])
	forget := append(slices.Clone(ids), r.pick(t).run.ID)
	if err := r.OutputsCollected(r.ctx, location, forget); err != nil {
		t.Fatal(err)
	}
	for _, run := range r.model.runs {
		if run.run.Job.Location == location && slices.Contains(forget, run.run.ID) {
			run.collect = false
		}
	}
}

func (r *random) runs(t *rapid.T) {
	parts := []*selector.Expr{host.StatusIn(rapid.SliceOfN(rapid.SampledFrom(host.RunStatuses), 0, 3).Draw(t, "statuses")...)}
	if rapid.Bool().Draw(t, "by job") {
		parts = append(parts, host.JobIs(host.JobName{Job: jobs.Draw(t, "job").Job}))
	}
	if rapid.Bool().Draw(t, "by tag") && len(r.model.runs) > 0 {
		for _, has := range r.pick(t).run.Tags {
			parts = append(parts, selector.TagIs(has.Key, has.Value))
		}
	}
	f := selector.All(parts...)
	before := uint64(rapid.IntRange(0, len(r.model.runs)+2).Draw(t, "before"))
	limit := rapid.IntRange(1, 5).Draw(t, "limit")
	want := r.model.matching(f, before)
	page, err := r.Runs(r.ctx, f, before, limit)
	if err != nil || (page.Next != 0) != (len(want) > limit) {
		t.Errorf("Runs(%+v, %d, %d): next %d, %v; want a next page: %t", f, before, limit, page.Next, err, len(want) > limit)
	}
	wantSame(t, "Runs", page.Runs, want[:min(limit, len(want))])
	if page.Next != 0 {
		rest := r.model.matching(f, page.Next)
		wantSame(t, "the rest of Runs", rest, want[limit:])
	}
}

func (r *random) events(t *rapid.T) {
	run := r.pick(t)
	at := host.Cursor{
		Attempt: uint32(rapid.IntRange(0, 3).Draw(t, "attempt")),
		Seq:     uint64(rapid.IntRange(0, 200).Draw(t, "seq")),
		Note:    uint32(rapid.IntRange(0, 3).Draw(t, "note")),
	}
	limit := rapid.IntRange(1, 200).Draw(t, "limit")
	got, err := r.Events(r.ctx, run.run.ID, at, limit)
	last, lastErr := r.LastEvents(r.ctx, run.run.ID, limit)
	if run.deleted {
		wantCode(t, "Events of a deleted run", err, host.NotFound)
		wantCode(t, "LastEvents of a deleted run", lastErr, host.NotFound)
		return
	}
	if err := errors.Join(err, lastErr); err != nil {
		t.Fatal(err)
	}
	wantSame(t, fmt.Sprintf("%d events after %s", limit, at), got, run.after(at, limit))
	wantSame(t, fmt.Sprintf("last %d events", limit), last, run.events[max(0, len(run.events)-limit):])
}

func (r *random) bodies(t *rapid.T) {
	body := data.Draw(t, "body")
	if err := r.PutBodies(r.ctx, map[host.Digest][]byte{digestOf(body): body}); err != nil {
		t.Errorf("PutBodies: %v", err)
	}
	r.model.bodies[digestOf(body)] = body
	for d, want := range r.model.bodies {
		got, err := r.Body(r.ctx, d)
		if err != nil {
			t.Errorf("Body(%s): %v", d, err)
		}
		wantSame(t, "Body", got, want)
	}
}

func (r *random) find(t *rapid.T) {
	id := string(r.pick(t).run.ID)
	prefix := id[:rapid.IntRange(0, len(id)).Draw(t, "length")]
	got, err := r.FindRuns(r.ctx, prefix, math.MaxInt)
	if err != nil {
		t.Errorf("FindRuns: %v", err)
	}
	wantSame(t, "FindRuns of "+prefix, got, r.model.find(prefix))
}

// check compares what is cheap to compare after every operation.
func (r *random) check(t *rapid.T) {
	page, err := r.Runs(r.ctx, nil, 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "all runs", page.Runs, r.model.matching(nil, 0))
	open, err := r.OpenRuns(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "open runs", open, r.model.open())
	retries, err := r.RunsToRetry(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	wantSame(t, "runs to retry", retries, r.model.retries())
	locations, err := r.LocationsToCollect(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, location := range []string{"here", "l", "ll"} {
		if len(r.model.outputs(location)) > 0 {
			want = append(want, location)
		}
	}
	wantSame(t, "locations to collect", locations, want)
	r.checkTicks(t)
	for _, run := range r.model.runs {
		if last, err := r.LastSeq(r.ctx, run.run.ID, run.run.Attempt); !run.deleted && (err != nil || last != run.last[run.run.Attempt]) {
			t.Errorf("LastSeq = %d, %v; want %d", last, err, run.last[run.run.Attempt])
		}
	}
}
