package runtag

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Change is what became of a tag at a moment.
type Change struct {
	// Tag is as it was from then on; only its key when it was removed.
	Tag     tag.Tag
	Removed bool
	// Time is when; zero when that is not known.
	Time time.Time
	// By and Bulk are those of Who; empty for what the launch, the system or user code set.
	By, Bulk string
}

// History is what became of the tags of a run, oldest first, from those that it was launched with; of one key, or of all
// when that is empty. What user code changed after the limit on its events is not in it, but for how it is now.
func History(ctx context.Context, store host.Store, id host.RunID, key string) ([]Change, error) {
	// The run first: what changes of it meanwhile has an event then, and is known to be no tag of the launch.
	run, err := store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	events, err := store.HostEvents(ctx, id)
	if err != nil {
		return nil, err
	}
	h := history{key: key, launched: map[string]tag.Tag{}, told: map[string]bool{}}
	for _, e := range events {
		if err := h.add(e); err != nil {
			return nil, fmt.Errorf("tags of run %s: event %s: %w", id, e.Cursor, err)
		}
	}
	return h.of(&run), nil
}

// history is built from the events of a run.
type history struct {
	key string
	// launched are the tags that the run was launched with, as far as events tell; told are the keys that they tell of.
	launched map[string]tag.Tag
	told     map[string]bool
	changes  []Change
}

func (h *history) wants(key string) bool { return h.key == "" || h.key == key }

// add takes in an event; of other kinds there is nothing in it.
func (h *history) add(e host.StoredEvent) error {
	var event workerv1.Event
	if err := proto.Unmarshal(e.Data, &event); err != nil {
		return errors.New("it cannot be read")
	}
	changed := event.GetTagsChanged()
	if event.GetKind() != launch.NoteTagsChanged {
		return nil
	}
	for _, c := range changed.GetChanges() {
		key := c.GetKey()
		if !h.wants(key) {
			continue
		}
		if !h.told[key] && c.GetBefore() != nil {
			h.launched[key] = launch.TagFromWire(c.GetBefore())
		}
		h.told[key] = true
		made := Change{Tag: tag.Tag{Key: key}, Removed: c.GetAfter() == nil, Time: event.GetTime().AsTime(), By: changed.GetBy(), Bulk: changed.GetBulkId()}
		if !made.Removed {
			made.Tag = launch.TagFromWire(c.GetAfter())
		}
		h.changes = append(h.changes, made)
	}
	return nil
}

// of adds what the run itself tells.
func (h *history) of(run *host.Run) []Change {
	var reason, untold []Change
	for _, t := range run.Tags {
		switch {
		case !h.wants(t.Key):
		case t.Key == tag.KeyFailureReason && t.Origin == tag.OriginSystem:
			reason = append(reason, Change{Tag: t, Time: run.EndedAt})
		case t.Origin == tag.OriginRun && !slices.ContainsFunc(h.changes, func(c Change) bool { return c.Tag == t }):
			untold = append(untold, Change{Tag: t})
		case !h.told[t.Key]:
			h.launched[t.Key] = t
		}
	}
	out := make([]Change, 0, len(h.launched)+len(h.changes))
	for _, t := range h.launched {
		out = append(out, Change{Tag: t, Time: run.CreatedAt})
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Tag.Key, b.Tag.Key) })
	after := slices.IndexFunc(h.changes, func(c Change) bool { return c.Time.After(run.EndedAt) })
	if after < 0 {
		after = len(h.changes)
	}
	return slices.Concat(out, h.changes[:after], reason, h.changes[after:], untold)
}
