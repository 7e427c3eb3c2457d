package jobdiff_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/jobdiff"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// TestCompareMaps makes an op one of each item, changes what items there are, and maps within a map.
func TestCompareMaps(t *testing.T) {
	op := func(name, mapped string, wires ...*usercodev1.Wire) *usercodev1.Node {
		return &usercodev1.Node{Name: name, Definition: &usercodev1.Node_Op{Op: "op"}, Map: mapped, Wires: wires}
	}
	job := func(maps []*usercodev1.MapDefinition, nodes ...*usercodev1.Node) jobdiff.Job {
		return jobdiff.Job{Definition: &usercodev1.JobDefinition{
			Ops:   []*usercodev1.OpDefinition{{Name: "op", Inputs: []*usercodev1.Port{{Name: "in"}}, Outputs: []*usercodev1.Port{{Name: "result"}}}},
			Graph: &usercodev1.GraphDefinition{Name: "job", Nodes: nodes, Maps: maps},
		}}
	}
	over := func(name, parent string, items *usercodev1.Wire) *usercodev1.MapDefinition {
		items.Input = ""
		return &usercodev1.MapDefinition{Name: name, Parent: parent, Items: []*usercodev1.Wire{items}}
	}
	item := func(of string) *usercodev1.Wire { return &usercodev1.Wire{Input: "in", ItemOf: of} }
	plain := job(nil, op("list", ""), op("parse", "", hosttest.Wired("in", "list")))
	mapped := job([]*usercodev1.MapDefinition{over("parse", "", hosttest.Wired("", "list"))}, op("list", ""), op("parse", "parse", item("parse")))
	within := job([]*usercodev1.MapDefinition{over("outer", "", hosttest.Wired("", "list")), over("parse", "outer", item("outer"))},
		op("list", ""), op("parse", "parse", item("parse")))
	gone := job(nil, op("list", ""))
	for name, c := range map[string]struct {
		before, after jobdiff.Job
		want          []string
	}{
		"Same": {within, within, nil},
		"Mapped": {plain, mapped, []string{
			"graph parse ~ once, in no map => for each item of list.result",
			"graph parse ~ input in from list.result => input in from the item",
		}},
		"Within": {mapped, within, []string{"graph parse ~ for each item of list.result => for each item of list.result, for each item of the item"}},
		"Added":  {gone, mapped, []string{"graph parse + op op; input in from the item; for each item of list.result"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, lines(jobdiff.Compare(c.before, c.after).Changes)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
