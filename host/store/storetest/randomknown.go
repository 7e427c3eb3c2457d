package storetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
)

var (
	knownNames = rapid.SampledFrom([]string{"l", "l\x00", "m"})
	knownJobs  = rapid.MapOf(
		rapid.SampledFrom([]string{"r/a", "r/b", "s/a"}),
		rapid.Custom(func(t *rapid.T) [2]string {
			return [2]string{
				rapid.SampledFrom([]string{"one", "two"}).Draw(t, "definition"),
				rapid.SampledFrom([]string{"", "m", "nn", "-", "-n"}).Draw(t, "metadata"),
			}
		}))
	instants = rapid.Custom(func(t *rapid.T) time.Time {
		return epoch.Add(time.Duration(rapid.IntRange(-9, 9).Draw(t, "minutes")) * time.Minute)
	})
)

func (r *random) repoint(t *rapid.T) {
	run := r.pick(t)
	job := jobs.Draw(t, "job")
	unstarted := run.run.Status == host.Queued || run.run.Status == host.WaitingForCode
	got, err := r.UpdateRun(r.ctx, run.run.ID, func(h *host.Run) ([][]byte, error) {
		h.Job = job
		return nil, nil
	})
	switch {
	case run.deleted:
		wantCode(t, "UpdateRun of a deleted run", err, host.NotFound)
	case !unstarted && job != run.run.Job:
		wantCode(t, "UpdateRun that re-points a run that was started", err, host.Invalid)
	case err != nil:
		t.Errorf("UpdateRun: %v", err)
	default:
		if run.run.LaunchedAs == (host.JobName{}) && job != run.run.Job {
			run.run.LaunchedAs = run.run.Job
		}
		run.run.Job = job
		wantSame(t, "UpdateRun that re-points", got, run.run)
	}
}

func (r *random) know(t *rapid.T) {
	l, bodies := knownLocation(knownNames.Draw(t, "location"), instants.Draw(t, "loaded"), knownJobs.Draw(t, "jobs"))
	l.AnsweredAt = instants.Draw(t, "answered")
	l.AllowDevVersions = rapid.Bool().Draw(t, "allow")
	if err := r.PutKnownLocation(r.ctx, l, bodies); err != nil {
		t.Fatalf("PutKnownLocation: %v", err)
	}
	r.model.put(l)
	maps.Copy(r.model.bodies, bodies)
}

func (r *random) touch(t *rapid.T) {
	times := rapid.MapOf(knownNames, instants).Draw(t, "times")
	if err := r.TouchKnownLocations(r.ctx, times); err != nil {
		t.Fatalf("TouchKnownLocations: %v", err)
	}
	for name, at := range times {
		if l, known := r.model.known[name]; known && at.After(l.AnsweredAt) {
			l.AnsweredAt = at
			r.model.known[name] = l
		}
	}
}

func (r *random) histories(t *rapid.T) {
	got, err := r.KnownLocations(r.ctx)
	if err != nil {
		t.Fatalf("KnownLocations: %v", err)
	}
	want := slices.SortedFunc(maps.Values(r.model.known), func(a, b host.KnownLocation) int { return strings.Compare(a.Name, b.Name) })
	wantSame(t, "KnownLocations", got, want)
	job := jobNamed(knownNames.Draw(t, "location"), rapid.SampledFrom([]string{"r/a", "r/b", "s/a"}).Draw(t, "job"))
	before := uint64(rapid.IntRange(0, 9).Draw(t, "before"))
	limit := rapid.IntRange(1, 4).Draw(t, "limit")
	page, err := r.JobHistory(r.ctx, job, before, limit)
	all := r.model.history[job]
	if len(all) == 0 {
		wantCode(t, "JobHistory of a job that was never known", err, host.NotFound)
		return
	}
	var matching []host.JobPeriod
	for _, p := range slices.Backward(all) {
		if before == 0 || p.Seq < before {
			matching = append(matching, r.model.period(p))
		}
	}
	next := uint64(0)
	if len(matching) > limit {
		matching = matching[:limit]
		next = matching[limit-1].Seq
	}
	if err != nil || page.Next != next {
		t.Errorf("JobHistory(%s, %d, %d): next %d, %v; want %d", job, before, limit, page.Next, err, next)
	}
	wantSame(t, fmt.Sprintf("JobHistory(%s, %d, %d)", job, before, limit), page.Periods, matching)
}
