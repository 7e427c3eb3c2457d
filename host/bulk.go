package host

import (
	"slices"
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

// BulkKind is what a Bulk does with each run. The text is what is stored and shown.
type BulkKind string

// The kinds.
const (
	BulkCancel    BulkKind = "cancel"
	BulkReexecute BulkKind = "reexecute"
	BulkTag       BulkKind = "tag"
	BulkDelete    BulkKind = "delete"
)

// Valid reports whether k is one of the kinds.
func (k BulkKind) Valid() bool {
	return k == BulkCancel || k == BulkReexecute || k == BulkTag || k == BulkDelete
}

// BulkState is where a Bulk is. The text is what is stored.
type BulkState string

// The states.
const (
	// BulkRunning goes on, also after a restart of the host.
	BulkRunning BulkState = "RUNNING"
	// BulkDone has looked at every run.
	BulkDone BulkState = "DONE"
	// BulkStopped ended before: somebody stopped it, or it could not go on; then Error says why.
	BulkStopped BulkState = "STOPPED"
)

// Limits of a Bulk.
const (
	// MaxBulkRuns is how many runs one may name.
	MaxBulkRuns = 1000
	// MaxBulkFailures is how many runs that refused it remembers.
	MaxBulkFailures = 100
	// MaxBulkBatch is how many runs its Batch may have.
	MaxBulkBatch = 1000
	// MaxBulks is how many are kept: of older ones those that go on.
	MaxBulks = 1000
)

// BulkAction says what to do, with which runs.
type BulkAction struct {
	Kind BulkKind
	// Runs are the ones that it names, newest first; none means that Where says which.
	Runs []RunRef
	// Where is a selector without relative times; empty selects all runs.
	Where string

	// Force kills at once, Reason says why, for people; of BulkCancel.
	Force  bool
	Reason string
	// Strategy says which ops; of BulkReexecute.
	Strategy string
	// Set and Remove change tags; of BulkTag.
	Set    []tag.Tag
	Remove []string
}

// Bulk is an action on many runs, which goes on until each was looked at. A Bulk that a Store returns is the caller's to
// change.
type Bulk struct {
	// ID is the text of a UUIDv7.
	ID string
	// Action never changes.
	Action BulkAction
	// Asked is the digest of the request as it came, by which one that comes again is told from another.
	Asked Digest
	// By is who asked, as their client said.
	By        string
	CreatedAt time.Time
	// Below bounds the runs: those with this Seq or a higher one came later, and are none of it.
	Below uint64
	// Selected is how many runs were selected when it began.
	Selected uint64

	State   BulkState
	EndedAt time.Time
	// Error is why it ended early, for people.
	Error string
	// Batch are the runs that it is about to act on, newest first: stored before it does, so that a restart knows which
	// ones may have been changed already. Next is the Seq below which it goes on after them; 0 when they are the last.
	Batch []RunRef
	Next  uint64
	// Changed, PassedOver and Failed count runs, without those of Batch.
	Changed, PassedOver, Failed uint64
	// Failures are the first that refused.
	Failures []BulkFailure
}

// BulkFailure is a run that refused.
type BulkFailure struct {
	Run RunID
	// Message says why, for people.
	Message string
}

// Ended reports whether b never changes again.
func (b *Bulk) Ended() bool { return b.State != BulkRunning }

// Fail counts a run that refused, and remembers why while there is room.
func (b *Bulk) Fail(id RunID, message string) {
	b.Failed++
	if len(b.Failures) < MaxBulkFailures {
		b.Failures = append(slices.Clip(b.Failures), BulkFailure{Run: id, Message: cleanReason(message)})
	}
}
