package main

import (
	"encoding/json"
	"time"
)

// What --json prints. Scripts depend on it: a field keeps its name and meaning for ever, new ones may be added.
// A list that is empty is [], a time that is unknown is null, times are RFC 3339 in UTC.

// runObject is a run.
type runObject struct {
	ID               string      `json:"id"`
	Seq              uint64      `json:"seq"`
	Status           string      `json:"status"`        // QUEUED, WAITING_FOR_CODE, STARTING, STARTED, CANCELING, SUCCESS, FAILURE, CANCELED
	StatusReason     string      `json:"status_reason"` // why, for people
	Job              string      `json:"job"`           // location/repository/job
	Location         string      `json:"location"`
	Repository       string      `json:"repository"`
	Attempt          uint32      `json:"attempt"`
	Tags             []tagObject `json:"tags"`
	CreatedAt        *time.Time  `json:"created_at"`
	StartedAt        *time.Time  `json:"started_at"`
	EndedAt          *time.Time  `json:"ended_at"`
	OpSelection      string      `json:"op_selection"`
	Ops              []string    `json:"ops"` // paths of the ops that it executes
	Config           string      `json:"config"`
	CodeVersion      string      `json:"code_version"`      // at launch
	Protocol         string      `json:"protocol_version"`  // of the user code at launch
	DefinitionDigest string      `json:"definition_digest"` // hex
	Worker           string      `json:"worker"`
	// What it was launched from and started from may differ: a deploy may come between.
	Snapshot           string     `json:"snapshot"`             // of the job at launch
	StartedSnapshot    string     `json:"started_snapshot"`     // of the job that it was started from; empty before
	StartedCodeVersion string     `json:"started_code_version"` // that it was started from; empty before
	LaunchedJob        string     `json:"launched_job"`         // job at launch; empty unless it was re-pointed since
	WaitingSince       *time.Time `json:"waiting_since"`        // null when it does not wait for its code
	WaitsUntil         *time.Time `json:"waits_until"`          // when it fails if its code has not come; null: never
	ParentRun          string     `json:"parent_run"`           // run that it executes again; empty when it is the first
	RootRun            string     `json:"root_run"`             // first of the chain; empty when it is itself the first
	RetryDue           bool       `json:"retry_due"`            // an automatic retry of it is due
}

// previewObject is what a launch would become.
type previewObject struct {
	Job               string          `json:"job"`        // location/repository/job
	ParentRun         string          `json:"parent_run"` // as asked for; empty when no run would be executed again
	OpSelection       string          `json:"op_selection"`
	Ops               []string        `json:"ops"`           // paths of the ops that would be executed
	TakenOutputs      []takenObject   `json:"taken_outputs"` // in place of ops that would not
	DefinitionChanges []string        `json:"definition_changes"`
	Tags              []tagObject     `json:"tags"`
	Config            string          `json:"config"` // with defaults
	CodeVersion       string          `json:"code_version"`
	Notes             []string        `json:"notes"`
	Problems          []problemObject `json:"problems"` // why it would be refused
}

// takenObject is an output that a run would take from another.
type takenObject struct {
	Op   string `json:"op"`
	Run  string `json:"run"`
	Size uint64 `json:"size"` // bytes
}

// problemObject is one thing that is wrong with a launch.
type problemObject struct {
	Field   string `json:"field"` // job, config, tags, op_selection
	Path    string `json:"path"`
	Line    uint32 `json:"line"` // 0: unknown
	Column  uint32 `json:"column"`
	Message string `json:"message"`
}

// repointList is what became of each run that was to be re-pointed.
type repointList struct {
	To     string         `json:"to"` // location/repository/job
	DryRun bool           `json:"dry_run"`
	Runs   []repointedRun `json:"runs"` // oldest first
	Left   uint32         `json:"left"` // how many more there are
}

// repointedRun is one of them.
type repointedRun struct {
	ID        string `json:"id"`
	Repointed bool   `json:"repointed"` // with dry_run: whether it would be
	Error     string `json:"error"`     // why it stays as it was
}

