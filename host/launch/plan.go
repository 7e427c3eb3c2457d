package launch

import (
	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Request asks for a run.
type Request struct {
	// RequestID makes a launch repeatable. Planning does not look at it.
	RequestID string
	// Job is "location/repository/job" or the shortest unambiguous end of it.
	Job string
	// ConfigYAML is the run config as typed, YAML or JSON.
	ConfigYAML string
	// Tags that the run gets beside those of the definition; origins are ignored.
	Tags []tag.Tag
	// OpSelection as typed; empty means all ops.
	OpSelection string
	// DefinitionDigest is that of the definition that the user saw; the zero
	// Digest accepts the one that is there now.
	DefinitionDigest host.Digest
	// Reexecution makes the run a child of another run; nil for a run of its own. Job may be empty then, and otherwise has
	// to be the parent's.
	Reexecution *Reexecution
	// InputsFrom is the run of the job whose stored outputs stand for ops that the selection leaves out; empty when there is
	// none. With Reexecution it is the parent anyway.
	InputsFrom host.RunID
	// Partition is the key of the run's partition; empty when it is none.
	Partition string
	// PartitionRun is what the job's code makes for the run of the partition; nil means that the code is asked.
	PartitionRun *host.PartitionRun
	// Source is what launches it, when that is not a person.
	Source *Source
}

// Source is a schedule, a sensor or a backfill that launches a run.
type Source struct {
	// Schedule or Sensor is its name, Tick the id of its tick and RunKey the key of its request, empty when it has none.
	Schedule, Sensor, Tick, RunKey string
	// Backfill is the id of one.
	Backfill string
	// Tags of the schedule's or sensor's definition; origins are ignored.
	Tags []tag.Tag
	// Keys are changes of keys of dynamic partitions that are stored together with the run, and hold for it.
	Keys []host.PartitionKeysChange
}

// Plan is what a request would become.
type Plan struct {
	Job host.JobName
	// Partition is the key of the run's partition; empty when it is of none.
	Partition string
	// Tags of the run with their origins, sorted by key.
	Tags []tag.Tag
	// Overridden are the tags of the definition that the request replaced, sorted by key.
	Overridden []tag.Tag
	// OpPaths are the ops that execute, sorted; Subset tells that they are not all.
	OpPaths []string
	Subset  bool
	// OpSelection selects them, as typed if somebody typed it.
	OpSelection string
	// Parent is the run that is executed again, Root the first of that chain; empty when there is none.
	Parent, Root host.RunID
	// Outputs are taken from earlier runs, sorted by op path; TakenOutputs is the digest of their body.
	Outputs      []*workerv1.StoredOutput
	TakenOutputs host.Digest
	// Missing are inputs of the selected ops that nothing gives; each is one of Problems, too.
	Missing []host.MissingInput
	// DefinitionChanges say how the job differs from what the parent ran, one line each.
	DefinitionChanges []string
	// ConfigTyped is the config as typed, that of the parent where it is kept.
	ConfigTyped string
	// ConfigYAML and ConfigJSON are the config with its defaults, for people and canonical.
	ConfigYAML string
	ConfigJSON []byte
	// Snapshot is the job as it is now, Bodies what it names.
	Snapshot host.Snapshot
	Bodies   map[host.Digest][]byte
	// CodeVersion is that of the code that would run, as its server reports it.
	CodeVersion string
	// Notes tell people what will happen that they might not expect, for
	// example that the run has to wait for its code.
	Notes []string
	// Problems is all that is wrong, in the order location, partition, config, tags, op
	// selection. Only Preview returns a plan that has any; what they concern is
	// not filled in.
	Problems []host.Problem

	// refusal is the location's policy, when that is against a launch now.
	refusal *host.Error
}

// refuse makes a plan of one that would be refused; what else is wrong with it is part of that.
func (p *Plan) refuse(e *host.Error) {
	e.Problems = p.Problems
	p.refusal = e
	p.Problems = append([]host.Problem{{Field: "job", Message: e.Message + " " + e.Remedy}}, p.Problems...)
}

// Recheck is a run's job as it is now, which the run fits.
type Recheck struct {
	Snapshot host.Snapshot
	Bodies   map[host.Digest][]byte
	// ConfigJSON, OpPaths and Subset are what the run has to be started with.
	ConfigJSON []byte
	OpPaths    []string
	Subset     bool
	// TakenOutputs is the digest of the body of outputs that it takes from earlier runs; zero for none.
	TakenOutputs host.Digest
	// Changed tells that the definition is another than at launch.
	Changed bool
}
