package spec

import (
	"context"
	"reflect"
	"time"

	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// ResultPort names the one output of an op or graph that has one.
const ResultPort = "result"

// Repository is a named set of jobs.
type Repository struct {
	Name        string
	Description string // markdown
	Metadata    metadata.List
	Jobs        []*Job      // sorted by name
	Schedules   []*Schedule // sorted by name
	Sensors     []*Sensor   // sorted by name
}

// Job is what can be launched.
type Job struct {
	Name        string
	Description string        // markdown
	Tags        tag.List      // sorted by key; OriginNone
	Metadata    metadata.List // in the author's order
	Graph       *Graph        // has no inputs
	Configs     []*Config     // of all its ops, nested ones included, and of their resources; sorted by name
	Resources   []*Resource   // of all its ops, with those that these use; sorted by name
	// ConfigSchema is the JSON schema of the run config, compact and the same in every process of one build; nil
	// when no op has a config, which means that run config must be empty.
	ConfigSchema []byte
	// MaxConcurrent is how many of its ops run at a time; 0 means as many as the process has CPUs.
	MaxConcurrent int
	// Partitions is nil when it has none. PartitionRun makes what belongs to the run of one; nil when there is nothing.
	Partitions   *Partitions
	PartitionRun func(ctx context.Context, p Partition) (PartitionRun, error)
	// Origin is where the author made it, "file:line", for messages of this process.
	Origin string
}

// Graph is nodes and the wires between them.
type Graph struct {
	Name        string
	Description string  // markdown
	Nodes       []*Node // in the order placed, which is an order of dependencies: a node uses earlier ones only
	Maps        []*Map  // in the order placed, so that one comes before those inside of it
	Inputs      []Port
	Outputs     []GraphOutput // at most one
}

// Node is an op or a graph placed under a name: exactly one of Op and Graph is set.
type Node struct {
	Name   string // unique in its graph
	Op     *Op
	Graph  *Graph
	Inputs []Input  // one for each input of the op or graph, in their order
	After  []string // nodes of the same graph that must end well first, beyond those that feed it; sorted, each once
	Map    *Map     // of the same graph, that makes instances of it; nil for a node that there is once
}

// Port is an input or an output.
type Port struct {
	Name        string
	Type        string // the Go type, for people
	Description string
	// Go is the type itself, of which stored values become values again. Nil in tests that store none.
	Go reflect.Type
}

// Input says where the value of one input comes from.
type Input struct {
	Port string
	Value
}

// GraphOutput says where the value of one output of a graph comes from.
type GraphOutput struct {
	Port Port
	Value
}

// Value is made of what its sources yield. A wire has one source and no Combine. With Combine there are any number
// of sources, none included: it gets their values in order and makes the one value of a list or a struct.
// Combine runs functions of the author, so it may panic; it is safe for concurrent use.
type Value struct {
	Sources []Source
	Combine func(sources []any) any
}

// Source is one of: an output of a node in the same graph; an input of that graph, when Node is empty; the item of ItemOf;
// or what the instances of Gather's map yield. In a value of a node the source is not mapped, or mapped by a map
// that the node is inside of too; whatever is inside of other maps comes by Gather.
type Source struct {
	Node   string
	Port   string
	ItemOf *Map
	Gather *Gather
}

// Op is a unit of work.
type Op struct {
	Name        string
	Description string // markdown
	Inputs      []Port
	Outputs     []Port      // at most one, ResultPort
	Configs     []*Config   // that its function may read; sorted by name
	Resources   []*Resource // that its function may use; sorted by name
	Retry       *Retry      // nil means that it runs once
	// Timeout is how long one attempt may take; 0 means no limit.
	Timeout time.Duration
	// Priority: of the ops that are ready the one with the highest starts first.
	Priority int
	// CodeVersion is what the author calls the op's code; empty when nothing is said. Outputs of ops that have one can be
	// taken by later runs.
	CodeVersion string
	// Pool is that of which each attempt takes a slot; empty for none.
	Pool string
	// Transient ops' outputs are never stored.
	Transient bool
	// MaxOutput is how many bytes its stored output may have; 0 means the default.
	MaxOutput int64
	// Run calls the author's function: inputs in the order of Inputs; the output is nil when there is none. It may
	// panic and must be given a context with an Execution. Safe for concurrent use as far as the author's code is.
	Run func(ctx context.Context, inputs []any) (output any, err error)
	// Origin is where the author made it, "file:line".
	Origin string
}