// tagObject is a tag.
type tagObject struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"` // on runs: definition, launch, edited, system, …; empty in definitions
	// Of one that was edited.
	EditedBy string     `json:"edited_by,omitempty"` // who did it, as they said
	EditedAt *time.Time `json:"edited_at,omitempty"`
}

// deletedObject is a run that is no more.
type deletedObject struct {
	ID      string `json:"id"`
	Deleted bool   `json:"deleted"`
}

// eventObject is an event of a run; one per line. What the kind does not have is left out.
type eventObject struct {
	Attempt    uint32           `json:"attempt"` // 0: before the first attempt
	Seq        uint64           `json:"seq"`     // 0: an event of the host
	Time       *time.Time       `json:"time"`
	Kind       string           `json:"kind"` // run_queued, run_started, op_started, op_finished, log, run_finished, …
	Op         string           `json:"op,omitempty"`
	OpAttempt  uint32           `json:"op_attempt,omitempty"`
	Message    string           `json:"message"`
	Level      string           `json:"level,omitempty"`               // of a log line: DEBUG, INFO, WARN, ERROR
	Outcome    string           `json:"outcome,omitempty"`             // SUCCESS, FAILURE, CANCELED, SKIPPED
	RetryAfter *float64         `json:"retry_after_seconds,omitempty"` // of op_finished: until the next op attempt; without it there is none
	Seconds    *float64         `json:"duration_seconds,omitempty"`
	Ops        *uint32          `json:"ops,omitempty"`      // of run_started: how many will run
	Resource   string           `json:"resource,omitempty"` // of resource_opened and resource_closed; without a failure it was
	Failure    *failureObject   `json:"failure,omitempty"`
	Attributes []metadataObject `json:"attributes,omitempty"` // of a log line
	Unreadable string           `json:"unreadable,omitempty"` // why the stored event could not be read
	Reported   *reportedObject  `json:"reported,omitempty"`   // beyond its log
}

// failureObject says why an op or a run did not succeed.
type failureObject struct {
	Reason  string   `json:"reason"`
	Message string   `json:"message"`
	Stack   string   `json:"stack"`
	Causes  []string `json:"causes"`
}

// jobRow is a job in a list.
type jobRow struct {
	Name          string      `json:"name"` // location/repository/job
	Location      string      `json:"location"`
	Repository    string      `json:"repository"`
	Job           string      `json:"job"`
	Summary       string      `json:"summary"`
	Tags          []tagObject `json:"tags"`
	Ops           uint32      `json:"ops"`
	MetadataState string      `json:"metadata_state"` // SHOWN, EMPTY, REFUSED, STALE or UNAVAILABLE
	Error         string      `json:"error"`
}

// jobObject is a job.
type jobObject struct {
	Name                  string           `json:"name"` // location/repository/job
	Location              string           `json:"location"`
	Repository            string           `json:"repository"`
	RepositoryDescription string           `json:"repository_description"`
	Job                   string           `json:"job"`
	Description           string           `json:"description"`    // markdown
	Tags                  []tagObject      `json:"tags"`           // that every run gets
	Ops                   []string         `json:"ops"`            // paths
	MaxConcurrent         uint32           `json:"max_concurrent"` // ops at a time; 0: as many as the worker has CPUs
	OpPolicies            []policyObject   `json:"op_policies"`    // of ops that have any, by the op's own name
	Resources             []resourceObject `json:"resources"`      // that its ops use
	ConfigSchema          json.RawMessage  `json:"config_schema"`
	Metadata              metadataView     `json:"metadata"`
	DefinitionDigest      string           `json:"definition_digest"` // hex
	LoadedAt              *time.Time       `json:"loaded_at"`
	Build                 buildObject      `json:"build"`
	Warnings              []string         `json:"warnings"`
}

// resourceObject is something that the ops of a run share.
type resourceObject struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description"` // markdown
	Configs     []string `json:"configs"`     // that opening it reads
	Ops         []string `json:"ops"`         // that use it, by their own names
	Text        string   `json:"text"`
}

// policyObject is what an op has of policies.
type policyObject struct {
	Op             string       `json:"op"`
	Retry          *retryObject `json:"retry"`           // null: it does not run again
	TimeoutSeconds *float64     `json:"timeout_seconds"` // of one attempt; null: no limit
	Priority       int32        `json:"priority"`
	Text           string       `json:"text"` // all of it for people
}

