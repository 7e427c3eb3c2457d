package attempt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/launch"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// tagged is an event that adds tags, given as keys and values.
func tagged(pairs ...string) *workerv1.Event {
	added := &workerv1.TagsAdded{}
	for i := 0; i < len(pairs); i += 2 {
		added.Tags = append(added.Tags, &tagv1.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return &workerv1.Event{Kind: "tags_added", Detail: &workerv1.Event_TagsAdded{TagsAdded: added}}
}

// wantTags compares the tags of a run with keys, values and origins.
func (f *fixture) wantTags(id host.RunID, want ...tag.Tag) {
	f.t.Helper()
	run := f.run(id)
	if got, want := run.Tags, tag.Merge(want); !slices.Equal(got, want) {
		f.t.Errorf("the run has the tags %v, want %v", got, want)
	}
}

// notes are the messages of the run's notes of a kind.
func (f *fixture) notes(id host.RunID, kind string) (all []string) {
	f.t.Helper()
	stored, err := f.store.HostEvents(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, e := range stored {
		var event workerv1.Event
		if err := proto.Unmarshal(e.Data, &event); err != nil {
			f.t.Fatal(err)
		}
		if event.GetKind() == kind {
			all = append(all, event.GetMessage())
		}
	}
	return all
}

func own(key, value string) tag.Tag { return tag.Tag{Key: key, Value: value, Origin: tag.OriginRun} }

func TestUserCodeTagsItsRun(t *testing.T) {
	f := newFixture(t)
	asked := tag.Tag{Key: "team", Value: "etl", Origin: tag.OriginLaunch}
	edited := tag.Tag{Key: "owner", Value: "ann", Origin: tag.OriginEdited}
	id, s := grantedWith(f, asked, edited, tenMinutes)
	batch := events(1, logged("a"), tagged("rows", "7", "team", "bi"), tagged("rows", "8"))
	if err := s.Receive(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	f.wantTags(id, own("rows", "8"), own("team", "bi"), edited, tenMinutes)
	if n := f.notes(id, launch.NoteTagRefused); len(n) > 0 {
		t.Errorf("there are notes of refused tags: %q", n)
	}
	if told := f.notes(id, launch.NoteTagsChanged); len(told) != 1 || told[0] != "user code: tags changed: rows = 8, team = bi (was etl)" {
		t.Errorf("the changes are told as %q", told)
	}
	// What comes again was given before, and something else since.
	if err := s.Receive(t.Context(), events(4, tagged("rows", "9"))); err != nil {
		t.Fatal(err)
	}
	if err := s.Receive(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	f.wantTags(id, own("rows", "9"), own("team", "bi"), edited, tenMinutes)
	// After a gap nothing counts: the worker sends it again in order.
	if err := s.Receive(t.Context(), events(9, tagged("rows", "10"))); host.ReasonOf(err) != "EVENT_GAP" {
		t.Errorf("a gap: %v", err)
	}
	f.wantTags(id, own("rows", "9"), own("team", "bi"), edited, tenMinutes)
}

// TestTagsOfAPartlyStoredBatch has a batch whose first events are stored already.
func TestTagsOfAPartlyStoredBatch(t *testing.T) {
	f := newFixture(t)
	id, s := grantedWith(f)
	for _, batch := range []*workerv1.AttachRequest{
		events(1, tagged("a", "1")),
		events(2, tagged("a", "2")),
		events(1, tagged("a", "1"), tagged("a", "2"), tagged("b", "1")),
	} {
		if err := s.Receive(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	f.wantTags(id, own("a", "2"), own("b", "1"))
}

func TestRefusedTagsAreANote(t *testing.T) {
	f := newFixture(t)
	edited := tag.Tag{Key: "owner", Value: "ann", Origin: tag.OriginEdited}
	id, s := grantedWith(f, edited, oneRetry, tag.System(tag.KeyJob, "j"))
	many := make([]string, 0, 2*300)
	for i := range 300 {
		many = append(many, fmt.Sprint("many", i), "")
	}
	if err := s.Receive(t.Context(), events(
		1, tagged("good", "1", "not good", "2"), tagged("long", strings.Repeat("x", 5000)), tagged("owner", "bob"),
		tagged(tag.KeyMaxRetries, "100"), tagged(tag.KeyJob, "k"), tagged("control", "a\x00b"), tagged(many...),
	)); err != nil {
		t.Fatal(err)
	}
	f.wantTags(id, own("good", "1"), edited, oneRetry, tag.System(tag.KeyJob, "j"))
	notes := f.notes(id, launch.NoteTagRefused)
	if len(notes) != 1 {
		t.Fatalf("there are %d notes of refused tags, want one: %q", len(notes), notes)
	}
	for _, want := range []string{`"not good"`, `"long"`, "5000 bytes", "edited this tag", tag.KeyMaxRetries, tag.KeyJob, "control character", "300 tags"} {
		if !strings.Contains(notes[0], want) {
			t.Errorf("the note is %q, want it to tell of %s", notes[0], want)
		}
	}
	if run := f.run(id); run.Status != host.Started {
		t.Errorf("the run is %s", run.Status)
	}
}

func TestTagsAreLimited(t *testing.T) {
	f := newFixture(t)
	id, s := grantedWith(f, oneRetry)
	seq := uint64(1)
	for i := range 300 {
		if err := s.Receive(t.Context(), events(seq, tagged(fmt.Sprint("key", i%260), fmt.Sprint(i)))); err != nil {
			t.Fatal(err)
		}
		seq++
		if i%50 == 0 {
			f.restart() // a limit of how often is not what is tested here
			s, _ = f.attach(token, hello(id, "w1"))
		}
	}
	run := f.run(id)
	if n := len(run.Tags); n != tag.MaxPerRun {
		t.Errorf("the run has %d tags, want %d", n, tag.MaxPerRun)
	}
	if v, _ := run.Tag("key5"); v != "265" {
		t.Errorf("a tag that was there before the limit is %q, want it replaced by 265", v)
	}
	if notes := f.notes(id, launch.NoteTagRefused); len(notes) == 0 || !strings.Contains(notes[0], "which is the limit") {
		t.Errorf("the notes are %q, want them to tell the limit", notes)
	}
}

// TestFloodOfTagsIsBounded has user code that changes tags, and adds bad ones, as often as it can.
func TestFloodOfTagsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := grantedWith(f)
		start := time.Now()
		const changes = 300
		for i := range uint64(changes) {
			if err := s.Receive(t.Context(), events(i+1, tagged("rows", fmt.Sprint(i), "bad key", "1"))); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took < 19*time.Second || took > 21*time.Second {
			t.Errorf("%d changes took %s, want 100 at once and then 10 a second", changes, took)
		}
		f.wantTags(id, own("rows", fmt.Sprint(changes-1)))
		if notes := f.notes(id, launch.NoteTagRefused); len(notes) != 20 || !strings.Contains(notes[19], "is not told") {
			t.Errorf("there are %d notes, want 20 of which the last tells that there are no more", len(notes))
		}
		start = time.Now()
		for i := range uint64(changes) {
			if err := s.Receive(t.Context(), events(changes+i+1, tagged("rows", fmt.Sprint(changes-1), "bad key", "1"))); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > 0 {
			t.Errorf("tags that change nothing took %s", took)
		}
	})
}

// TestTagsComeAgainAfterACrash loses the host between the tags and the events that hold them.
func TestTagsComeAgainAfterACrash(t *testing.T) {
	f := newFixture(t)
	id, s := grantedWith(f)
	f.meanwhile.beforeAppend = func() error { return errCrashed }
	if err := s.Receive(t.Context(), events(1, tagged("rows", "7"))); err == nil {
		t.Fatal("events were acknowledged that are not stored")
	}
	f.wantTags(id, own("rows", "7"))
	f.restart()
	s, a := f.attach(token, hello(id, "w1"))
	if a.welcome.GetAckedSeq() != 0 {
		t.Fatalf("the worker hears that %d events are stored", a.welcome.GetAckedSeq())
	}
	if err := s.Receive(t.Context(), events(1, tagged("rows", "7"))); err != nil {
		t.Fatal(err)
	}
	f.wantTags(id, own("rows", "7"))
	if last, err := f.store.LastSeq(t.Context(), id, 1); err != nil || last != 1 {
		t.Errorf("%d events are stored, %v", last, err)
	}
}

func TestTagsOfARunThatIsOver(t *testing.T) {
	f := newFixture(t)
	id, s := grantedWith(f)
	f.update(id, nil, host.Failure)
	if err := s.Receive(t.Context(), events(1, tagged("rows", "7"))); err != nil {
		t.Fatal(err)
	}
	f.wantTags(id)
}

// TestManyChangesOfTagsAreNotAllTold has user code that changes a tag for ever.
func TestManyChangesOfTagsAreNotAllTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		id, s := grantedWith(f)
		for i := range uint64(attempt.MaxTagChanges + 5) {
			if err := s.Receive(t.Context(), events(i+1, tagged("rows", fmt.Sprint(i)))); err != nil {
				t.Fatal(err)
			}
		}
		f.wantTags(id, own("rows", fmt.Sprint(attempt.MaxTagChanges+4)))
		told := f.notes(id, launch.NoteTagsChanged)
		if len(told) != attempt.MaxTagChanges+1 || !strings.Contains(told[len(told)-1], "is not told") {
			t.Errorf("%d notes of changes, the last is %q; want %d and one that there are no more", len(told), told[len(told)-1], attempt.MaxTagChanges)
		}
	})
}
