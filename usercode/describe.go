package usercode

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	encoding "github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Describe writes the definitions as indented JSON, in an order that depends on them alone: to look at, or to compare
// with what a test has on file. Wrong definitions are an error as in [Validate], and nothing is written.
func Describe(w io.Writer, repos ...*Repository) error {
	plain, err := compile(repos)
	if err != nil {
		return err
	}
	d := description{Repositories: make([]repositoryDescription, len(plain))}
	for i, r := range plain {
		d.Repositories[i] = describeRepository(r)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return fmt.Errorf("write the description: %w", err)
	}
	return nil
}

type description struct {
	Repositories []repositoryDescription `json:"repositories"`
}

type repositoryDescription struct {
	Name        string             `json:"name"`
	Description string             `json:"description,omitempty"`
	Metadata    []entryDescription `json:"metadata,omitempty"`
	Jobs        []jobDescription   `json:"jobs"`

	Schedules []scheduleDescription `json:"schedules,omitempty"`
	Sensors   []sensorDescription   `json:"sensors,omitempty"`
}

type jobDescription struct {
	Name         string             `json:"name"`
	Description  string             `json:"description,omitempty"`
	Metadata     []entryDescription `json:"metadata,omitempty"`
	Tags         []tagDescription   `json:"tags,omitempty"`
	Graph        graphDescription   `json:"graph"`
	ConfigSchema json.RawMessage    `json:"config_schema,omitempty"`

	Resources []resourceDescription `json:"resources,omitempty"`

	MaxConcurrent int `json:"max_concurrent,omitempty"`

	Partitions *partitionsDescription `json:"partitions,omitempty"`
}

// resourceDescription names the configs that opening it reads, and the resources that it uses.
type resourceDescription struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Type        string   `json:"type"`
	Configs     []string `json:"configs,omitempty"`
	Resources   []string `json:"resources,omitempty"`
}

type entryDescription struct {
	Key   string `json:"key"`
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

type tagDescription struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type graphDescription struct {
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Nodes       []nodeDescription `json:"nodes"`
}

type nodeDescription struct {
	Name        string            `json:"name"`
	Op          string            `json:"op,omitempty"`
	Description string            `json:"description,omitempty"`
	Inputs      []wireDescription `json:"inputs,omitempty"`
	Each        [][]string        `json:"each,omitempty"` // of the maps that it is in, the outermost first, what their items come from
	After       []string          `json:"after,omitempty"`
	Resources   []string          `json:"resources,omitempty"`
	Output      string            `json:"output,omitempty"`
	Retry       *retryDescription `json:"retry,omitempty"`
	Timeout     string            `json:"timeout,omitempty"`
	Priority    int               `json:"priority,omitempty"`
	CodeVersion string            `json:"code_version,omitempty"`
	Transient   bool              `json:"transient,omitempty"`
	Graph       *graphDescription `json:"graph,omitempty"`
}

// wireDescription says from which nodes an input comes; "" is an input of the graph itself, "item of x" the current item of
// the map whose first node is x.
type wireDescription struct {
	Name string   `json:"name"`
	Type string   `json:"type"`
	From []string `json:"from"`
}

// retryDescription has the numbers of a Retry; times as time.Duration writes them.
type retryDescription struct {
	Max        int     `json:"max"`
	Delay      string  `json:"delay,omitempty"`
	Backoff    float64 `json:"backoff,omitempty"`
	MaxDelay   string  `json:"max_delay,omitempty"`
	Jitter     float64 `json:"jitter,omitempty"`
	SomeErrors bool    `json:"some_errors,omitempty"` // When decides which
}

func describeRepository(r *spec.Repository) repositoryDescription {
	d := repositoryDescription{Name: r.Name, Description: r.Description, Metadata: describeMetadata(r.Metadata), Jobs: make([]jobDescription, len(r.Jobs))}
	for i, j := range r.Jobs {
		job := jobDescription{
			Name: j.Name, Description: j.Description, Metadata: describeMetadata(j.Metadata),
			Graph: describeGraph(j.Graph), ConfigSchema: j.ConfigSchema, MaxConcurrent: j.MaxConcurrent,
			Tags: describeTags(j.Tags), Partitions: describePartitions(j),
		}
		for _, r := range j.Resources {
			resource := resourceDescription{Name: r.Name, Description: r.Description, Type: r.Type, Resources: resourceNames(r.Resources)}
			for _, c := range r.Configs {
				resource.Configs = append(resource.Configs, c.Name)
			}
			job.Resources = append(job.Resources, resource)
		}
		d.Jobs[i] = job
	}
	for _, s := range r.Schedules {
		d.Schedules = append(d.Schedules, describeSchedule(s))
	}
	for _, s := range r.Sensors {
		d.Sensors = append(d.Sensors, describeSensor(s))
	}
	return d
}

func describeTags(list tag.List) []tagDescription {
	var tags []tagDescription
	for _, t := range list {
		tags = append(tags, tagDescription{Key: t.Key, Value: t.Value})
	}
	return tags
}

func resourceNames(resources []*spec.Resource) []string {
	var names []string
	for _, r := range resources {
		names = append(names, r.Name)
	}
	return names
}

func describeMetadata(list metadata.List) []entryDescription {
	entries := make([]entryDescription, len(list))
	for i, e := range list {
		entries[i] = entryDescription{Key: e.Key, Kind: string(e.Value.Kind()), Value: e.Value.String()}
	}
	return entries
}

func describeGraph(g *spec.Graph) graphDescription {
	d := graphDescription{Name: g.Name, Description: g.Description, Nodes: make([]nodeDescription, len(g.Nodes))}
	for i, n := range g.Nodes {
		d.Nodes[i] = describeNode(n)
	}
	return d
}

func describeNode(n *spec.Node) nodeDescription {
	d := nodeDescription{Name: n.Name, After: n.After}
	var in []spec.Port
	if n.Graph != nil {
		nested := describeGraph(n.Graph)
		d.Graph, in = &nested, n.Graph.Inputs
		for _, out := range n.Graph.Outputs {
			d.Output = out.Port.Type
		}
	} else {
		d.Op, d.Description, in = n.Op.Name, n.Op.Description, n.Op.Inputs
		d.Resources = resourceNames(n.Op.Resources)
		for _, out := range n.Op.Outputs {
			d.Output = out.Type
		}
		d.Retry, d.Timeout, d.Priority = describeRetry(n.Op.Retry), describeTime(n.Op.Timeout), n.Op.Priority
		d.CodeVersion, d.Transient = n.Op.CodeVersion, n.Op.Transient
	}
	for i, input := range n.Inputs {
		d.Inputs = append(d.Inputs, wireDescription{Name: input.Port, Type: in[i].Type, From: describeSources(input.Value)})
	}
	for m := n.Map; m != nil; m = m.Parent {
		d.Each = append([][]string{describeSources(m.Items)}, d.Each...)
	}
	return d
}

func describeSources(v spec.Value) []string {
	from := []string{}
	for _, s := range encoding.Sources(v) {
		if s.ItemOf != nil {
			from = append(from, "item of "+s.ItemOf.Name)
		} else {
			from = append(from, s.Node)
		}
	}
	return from
}

func describeRetry(r *spec.Retry) *retryDescription {
	if r == nil {
		return nil
	}
	return &retryDescription{
		Max: r.Max, Delay: describeTime(r.Delay), Backoff: float64(r.Backoff) / 1000,
		MaxDelay: describeTime(r.MaxDelay), Jitter: float64(r.Jitter) / 1000, SomeErrors: r.When != nil,
	}
}

func describeTime(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
