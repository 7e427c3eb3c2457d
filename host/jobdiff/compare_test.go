package jobdiff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/jobdiff"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

func entries(pairs ...any) *jobdiff.Entries {
	e := &jobdiff.Entries{}
	for i := 0; i < len(pairs); i += 2 {
		e.List = append(e.List, metadata.Entry{Key: pairs[i].(string), Value: pairs[i+1].(metadata.Value)})
	}
	return e
}

// lines are changes, each on a line, as a person might write them down.
func lines(changes []jobdiff.Change) (out []string) {
	sections := []string{"", "metadata", "tag", "graph", "schema", "description"}
	for _, c := range changes {
		line := sections[c.Section] + " " + c.Path
		switch c.Kind {
		case jobdiff.Added:
			line += " + " + c.After
		case jobdiff.Removed:
			line += " - " + c.Before
		case jobdiff.Changed:
			line += " ~ " + c.Before + " => " + c.After
		}
		out = append(out, line)
	}
	return out
}

func TestCompare(t *testing.T) {
	before, after := hosttest.Nested("job"), hosttest.Nested("job")
	before.Tags = []*tagv1.Tag{{Key: "commit", Value: "abc"}, {Key: "bare"}, {Key: "old", Value: "x"}}
	after.Tags = []*tagv1.Tag{{Key: "commit", Value: "def"}, {Key: "bare", Value: "now"}, {Key: "new"}}
	before.ConfigSchemaJson = []byte(`{"type":"object","properties":{"config":{"type":"object","default":{"a":1},"properties":{
		"a":{"type":"integer","default":1},"gone":{"type":"string"}, "stays":{"type":["null","array"],"items":{"type":"string"}}},"required":["gone"]}}}`)
	after.ConfigSchemaJson = []byte(`{"properties":{"config":{"default":{"a":"one"},"properties":{
		"a":{"default":"one","type":"string"},"new":{"type":"boolean","description":"Is it?"}, "stays":{"type":["array","null"],"items":{"type":"number"}}},
		"required":["new"],"type":"object"}},"type":"object"}`)
	before.Description, after.Description = "Does it.", "Does it well."
	before.Ops[0].Description = "First."
	after.Ops[0].Description = "The first."
	a := jobdiff.Job{Definition: before, Entries: entries("owner", metadata.Text("data team"), "retries", metadata.Text("5"), "gone", metadata.Null(), "same", metadata.Int(1))}
	b := jobdiff.Job{Definition: after, Entries: entries("same", metadata.Int(1), "owner", metadata.Text("platform"), "retries", metadata.Int(5), "notes", metadata.Markdown("a\nb"))}
	want := []string{
		"metadata gone - null",
		"metadata notes + a\nb",
		"metadata owner ~ data team => platform",
		"metadata retries ~ 5 [text] => 5 [int]",
		"tag bare ~  => now",
		"tag commit ~ abc => def",
		"tag new + ",
		"tag old - x",
		`schema config.a ~ a whole number, default 1 => text, default "one"`,
		"schema config.gone - text, required",
		`schema config.new + true or false, required, described as "Is it?"`,
		"schema config.stays[] ~ text => a number",
		"description  ~ Does it. => Does it well.",
	}
	var graph, others []string
	for _, line := range lines(checkPair(t, a, b)) {
		if strings.HasPrefix(line, "graph ") {
			graph = append(graph, line)
		} else {
			others = append(others, line)
		}
	}
	if diff := cmp.Diff(want, others); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for _, line := range graph { // one for each place of the op
		if !strings.HasSuffix(line, " ~ description: First. => description: The first.") {
			t.Errorf("got %q", line)
		}
	}
	if len(graph) == 0 {
		t.Error("the changed description of an op is not seen")
	}
}