// retryObject says when an op runs again after a failure.
type retryObject struct {
	Max             uint32   `json:"max"` // further attempts after the first
	DelaySeconds    float64  `json:"delay_seconds"`
	Backoff         float64  `json:"backoff"`           // factor from one wait to the next
	MaxDelaySeconds *float64 `json:"max_delay_seconds"` // null: no limit but that of the SDK
	Jitter          float64  `json:"jitter"`            // part of each wait of which a random share is left out
	SomeErrors      bool     `json:"some_errors"`       // the author's code decides which
}

// snapshotList is a page of what a job was, newest first.
type snapshotList struct {
	Job        string           `json:"job"` // location/repository/job
	Snapshots  []snapshotObject `json:"snapshots"`
	NextCursor string           `json:"next_cursor"` // for --cursor; empty at the end
}

// snapshotObject is a job as it was for a time. One that changes and changes back has three, two of them with one id.
type snapshotObject struct {
	ID               string        `json:"id"`                // 16 hex digits
	DefinitionDigest string        `json:"definition_digest"` // hex
	MetadataDigest   string        `json:"metadata_digest"`   // hex; empty when there was none, or it was refused
	MetadataEntries  uint32        `json:"metadata_entries"`  // that the server announced
	MetadataState    string        `json:"metadata_state"`    // SHOWN, EMPTY, REFUSED or UNAVAILABLE, by the report that came with it
	FirstSeenAt      *time.Time    `json:"first_seen_at"`
	LastSeenAt       *time.Time    `json:"last_seen_at"`
	Current          bool          `json:"current"`      // it is the one in use
	FirstServer      *serverObject `json:"first_server"` // that sent it first; null: it never said
	LastServer       *serverObject `json:"last_server"`  // that sent it last; null: it never said
}

// jobDiff is what changed between two snapshots of a job.
type jobDiff struct {
	Job             string         `json:"job"`  // location/repository/job
	From            snapshotObject `json:"from"` // the older one
	To              snapshotObject `json:"to"`
	Changes         []changeObject `json:"changes"`          // by section and path
	More            uint32         `json:"more"`             // changes that are left out: at most 1,000 are listed
	MetadataRefusal *refusalObject `json:"metadata_refusal"` // why metadata is not compared; null when it is
}

// changeObject is one difference.
type changeObject struct {
	Section string  `json:"section"` // METADATA, TAGS, GRAPH, CONFIG_SCHEMA or DESCRIPTION
	Path    string  `json:"path"`    // a key, the path of an op or graph, a field of the config; empty: the job itself
	Kind    string  `json:"kind"`    // ADDED, REMOVED or CHANGED
	Before  *string `json:"before"`  // text for people, long ones are cut; null when added
	After   *string `json:"after"`   // null when removed
}

// metadataView is a job's metadata in one of its states.
type metadataView struct {
	State   string           `json:"state"`   // SHOWN, EMPTY, REFUSED, STALE or UNAVAILABLE
	Entries []metadataObject `json:"entries"` // in the author's order; null, not [], when they are not shown
	Refusal *refusalObject   `json:"refusal"` // why they are not shown
	Notice  string           `json:"notice"`
}

// metadataObject is one metadata entry.
type metadataObject struct {
	Key  string `json:"key"`
	Kind string `json:"kind"`
	// Value by kind: text, a number with all its digits, true or false, an object, a list; NaN and infinities are text.
	// It is null for the kind null, and where there is an error.
	Value any    `json:"value"`
	Text  string `json:"text"`            // the value as one line for people
	Error string `json:"error,omitempty"` // why the value cannot be shown
}

// refusalObject says what is not shown or not done, why, and what to do.
type refusalObject struct {
	State       string  `json:"state"`
	Code        string  `json:"code"`
	Capability  string  `json:"capability"`
	Location    string  `json:"location"`
	ServerID    string  `json:"server_id"`
	Reported    string  `json:"reported"`
	Required    string  `json:"required"`
	HostVersion string  `json:"host_version"`
	Withheld    *uint32 `json:"withheld"` // entries; null when unknown
	Message     string  `json:"message"`
	Remedy      string  `json:"remedy"`
	DocsURL     string  `json:"docs_url"`
}

