package attempt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// tagBurst and tagEvery are how often user code may change the tags of its run: each change stores the whole run.
	// Who does it more often waits, with its events behind it.
	tagBurst = 100
	tagEvery = 100 * time.Millisecond
	// maxTagNotes is how many notes of refused tags a run gets, and again after a restart of the host.
	maxTagNotes = 20
	// maxTagsTold is how many tags such a note names.
	maxTagsTold = 10
	// maxTagChanges is how many changes of its tags by user code have an event, and again after a restart of the host:
	// the history of a run's tags is for people, and a loop must not fill the store.
	maxTagChanges = 1000
)

// tagBudget is what is left to a run's user code of that. It is guarded by Sessions.mu.
type tagBudget struct {
	// next is the earliest time of the next change if changes came evenly.
	next    time.Time
	notes   int
	changes int
}

// addTags gives the run the tags that its user code adds in the batch, before its events are stored: a crash between
// leaves events that come again. Tags of events that are stored already were given then, and others since, perhaps.
func (s *Session) addTags(ctx context.Context, run *host.Run, b *workerv1.EventBatch) error {
	added := tagEvents(b)
	if len(added) == 0 {
		return nil
	}
	l := s.sessions.liveOf(s.run)
	if l == nil {
		return nil // it ended meanwhile
	}
	l.tagging.Lock()
	defer l.tagging.Unlock()
	last, err := s.sessions.o.Store.LastSeq(ctx, s.run, s.attempt)
	if err != nil || b.GetFirstSeq() > last+1 {
		return err // a gap, which is refused when the events are to be stored
	}
	fresh := slices.DeleteFunc(added, func(t tagEvent) bool { return t.seq <= last })
	tags, refused := withOwn(run.Tags, fresh)
	note := s.sessions.tagNote(l, len(refused) > 0)
	if slices.Equal(tags, run.Tags) && note == 0 {
		return nil
	}
	change := 0
	if !slices.Equal(tags, run.Tags) {
		change = s.sessions.tagChange(l)
	}
	if wait := s.sessions.tagWait(l); wait > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.sessions.o.Clock.After(wait):
		}
	}
	_, err = s.sessions.o.Store.UpdateRun(ctx, s.run, func(run *host.Run) ([][]byte, error) {
		if run.Status.Final() || run.Attempt != s.attempt || run.Current.WorkerID != s.worker {
			return nil, nil
		}
		now := s.sessions.o.Clock.Now()
		tags, refused := withOwn(run.Tags, fresh)
		notes := changeNotes(run.Tags, tags, change, now)
		run.Tags = tags
		if len(refused) == 0 || note == 0 {
			return notes, nil
		}
		text := refusedTags(refused)
		if note == maxTagNotes {
			text += "\nWhat is refused from now on is not told."
		}
		return append(notes, launch.Note(launch.NoteTagRefused, text, now)), nil
	})
	return err
}

// changeNotes tell of what user code changed, which is its change of that number, as far as changes are told.
func changeNotes(before, after []tag.Tag, change int, now time.Time) (notes [][]byte) {
	changed := launch.TagsChanged(before, after, launch.TagChanger{UserCode: true}, now)
	if changed == nil || change > maxTagChanges {
		return nil
	}
	notes = append(notes, changed)
	if change == maxTagChanges {
		text := fmt.Sprintf("user code has changed tags %d times; how it changes them from now on is not told", change)
		notes = append(notes, launch.Note(launch.NoteTagsChanged, text, now))
	}
	return notes
}

// tagChange is which change of its tags by user code it is that is made now, up to one that is not told any more.
func (s *Sessions) tagChange(l *liveRun) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.tags.changes = min(l.tags.changes+1, maxTagChanges+1)
	return l.tags.changes
}

// liveOf is what is known of a run in memory; nil when it is not followed.
func (s *Sessions) liveOf(id host.RunID) *liveRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[id]
}

// tagWait takes one change, and tells how long it has to wait.
func (s *Sessions) tagWait(l *liveRun) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Clock.Now()
	if full := now.Add(-tagBurst * tagEvery); l.tags.next.Before(full) {
		l.tags.next = full
	}
	l.tags.next = l.tags.next.Add(tagEvery)
	return l.tags.next.Sub(now)
}

// tagNote is which note of refused tags it is that the run gets now; 0 when it gets none.
func (s *Sessions) tagNote(l *liveRun, refused bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !refused || l.tags.notes == maxTagNotes {
		return 0
	}
	l.tags.notes++
	return l.tags.notes
}

// tagEvent is an event that adds tags.
type tagEvent struct {
	seq  uint64
	tags []tag.Tag
}

func tagEvents(b *workerv1.EventBatch) (all []tagEvent) {
	for i, data := range b.GetEvents() {
		added := decoded(data, tagsAddedField).GetTagsAdded()
		if added == nil {
			continue
		}
		e := tagEvent{seq: b.GetFirstSeq() + uint64(i)}
		for _, t := range added.GetTags() {
			e.tags = append(e.tags, tag.Tag{Key: t.GetKey(), Value: t.GetValue(), Origin: tag.OriginRun})
		}
		all = append(all, e)
	}
	return all
}

var (
	errSteering = errors.New("user code sets no tags under " + tag.Namespace + ": they steer a run from before its start, or belong to the system")
	errEdited   = errors.New("somebody has edited this tag; it stays as it is")
	errTooMany  = fmt.Errorf("the run has %d tags, which is the limit", tag.MaxPerRun)
)

// withOwn is what a run's tags become with those that its user code adds, and which of these are refused. A run that has
// them already stays as it is.
func withOwn(has []tag.Tag, added []tagEvent) (tags tag.List, refused tag.Problems) {
	known := map[string]tag.Tag{}
	users := 0
	for _, t := range has {
		known[t.Key] = t
		if t.Origin != tag.OriginSystem {
			users++
		}
	}
	own := map[string]tag.Tag{}
	for _, e := range added {
		if n := len(e.tags); n > tag.MaxPerRun {
			refused = append(refused, tag.Problem{Err: fmt.Errorf("an event adds %d tags; at most %d are allowed", n, tag.MaxPerRun)})
			continue
		}
		for _, t := range e.tags {
			before, there := known[t.Key]
			var err error
			switch {
			case strings.HasPrefix(t.Key, tag.Namespace):
				err = errSteering
			case there && before.Origin == tag.OriginEdited:
				err = errEdited
			case !there && users >= tag.MaxPerRun:
				err = errTooMany
			}
			if err != nil {
				refused = append(refused, tag.Problem{Key: t.Key, Value: t.Value, Err: err})
				continue
			}
			if p, bad := errors.AsType[tag.Problems](tag.Validate(tag.List{t})); bad {
				refused = append(refused, p...)
				continue
			}
			if !there {
				users++
			}
			known[t.Key], own[t.Key] = t, t
		}
	}
	layer := make(tag.List, 0, len(own))
	for _, t := range own {
		layer = append(layer, t)
	}
	return tag.Merge(has, layer), refused
}

// refusedTags says which tags were refused and why.
func refusedTags(refused tag.Problems) string {
	text := "refused tags that user code gave its run:\n" + refused[:min(len(refused), maxTagsTold)].Error()
	if more := len(refused) - maxTagsTold; more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	return text
}
