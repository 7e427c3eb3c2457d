package runtag_test

import (
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/runtag"
	"github.com/penstock-run/penstock/usercode/tag"
)

func (f *fixture) history(id host.RunID, key string) []runtag.Change {
	f.t.Helper()
	h, err := runtag.History(f.t.Context(), f.store, id, key)
	if err != nil {
		f.t.Fatal(err)
	}
	return h
}

func TestHistory(t *testing.T) {
	f := newFixture(t)
	env, team, job := launchTag("env", "dev"), launchTag("team", "etl"), tag.System(tag.KeyJob, "j")
	run := f.launched(env, team, job)
	start := f.clock.Now()
	want := []runtag.Change{{Tag: env, Time: start}, {Tag: job, Time: start}, {Tag: team, Time: start}}
	check := func(what, key string, want []runtag.Change) {
		t.Helper()
		if got := f.history(run.ID, key); !slices.Equal(got, want) {
			t.Errorf("%s: the history is\n%+v, want\n%+v", what, got, want)
		}
	}
	check("at launch", "", want)

	edit := func(e runtag.Edit, by string) time.Time {
		f.clock.Advance(time.Minute)
		f.edit(run.ID, e, by)
		return f.clock.Now()
	}
	edited := func(key, value, by string, at time.Time) runtag.Change {
		return runtag.Change{Tag: tag.Tag{Key: key, Value: value, Origin: tag.OriginEdited, EditedBy: by, EditedAt: at}, Time: at, By: by}
	}
	first := edit(runtag.Edit{Set: set("env", "prod", "owner", "ann"), Remove: []string{"team"}}, "ann")
	edit(runtag.Edit{Set: set("env", "prod")}, "nobody") // which changes nothing
	second := edit(runtag.Edit{Remove: []string{"env"}}, "bob")
	third := edit(runtag.Edit{Set: set("env", "dev")}, "") // back to what it was
	want = append(want,
		edited("env", "prod", "ann", first), edited("owner", "ann", "ann", first),
		runtag.Change{Tag: tag.Tag{Key: "team"}, Removed: true, Time: first, By: "ann"},
		runtag.Change{Tag: tag.Tag{Key: "env"}, Removed: true, Time: second, By: "bob"},
		edited("env", "dev", "", third),
	)
	check("after edits", "", want)
	check("of a tag that was there", "env", []runtag.Change{want[0], want[3], want[6], want[7]})
	check("of one that was not", "owner", []runtag.Change{want[4]})
	check("of none", "none", []runtag.Change{})

	// The run fails, of which its reason tells, and is edited after that.
	f.clock.Advance(time.Minute)
	failed, err := f.store.UpdateRun(t.Context(), run.ID, func(r *host.Run) ([][]byte, error) {
		now := f.clock.Now()
		for _, next := range []host.RunStatus{host.Starting, host.Started} {
			if err := r.Become(next, "", now); err != nil {
				return nil, err
			}
		}
		return [][]byte{launch.Note(launch.NoteFailed, "it broke", now)}, r.Fail(host.FailureOp, "it broke", now)
	})
	if err != nil {
		t.Fatal(err)
	}
	last := edit(runtag.Edit{Set: set("seen", "yes")}, "ann")
	want = append(want,
		runtag.Change{Tag: tag.System(tag.KeyFailureReason, host.FailureOp), Time: failed.EndedAt},
		edited("seen", "yes", "ann", last),
	)
	check("after the end", "", want)
}

func TestHistoryOfUserCode(t *testing.T) {
	f := newFixture(t)
	run := f.launched(launchTag("team", "etl"))
	rows := tag.Tag{Key: "rows", Value: "7", Origin: tag.OriginRun}
	change := func(tags tag.List, told bool) {
		f.clock.Advance(time.Minute)
		if _, err := f.store.UpdateRun(t.Context(), run.ID, func(r *host.Run) (events [][]byte, err error) {
			if told {
				events = append(events, launch.TagsChanged(r.Tags, tags, launch.TagChanger{UserCode: true}, f.clock.Now()))
			}
			r.Tags = tags
			return events, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	change(tag.Merge(run.Tags, tag.List{rows}), true)
	at := f.clock.Now()
	more := tag.Tag{Key: "rows", Value: "8", Origin: tag.OriginRun}
	change(tag.Merge(run.Tags, tag.List{more}), false)
	want := []runtag.Change{{Tag: launchTag("team", "etl"), Time: run.CreatedAt}, {Tag: rows, Time: at}, {Tag: more}}
	if got := f.history(run.ID, ""); !slices.Equal(got, want) {
		t.Errorf("the history is\n%+v, want\n%+v", got, want)
	}
	if notes := f.notes(run.ID); len(notes) != 1 || notes[0] != "user code: tags changed: rows = 7" {
		t.Errorf("the events are %q", notes)
	}
	if _, err := runtag.History(t.Context(), f.store, "none", ""); host.CodeOf(err) != host.NotFound {
		t.Errorf("history of no run: %v", err)
	}
}
