package host

import "context"

// ReasonTooManyPartitions is the reason of a Conflict: a dynamic dimension would have more than MaxDynamicPartitions keys.
const ReasonTooManyPartitions = "TOO_MANY_PARTITIONS"

// PartitionStore keeps the keys of dynamic partitions; it is part of Store.
type PartitionStore interface {
	// PartitionKeys returns at most limit keys that begin with prefix, in the order in which they were added, from behind
	// the place after (0 means from the first). A page may end earlier, also without any; only a Next of 0 is the end. Of a
	// dimension to which nothing was ever added, there are none. Keys that cannot be read are left out, and the error,
	// which comes beside the page then, is a Damage.
	PartitionKeys(ctx context.Context, name DynamicName, prefix string, after uint64, limit int) (PartitionKeyPage, error)

	// HasPartitionKeys tells which of keys there are. Others are not in the map.
	HasPartitionKeys(ctx context.Context, name DynamicName, keys []string) (map[string]bool, error)

	// ChangePartitionKeys removes and adds keys, in this order, so that one that is in both becomes the last, and tells how
	// many were removed and added, and how many there are then. Invalid, for a key that CheckPartitionKey refuses, and
	// Conflict with ReasonTooManyPartitions leave all as it was.
	ChangePartitionKeys(ctx context.Context, change PartitionKeysChange) (added, removed, total int, err error)
}

// PartitionKeyPage is a page of the keys of a dynamic dimension.
type PartitionKeyPage struct {
	Keys []string
	// Total is how many keys the dimension has, whatever they begin with.
	Total int
	// Next is the place behind which the next page starts, 0 at the end.
	Next uint64
}
