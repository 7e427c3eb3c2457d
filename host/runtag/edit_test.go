package runtag_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/runtag"
	"github.com/penstock-run/penstock/host/store/boltstore"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// fixture edits runs of a real store.
type fixture struct {
	t     *testing.T
	clock *hosttest.Clock
	store *boltstore.Store
	runtag.Editor
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: hosttest.NewClock()}
	var err error
	if f.store, err = boltstore.Open(filepath.Join(t.TempDir(), "data"), &boltstore.Options{Clock: f.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Editor = runtag.Editor{Store: f.store, Clock: f.clock}
	return f
}

// launched stores a run with tags.
func (f *fixture) launched(tags ...tag.Tag) host.Run {
	f.t.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	run, _, err := f.store.CreateRun(f.t.Context(), host.NewRun{
		RequestID: "request-" + id,
		Run: host.Run{
			ID: host.RunID(id), Job: host.JobName{Location: "l", Repository: "r", Job: "j"}, Status: host.Queued,
			Tags: tag.Merge(tags), CreatedAt: f.clock.Now(),
		},
		Events: [][]byte{launch.Note(launch.NoteQueued, "queued", f.clock.Now())},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

func (f *fixture) edit(id host.RunID, e runtag.Edit, by string) host.Run {
	f.t.Helper()
	run, err := f.Edit(f.t.Context(), uuid.NewString(), id, e, by)
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

// notes are the messages of the run's tags_changed events.
func (f *fixture) notes(id host.RunID) (all []string) {
	f.t.Helper()
	events, err := f.store.HostEvents(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range events {
		var event workerv1.Event
		if err := proto.Unmarshal(e.Data, &event); err != nil {
			f.t.Fatal(err)
		}
		if event.GetKind() == launch.NoteTagsChanged {
			all = append(all, event.GetMessage())
		}
	}
	return all
}

func set(pairs ...string) (l tag.List) {
	for i := 0; i < len(pairs); i += 2 {
		l = append(l, tag.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return l
}

func launchTag(key, value string) tag.Tag {
	return tag.Tag{Key: key, Value: value, Origin: tag.OriginLaunch}
}

func wantTags(t *testing.T, run host.Run, want ...tag.Tag) {
	t.Helper()
	if !slices.Equal(run.Tags, want) {
		t.Errorf("the run has the tags %+v, want %+v", run.Tags, want)
	}
}

func TestEdit(t *testing.T) {
	f := newFixture(t)
	system := tag.System(tag.KeyJob, "j")
	run := f.launched(launchTag("env", "dev"), launchTag("team", "etl"), system)
	f.clock.Advance(time.Hour)
	edited := func(key, value, by string) tag.Tag {
		return tag.Tag{Key: key, Value: value, Origin: tag.OriginEdited, EditedBy: by, EditedAt: f.clock.Now()}
	}
	got := f.edit(run.ID, runtag.Edit{Set: set("owner", "", "env", "prod"), Remove: []string{"team", "team", "none"}}, " ann\nb ")
	env := edited("env", "prod", "ann b")
	wantTags(t, got, env, edited("owner", "", "ann b"), system)
	stored, err := f.store.Run(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantTags(t, stored, got.Tags...)
	owner := got.Tags[1]

	// What is so already stays as it is, with its origin and without an event.
	f.clock.Advance(time.Hour)
	wantTags(t, f.edit(run.ID, runtag.Edit{Set: set("env", "prod"), Remove: []string{"team"}}, "bob"), env, owner, system)
	// A value of before is another edit.
	wantTags(t, f.edit(run.ID, runtag.Edit{Set: set("env", "dev")}, ""), edited("env", "dev", ""), owner, system)
	want := []string{`ann b: tags changed: env = prod (was dev), owner = "", team removed (was etl)`, "tags changed: env = dev (was prod)"}
	if notes := f.notes(run.ID); !slices.Equal(notes, want) {
		t.Errorf("the events are\n%q, want\n%q", notes, want)
	}
}

func TestEditInEveryStatus(t *testing.T) {
	f := newFixture(t)
	for _, status := range host.RunStatuses {
		run := f.launched()
		if _, err := f.store.UpdateRun(t.Context(), run.ID, func(r *host.Run) ([][]byte, error) {
			r.Status = status
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
		got := f.edit(run.ID, runtag.Edit{Set: set("a", "b", tag.KeyPriority, "7")}, "")
		if value, _ := got.Tag("a"); value != "b" || got.Status != status || len(f.notes(run.ID)) != 1 {
			t.Errorf("a run that is %s is %s with %v after the edit", status, got.Status, got.Tags)
		}
	}
}

func TestEditSaysAllThatIsWrong(t *testing.T) {
	f := newFixture(t)
	run := f.launched(tag.System(tag.KeyImage, "registry/image:1"), launchTag("env", "dev"))
	for name, c := range map[string]struct {
		edit runtag.Edit
		want []string
	}{
		"Nothing":  {runtag.Edit{}, []string{"names no tag"}},
		"Values":   {runtag.Edit{Set: set(tag.KeyPriority, "high", "a b", "", tag.KeyMaxRetries, "-1")}, []string{"use a whole number from -2147483648", `its name holds ' '`, "use a whole number from 0 to 100"}},
		"Twice":    {runtag.Edit{Set: set("a", "1", "a", "2")}, []string{"already there"}},
		"Both":     {runtag.Edit{Set: set("a", "1"), Remove: []string{"a"}}, []string{"to be set and to be removed"}},
		"System":   {runtag.Edit{Set: set(tag.KeyJob, "x"), Remove: []string{tag.KeyLocation, tag.KeyFailureReason}}, []string{"belongs to the system; below it users may set", "cannot be removed", "cannot be removed"}},
		"BadKey":   {runtag.Edit{Remove: []string{"a//b", strings.Repeat("x", 1000)}}, []string{"more than one slash", "1000 bytes"}},
		"Launcher": {runtag.Edit{Set: set(tag.KeyLauncher, "k8s", tag.KeyImage, "i", tag.KeyKubernetes, "{}")}, []string{"this host has no launcher that can", "known: local", "no launcher that can"}},
		"BySystem": {runtag.Edit{Remove: []string{tag.KeyImage}}, []string{"was set by the system"}},
		"TooMany":  {runtag.Edit{Set: slices.Concat(many(256), set("env", "prod"))}, []string{"257 tags; the limit is 256"}},
		"Together": {runtag.Edit{Set: many(256)}, []string{"257 tags, not counting those of the system; the limit is 256"}},
		"Removals": {runtag.Edit{Remove: make([]string, 513)}, []string{"at most 512"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Edit(t.Context(), "", run.ID, c.edit, "")
			e, ok := errors.AsType[*host.Error](err)
			if !ok || e.Code != host.Invalid || e.Reason != "TAG_EDIT" || len(e.Problems) != len(c.want) {
				t.Fatalf("got %v with %d problems, want %d", err, len(e.Problems), len(c.want))
			}
			var all []string
			for _, p := range e.Problems {
				all = append(all, p.String())
				if p.Field != "tags" || len(p.String()) > 1000 {
					t.Errorf("problem %+v", p)
				}
			}
			for _, want := range c.want {
				if !strings.Contains(strings.Join(all, "\n"), want) {
					t.Errorf("the problems are\n%s\nwant %q in them", strings.Join(all, "\n"), want)
				}
			}
		})
	}
	stored, err := f.store.Run(t.Context(), run.ID)
	if err != nil || !slices.Equal(stored.Tags, run.Tags) || len(f.notes(run.ID)) > 0 {
		t.Errorf("the run has %v and the events %q after refused edits, error %v", stored.Tags, f.notes(run.ID), err)
	}
	if _, err := f.Edit(t.Context(), "", host.RunID(uuid.NewString()), runtag.Edit{Set: set("a", "b")}, ""); host.CodeOf(err) != host.NotFound {
		t.Errorf("edit of no run: %v", err)
	}
}

func many(n int) (l tag.List) {
	for i := range n {
		l = append(l, tag.Tag{Key: fmt.Sprint("k", i)})
	}
	return l
}

func TestEditAtTheLimit(t *testing.T) {
	f := newFixture(t)
	run := f.launched(launchTag("old", "1"), tag.System(tag.KeyJob, "j"))
	got := f.edit(run.ID, runtag.Edit{Set: many(256), Remove: []string{"old"}}, "")
	if len(got.Tags) != 257 {
		t.Fatalf("%d tags", len(got.Tags))
	}
	f.edit(run.ID, runtag.Edit{Set: set("k1", "other")}, "") // as many as before
	if _, err := f.Edit(t.Context(), "", run.ID, runtag.Edit{Set: set("one", "more")}, ""); host.CodeOf(err) != host.Invalid {
		t.Errorf("one tag too many: %v", err)
	}
}

func TestEditIsRepeatable(t *testing.T) {
	f := newFixture(t)
	run := f.launched()
	id, e := uuid.NewString(), runtag.Edit{Set: set("a", "1")}
	if _, err := f.Edit(t.Context(), id, run.ID, e, "ann"); err != nil {
		t.Fatal(err)
	}
	f.edit(run.ID, runtag.Edit{Remove: []string{"a"}}, "")
	got, err := f.Edit(t.Context(), id, run.ID, e, "ann")
	if err != nil || len(got.Tags) != 0 || len(f.notes(run.ID)) != 2 {
		t.Errorf("the repeat made %v with the events %q, error %v; want nothing", got.Tags, f.notes(run.ID), err)
	}
	for name, other := range map[string]func() (host.Run, error){
		"Value": func() (host.Run, error) {
			return f.Edit(t.Context(), id, run.ID, runtag.Edit{Set: set("a", "2")}, "ann")
		},
		"Remove": func() (host.Run, error) {
			return f.Edit(t.Context(), id, run.ID, runtag.Edit{Set: e.Set, Remove: []string{"b"}}, "ann")
		},
		"By":  func() (host.Run, error) { return f.Edit(t.Context(), id, run.ID, e, "bob") },
		"Run": func() (host.Run, error) { return f.Edit(t.Context(), id, f.launched().ID, e, "ann") },
	} {
		if _, err := other(); host.ReasonOf(err) != "REQUEST_ID_USED" {
			t.Errorf("%s: the request for something else: %v", name, err)
		}
	}
}

func TestCleanBy(t *testing.T) {
	for _, c := range []struct{ by, want string }{
		{"", ""}, {"ann", "ann"}, {" ann\tb\x1b[1m\n", "ann b\ufffd[1m"}, {"\xff", "\ufffd"},
		{strings.Repeat("é", 100), strings.Repeat("é", 100)},
	} {
		if got, err := runtag.CleanBy(c.by); err != nil || got != c.want {
			t.Errorf("CleanBy(%q) = %q, %v; want %q", c.by, got, err, c.want)
		}
	}
	if got, err := runtag.CleanBy(strings.Repeat("\xff.", 100)); err != nil || len(got) > runtag.MaxBy {
		t.Errorf("CleanBy of bytes that are not UTF-8 has %d bytes, %v", len(got), err)
	}
	if _, err := runtag.CleanBy(strings.Repeat("a", 201)); host.CodeOf(err) != host.Invalid {
		t.Errorf("201 bytes: %v", err)
	}
}
