package wire

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/tag"
)

// everyKind has one value of each kind that can be made.
func everyKind() metadata.List {
	schema := metadata.Schema{
		Columns:     []metadata.Column{{Name: "n", Type: "int", NotNull: true, Unique: true, Constraints: []string{"n > 0"}, Tags: map[string]string{"b": "2", "a": "1"}}, {Name: "t"}},
		Constraints: []string{"sorted"},
	}
	big, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	return metadata.List{
		{Key: "text", Value: metadata.Text("x")},
		{Key: "url", Value: metadata.URL("https://example.com")},
		{Key: "path", Value: metadata.Path("a/b")},
		{Key: "notebook", Value: metadata.Notebook("a.ipynb")},
		{Key: "json", Value: metadata.JSON(map[string]any{"a": 1})},
		{Key: "markdown", Value: metadata.Markdown("# x")},
		{Key: "int", Value: metadata.Int(-5)},
		{Key: "big", Value: metadata.BigInt(big)},
		{Key: "float", Value: metadata.Float(math.Inf(1))},
		{Key: "bool", Value: metadata.Bool(true)},
		{Key: "null", Value: metadata.Null()},
		{Key: "timestamp", Value: metadata.Timestamp(time.Unix(1, 5))},
		{Key: "table", Value: metadata.Table(schema, metadata.Row{1, "x"}, metadata.Row{2.5, nil}, metadata.Row{true, "y"})},
		{Key: "table_schema", Value: metadata.TableSchema(schema)},
		{Key: "code", Value: metadata.Code(metadata.CodeReference{Module: "m", Symbol: "s", File: "f", Line: 3, RepositoryURL: "https://example.com/r"})},
		{Key: "run", Value: metadata.Run("0190")},
		{Key: "job", Value: metadata.Job(metadata.JobReference{Location: "l", Repository: "r", Job: "j"})},
		{Key: "asset", Value: metadata.Asset("a", "b")},
		{Key: "newer", Value: metadata.Unknown("hologram", "a hologram", []byte(`{"w":1}`))},
	}
}

func TestEveryKindIsConverted(t *testing.T) {
	list := everyKind()
	if err := list.Validate(); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for i, e := range Entries(list) {
		kinds[e.GetKind()] = true
		if e.GetKey() != list[i].Key || e.GetKind() != string(list[i].Value.Kind()) {
			t.Errorf("entry %d: got %s of kind %s", i, e.GetKey(), e.GetKind())
		}
		if known := list[i].Value.Kind().Known(); known != (e.GetValue() != nil) || !known && (e.GetTextFallback() != "a hologram" || string(e.GetRaw()) != `{"w":1}`) {
			t.Errorf("entry of kind %s: got %v", e.GetKind(), e)
		}
	}
	for _, k := range metadata.Kinds() {
		if !kinds[string(k)] {
			t.Errorf("kind %s is not covered by this test", k)
		}
	}
	for key, want := range map[string]string{
		"big": "123456789012345678901234567890", "float": "+Inf", "table": "rows:{cells:{float:2.5} cells:{}}", "code": `line:3`, "timestamp": "nanos:5", "asset": `path:"b"`,
	} {
		for _, e := range Entries(list) {
			if got := strings.ReplaceAll(fmt.Sprint(e.GetValue()), "  ", " "); e.GetKey() == key && !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s in it", key, got, want)
			}
		}
	}
}

func TestEveryOriginIsRead(t *testing.T) {
	read := map[tag.Origin]bool{}
	for _, o := range origins {
		read[o] = true
	}
	for _, o := range tag.Origins() {
		if !read[o] {
			t.Errorf("origin %s has no number", o)
		}
	}
}

