package main

import (
	"strings"
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

// What --json prints of actions on many runs; object.go says what holds for all objects.

// bulkList is a page of actions on many runs, newest first.
type bulkList struct {
	Bulks      []bulkObject `json:"bulks"`
	NextCursor string       `json:"next_cursor"` // for --cursor; empty at the end
}

// bulkObject is an action on many runs.
type bulkObject struct {
	ID         string            `json:"id"`
	Kind       string            `json:"kind"`    // cancel, reexecute, tag, delete
	What       string            `json:"what"`    // what it does with each run, for people
	Where      string            `json:"where"`   // selector of its runs, without relative times; empty for all runs, or when runs are named
	RunIDs     []string          `json:"run_ids"` // runs that it names; empty when a selector says which
	By         string            `json:"by"`
	State      string            `json:"state"` // RUNNING, DONE, STOPPED
	CreatedAt  *time.Time        `json:"created_at"`
	EndedAt    *time.Time        `json:"ended_at"`
	Selected   uint64            `json:"selected"`    // runs when it began
	Changed    uint64            `json:"changed"`     // runs that were changed
	PassedOver uint64            `json:"passed_over"` // runs that it does not apply to
	Failed     uint64            `json:"failed"`      // runs that refused
	Failures   []bulkFailureItem `json:"failures"`    // the first that refused, at most 100
	Error      string            `json:"error"`       // why it ended early; empty when it did not
}

// bulkFailureItem is a run that refused.
type bulkFailureItem struct {
	RunID   string `json:"run_id"`
	Message string `json:"message"`
}

// bulkPreview is what an action on many runs would do.
type bulkPreview struct {
	What       string      `json:"what"`        // what it would do with each run, for people
	Selected   uint64      `json:"selected"`    // runs that are selected
	PassedOver uint64      `json:"passed_over"` // those of them that it would not apply to
	Sample     []runObject `json:"sample"`      // the newest of those that it would apply to, at most 10
}

func bulkOf(b *hostv1.Bulk) bulkObject {
	return bulkObject{
		ID: b.GetId(), Kind: bulkKind(b.GetAction()), What: bulkText(b.GetAction(), "each run"),
		Where: b.GetAction().GetFilter().GetWhere(), RunIDs: textsOf(b.GetAction().GetRunIds()), By: b.GetBy(),
		State:     strings.TrimPrefix(b.GetState().String(), "BULK_STATE_"),
		CreatedAt: timeOf(b.GetCreatedAt()), EndedAt: timeOf(b.GetEndedAt()),
		Selected: b.GetSelected(), Changed: b.GetChanged(), PassedOver: b.GetPassedOver(), Failed: b.GetFailed(),
		Failures: convert(b.GetFailures(), func(f *hostv1.BulkFailure) bulkFailureItem {
			return bulkFailureItem{RunID: f.GetRunId(), Message: f.GetMessage()}
		}),
		Error: b.GetError(),
	}
}

// bulkKind is what an action does, as one word.
func bulkKind(a *hostv1.BulkAction) string {
	switch {
	case a.GetCancel() != nil:
		return "cancel"
	case a.GetReexecute() != nil:
		return "reexecute"
	case a.GetTag() != nil:
		return "tag"
	case a.GetDelete() != nil:
		return "delete"
	default: // of a newer host
		return "unknown"
	}
}

// bulkText says what an action does with these runs, for people, as in "would …".
func bulkText(a *hostv1.BulkAction, runs string) string {
	switch {
	case a.GetCancel().GetForce():
		return "kill " + runs
	case a.GetCancel() != nil:
		return "cancel " + runs
	case a.GetReexecute().GetStrategy() == hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_FROM_FAILURE:
		return "execute again what failed of " + runs
	case a.GetReexecute() != nil:
		return "execute again " + runs
	case a.GetTag() != nil:
		return tagEditText(a.GetTag()) + runs
	case a.GetDelete() != nil:
		return "delete " + runs
	default:
		return "do something that this version does not know with " + runs
	}
}

func tagEditText(e *hostv1.TagEdit) string {
	set := strings.Join(convert(e.GetSet(), func(t *tagv1.Tag) string { return t.GetKey() + "=" + t.GetValue() }), ", ")
	remove := strings.Join(e.GetRemove(), ", ")
	switch {
	case remove == "":
		return "set " + set + " on "
	case set == "":
		return "remove " + remove + " from "
	default:
		return "set " + set + " on, and remove " + remove + " from, "
	}
}
