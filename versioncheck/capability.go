package versioncheck

import (
	"slices"
	"strings"
	"sync"
)

// Names of the capabilities, as they are on the wire.
const (
	JobMetadata = "job_metadata"
	LaunchRun   = "launch_run"
	ListJobs    = "list_jobs"
	OutputStore = "output_store"
	Partitions  = "partitions"
	RunTags     = "run_tags"
	Schedules   = "schedules"
	Sensors     = "sensors"
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
	// FixedProtocol is the oldest server protocol without known bugs in it, a
	// release; empty means MinProtocol. A server between the two is allowed,
	// with the notice KNOWN_BUGS.
	FixedProtocol string
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
		Name: OutputStore, Label: "the output store",
		MinProtocol: "0.15.0", MinHostProtocol: "0.15.0",
		Description: "Stored outputs of ops: runs that take those of other runs or given inputs, and removing them with their runs.",
	},
	{
		Name: Partitions, Label: "partitions",
		MinProtocol: "0.15.0", MinHostProtocol: "0.15.0",
		Description: "Partitions of jobs: runs for a day, a region or a customer, backfills, and config and tags of each partition.",
	},
	{
		Name: RunTags, Label: "run tags",
		MinProtocol: OldestProtocol, MinHostProtocol: OldestProtocol, Baseline: true,
		Description: "Tags of jobs, which every run of the job inherits.",
	},
	{
		Name: Schedules, Label: "schedules",
		MinProtocol: "0.15.0", MinHostProtocol: "0.15.0",
		Description: "Schedules, which launch runs at times.",
	},
	{
		Name: Sensors, Label: "sensors",
		MinProtocol: "0.15.0", MinHostProtocol: "0.15.0",
		Description: "Sensors, which launch runs when something has happened.",
	},
}

// Requirements returns the capability table, sorted by name. The slice is the
// caller's to change.
func Requirements() []Requirement { return slices.Clone(table) }

// requirement is a line of a table with its versions read and its texts fit
// for messages: a line may come from another host.
type requirement struct {
	Requirement
	wireName            string // as servers list it
	min, minHost, fixed Version
	// field and raw are a version of the line that cannot be read; empty when all can.
	field, raw string
}

// readRequirement reads a line, whatever it holds.
func readRequirement(r Requirement) requirement {
	n := requirement{Requirement: r, wireName: r.Name}
	for _, v := range []struct {
		to         *Version
		field, raw string
	}{{&n.min, fieldRowMin, r.MinProtocol}, {&n.minHost, fieldRowMinHost, r.MinHostProtocol}} {
		var err error
		if *v.to, err = Parse(v.raw); err != nil && n.field == "" {
			n.field, n.raw = v.field, v.raw
		}
	}
	// It refuses nothing: one that cannot be read makes every server suspect.
	n.fixed, _ = Parse(r.FixedProtocol)
	n.Name, n.Label = plain(r.Name), phrase(r.Label)
	n.MinProtocol, n.MinHostProtocol, n.FixedProtocol = plain(r.MinProtocol), plain(r.MinHostProtocol), plain(r.FixedProtocol)
	if n.Label == "" {
		n.Label = n.Name
	}
	return n
}

// needs is the beginning of what the capability needs: a label of one word that
// ends like a plural is one.
func (n requirement) needs() string {
	if n.plural() {
		return n.Label + " need"
	}
	return n.Label + " needs"
}

func (n requirement) plural() bool {
	return strings.HasSuffix(n.Label, "s") && !strings.Contains(n.Label, " ")
}

// knownBugsIn reports whether the server has the capability with bugs.
func (n requirement) knownBugsIn(report Report) bool {
	if n.FixedProtocol == "" || !report.Answered {
		return false
	}
	server, err := Parse(report.ProtocolVersion)
	return err == nil && !isDev(report.ProtocolVersion, server, err) && server.OlderThan(n.fixed)
}

// requirements reads the table's versions on first use, not when the package
// is initialised: a worker that is being started should not pay for them.
var requirements = sync.OnceValue(func() map[string]requirement {
	byName := make(map[string]requirement, len(table))
	for _, r := range table {
		byName[r.Name] = readRequirement(r)
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
