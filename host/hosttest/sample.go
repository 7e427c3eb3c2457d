package hosttest

import (
	"fmt"
	"math"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// AllCapabilities is the list of a server that can do everything that this
// source tree knows.
func AllCapabilities() (list []*usercodev1.Capability) {
	for _, r := range versioncheck.Requirements() {
		list = append(list, &usercodev1.Capability{Name: r.Name, Revision: 1, Enabled: true})
	}
	return list
}

// Current is a server of this source tree's version with the sample's jobs.
func Current() Behavior {
	return Behavior{
		Protocol: versioncheck.Protocol, Declared: true, Capabilities: AllCapabilities(),
		CodeVersion: "abc123", Repositories: Sample(),
	}
}

// Older is a server of an older protocol with the same jobs, metadata and all:
// it has what it should not have yet, and says nothing of capabilities.
func Older(protocol string) Behavior {
	return Behavior{Protocol: protocol, CodeVersion: "abc123", Repositories: Sample()}
}

// Sample is a repository whose jobs use every feature of the contract.
func Sample() []Repository {
	return []Repository{{
		Name: "tutorial", Description: "Jobs that use everything.",
		Metadata: []*metadatav1.Entry{Text("team", "platform")},
		Jobs: []Job{
			{Definition: OneOp("my_job_with_metadata"), Metadata: []*metadatav1.Entry{
				Text("owner", "data team"),
				{Key: "docs", Kind: "url", Value: &metadatav1.Entry_Url{Url: "https://docs.example.com"}},
			}},
			{Definition: withTags(OneOp("my_job_with_tags"), "foo", "bar", "team", "etl")},
			{Definition: Nested("nested"), Metadata: EveryKind()},
			{Definition: OneOp("plain")},
		},
	}}
}

// OneOp is the definition of a job with one op.
func OneOp(name string) *usercodev1.JobDefinition {
	return &usercodev1.JobDefinition{
		Name: name, Description: "Says hello.\n\nAnd nothing else.",
		Ops:   []*usercodev1.OpDefinition{{Name: "my_op", Outputs: []*usercodev1.Port{{Name: "result", Type: "string"}}}},
		Graph: &usercodev1.GraphDefinition{Name: name, Nodes: []*usercodev1.Node{Place("my_op", "my_op")}},
	}
}

func withTags(def *usercodev1.JobDefinition, pairs ...string) *usercodev1.JobDefinition {
	for i := 0; i < len(pairs); i += 2 {
		def.Tags = append(def.Tags, &tagv1.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return def
}

// WithTags is a one-op job with the given tags: key, value, key, value, …, sorted by key.
func WithTags(name string, pairs ...string) *usercodev1.JobDefinition {
	return withTags(OneOp(name), pairs...)
}

// Place is a node that is an op.
func Place(node, op string, wires ...*usercodev1.Wire) *usercodev1.Node {
	return &usercodev1.Node{Name: node, Definition: &usercodev1.Node_Op{Op: op}, Wires: wires}
}

// PlaceGraph is a node that is a graph.
func PlaceGraph(node, graph string, wires ...*usercodev1.Wire) *usercodev1.Node {
	return &usercodev1.Node{Name: node, Definition: &usercodev1.Node_Graph{Graph: graph}, Wires: wires}
}

// Wired is a wire into an input from the result of a node.
func Wired(input, node string) *usercodev1.Wire {
	return &usercodev1.Wire{Input: input, FromNode: node, FromPort: "result"}
}

// Nested is the definition of a job with a graph inside, config, order without
// data, and one op placed three times.
func Nested(name string) *usercodev1.JobDefinition {
	result := []*usercodev1.Port{{Name: "result", Type: "int"}}
	in := []*usercodev1.Port{{Name: "in", Type: "int"}}
	after := Place("last", "add", Wired("in", "inner"))
	after.After = []string{"first"}
	return &usercodev1.JobDefinition{
		Name: name, Description: "Adds three times.",
		Ops: []*usercodev1.OpDefinition{
			{Name: "add", Inputs: in, Outputs: result},
			{Name: "start", Outputs: result},
		},
		Graphs: []*usercodev1.GraphDefinition{{
			Name: "twice", Inputs: in,
			Nodes: []*usercodev1.Node{
				Place("a", "add", &usercodev1.Wire{Input: "in", FromPort: "in"}),
				Place("b", "add", Wired("in", "a")),
			},
			Outputs: []*usercodev1.GraphOutput{{Port: result[0], FromNode: "b", FromPort: "result"}},
		}},
		Graph: &usercodev1.GraphDefinition{Name: name, Nodes: []*usercodev1.Node{
			Place("first", "start"),
			PlaceGraph("inner", "twice", Wired("in", "first")),
			after,
		}},
		ConfigSchemaJson: []byte(`{"additionalProperties":false,"properties":{"n":{"default":1,"type":"integer"}},"type":"object"}`),
	}
}

// Text is an entry of kind text.
func Text(key, text string) *metadatav1.Entry {
	return &metadatav1.Entry{Key: key, Kind: "text", Value: &metadatav1.Entry_Text{Text: text}}
}

// EveryKind is metadata with each kind, and one that nobody knows yet.
func EveryKind() []*metadatav1.Entry {
	schema := &metadatav1.TableSchema{Columns: []*metadatav1.TableSchema_Column{
		{Name: "name", Type: "string", NotNull: true, Unique: true, Tags: []*metadatav1.TableSchema_Property{{Key: "pii", Value: "no"}}},
		{Name: "rows", Type: "int"},
	}, Constraints: []string{"rows >= 0"}}
	return []*metadatav1.Entry{
		Text("text", "plain"),
		{Key: "url", Kind: "url", Value: &metadatav1.Entry_Url{Url: "https://example.com/a?b=c"}},
		{Key: "path", Kind: "path", Value: &metadatav1.Entry_Path{Path: "/data/in.csv"}},
		{Key: "notebook", Kind: "notebook", Value: &metadatav1.Entry_Path{Path: "/nb/a.ipynb"}},
		{Key: "json", Kind: "json", Value: &metadatav1.Entry_Json{Json: `{"a":[1,2]}`}},
		{Key: "markdown", Kind: "markdown", Value: &metadatav1.Entry_Markdown{Markdown: "# Runbook"}},
		{Key: "int", Kind: "int", Value: &metadatav1.Entry_Int{Int: math.MinInt64}},
		{Key: "big", Kind: "int", Value: &metadatav1.Entry_BigInt{BigInt: "123456789012345678901234567890"}},
		{Key: "float", Kind: "float", Value: &metadatav1.Entry_Float{Float: math.Inf(1)}},
		{Key: "bool", Kind: "bool", Value: &metadatav1.Entry_Bool{Bool: true}},
		{Key: "null", Kind: "null", Value: &metadatav1.Entry_Null{Null: true}},
		{Key: "timestamp", Kind: "timestamp", Value: &metadatav1.Entry_Timestamp{Timestamp: timestamppb.New(startedAt)}},
		{Key: "table", Kind: "table", Value: &metadatav1.Entry_Table{Table: &metadatav1.Table{Schema: schema, Rows: []*metadatav1.Table_Row{
			{Cells: []*metadatav1.Table_Cell{{Value: &metadatav1.Table_Cell_Text{Text: "orders"}}, {Value: &metadatav1.Table_Cell_Int{Int: 12}}}},
			{Cells: []*metadatav1.Table_Cell{{Value: &metadatav1.Table_Cell_Bool{Bool: true}}, {}}},
		}}}},
		{Key: "table_schema", Kind: "table_schema", Value: &metadatav1.Entry_TableSchema{TableSchema: schema}},
		{Key: "code", Kind: "code", Value: &metadatav1.Entry_Code{Code: &metadatav1.CodeReference{Module: "example.com/etl", Symbol: "Load", File: "load.go", Line: 12}}},
		{Key: "run", Kind: "run", Value: &metadatav1.Entry_RunId{RunId: "0192a3b4-0000-7000-8000-000000000000"}},
		{Key: "job", Kind: "job", Value: &metadatav1.Entry_Job{Job: &metadatav1.JobReference{Job: "plain"}}},
		{Key: "asset", Kind: "asset", Value: &metadatav1.Entry_Asset{Asset: &metadatav1.AssetKey{Path: []string{"warehouse", "orders"}}}},
		{Key: "future", Kind: "chart", TextFallback: "a chart of 3 points", Raw: []byte(`{"points":[1,2,3]}`)},
	}
}

// Unsafe is a repository whose metadata no SDK would let an author write: links
// that run scripts, and names that are markup.
func Unsafe() []Repository {
	const script, markup = "javascript:alert(1)", "<img src=x onerror=alert(1)>"
	return []Repository{{Name: "unsafe", Description: markup, Jobs: []Job{{
		Definition: OneOp("links"),
		Metadata: []*metadatav1.Entry{
			{Key: "url", Kind: "url", Value: &metadatav1.Entry_Url{Url: script}},
			{Key: "data", Kind: "url", Value: &metadatav1.Entry_Url{Url: "data:text/html,<script>alert(1)</script>"}},
			{Key: "spaced", Kind: "url", Value: &metadatav1.Entry_Url{Url: " \tjava\nscript:alert(1)"}},
			{Key: "elsewhere", Kind: "url", Value: &metadatav1.Entry_Url{Url: "//tracker.invalid/"}},
			{Key: "code", Kind: "code", Value: &metadatav1.Entry_Code{Code: &metadatav1.CodeReference{Module: markup, RepositoryUrl: script}}},
			{Key: "job", Kind: "job", Value: &metadatav1.Entry_Job{Job: &metadatav1.JobReference{Location: "..", Repository: "//x", Job: script}}},
			{Key: "run", Kind: "run", Value: &metadatav1.Entry_RunId{RunId: "../../" + script}},
			{Key: markup, Kind: markup, TextFallback: markup},
		},
	}}}}
}

// Many is a repository with n jobs of ten ops, five metadata entries and five tags each.
func Many(n int) []Repository {
	r := Repository{Name: "many"}
	for i := range n {
		name := fmt.Sprintf("job_%05d", i)
		def := WithTags(name, "a", "1", "b", "2", "c", "3", "d", name, "team", "etl")
		def.Description = strings.Repeat("What this job is for. ", 10)
		def.Ops, def.Graph.Nodes = nil, nil
		for k := range 10 {
			op := fmt.Sprintf("op_%d", k)
			o := &usercodev1.OpDefinition{Name: op, Outputs: []*usercodev1.Port{{Name: "result", Type: "int"}}}
			node := Place(op, op)
			if k > 0 {
				o.Inputs = []*usercodev1.Port{{Name: "in", Type: "int"}}
				node.Wires = []*usercodev1.Wire{Wired("in", fmt.Sprintf("op_%d", k-1))}
			}
			def.Ops, def.Graph.Nodes = append(def.Ops, o), append(def.Graph.Nodes, node)
		}
		j := Job{Definition: def}
		for k := range 5 {
			j.Metadata = append(j.Metadata, Text(fmt.Sprintf("key_%d", k), name))
		}
		r.Jobs = append(r.Jobs, j)
	}
	return []Repository{r}
}
