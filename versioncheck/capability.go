package versioncheck

import (
	"slices"
	"sync"
)

// Names of the capabilities, as they are on the wire.
const (
	JobMetadata = "job_metadata"
	LaunchRun   = "launch_run"
	ListJobs    = "list_jobs"
	RunTags     = "run_tags"
)

// Requirement is what one capability requires of both sides.
type Requirement struct {
	// Name is the capability's name on the wire.
	Name string
	// Label names the capability inside a sentence.
	Label string
	// MinProtocol is the oldest server protocol that has it, a release.
	MinProtocol string
	// MinHostProtocol is the oldest host protocol that can use it, a release.
	MinHostProtocol string
	// Baseline capabilities are allowed on every compatible location; the
	// others are gated by the server's report.
	Baseline bool
	// Description is one line for the documentation.
	Description string
}

// table is sorted by name. A feature that user code must support gets its line
// here when it is built, and nowhere else.
var table = []Requirement{
	{
		Name: JobMetadata, Label: "job metadata",
		MinProtocol: "0.14.18", MinHostProtocol: "0.14.18",
		Description: "Metadata that a job's definition carries, shown on the job's page and as of launch on its runs.",
	},
	{
		Name: LaunchRun, Label: "launching runs",
		MinProtocol: OldestProtocol, MinHostProtocol: OldestProtocol, Baseline: true,
		Description: "Launching and cancelling runs of the location's jobs.",
	},
	{
		Name: ListJobs, Label: "listing jobs",
		MinProtocol: OldestProtocol, MinHostProtocol: OldestProtocol, Baseline: true,
		Description: "Listing the location's repositories, jobs and their graphs.",
	},
	{
		Name: RunTags, Label: "run tags",
		MinProtocol: OldestProtocol, MinHostProtocol: OldestProtocol, Baseline: true,
		Description: "Tags of jobs, which every run of the job inherits.",
	},
}

// Requirements returns the capability table, sorted by name. The slice is the
// caller's to change.
func Requirements() []Requirement { return slices.Clone(table) }

// requirement is a line of the table with its versions read.
type requirement struct {
	Requirement
	min, minHost Version
}

// requirements reads the table's versions on first use, not when the package
// is initialised: a worker that is being started should not pay for them.
var requirements = sync.OnceValue(func() map[string]requirement {
	byName := make(map[string]requirement, len(table))
	for _, r := range table {
		byName[r.Name] = requirement{r, constant(r.MinProtocol), constant(r.MinHostProtocol)}
	}
	return byName
})

// oldest is [OldestProtocol], read on first use.
var oldest = sync.OnceValue(func() Version { return constant(OldestProtocol) })

// constant reads a version written in this package. A test reads them all; if
// one is wrong all the same, the zero Version makes every gate refuse.
func constant(s string) Version {
	v, _ := Parse(s)
	return v
}
