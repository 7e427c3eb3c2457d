package compat

import (
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host/hosttest"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Jobs of the fixture, each with what it is there for.
const (
	// JobEverything uses every feature of a definition, and has metadata of every kind.
	JobEverything = "everything"
	// JobBare has no metadata: that it has none is the truth, where it may be known.
	JobBare = "bare"
	// JobSmall, in a repository of its own, has one entry.
	JobSmall = "small"
)

// opsOfEverything is how many ops a peer ends in a run of JobEverything: one for each place, since it knows no items.
const opsOfEverything = 5

// Unshown is in the metadata of the fixture's repositories. No capability asks for that yet, so no host shows it; it lies in
// the body that also has the repository's description, which is kept as it came.
const Unshown = "metadata-of-a-repository"

// Fixture is what every peer of the kit has: no field of a definition or of metadata is empty everywhere in it, which a
// test demands. canary is in every entry of jobs' metadata and nowhere else.
func Fixture(canary string) []hosttest.Repository {
	return []hosttest.Repository{
		{
			Name: "tutorial", Description: "Jobs that use everything.",
			Metadata:  []*metadatav1.Entry{hosttest.Text("team", Unshown)},
			Schedules: schedules(), Sensors: sensors(),
			Jobs: []hosttest.Job{
				{Definition: everything(), Metadata: EveryKind(canary)},
				{Definition: hosttest.OneOp(JobBare)},
			},
		},
		{
			Name: "warehouse", Description: "One job beside.",
			Jobs: []hosttest.Job{{Definition: small(), Metadata: []*metadatav1.Entry{hosttest.Text("owner", canary)}}},
		},
	}
}

// WithoutMetadata is the fixture as an SDK wrote it that knew neither metadata nor what makes runs by itself.
func WithoutMetadata() []hosttest.Repository {
	repositories := Fixture("")
	for i := range repositories {
		repositories[i].Metadata, repositories[i].Schedules, repositories[i].Sensors = nil, nil, nil
		for k := range repositories[i].Jobs {
			repositories[i].Jobs[k].Metadata, repositories[i].Jobs[k].Definition.Partitions = nil, nil
		}
	}
	return repositories
}

// Redeployed is the fixture after a deploy that changed every job, but not what they may do.
func Redeployed(canary string) []hosttest.Repository {
	repositories := Fixture(canary)
	for _, r := range repositories {
		for _, j := range r.Jobs {
			j.Definition.Description += "\n\nDeployed again."
		}
	}
	return repositories
}

func small() *usercodev1.JobDefinition {
	def := hosttest.OneOp(JobSmall)
	def.Partitions = partitionsOfSmall()
	return def
}

// everything is the definition of a job whose messages use all of their fields.
func everything() *usercodev1.JobDefinition {
	port := func(name string) []*usercodev1.Port {
		return []*usercodev1.Port{{Name: name, Type: "int", Description: "What **" + name + "** is."}}
	}
	last := hosttest.Place("last", "add", hosttest.Wired("in", "inner"))
	last.After = []string{"first"}
	one := hosttest.Place("one", "add", &usercodev1.Wire{Input: "in", ItemOf: "one"})
	one.Map = "one"
	return &usercodev1.JobDefinition{
		Name: JobEverything, MaxConcurrent: 2, Description: "Adds three times.\n\nWith `everything` that a job can have.",
		Tags: []*tagv1.Tag{{Key: "domain", Value: "sales"}, {Key: "team", Value: "etl"}},
		Ops: []*usercodev1.OpDefinition{
			{
				Name: "add", Description: "Adds one.", Inputs: port("in"), Outputs: port("result"), Priority: -1, CodeVersion: "3", Resources: []string{"db"},
				Timeout: durationpb.New(90 * time.Second), Retry: &usercodev1.RetryPolicy{
					MaxRetries: 3, Delay: durationpb.New(1500 * time.Millisecond), BackoffMilli: 2_000, JitterMilli: 100,
					MaxDelay: durationpb.New(time.Minute), SomeErrors: true,
				},
			},
			{Name: "start", Description: "Begins.", Outputs: port("result"), Transient: true, Pool: "db"},
		},
		Graphs: []*usercodev1.GraphDefinition{{
			Name: "twice", Description: "Adds two.", Inputs: port("in"),
			Nodes: []*usercodev1.Node{
				hosttest.Place("a", "add", &usercodev1.Wire{Input: "in", FromPort: "in"}),
				hosttest.Place("b", "add", hosttest.Wired("in", "a")),
			},
			Outputs: []*usercodev1.GraphOutput{{Port: port("result")[0], FromNode: "b", FromPort: "result"}},
		}},
		Graph: &usercodev1.GraphDefinition{Name: JobEverything, Description: "The whole.", Nodes: []*usercodev1.Node{
			hosttest.Place("first", "start"),
			hosttest.PlaceGraph("inner", "twice", hosttest.Wired("in", "first")),
			last,
			one,
		}, Maps: []*usercodev1.MapDefinition{
			{Name: "one.outer", Items: []*usercodev1.Wire{{FromNode: "last", FromPort: "result"}}},
			{Name: "one", Parent: "one.outer", Items: []*usercodev1.Wire{{ItemOf: "one.outer"}}},
		}},
		Partitions:       partitionsOfEverything(),
		Resources:        []*usercodev1.ResourceDefinition{{Name: "db", Description: "A **database**.", Type: "*sql.DB", Configs: []string{"n"}}},
		ConfigSchemaJson: []byte(`{"additionalProperties":false,"properties":{"n":{"default":1,"type":"integer"}},"type":"object"}`),
	}
}

// EveryKind is metadata with each kind, and one that nobody knows yet; text is in every entry.
func EveryKind(text string) []*metadatav1.Entry {
	schema := &metadatav1.TableSchema{
		Columns: []*metadatav1.TableSchema_Column{{
			Name: "name", Type: "string", Description: text, NotNull: true, Unique: true, Constraints: []string{"not empty"},
			Tags: []*metadatav1.TableSchema_Property{{Key: "pii", Value: "no"}},
		}, {Name: "rows", Type: "int"}, {Name: "share", Type: "float"}},
		Constraints: []string{"rows >= 0"},
	}
	cells := func(c ...*metadatav1.Table_Cell) *metadatav1.Table_Row { return &metadatav1.Table_Row{Cells: c} }
	entries := []*metadatav1.Entry{
		hosttest.Text("text", text),
		{Key: "url", Kind: "url", Value: &metadatav1.Entry_Url{Url: "https://example.com/" + text}},
		{Key: "path", Kind: "path", Value: &metadatav1.Entry_Path{Path: "/data/" + text}},
		{Key: "notebook", Kind: "notebook", Value: &metadatav1.Entry_Path{Path: "/" + text + ".ipynb"}},
		{Key: "json", Kind: "json", Value: &metadatav1.Entry_Json{Json: `{"a":["` + text + `"]}`}},
		{Key: "markdown", Kind: "markdown", Value: &metadatav1.Entry_Markdown{Markdown: "# " + text}},
		{Key: "int", Kind: "int", Value: &metadatav1.Entry_Int{Int: math.MinInt64}},
		{Key: "big", Kind: "int", Value: &metadatav1.Entry_BigInt{BigInt: "123456789012345678901234567890"}},
		{Key: "float", Kind: "float", Value: &metadatav1.Entry_Float{Float: math.Inf(1)}},
		{Key: "bool", Kind: "bool", Value: &metadatav1.Entry_Bool{Bool: true}},
		{Key: "null", Kind: "null", Value: &metadatav1.Entry_Null{Null: true}},
		{Key: "timestamp", Kind: "timestamp", Value: &metadatav1.Entry_Timestamp{Timestamp: timestamppb.New(time.Date(2026, 11, 22, 9, 0, 0, 1, time.UTC))}},
		{Key: "table", Kind: "table", Value: &metadatav1.Entry_Table{Table: &metadatav1.Table{Schema: schema, Rows: []*metadatav1.Table_Row{
			cells(&metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Text{Text: text}}, &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Int{Int: 12}}, &metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Float{Float: 0.5}}),
			cells(&metadatav1.Table_Cell{Value: &metadatav1.Table_Cell_Bool{Bool: true}}, &metadatav1.Table_Cell{}, &metadatav1.Table_Cell{}),
		}}}},
		{Key: "table_schema", Kind: "table_schema", Value: &metadatav1.Entry_TableSchema{TableSchema: schema}},
		{Key: "code", Kind: "code", Value: &metadatav1.Entry_Code{Code: &metadatav1.CodeReference{
			Module: "example.com/" + text, Symbol: "Load", File: "load.go", Line: 12, RepositoryUrl: "https://example.com/etl",
		}}},
		{Key: "run", Kind: "run", Value: &metadatav1.Entry_RunId{RunId: "0192a3b4-0000-7000-8000-000000000000"}},
		{Key: "job", Kind: "job", Value: &metadatav1.Entry_Job{Job: &metadatav1.JobReference{Location: "here", Repository: "tutorial", Job: "plain"}}},
		{Key: "asset", Kind: "asset", Value: &metadatav1.Entry_Asset{Asset: &metadatav1.AssetKey{Path: []string{"warehouse", text}}}},
		{Key: "future", Kind: "chart", TextFallback: "a chart of " + text, Raw: []byte(`{"points":[1,2,3]}`)},
	}
	for _, e := range entries {
		e.Key += "_" + text // of kinds that hold no text, too
	}
	return entries
}

// definitionOf finds a job in repositories.
func definitionOf(repositories []hosttest.Repository, repository, job string) (hosttest.Job, bool) {
	for _, r := range repositories {
		if r.Name == repository {
			i := slices.IndexFunc(r.Jobs, func(j hosttest.Job) bool { return j.Definition.GetName() == job })
			if i >= 0 {
				return r.Jobs[i], true
			}
		}
	}
	return hosttest.Job{}, false
}