func TestCompareGraphs(t *testing.T) {
	port := func(name, typ string) *usercodev1.Port { return &usercodev1.Port{Name: name, Type: typ} }
	ops := []*usercodev1.OpDefinition{
		{Name: "read", Outputs: []*usercodev1.Port{port("result", "string")}},
		{Name: "count", Inputs: []*usercodev1.Port{port("a", "string")}, Outputs: []*usercodev1.Port{port("result", "int")}},
		{Name: "print", Inputs: []*usercodev1.Port{port("n", "int")}},
	}
	inner := func(nodes ...*usercodev1.Node) *usercodev1.GraphDefinition {
		return &usercodev1.GraphDefinition{Name: "inner", Nodes: nodes}
	}
	job := func(inner *usercodev1.GraphDefinition, nodes ...*usercodev1.Node) jobdiff.Job {
		return definition(&usercodev1.JobDefinition{
			Name: "job", Ops: ops, Graphs: []*usercodev1.GraphDefinition{inner}, Graph: &usercodev1.GraphDefinition{Name: "job", Nodes: nodes},
		})
	}
	ordered := hosttest.Place("last", "print", &usercodev1.Wire{Input: "n", FromNode: "count", FromPort: "result"})
	ordered.After = []string{"read"}
	a := job(inner(hosttest.Place("x", "read")),
		hosttest.Place("read", "read"), hosttest.Place("count", "count", &usercodev1.Wire{Input: "a", FromNode: "read", FromPort: "result"}),
		hosttest.Place("last", "print", &usercodev1.Wire{Input: "n", FromNode: "count", FromPort: "result"}),
		hosttest.PlaceGraph("one", "inner"), hosttest.PlaceGraph("two", "inner"))
	b := job(inner(hosttest.Place("x", "read"), hosttest.Place("y", "read")),
		hosttest.Place("read", "read"), hosttest.Place("count", "count",
			&usercodev1.Wire{Input: "a", FromNode: "read", FromPort: "result"}, &usercodev1.Wire{Input: "a", FromNode: "again", FromPort: "result"}),
		ordered, hosttest.Place("again", "read"),
		hosttest.PlaceGraph("one", "inner"), hosttest.Place("two", "read"))
	want := []string{
		"graph again + op read",
		"graph count ~ input a (string) from read.result => input a (string) from read.result, again.result",
		"graph last ~ after nothing else => after read",
		"graph one.y + op read",
		"graph two ~ graph inner => op read",
		"graph two.x - op read",
	}
	if diff := cmp.Diff(want, lines(checkPair(t, a, b))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestComparePolicies(t *testing.T) {
	job := func(limit uint32, op *usercodev1.OpDefinition) jobdiff.Job {
		op.Name = "load"
		return definition(&usercodev1.JobDefinition{MaxConcurrent: limit, Ops: []*usercodev1.OpDefinition{op}, Graph: &usercodev1.GraphDefinition{
			Name: "job", Nodes: []*usercodev1.Node{hosttest.Place("load", "load")},
		}})
	}
	minute := durationpb.New(time.Minute)
	all := &usercodev1.OpDefinition{Timeout: durationpb.New(90 * time.Minute), Priority: -1, Retry: &usercodev1.RetryPolicy{
		MaxRetries: 5, Delay: minute, BackoffMilli: 1500, JitterMilli: 125, MaxDelay: durationpb.New(time.Hour), SomeErrors: true,
	}}
	want := []string{
		"graph  ~ no limit of ops at a time => limit of ops at a time: 4",
		"graph load ~ no priority => priority -1",
		"graph load ~ retries 1, first after 1m => retries 5 after some errors, first after 1m, each wait 1.5 times the one before, at most 1h, up to 12.5 % less at random",
		"graph load ~ no time-out => time-out 1h30m",
	}
	before := &usercodev1.OpDefinition{Retry: &usercodev1.RetryPolicy{MaxRetries: 1, Delay: minute}}
	if diff := cmp.Diff(want, lines(checkPair(t, job(0, before), job(4, all)))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := jobdiff.PolicyText(before); got != "retries 1, first after 1m" {
		t.Errorf("got %q", got)
	}
	if got := jobdiff.PolicyText(&usercodev1.OpDefinition{Priority: 2, Timeout: minute}); got != "time-out 1m; priority 2" {
		t.Errorf("got %q", got)
	}
}

// TestPortsThatAreCalledJustThat reads well for the ports that the SDK names.
func TestPortsThatAreCalledJustThat(t *testing.T) {
	job := func(inputs ...*usercodev1.Port) jobdiff.Job {
		read := hosttest.Place("read", "read")
		for _, p := range inputs {
			read.Wires = append(read.Wires, &usercodev1.Wire{Input: p.GetName(), FromNode: "first", FromPort: "result"})
		}
		return definition(&usercodev1.JobDefinition{
			Ops: []*usercodev1.OpDefinition{{Name: "read", Inputs: inputs}}, Graph: &usercodev1.GraphDefinition{Nodes: []*usercodev1.Node{read}},
		})
	}
	want := []string{
		"graph read ~ no description of input => description of input: What to read.",
		"graph read ~ no input => input (int) from first.result",
	}
	got := lines(checkPair(t, job(), job(&usercodev1.Port{Name: "input", Type: "int", Description: "What to read."})))
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestCompareConfigComesAndGoes(t *testing.T) {
	schema := definition(&usercodev1.JobDefinition{ConfigSchemaJson: []byte(
		`{"type":"object","properties":{"config":{"type":"object","default":{"n":1},"properties":{"n":{"type":"integer","default":1},"any":true,"no":false}}}}`)})
	want := []string{
		"schema  + takes a config",
		"schema config + an object, optional",
		"schema config.any + optional",
		"schema config.n + a whole number, optional, default 1",
		"schema config.no + optional, false",
	}
	if diff := cmp.Diff(want, lines(checkPair(t, definition(nil), schema))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestUnreadableIsNotRemoved(t *testing.T) {
	a := jobdiff.Job{Entries: entries("a", metadata.Int(1), "b", metadata.Int(2))}
	b := jobdiff.Job{Entries: entries("b", metadata.Int(2))}
	b.Entries.Unreadable = 1
	want := []string{"metadata a ~ 1 => not known: 1 entry could not be read"}
	if diff := cmp.Diff(want, lines(checkPair(t, a, b))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestMetadataOfOneSideIsNotCompared(t *testing.T) {
	with := jobdiff.Job{Entries: entries("a", metadata.Int(1))}
	if changes := checkPair(t, with, jobdiff.Job{}); len(changes) > 0 {
		t.Errorf("got %+v of metadata that one side does not show", changes)
	}
}

func TestLongTextsShowTheirDifference(t *testing.T) {
	same := strings.Repeat("ä", jobdiff.MaxTextBytes)
	for _, pair := range [][2]string{
		{same + "one" + same, same + "two" + same},
		{same, same + "more"},
		{"short", same},
		{same, "x" + same},
		{same + "\u00e4", same + "\u00e5"}, // their first bytes are the same
	} {
		a, b := definition(&usercodev1.JobDefinition{Description: pair[0]}), definition(&usercodev1.JobDefinition{Description: pair[1]})
		changes := checkPair(t, a, b)
		if len(changes) != 1 {
			t.Fatalf("got %d changes", len(changes))
		}
		for i, text := range []string{changes[0].Before, changes[0].After} {
			if len(text) > jobdiff.MaxTextBytes+100 || !utf8.ValidString(text) {
				t.Errorf("%d bytes of %d, valid %t", len(text), len(pair[i]), utf8.ValidString(text))
			}
			if len(pair[i]) > jobdiff.MaxTextBytes && !strings.Contains(text, " bytes ") && !strings.Contains(text, " byte ") {
				t.Errorf("%q does not say how much is left out", text)
			}
		}
	}
}

func TestManyChangesAreCounted(t *testing.T) {
	job := func(n int, value string) jobdiff.Job {
		def := &usercodev1.JobDefinition{}
		for i := range n {
			def.Tags = append(def.Tags, &tagv1.Tag{Key: fmt.Sprintf("key%05d", i), Value: value})
		}
		return definition(def)
	}
	d := jobdiff.Compare(job(jobdiff.MaxChanges+7, "a"), job(jobdiff.MaxChanges+7, "b"))
	if len(d.Changes) != jobdiff.MaxChanges || d.More != 7 {
		t.Errorf("%d changes and %d more", len(d.Changes), d.More)
	}
	size := 0
	d = jobdiff.Compare(job(jobdiff.MaxChanges, strings.Repeat("a", 3000)), job(jobdiff.MaxChanges, strings.Repeat("b", 3000)))
	for _, c := range d.Changes {
		size += len(c.Before) + len(c.After)
	}
	if size > 2<<20 || len(d.Changes)+d.More != jobdiff.MaxChanges {
		t.Errorf("%d bytes in %d changes and %d more", size, len(d.Changes), d.More)
	}
}

// TestGraphsThatUnfold compares a definition of a few lines that places a graph of depth 31 thousands of times.
func TestGraphsThatUnfold(t *testing.T) {
	const depth, wide = 30, 20_000
	job := func(op string) jobdiff.Job {
		def := &usercodev1.JobDefinition{Ops: []*usercodev1.OpDefinition{{Name: op}}, Graph: &usercodev1.GraphDefinition{}}
		def.Graphs = append(def.Graphs, &usercodev1.GraphDefinition{Name: "g0", Nodes: []*usercodev1.Node{hosttest.Place(strings.Repeat("n", 60), op)}})
		for i := 1; i < depth; i++ {
			def.Graphs = append(def.Graphs, &usercodev1.GraphDefinition{
				Name: fmt.Sprintf("g%d", i), Nodes: []*usercodev1.Node{hosttest.PlaceGraph(strings.Repeat("n", 60), fmt.Sprintf("g%d", i-1))},
			})
		}
		for i := range wide {
			def.Graph.Nodes = append(def.Graph.Nodes, hosttest.PlaceGraph(fmt.Sprintf("top%05d", i), fmt.Sprintf("g%d", depth-1)))
		}
		return definition(def)
	}
	d := jobdiff.Compare(job("a"), job("b"))
	if len(d.Changes)+d.More != wide || len(d.Changes) != jobdiff.MaxChanges {
		t.Errorf("%d changes and %d more, want %d in all", len(d.Changes), d.More, wide)
	}
	if d := jobdiff.Compare(job("a"), job("a")); len(d.Changes)+d.More != 0 {
		t.Errorf("a job with itself: %d changes", len(d.Changes))
	}
}
