package main

import (
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// What --json prints of partitions; object.go says what holds for all objects.

// partitionList is a page of the partitions of a job.
type partitionList struct {
	Name       string            `json:"name"`  // of the job's partitions
	Total      uint64            `json:"total"` // how many there are, whatever their status
	Partitions []partitionObject `json:"partitions"`
	NextCursor string            `json:"next_cursor"` // for --cursor; empty at the end
}

// partitionObject is a partition, or a key of one dimension.
type partitionObject struct {
	Partition string     `json:"partition"`
	Start     *time.Time `json:"start"` // of its span of time; null when it has none
	End       *time.Time `json:"end"`
	Runs      uint64     `json:"runs"`   // how many there are
	RunID     string     `json:"run_id"` // the newest one; empty when there is none
	Status    string     `json:"status"` // of that run
	// When that run was launched.
	RunCreatedAt *time.Time `json:"run_created_at"`
}

// partitionChange is what a change of keys changed.
type partitionChange struct {
	Added   uint32 `json:"added"`
	Removed uint32 `json:"removed"`
	Total   uint32 `json:"total"` // how many there are now
}

func partitionOf(k *hostv1.PartitionKey) partitionObject {
	return partitionObject{Partition: k.GetKey(), Start: timeOf(k.GetStart()), End: timeOf(k.GetEnd())}
}
