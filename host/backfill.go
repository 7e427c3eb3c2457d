package host

import (
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

// BackfillState is where a backfill is. The text is what is stored.
type BackfillState string

// The states.
const (
	BackfillRunning   BackfillState = "RUNNING"
	BackfillCanceling BackfillState = "CANCELING"
	BackfillSuccess   BackfillState = "SUCCESS"
	BackfillFailure   BackfillState = "FAILURE"
	BackfillCanceled  BackfillState = "CANCELED"
)

// Final reports whether nothing is under way. A retry makes a final one running again.
func (s BackfillState) Final() bool {
	return s == BackfillSuccess || s == BackfillFailure || s == BackfillCanceled
}

// Limits and defaults of backfills.
const (
	// MaxBackfillPartitions is how many partitions one has at most.
	MaxBackfillPartitions = 100_000
	// MaxBackfillOpenRuns is the most that MaxOpenRuns may be, DefaultBackfillOpenRuns what it is when nothing is said.
	MaxBackfillOpenRuns     = 1000
	DefaultBackfillOpenRuns = 10
	// BackfillPriority is the priority of its runs when no tag says another.
	BackfillPriority = -10
	// MaxBackfillRefusals is how many of the partitions that could not be launched are remembered with a message.
	MaxBackfillRefusals = 1000
)

// Backfill is runs for many partitions of a job. A Backfill that a Store returns is the caller's to change.
type Backfill struct {
	// ID is the text of a UUIDv7.
	ID  string
	Job JobName
	// PartitionSet is the name of the job's partitions when it began.
	PartitionSet string
	// Partitions are the keys in the order in which they are launched. It never changes.
	Partitions  []string
	Tags        []tag.Tag
	ConfigYAML  string
	OpSelection string
	MaxOpenRuns int
	Title       string
	// Asked is what was asked for, encoded as host.v1.BackfillRequest, to show; AskedDigest tells a repeat from another.
	Asked       []byte
	AskedDigest Digest
	By          string
	CreatedAt   time.Time

	State   BackfillState
	EndedAt time.Time
	// Problem says for people why it waits or ended early.
	Problem string
	// Next is the place in Partitions up to which runs were launched, or refused, at least: it is stored now and then while
	// it goes on, and exactly at its end.
	Next int
	// Refusals are partitions that could not be launched, the first MaxBackfillRefusals of RefusedCount.
	Refusals     []BackfillRefusal
	RefusedCount int
	// Round counts retries of what failed: 0 at first. Retry are the places in Partitions that this round launches again,
	// with Next a place in Retry then; nil in round 0. RetryRequest is the id of the request that began the round.
	Round        int
	Retry        []int
	RetryRequest string
	// Forced tells that its runs are to be killed, with BackfillCanceling.
	Forced bool
	// Counts are the statuses of the newest runs of its partitions as they were when it ended; nil before.
	Counts RunCounts
}

// BackfillRefusal is a partition that could not be launched.
type BackfillRefusal struct {
	Partition string
	// Message says why, for people.
	Message string
}
