package main

import (
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// What --json prints of tags of runs; object.go says what holds for all objects.

// tagList is the tags of a run.
type tagList struct {
	RunID string      `json:"run_id"`
	Tags  []tagObject `json:"tags"`
}

// tagHistory is what became of the tags of a run, oldest first, from those that it was launched with.
type tagHistory struct {
	RunID   string      `json:"run_id"`
	Changes []tagChange `json:"changes"`
	Cut     bool        `json:"cut"` // older changes are left out
}

// tagChange is a tag as it was from a moment on.
type tagChange struct {
	Time    *time.Time `json:"time"` // null when it is not known
	Key     string     `json:"key"`
	Value   string     `json:"value"`
	Origin  string     `json:"origin"`  // as in tagObject; empty when it was removed
	Removed bool       `json:"removed"` // the run does not have it from then on
	By      string     `json:"by"`      // who changed it, as they said; empty for what the launch, the system or user code set
	BulkID  string     `json:"bulk_id"` // action on many runs that did it; empty for none
}

func tagHistoryOf(id string, res *hostv1.ListRunTagChangesResponse) tagHistory {
	return tagHistory{RunID: id, Cut: res.GetCut(), Changes: convert(res.GetChanges(), func(c *hostv1.RunTagChange) tagChange {
		return tagChange{
			Time: timeOf(c.GetTime()), Key: c.GetTag().GetKey(), Value: c.GetTag().GetValue(), Origin: originText(c.GetTag().GetOrigin()),
			Removed: c.GetRemoved(), By: c.GetBy(), BulkID: c.GetBulkId(),
		}
	})}
}