// job has every construct of a definition.
func job(name string) *spec.Job {
	op := &spec.Op{Name: "op", Inputs: []spec.Port{{Name: "a", Type: "[]int"}}, Outputs: []spec.Port{{Name: spec.ResultPort, Type: "int"}}}
	source := &spec.Op{Name: "a_source", Outputs: []spec.Port{{Name: spec.ResultPort, Type: "int"}}}
	result := func(node string) spec.Source { return spec.Source{Node: node, Port: spec.ResultPort} }
	inner := &spec.Graph{
		Name: "inner", Description: "inside", Inputs: []spec.Port{{Name: "x", Type: "int"}},
		Nodes:   []*spec.Node{{Name: "op", Op: op, Inputs: []spec.Input{{Port: "a", Value: spec.Value{Sources: []spec.Source{{Port: "x"}}}}}}},
		Outputs: []spec.GraphOutput{{Port: spec.Port{Name: spec.ResultPort, Type: "int"}, Value: spec.Value{Sources: []spec.Source{result("op")}}}},
	}
	both := spec.Value{Sources: []spec.Source{result("one"), result("two")}, Combine: func(s []any) any { return s }}
	return &spec.Job{
		Name: name, Description: "what it does", Tags: tag.List{{Key: "team", Value: "data"}}, Metadata: everyKind(), ConfigSchema: []byte(`{"type":"object"}`),
		Graph: &spec.Graph{Name: name, Nodes: []*spec.Node{
			{Name: "one", Op: source},
			{Name: "two", Op: source, After: []string{"one"}},
			{Name: "both", Op: op, Inputs: []spec.Input{{Port: "a", Value: both}}},
			{Name: "graph", Graph: inner, Inputs: []spec.Input{{Port: "x", Value: spec.Value{Sources: []spec.Source{result("both")}}}}},
		}},
	}
}

func TestJobDefinition(t *testing.T) {
	body, err := JobDefinition(job("nightly"))
	if err != nil {
		t.Fatal(err)
	}
	var d usercodev1.JobDefinition
	if err := proto.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	if d.GetName() != "nightly" || len(d.GetTags()) != 1 || string(d.GetConfigSchemaJson()) != `{"type":"object"}` {
		t.Errorf("definition: got %v", &d)
	}
	if len(d.GetOps()) != 2 || d.GetOps()[0].GetName() != "a_source" || d.GetOps()[1].GetInputs()[0].GetType() != "[]int" {
		t.Errorf("ops: got %v, want each once, sorted by name", d.GetOps())
	}
	if len(d.GetGraphs()) != 1 || d.GetGraphs()[0].GetOutputs()[0].GetFromNode() != "op" || d.GetGraphs()[0].GetNodes()[0].GetWires()[0].GetFromPort() != "x" {
		t.Errorf("graphs: got %v", d.GetGraphs())
	}
	nodes := d.GetGraph().GetNodes()
	if wires := nodes[2].GetWires(); len(wires) != 2 || wires[0].GetFromNode() != "one" || wires[1].GetFromNode() != "two" || nodes[1].GetAfter()[0] != "one" || nodes[3].GetGraph() != "inner" {
		t.Errorf("nodes: got %v", nodes)
	}
}

