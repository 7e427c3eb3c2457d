package wire

import (
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// MaxBodyBytes is how large one encoded body may be.
const MaxBodyBytes = 3 << 20

// JobDefinition is the definition body of a job. The error says that it is too large.
func JobDefinition(job *spec.Job) ([]byte, error) {
	parts := &parts{ops: map[string]*usercodev1.OpDefinition{}, graphs: map[string]*usercodev1.GraphDefinition{}}
	definition := &usercodev1.JobDefinition{
		Name:             job.Name,
		Description:      job.Description,
		Tags:             definitionTags(job.Tags),
		Graph:            parts.graph(job.Graph),
		ConfigSchemaJson: job.ConfigSchema,
		MaxConcurrent:    uint32(job.MaxConcurrent),
		Partitions:       partitionsDefinition(job),
	}
	for _, r := range job.Resources {
		definition.Resources = append(definition.Resources, &usercodev1.ResourceDefinition{
			Name: r.Name, Description: r.Description, Type: r.Type, Configs: names(r.Configs, func(c *spec.Config) string { return c.Name }),
		})
	}
	definition.Ops = sortedValues(parts.ops)
	definition.Graphs = sortedValues(parts.graphs)
	body, err := encode(definition)
	if err != nil {
		return nil, fmt.Errorf("job %q: definition: %w; move long descriptions out of it or split the job", job.Name, err)
	}
	return body, nil
}

// JobMetadata is the metadata body of a job; nil when the job has no metadata. The error says that it is too large.
func JobMetadata(job *spec.Job) ([]byte, error) {
	if len(job.Metadata) == 0 {
		return nil, nil
	}
	body, err := encode(&usercodev1.JobMetadata{Entries: Entries(job.Metadata)})
	if err != nil {
		return nil, fmt.Errorf("job %q: metadata: %w; link to what is large instead", job.Name, err)
	}
	return body, nil
}

// repositoryBody is what is said about a repository itself, and its schedules and sensors.
func repositoryBody(r *spec.Repository) ([]byte, error) {
	definition := &usercodev1.RepositoryDefinition{Name: r.Name, Description: r.Description, Metadata: Entries(r.Metadata)}
	for _, s := range r.Schedules {
		definition.Schedules = append(definition.Schedules, scheduleDefinition(s))
	}
	for _, s := range r.Sensors {
		definition.Sensors = append(definition.Sensors, sensorDefinition(s))
	}
	body, err := encode(definition)
	if err != nil {
		return nil, fmt.Errorf("description, metadata, schedules and sensors: %w; link to what is large instead", err)
	}
	return body, nil
}

// encode is deterministic for one build, which is all that content addressing needs: nobody encodes a body twice.
func encode(m proto.Message) ([]byte, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if len(body) > MaxBodyBytes {
		return nil, fmt.Errorf("it has %d bytes; the limit is %d", len(body), MaxBodyBytes)
	}
	return body, nil
}

// parts gathers the ops and graphs that a job's graphs place, each once.
type parts struct {
	ops    map[string]*usercodev1.OpDefinition
	graphs map[string]*usercodev1.GraphDefinition
}

func (p *parts) graph(g *spec.Graph) *usercodev1.GraphDefinition {
	definition := &usercodev1.GraphDefinition{Name: g.Name, Description: g.Description, Inputs: ports(g.Inputs), Maps: mapDefinitions(g)}
	for _, n := range g.Nodes {
		definition.Nodes = append(definition.Nodes, p.node(n))
	}
	for _, out := range g.Outputs {
		port := ports([]spec.Port{out.Port})[0]
		// An output that is combined has one entry for each source, in order, as an input has wires.
		sources := Sources(out.Value)
		for _, s := range sources {
			definition.Outputs = append(definition.Outputs, &usercodev1.GraphOutput{Port: port, FromNode: s.Node, FromPort: s.Port})
		}
		if len(sources) == 0 {
			definition.Outputs = append(definition.Outputs, &usercodev1.GraphOutput{Port: port})
		}
	}
	return definition
}

func (p *parts) node(n *spec.Node) *usercodev1.Node {
	node := &usercodev1.Node{Name: n.Name, After: n.After}
	for _, in := range n.Inputs {
		node.Wires = append(node.Wires, wires(in.Port, in.Value)...)
	}
	if n.Map != nil {
		node.Map = n.Map.Name
	}
	if n.Op != nil {
		node.Definition = &usercodev1.Node_Op{Op: n.Op.Name}
		if p.ops[n.Op.Name] == nil {
			p.ops[n.Op.Name] = opDefinition(n.Op)
		}
		return node
	}
	node.Definition = &usercodev1.Node_Graph{Graph: n.Graph.Name}
	if p.graphs[n.Graph.Name] == nil {
		p.graphs[n.Graph.Name] = p.graph(n.Graph)
	}
	return node
}

// opDefinition has no field for a policy that the op has not: its bytes, and so the digests of jobs, are those of
// builds that know no policies.
func opDefinition(op *spec.Op) *usercodev1.OpDefinition {
	definition := &usercodev1.OpDefinition{
		Name: op.Name, Description: op.Description, Inputs: ports(op.Inputs), Outputs: ports(op.Outputs), Priority: int32(op.Priority),
		CodeVersion: op.CodeVersion, Transient: op.Transient, Pool: op.Pool,
	}
	definition.Resources = names(op.Resources, func(r *spec.Resource) string { return r.Name })
	if op.Timeout > 0 {
		definition.Timeout = durationpb.New(op.Timeout)
	}
	if r := op.Retry; r != nil {
		definition.Retry = &usercodev1.RetryPolicy{
			MaxRetries: uint32(r.Max), BackoffMilli: uint32(r.Backoff), JitterMilli: uint32(r.Jitter), SomeErrors: r.When != nil,
		}
		if r.Delay > 0 {
			definition.Retry.Delay = durationpb.New(r.Delay)
		}
		if r.MaxDelay > 0 {
			definition.Retry.MaxDelay = durationpb.New(r.MaxDelay)
		}
	}
	return definition
}

func names[T any](of []T, name func(T) string) []string {
	var all []string
	for _, x := range of {
		all = append(all, name(x))
	}
	return all
}

func ports(of []spec.Port) []*usercodev1.Port {
	var ports []*usercodev1.Port
	for _, p := range of {
		ports = append(ports, &usercodev1.Port{Name: p.Name, Type: p.Type, Description: p.Description})
	}
	return ports
}

func sortedValues[V interface{ GetName() string }](m map[string]V) []V {
	var values []V
	for _, v := range m {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b V) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return values
}