// locationList is all locations, by name.
type locationList struct {
	Locations  []locationObject `json:"locations"`
	NextCursor string           `json:"next_cursor"` // always empty
}

// locationObject is a code location.
type locationObject struct {
	Name         string             `json:"name"`
	Address      string             `json:"address"`
	State        string             `json:"state"` // LOADING, READY, STALE, UNAVAILABLE, INCOMPATIBLE, ERROR
	Error        string             `json:"error"`
	ErrorCode    string             `json:"error_code"` // in capitals, see docs/versions.md
	ErrorSince   *time.Time         `json:"error_since"`
	Remedy       string             `json:"remedy"`
	Server       *serverObject      `json:"server"` // null: it never said
	Capabilities []capabilityObject `json:"capabilities"`
	Repositories []repositoryObject `json:"repositories"`
	LoadedAt     *time.Time         `json:"loaded_at"`
	AnsweredAt   *time.Time         `json:"answered_at"`

	DefinitionsDigest string          `json:"definitions_digest"` // hex, of those in use; empty when there are none
	Replicas          []replicaObject `json:"replicas"`           // its servers that answered lately, the newest report first
	Mixed             bool            `json:"mixed"`              // within a minute they reported different definitions, versions or capabilities, as in a deploy
	Draining          bool            `json:"draining"`           // all of them drain: nothing is started until another one answers
	Notices           []string        `json:"notices"`            // what people should know though nothing fails
	WaitingRuns       *int            `json:"waiting_runs"`       // that wait for its code; null when that is not known
	MoreWaiting       bool            `json:"more_waiting"`       // there may be more: no more than 1,000 runs are counted
}

// replicaObject is one server process of a code location.
type replicaObject struct {
	Server      *serverObject `json:"server"`
	Address     string        `json:"address"` // that it answered at
	InUse       bool          `json:"in_use"`  // its report is that of the definitions in use
	FirstSeenAt *time.Time    `json:"first_seen_at"`
	AnsweredAt  *time.Time    `json:"answered_at"`
}

// serverObject is what a location's server said of itself.
type serverObject struct {
	ID                     string      `json:"id"`
	ProtocolVersion        string      `json:"protocol_version"`
	MinHostProtocolVersion string      `json:"min_host_protocol_version"`
	SDK                    sdkObject   `json:"sdk"`
	Build                  buildObject `json:"build"`
	StartedAt              *time.Time  `json:"started_at"`
	LiveWorkers            uint32      `json:"live_workers"`   // that this process started
	Draining               bool        `json:"draining"`       // starts nothing more, and waits for its workers
	DrainDeadline          *time.Time  `json:"drain_deadline"` // when it ends at the latest; null while it does not drain
}

type sdkObject struct {
	Language string `json:"language"`
	Version  string `json:"version"`
	Runtime  string `json:"runtime"`
}

type buildObject struct {
	CodeVersion string     `json:"code_version"`
	VCSRevision string     `json:"vcs_revision"`
	Dirty       bool       `json:"dirty"`
	Image       string     `json:"image"`
	ImageDigest string     `json:"image_digest"`
	BuiltAt     *time.Time `json:"built_at"`
}

// capabilityObject is what the version gate decided.
type capabilityObject struct {
	Capability string         `json:"capability"`
	State      string         `json:"state"`
	Refusal    *refusalObject `json:"refusal"`
}

type repositoryObject struct {
	Name string `json:"name"`
	Jobs uint32 `json:"jobs"`
}

// versionObject is the versions of this command and of the host.
type versionObject struct {
	Client    clientObject `json:"client"`
	Host      *hostObject  `json:"host"`       // null when it does not answer
	HostError string       `json:"host_error"` // why it does not
}

type clientObject struct {
	Version         string `json:"version"`
	Commit          string `json:"commit"`
	ProtocolVersion string `json:"protocol_version"`
	Go              string `json:"go"`
}
