package launch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host/launch"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestTagsOnTheWire(t *testing.T) {
	at := time.Date(2026, 11, 23, 4, 5, 6, 7, time.UTC)
	for _, origin := range append(tag.Origins(), tag.OriginNone) {
		want := tag.Tag{Key: "k", Value: "v\n", Origin: origin}
		if origin == tag.OriginEdited {
			want.EditedBy, want.EditedAt = "ann", at
		}
		w := launch.TagToWire(want)
		if known := w.GetOrigin() != tagv1.Origin_ORIGIN_UNSPECIFIED; known != (origin != tag.OriginNone) {
			t.Errorf("origin %q is %s", origin, w.GetOrigin())
		}
		if got := launch.TagFromWire(w); got != want {
			t.Errorf("%+v came back as %+v", want, got)
		}
	}
	bad := launch.TagToWire(tag.Tag{Key: "\xff", Value: "a\xff", Origin: "later"})
	if _, err := proto.Marshal(bad); err != nil || bad.GetValue() != "a\ufffd" {
		t.Errorf("text that is not UTF-8 is %v, %v", bad, err)
	}
}

func TestTagsChanged(t *testing.T) {
	at := time.Date(2026, 11, 23, 4, 5, 6, 7, time.UTC)
	list := func(pairs ...string) (l tag.List) {
		for i := 0; i < len(pairs); i += 2 {
			l = append(l, tag.Tag{Key: pairs[i], Value: pairs[i+1], Origin: tag.OriginLaunch})
		}
		return l
	}
	if note := launch.TagsChanged(list("a", "1", "b", "2"), list("a", "1", "b", "2"), launch.TagChanger{}, at); note != nil {
		t.Errorf("nothing changed, and the note is %q", note)
	}
	event := func(before, after tag.List, who launch.TagChanger) *workerv1.Event {
		t.Helper()
		e := &workerv1.Event{}
		if err := proto.Unmarshal(launch.TagsChanged(before, after, who, at), e); err != nil {
			t.Fatal(err)
		}
		if e.GetKind() != launch.NoteTagsChanged || !e.GetTime().AsTime().Equal(at) {
			t.Errorf("the event is %v", e)
		}
		return e
	}
	e := event(list("a", "1", "b", "2", "c", "3"), list("b", "x\n", "c", "3", "d", "4"), launch.TagChanger{By: "ann\x1b", Bulk: "0190"})
	if got, want := e.GetMessage(), "ann\ufffd: tags changed: a removed (was 1), b = x\ufffd (was 2), d = 4 (action 0190)"; got != want {
		t.Errorf("the message is %q, want %q", got, want)
	}
	changed := e.GetTagsChanged()
	var keys []string
	for _, c := range changed.GetChanges() {
		keys = append(keys, fmt.Sprintf("%s: %t, %t", c.GetKey(), c.GetBefore() != nil, c.GetAfter() != nil))
	}
	if want := []string{"a: true, false", "b: true, true", "d: false, true"}; !slices.Equal(keys, want) || changed.GetBulkId() != "0190" {
		t.Errorf("the changes are %v, want %v", keys, want)
	}
	// A tag that only somebody else stands for has changed, too.
	was := list("a", "1")
	if e := event(was, was.WithOrigin(tag.OriginRun), launch.TagChanger{UserCode: true}); e.GetMessage() != "user code: tags changed: a = 1 (was 1)" {
		t.Errorf("the message is %q", e.GetMessage())
	}
	var many tag.List
	for i := range 256 {
		many = append(many, tag.Tag{Key: fmt.Sprintf("k%03d", i), Value: strings.Repeat("x", tag.MaxValueBytes)})
	}
	e = event(nil, many, launch.TagChanger{})
	if n := len(e.GetTagsChanged().GetChanges()); n != 256 || len(e.GetMessage()) > 2000 || !strings.HasSuffix(e.GetMessage(), "and 246 more") {
		t.Errorf("%d changes, told in %d bytes that end in %.20q", n, len(e.GetMessage()), e.GetMessage()[len(e.GetMessage())-20:])
	}
}
