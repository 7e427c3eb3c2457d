package boltstore

import (
	"errors"
	"fmt"
)

// packed are the buckets whose values carry a checksum over key and value.
var packed = map[string]bool{
	string(bucketRuns): true, string(bucketNotes): true, string(bucketBodies): true, string(bucketIdempotency): true,
	string(bucketLocations): true, string(bucketAnswered): true, string(bucketHistory): true, string(bucketOutputs): true,
	string(bucketBulks): true, string(bucketAlerts): true, string(bucketLimitChanges): true, string(bucketEvents): true,
	string(bucketAutomations): true, string(bucketCursors): true, string(bucketTicks): true, string(bucketRunKeys): true,
	string(bucketEnded): true, string(bucketPartitions): true, string(bucketBackfills): true, string(bucketBackfillPartitions): true,
}

// checksOf returns what looks at a record of a bucket without reading what it means. Nothing is known of buckets of newer
// versions.
func checksOf(bucket []byte) func(key, value []byte) error {
	name := string(bucket)
	switch {
	case packed[name]:
		return func(key, value []byte) error {
			if !intact(key, value) {
				return damaged(name, key, errors.New("its checksum does not fit"))
			}
			return nil
		}
	case name == string(bucketIDs):
		return func(key, value []byte) error {
			if _, ok := seqOf(value); len(key) != idLen || !ok {
				return damaged(name, key, fmt.Errorf("%x is not the number of a run", value))
			}
			return nil
		}
	case name == string(bucketOpen), name == string(bucketRetries), name == string(bucketPurge):
		return func(key, _ []byte) error {
			if _, ok := seqOf(key); !ok {
				return damaged(name, key, errors.New("it is not the number of a run"))
			}
			return nil
		}
	default:
		return func(_, _ []byte) error { return nil }
	}
}
