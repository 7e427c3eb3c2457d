package jobdiff_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/jobdiff"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestResourcesAreCompared(t *testing.T) {
	job := func(op *usercodev1.OpDefinition, resources ...*usercodev1.ResourceDefinition) jobdiff.Job {
		op.Name = "load"
		return definition(&usercodev1.JobDefinition{Resources: resources, Ops: []*usercodev1.OpDefinition{op}, Graph: &usercodev1.GraphDefinition{
			Name: "job", Nodes: []*usercodev1.Node{hosttest.Place("load", "load")},
		}})
	}
	before := job(&usercodev1.OpDefinition{},
		&usercodev1.ResourceDefinition{Name: "db", Type: "*sql.DB", Configs: []string{"db"}}, &usercodev1.ResourceDefinition{Name: "old"})
	after := job(&usercodev1.OpDefinition{Resources: []string{"db", "queue"}},
		&usercodev1.ResourceDefinition{Name: "db", Type: "*sql.DB", Configs: []string{"db", "pool"}, Description: "Orders"}, &usercodev1.ResourceDefinition{Name: "queue"})
	want := []string{
		"graph  ~ no description of resource db => description of resource db: Orders",
		"graph  ~ resource db (*sql.DB), reads config db => resource db (*sql.DB), reads config db, pool",
		"graph  ~ resource old => no resource old",
		"graph  ~ no resource queue => resource queue",
		"graph load ~ no resources => uses db, queue",
	}
	if diff := cmp.Diff(want, lines(checkPair(t, before, after))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}