// TestDefinitionsWithoutPoliciesKeepTheirBytes compares with the digest of a build from before policies: an SDK that is
// only newer must not make the definitions of a team new.
func TestDefinitionsWithoutPoliciesKeepTheirBytes(t *testing.T) {
	body, err := JobDefinition(job("nightly"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "31598178fef47de2c5f22cce048378b6640f155eb25c1c85fec38acdc2e58137"
	if got := DigestOf(body).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPoliciesAreConverted(t *testing.T) {
	always := func(error) bool { return true }
	ops := []*spec.Op{
		{Name: "all", Timeout: time.Minute, Priority: -3, Retry: &spec.Retry{Max: 5, Delay: time.Second, MaxDelay: time.Hour, Backoff: 1500, Jitter: 200, When: always}},
		{Name: "once", Retry: &spec.Retry{Max: 1}},
		{Name: "plain"},
	}
	graph := &spec.Graph{Name: "job"}
	for _, op := range ops {
		graph.Nodes = append(graph.Nodes, &spec.Node{Name: op.Name, Op: op})
	}
	body, err := JobDefinition(&spec.Job{Name: "job", Graph: graph, MaxConcurrent: 7})
	if err != nil {
		t.Fatal(err)
	}
	var got usercodev1.JobDefinition
	if err := proto.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := []*usercodev1.OpDefinition{
		{Name: "all", Timeout: durationpb.New(time.Minute), Priority: -3, Retry: &usercodev1.RetryPolicy{
			MaxRetries: 5, Delay: durationpb.New(time.Second), MaxDelay: durationpb.New(time.Hour), BackoffMilli: 1500, JitterMilli: 200, SomeErrors: true,
		}},
		{Name: "once", Retry: &usercodev1.RetryPolicy{MaxRetries: 1}},
		{Name: "plain"},
	}
	if got.GetMaxConcurrent() != 7 || len(got.GetOps()) != len(want) {
		t.Fatalf("got %v", &got)
	}
	for i := range want {
		if !proto.Equal(got.GetOps()[i], want[i]) {
			t.Errorf("got %v, want %v", got.GetOps()[i], want[i])
		}
	}
}

func TestEncode(t *testing.T) {
	plain := &spec.Job{Name: "plain", Graph: &spec.Graph{Name: "plain"}}
	repositories := []*spec.Repository{
		{Name: "zoo", Description: "animals", Metadata: everyKind(), Jobs: []*spec.Job{job("b"), job("a"), plain}},
		{Name: "attic"},
	}
	d, err := Encode(repositories)
	if err != nil {
		t.Fatal(err)
	}
	if d.Jobs != 3 || len(d.Repositories) != 2 || d.Repositories[0].Name != "attic" || d.Repositories[1].Jobs[0].GetName() != "a" {
		t.Errorf("got %+v, want everything sorted by name", d)
	}
	again, err := Encode([]*spec.Repository{repositories[1], repositories[0]})
	if err != nil || again.Digest != d.Digest {
		t.Errorf("the digest depends on the order given: %v and %v (%v)", d.Digest, again.Digest, err)
	}
	line := d.Job("zoo", "a")
	body, ok := d.Body(line.GetMetadataDigest())
	if !ok || DigestOf(body) != Digest(line.GetMetadataDigest()) || line.GetMetadataEntries() != uint32(len(everyKind())) {
		t.Errorf("metadata body of a: %d bytes, %v", len(body), line)
	}
	if line := d.Job("zoo", "plain"); len(line.GetMetadataDigest()) != 0 || line.GetMetadataEntries() != 0 {
		t.Errorf("a job without metadata: got %v", line)
	}
	if d.Job("zoo", "c") != nil || d.Job("attic", "a") != nil {
		t.Error("found a job that is not there")
	}
	if _, ok := d.Body([]byte("short")); ok {
		t.Error("found a body of no digest")
	}
	repositories[0].Jobs[0].Metadata = repositories[0].Jobs[0].Metadata[1:]
	if changed, err := Encode(repositories); err != nil || changed.Digest == d.Digest || !bytes.Equal(changed.Job("zoo", "b").GetDefinitionDigest(), d.Job("zoo", "b").GetDefinitionDigest()) {
		t.Errorf("metadata alone has to change the root and leave the definition: %v", err)
	}
}

func TestEncodeNamesEveryBodyThatIsTooLarge(t *testing.T) {
	large := strings.Repeat("x", MaxBodyBytes)
	jobs := []*spec.Job{{Name: "a", Description: large, Graph: &spec.Graph{}}, {Name: "b", Graph: &spec.Graph{Description: large}}}
	_, err := Encode([]*spec.Repository{{Name: "r", Jobs: jobs}, {Name: "s", Description: large}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`repository "r": job "a"`, `job "b"`, `repository "s": description`, "the limit is 3145728"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
}
