package main

import (
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// What --json prints of backfills; object.go says what holds for all objects.

// backfillList is a page of backfills, newest first.
type backfillList struct {
	Backfills  []backfillObject `json:"backfills"`
	NextCursor string           `json:"next_cursor"` // for --cursor; empty at the end
}

// backfillObject is a backfill.
type backfillObject struct {
	ID          string        `json:"id"`      // its runs have it as the tag penstock/backfill
	Job         string        `json:"job"`     // location/repository/job
	State       string        `json:"state"`   // RUNNING, CANCELING, SUCCESS, FAILURE, CANCELED
	Problem     string        `json:"problem"` // why it waits or ended early, for people; empty when it does not
	Title       string        `json:"title"`
	By          string        `json:"by"`
	CreatedAt   *time.Time    `json:"created_at"`
	EndedAt     *time.Time    `json:"ended_at"`
	Partitions  uint64        `json:"partitions"`   // how many it has
	NotLaunched uint64        `json:"not_launched"` // how many of them have no run
	Refused     uint64        `json:"refused"`      // how many could not be launched
	Counts      []statusCount `json:"counts"`       // the newest runs of the others, by status
	MaxOpenRuns uint32        `json:"max_open_runs"`
	NewestFirst bool          `json:"newest_first"`
	OpSelection string        `json:"op_selection"`
	Tags        []tagObject   `json:"tags"` // that all its runs get
	// Partitions that are shown, in the order in which they are launched: of backfill show alone.
	Items []backfillItem `json:"items,omitempty"`
}

// backfillItem is a partition of a backfill.
type backfillItem struct {
	Partition string `json:"partition"`
	RunID     string `json:"run_id"` // its newest run of the backfill, automatic retries included; empty when there is none
	Status    string `json:"status"` // of that run; empty when there is none
	Error     string `json:"error"`  // why it could not be launched
}

// backfillPreview is what a backfill would do.
type backfillPreview struct {
	Job        string        `json:"job"`
	Partitions uint64        `json:"partitions"` // how many are selected
	Sample     []string      `json:"sample"`     // the first of them, at most 100
	Missing    uint64        `json:"missing"`    // how many of them have no run now
	Counts     []statusCount `json:"counts"`     // the newest runs of the others now, by status
	Tags       []tagObject   `json:"tags"`       // that the first run would get
}

func backfillOf(b *hostv1.Backfill) backfillObject {
	request := b.GetRequest()
	return backfillObject{
		ID: b.GetId(), Job: request.GetJob(), State: backfillStateText(b.GetState()), Problem: b.GetProblem(),
		Title: request.GetTitle(), By: b.GetBy(), CreatedAt: timeOf(b.GetCreatedAt()), EndedAt: timeOf(b.GetEndedAt()),
		Partitions: b.GetPartitions(), NotLaunched: b.GetNotLaunched(), Refused: b.GetRefused(), Counts: partitionCountsOf(b.GetCounts()),
		MaxOpenRuns: request.GetMaxOpenRuns(), NewestFirst: request.GetNewestFirst(), OpSelection: request.GetOpSelection(),
		Tags: tagsOf(request.GetTags()),
	}
}

func backfillStateText(s hostv1.BackfillState) string { return enumText(s, "BACKFILL_STATE_") }

// backfillEnded tells that nothing of a backfill is under way.
func backfillEnded(s hostv1.BackfillState) bool {
	switch s {
	case hostv1.BackfillState_BACKFILL_STATE_SUCCESS, hostv1.BackfillState_BACKFILL_STATE_FAILURE, hostv1.BackfillState_BACKFILL_STATE_CANCELED:
		return true
	default:
		return false
	}
}

// partitionCountsOf leaves out how many have no run.
func partitionCountsOf(counts []*hostv1.PartitionCount) []statusCount {
	out := []statusCount{}
	for _, c := range counts {
		if c.GetStatus() != hostv1.RunStatus_RUN_STATUS_UNSPECIFIED {
			out = append(out, statusCount{Status: statusText(c.GetStatus()), Count: c.GetCount()})
		}
	}
	return out
}

// withoutRun is how many have no run.
func withoutRun(counts []*hostv1.PartitionCount) (n uint64) {
	for _, c := range counts {
		if c.GetStatus() == hostv1.RunStatus_RUN_STATUS_UNSPECIFIED {
			n += c.GetCount()
		}
	}
	return n
}

func backfillItemOf(p *hostv1.BackfillPartition) backfillItem {
	return backfillItem{Partition: p.GetKey(), RunID: p.GetRunId(), Status: partitionStatusText(p.GetStatus()), Error: p.GetError()}
}

// partitionStatusText is the status of a partition's newest run, empty when it has none.
func partitionStatusText(s hostv1.RunStatus) string {
	if s == hostv1.RunStatus_RUN_STATUS_UNSPECIFIED {
		return ""
	}
	return statusText(s)
}
