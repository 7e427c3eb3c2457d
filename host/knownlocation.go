package host

import (
	"context"
	"time"
)

// KnownLocation is what a location sent last that could be used: its last known good definitions, kept over restarts.
type KnownLocation struct {
	// Name of the location.
	Name string
	// ServerInfo is the encoded penstock.usercode.v1.ServerInfo that came with them; empty when the server reported nothing.
	ServerInfo []byte
	// AllowDevVersions is the policy of the location then.
	AllowDevVersions bool
	// CodeVersion is what the server called the version of its code, else its revision; empty when it said neither.
	CodeVersion string
	// Root is the digest of all of it.
	Root Digest
	// Repositories are sorted by name.
	Repositories []KnownRepository
	// LoadedAt is when they came into use, AnsweredAt when the location answered last.
	LoadedAt, AnsweredAt time.Time
}

// KnownRepository is a repository of a KnownLocation.
type KnownRepository struct {
	Name string
	// Digest is that of the repository, Body that of its RepositoryDefinition; Body is zero when there is none.
	Digest, Body Digest
	// Jobs are sorted by name.
	Jobs []KnownJob
}

// KnownJob is a job of a KnownRepository.
type KnownJob struct {
	Name string
	// Definition is the digest of the definition body.
	Definition Digest
	// Metadata is the digest of the metadata body as the manifest has it; zero when there is none.
	Metadata Digest
	// MetadataEntries is the number of entries that the manifest counted.
	MetadataEntries uint32
	// MetadataHeld tells that the gate allowed the metadata body, so that it is stored.
	MetadataHeld bool
}

// JobPeriod is a row of a job's history: the time in which the job was one snapshot.
type JobPeriod struct {
	Job JobName
	// Seq orders the periods of a job, from 1, dense.
	Seq uint64
	// First is the snapshot as seen first; Last has the same digests, and the report that came last.
	First, Last Snapshot
	// FirstSeen and LastSeen are when; LastSeen of the current one is when its location answered last, to the minute.
	FirstSeen, LastSeen time.Time
	// Current tells that the job is that now, as far as is known.
	Current bool
}

// JobHistory is a page of periods, newest first.
type JobHistory struct {
	Periods []JobPeriod
	// Next is the Seq below which the next page starts; 0 at the end.
	Next uint64
}

// KnownLocationStore keeps what is known of code locations, and the history of their jobs; it is part of Store.
type KnownLocationStore interface {
	// PutKnownLocation replaces what is known of a location, and advances the history of its jobs in the same
	// transaction: a job whose snapshot is another than in its current period gets a new one, that of a job that is
	// gone ends, and all else stays as it is. A snapshot is another when the definition, the metadata held or the
	// number of entries is; the report of the server alone is not. A job keeps at least its last 1,000 periods.
	//
	// bodies are those that l names and that may not be there yet: definitions, metadata that is held, and those of
	// repositories. One that is neither given nor there is Invalid, and so is one that l does not name. They are stored
	// before all else, a part at a time, so that nobody waits for long behind a large location. So is the history where
	// thousands of jobs changed, each job whole. What a failure leaves behind of either is true, and the next call for
	// the location goes on from it.
	PutKnownLocation(ctx context.Context, l KnownLocation, bodies map[Digest][]byte) error

	// KnownLocations returns what is known of each location, sorted by name. One that cannot be read is left out, and
	// the error, which comes beside the others then, says why.
	KnownLocations(ctx context.Context) ([]KnownLocation, error)

	// TouchKnownLocations raises AnsweredAt of locations by name, in one transaction. It never lowers it, and passes
	// over a name of which nothing is known.
	TouchKnownLocations(ctx context.Context, answeredAt map[string]time.Time) error

	// JobHistory returns at most limit periods of a job with Seq below before (0 means from the newest), newest first.
	// A page of large ones may end earlier; only a Next of 0 is the end. NotFound when the job was never known.
	JobHistory(ctx context.Context, job JobName, before uint64, limit int) (JobHistory, error)
}
