package outputs

import "time"

// Limits of what is stored.
const (
	// DefaultMaxBytes is how many bytes an encoded output may have, unless its op says otherwise.
	DefaultMaxBytes = 256 << 20
	// maxStoredBytes is what an op may say at most.
	maxStoredBytes = 1 << 30
	// maxInFlight is how many bytes of encoded outputs wait to be stored; ops that have ended wait for room.
	maxInFlight = 64 << 20
	// maxParallel is how many outputs are stored at a time.
	maxParallel = 16
	// maxRecordBytes is how large a memo record may be: its metadata is most of it.
	maxRecordBytes = 4 << 20

	// callTimeout is how long the store may take for a call, and callBytesPerSecond what it moves meanwhile at least.
	callTimeout        = time.Minute
	callBytesPerSecond = 1 << 20
	// awayFor is how long a store is left alone that did not answer in time: outputs are not stored then.
	awayFor = 30 * time.Second
	// leaveBehind is how long a call has to return when its time is over.
	leaveBehind = time.Second
)
