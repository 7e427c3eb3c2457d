package host

import (
	"slices"
	"strings"

	"github.com/penstock-run/penstock/usercode/tag"
)

// JobName names a job in the workspace.
type JobName struct {
	Location, Repository, Job string
}

// String returns "location/repository/job".
func (n JobName) String() string { return n.Location + "/" + n.Repository + "/" + n.Job }

// Less orders by location, repository, job.
func (n JobName) Less(m JobName) bool {
	if n.Location != m.Location {
		return n.Location < m.Location
	}
	if n.Repository != m.Repository {
		return n.Repository < m.Repository
	}
	return n.Job < m.Job
}

// Covers reports whether every part of n that is set is that of m.
func (n JobName) Covers(m JobName) bool {
	return (n.Location == "" || n.Location == m.Location) &&
		(n.Repository == "" || n.Repository == m.Repository) &&
		(n.Job == "" || n.Job == m.Job)
}

// ParseJobName reads "location/repository/job" or an end of it; the parts left
// out are empty. ok is false when a part is missing or there are too many.
func ParseJobName(s string) (name JobName, ok bool) {
	parts := strings.Split(s, "/")
	if slices.Contains(parts, "") {
		return JobName{}, false
	}
	switch len(parts) {
	case 1:
		return JobName{Job: parts[0]}, true
	case 2:
		return JobName{Repository: parts[0], Job: parts[1]}, true
	case 3:
		return JobName{Location: parts[0], Repository: parts[1], Job: parts[2]}, true
	default:
		return JobName{}, false
	}
}

// JobDefinition is the part of a definition that the host itself acts on:
// launching needs tags, the config schema and the graph.
type JobDefinition struct {
	Name        string
	Description string
	// Tags that every run starts with, sorted by key.
	Tags []tag.Tag
	// ConfigSchema is a JSON schema; empty means that config must be empty.
	ConfigSchema []byte
	// Graph is the job's own graph with nested graphs in place.
	Graph Graph
	// Partitions are the parts into which its work falls; nil when it has none, or the version gate refuses them. They are
	// shared: do not change them.
	Partitions *Partitions
}

// Graph is nodes and what each depends on.
type Graph struct {
	Name  string
	Nodes []Node
	// Maps make instances of nodes. One comes before those inside of it.
	Maps []Map
}

// Map makes instances of nodes, one for each item of a list that is known only when the run executes.
type Map struct {
	// Name is unique in the graph.
	Name string
	// Parent is the map that it is inside of; empty when none.
	Parent string
	// Items are the wires that make the list. They have no Input.
	Items []Wire
}

// Node is an op or a nested graph placed under a name.
type Node struct {
	// Name is unique in the graph.
	Name string
	// Op is the op's name; empty for a nested graph.
	Op string
	// Graph is the nested graph; nil for an op.
	Graph *Graph
	// Wires feed its inputs; After names nodes of the graph that must end well first.
	Wires []Wire
	After []string
	// Map of the graph that makes instances of it; empty for a node that there is once.
	Map string
	// Outputs of a nested graph: the node inside that each output comes from.
	Outputs []GraphOutput
}

// Wire feeds one input of a node.
type Wire struct {
	Input string
	// FromNode is a node of the same graph; empty means an input of the graph itself.
	FromNode string
	// FromPort is an output of that node, or the graph's input. From a node of a map to what is outside of it, a wire
	// carries the list of what all instances yield.
	FromPort string
	// ItemOf is the map whose current item this is, instead of FromNode and FromPort.
	ItemOf string
}

// GraphOutput says which output of which node an output of a graph is.
type GraphOutput struct {
	Port, FromNode, FromPort string
}
