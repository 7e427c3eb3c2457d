package jobdiff_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/jobdiff"
	"github.com/penstock-run/penstock/host/workspace"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
)

const seeds = 25

func definition(d *usercodev1.JobDefinition) jobdiff.Job { return jobdiff.Job{Definition: d} }

// checkPair compares in both directions and returns the changes.
func checkPair(t *testing.T, a, b jobdiff.Job) []jobdiff.Change {
	t.Helper()
	there, back := jobdiff.Compare(a, b), jobdiff.Compare(b, a)
	mirrored := slices.Clone(back.Changes)
	for i := range mirrored {
		c := &mirrored[i]
		c.Before, c.After = c.After, c.Before
		switch c.Kind {
		case jobdiff.Added:
			c.Kind = jobdiff.Removed
		case jobdiff.Removed:
			c.Kind = jobdiff.Added
		case jobdiff.Changed:
		}
	}
	if diff := cmp.Diff(there.Changes, mirrored, cmpopts.EquateEmpty()); diff != "" || there.More != back.More {
		t.Fatalf("not a mirror (-there +back): %s", diff)
	}
	if again := jobdiff.Compare(a, b); !cmp.Equal(there.Changes, again.Changes) {
		t.Fatalf("not the same twice: %v, %v", there, again)
	}
	for i, c := range there.Changes {
		if i > 0 && c.Section < there.Changes[i-1].Section {
			t.Fatalf("section %d comes after %d", c.Section, there.Changes[i-1].Section)
		}
		if c.Before == c.After && c.Kind == jobdiff.Changed ||
			c.Kind == jobdiff.Added && c.Before != "" || c.Kind == jobdiff.Removed && c.After != "" {
			t.Fatalf("%+v says nothing", c)
		}
	}
	return there.Changes
}

func TestSameIsEmpty(t *testing.T) {
	for seed := range uint64(seeds) {
		a, b := source{rand.New(rand.NewPCG(seed, 1))}.job(), source{rand.New(rand.NewPCG(seed, 1))}.job()
		r := rand.New(rand.NewPCG(seed, 2))
		r.Shuffle(len(b.GetOps()), func(i, j int) { b.Ops[i], b.Ops[j] = b.Ops[j], b.Ops[i] })
		r.Shuffle(len(b.GetTags()), func(i, j int) { b.Tags[i], b.Tags[j] = b.Tags[j], b.Tags[i] })
		nodes := b.GetGraph().GetNodes()
		r.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
		if changes := checkPair(t, definition(a), definition(b)); len(changes) > 0 {
			t.Errorf("seed %d: %+v", seed, changes)
		}
	}
}

func TestEveryMutationIsSeen(t *testing.T) {
	tried := map[string]bool{}
	for seed := range uint64(seeds) {
		job := source{rand.New(rand.NewPCG(seed, 3))}.job()
		if _, err := workspace.JobDefinitionOf(job); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for path, m := range mutations(job, "penstock.usercode.v1.JobDefinition.name") {
			other := m.(*usercodev1.JobDefinition)
			if changes := checkPair(t, definition(job), definition(other)); len(changes) == 0 {
				if _, err := workspace.JobDefinitionOf(other); err == nil {
					t.Errorf("seed %d: the change of %s is not seen", seed, path)
				}
				continue // an input that is fed and not declared, for example: no host uses that
			}
			tried[strings.Map(func(r rune) rune {
				if r >= '0' && r <= '9' {
					return -1
				}
				return r
			}, path)] = true
		}
	}
	for _, path := range []string{".description", ".config_schema_json", ".tags[].value", ".ops[].inputs[].type", ".graphs[].nodes[].op", ".graphs[].outputs[].port.description", ".graph.nodes[].after[] is gone",
		".graphs[].nodes[].wires[].from_port", ".max_concurrent", ".ops[].retry.jitter_milli", ".ops[].retry.max_delay.nanos", ".ops[].timeout.seconds", ".ops[].priority"} {
		if !tried[path] {
			t.Errorf("no definition had %s", path)
		}
	}
}

