package host

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

// RunID is the text of a UUIDv7.
type RunID string

// Run is one launch of a job, from the queue to its final status.
// A Run that a Store returns is the caller's to change.
type Run struct {
	ID RunID
	// Seq is the creation order: dense from 1, never used again. The store sets it.
	Seq uint64
	Job JobName
	// LaunchedAs is the job that it was launched as; zero unless it was re-pointed to another since. The store sets it.
	LaunchedAs JobName
	// Status changes only through Become.
	Status RunStatus
	// StatusReason says why, for people.
	StatusReason string
	// Attempt counts starts, 0 before the first. It rises only when the attempt
	// before was never granted and is fenced.
	Attempt uint32
	// Tags are sorted by key, each with its origin.
	Tags []tag.Tag
	// ConfigYAML is the config as typed, ConfigJSON with defaults as canonical JSON.
	ConfigYAML string
	ConfigJSON []byte
	// OpSelection is the selection as typed, empty for all.
	OpSelection string
	// OpPaths are the paths that execute, sorted; Subset tells that they are not all.
	OpPaths []string
	Subset  bool
	// Launched is the job as it was at launch, StartedFrom as it was at the last start
	// (zero before).
	Launched, StartedFrom Snapshot
	// CreatedAt is max(clock, the run before), so that Seq is creation order.
	// StartedAt is when the grant was given. Zero when it has not happened.
	CreatedAt, StartedAt, EndedAt time.Time
	// WaitingSince is when it began to wait for its code; zero when it does not.
	WaitingSince time.Time
	// Waited is how long it waited for its code before WaitingSince.
	Waited time.Duration
	// Parent is the run that it executes again, Root the first of that chain; empty when it is itself the first.
	Parent, Root RunID
	// TakenOutputs is the digest of the body with the outputs of other runs that stand for ops which it does not
	// execute (penstock.worker.v1.StoredOutputs); zero when it takes none.
	TakenOutputs Digest
	// RetryDue is set when it failed and its tags ask for an automatic retry, until the child is launched or given up.
	RetryDue bool
	// StartTimeouts counts attempts that were given up for a reason that may not be there the next time: the worker never
	// said hello within the start lease, or ended before it did, or the server was not able to start it.
	StartTimeouts uint32
	// Current is what the host knows of the current attempt.
	Current AttemptState
}

// AttemptState is the host's side of one attempt.
type AttemptState struct {
	// TokenSHA256 is the hash of the secret that the attempt's worker shows.
	TokenSHA256 []byte
	// ServerID is the user-code server that accepted the start.
	ServerID string
	// WorkerID is the process that got the grant, empty before.
	WorkerID string
	// Handle says where it runs, for people.
	Handle string
	// StartingAt and CancelingAt are when that was asked for.
	StartingAt, CancelingAt time.Time
	// Forced tells that a cancel was forced.
	Forced bool
	// OverRuntime tells that the run was asked to end because it took longer than its tags allow, and by nobody since.
	OverRuntime bool
}

// Snapshot is a job as it was, with the report of the server that it came from.
type Snapshot struct {
	// Definition is the digest of the definition body; zero when unset.
	Definition Digest
	// Metadata is the digest of the metadata body; zero when there is none or the gate refused it.
	Metadata Digest
	// MetadataEntries is the number of entries that the manifest counted.
	MetadataEntries uint32
	// ServerInfo is the encoded penstock.usercode.v1.ServerInfo as it came.
	ServerInfo []byte
	// AllowDevVersions is the policy of the location then.
	AllowDevVersions bool
	// CodeVersion is what the server called the version of its code, else its revision; empty when it said neither.
	CodeVersion string
}

// LaunchedJob is the job that the run was launched as, also after it was re-pointed.
func (r *Run) LaunchedJob() JobName {
	if r.LaunchedAs != (JobName{}) {
		return r.LaunchedAs
	}
	return r.Job
}

// Tag returns the value of the tag with this key.
func (r *Run) Tag(key string) (value string, ok bool) {
	for _, t := range r.Tags {
		if t.Key == key {
			return t.Value, true
		}
	}
	return "", false
}

// ID is the first 16 hex digits of the SHA-256 over both digests: what people call the snapshot. It is empty for the
// zero Snapshot.
func (s Snapshot) ID() string {
	if s.Definition.IsZero() {
		return ""
	}
	sum := sha256.Sum256(slices.Concat(s.Definition[:], s.Metadata[:]))
	return hex.EncodeToString(sum[:8])
}

// RunPage is a page of runs, newest first.
type RunPage struct {
	Runs []Run
	// Next is the Seq below which the next page starts; 0 at the end.
	Next uint64
}
