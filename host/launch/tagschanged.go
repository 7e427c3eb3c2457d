package launch

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// TagChanger says who changes tags of a run.
type TagChanger struct {
	// UserCode is set when it is the run's own.
	UserCode bool
	// By is who asked, as their client said; Bulk is the action on many runs that does it. Both may be empty.
	By, Bulk string
}

// maxTagsTold is how many tags the message of such a note names; the note itself has all.
const maxTagsTold = 10

// TagsChanged is the note of what became of a run's tags, which are sorted by key; nil when nothing did.
func TagsChanged(before, after []tag.Tag, who TagChanger, now time.Time) []byte {
	changes := tagChanges(before, after)
	if len(changes) == 0 {
		return nil
	}
	b, err := proto.Marshal(&workerv1.Event{
		Kind: NoteTagsChanged, Message: tagsChangedText(changes, who), Time: timestamppb.New(now),
		Detail: &workerv1.Event_TagsChanged{TagsChanged: &workerv1.TagsChanged{
			Changes: changes, By: utf8Text(who.By), BulkId: utf8Text(who.Bulk),
		}},
	})
	if err != nil {
		panic("encode a host event: " + err.Error()) // only invalid UTF-8 fails, and there is none
	}
	return b
}

// tagChanges compares two lists that are sorted by key.
func tagChanges(before, after []tag.Tag) (changes []*workerv1.TagChange) {
	for len(before)+len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].Key < after[0].Key:
			changes = append(changes, &workerv1.TagChange{Key: utf8Text(before[0].Key), Before: TagToWire(before[0])})
			before = before[1:]
		case len(before) == 0 || after[0].Key < before[0].Key:
			changes = append(changes, &workerv1.TagChange{Key: utf8Text(after[0].Key), After: TagToWire(after[0])})
			after = after[1:]
		default:
			if before[0] != after[0] {
				changes = append(changes, &workerv1.TagChange{
					Key: utf8Text(after[0].Key), Before: TagToWire(before[0]), After: TagToWire(after[0]),
				})
			}
			before, after = before[1:], after[1:]
		}
	}
	return changes
}

// tagsChangedText says it for people.
func tagsChangedText(changes []*workerv1.TagChange, who TagChanger) string {
	parts := make([]string, 0, min(len(changes), maxTagsTold)+1)
	for i, c := range changes {
		if i == maxTagsTold {
			parts = append(parts, fmt.Sprintf("and %d more", len(changes)-i))
			break
		}
		was := ""
		if c.GetBefore() != nil {
			was = " (was " + clipDetail(c.GetBefore().GetValue()) + ")"
		}
		if c.GetAfter() == nil {
			parts = append(parts, c.GetKey()+" removed"+was)
		} else {
			parts = append(parts, c.GetKey()+" = "+clipDetail(c.GetAfter().GetValue())+was)
		}
	}
	text := "tags changed: " + strings.Join(parts, ", ")
	switch {
	case who.UserCode:
		text = "user code: " + text
	case who.By != "":
		text = clip(who.By) + ": " + text
	}
	if who.Bulk != "" {
		text += " (action " + clip(who.Bulk) + ")"
	}
	return text
}