func TestEveryMutationOfASchemaIsSeen(t *testing.T) {
	withSchema := func(v any) jobdiff.Job {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return definition(&usercodev1.JobDefinition{ConfigSchemaJson: b})
	}
	number := 0
	for seed := range uint64(seeds) {
		schema := source{rand.New(rand.NewPCG(seed, 4))}.schema(0)
		for _, other := range jsonMutations(schema) {
			number++
			if changes := checkPair(t, withSchema(schema), withSchema(other)); len(changes) == 0 {
				t.Fatalf("seed %d: from %v\nto %v nothing is seen", seed, schema, other)
			}
		}
	}
	if number < 1000 {
		t.Errorf("only %d mutations", number)
	}
}

// TestEveryMutationOfMetadataIsSeen changes values of every kind.
func TestEveryMutationOfMetadataIsSeen(t *testing.T) {
	one := func(v metadata.Value) jobdiff.Job {
		return jobdiff.Job{Entries: &jobdiff.Entries{List: []metadata.Entry{{Key: "k", Value: v}}}}
	}
	tried := map[metadata.Kind]bool{}
	for _, e := range hosttest.EveryKind() {
		v := workspace.EntryOf(e).Value
		if changes := checkPair(t, one(v), one(workspace.EntryOf(e).Value)); len(changes) > 0 {
			t.Errorf("%s with itself: %+v", e.GetKind(), changes)
		}
		for path, m := range mutations(e, "penstock.metadata.v1.Entry.key", "penstock.metadata.v1.Entry.kind") {
			w := workspace.EntryOf(m.(*metadatav1.Entry)).Value
			if w.Err() != nil || strings.HasPrefix(path, ".text_fallback") && w.Kind().Known() {
				continue // not what a location can send, or not shown
			}
			if !v.Equal(w) {
				tried[v.Kind()] = true
			}
			if changes := checkPair(t, one(v), one(w)); len(changes) != 1 && !v.Equal(w) {
				t.Errorf("%s: the change of %s is not seen", e.GetKind(), path)
			}
		}
		for _, f := range hosttest.EveryKind() {
			w := workspace.EntryOf(f).Value
			if changes := checkPair(t, one(v), one(w)); len(changes) != 1 && v.Kind() != w.Kind() {
				t.Errorf("from %s to %s: %+v", v.Kind(), w.Kind(), changes)
			}
		}
	}
	for _, k := range metadata.Kinds() {
		if !tried[k] && k != metadata.KindNull {
			t.Errorf("no value of kind %s was changed", k)
		}
	}
}

// TestLookalikesDiffer compares values that read the same on a line.
func TestLookalikesDiffer(t *testing.T) {
	column := metadata.Schema{Columns: []metadata.Column{{Name: "c"}}}
	for _, pair := range [][2]metadata.Value{
		{metadata.Text("5"), metadata.Int(5)},
		{metadata.Text("a\n"), metadata.Text("a")},
		{metadata.Text("\t"), metadata.Text("    ")},
		{metadata.Text("\x01"), metadata.Text(`\x01`)},
		{metadata.Asset("a", "b"), metadata.Asset("a / b")},
		{metadata.Table(column, metadata.Row{"1"}), metadata.Table(column, metadata.Row{1})},
		{metadata.Table(column), metadata.Table(metadata.Schema{Columns: []metadata.Column{{Name: "c", NotNull: true}}})},
		{metadata.Unknown("cube", "a cube", []byte("1")), metadata.Unknown("cube", "a cube", []byte("2"))},
		{metadata.Job(metadata.JobReference{Repository: "a", Job: "b"}), metadata.Job(metadata.JobReference{Location: "a", Job: "b"})},
	} {
		a := jobdiff.Job{Entries: &jobdiff.Entries{List: []metadata.Entry{{Key: "k", Value: pair[0]}}}}
		b := jobdiff.Job{Entries: &jobdiff.Entries{List: []metadata.Entry{{Key: "k", Value: pair[1]}}}}
		if pair[0].Err() != nil || pair[1].Err() != nil {
			t.Fatal(pair[0].Err(), pair[1].Err())
		}
		if changes := checkPair(t, a, b); len(changes) != 1 {
			t.Errorf("%s and %s: %+v", fmt.Sprint(pair[0]), fmt.Sprint(pair[1]), changes)
		}
	}
}
