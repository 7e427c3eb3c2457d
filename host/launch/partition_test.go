package launch

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/reexecution"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// regions are partitions of a job whose code makes config and tags; that of "fail" cannot be made.
func regions(keys ...string) *usercodev1.PartitionsDefinition {
	p := hosttest.Static("region", append([]string{"north", "south", "fail"}, keys...)...)
	p.HasRunParts = true
	return p
}

func partitioned(definitions ...*usercodev1.JobDefinition) hosttest.Behavior {
	report := hosttest.Partitioned("report", regions())
	report.Tags = hosttest.WithTags("x", "part", "none", "team", "etl").GetTags()
	pairs := hosttest.Partitioned("pairs", &usercodev1.PartitionsDefinition{Name: "grid", Dimensions: []*usercodev1.PartitionDimension{
		hosttest.StaticDimension("x", "a", "b"), {Name: "y", Keys: &usercodev1.PartitionDimension_Dynamic{Dynamic: &usercodev1.DynamicPartitions{}}},
	}})
	return behavior(append(definitions, report, pairs, hosttest.Nested("nested"))...)
}

// only are the tags of a plan with one of the keys, as key=value (origin).
func only(tags []tag.Tag, keys ...string) (texts []string) {
	for _, t := range tags {
		for _, key := range keys {
			if strings.HasPrefix(t.Key, key) {
				texts = append(texts, fmt.Sprintf("%s=%s (%s)", t.Key, t.Value, t.Origin))
			}
		}
	}
	return texts
}

func TestPlanOfPartition(t *testing.T) {
	peer := hosttest.Start(t, partitioned())
	store := openStore(t)
	p := NewPlanner(openReady(t, peer), store, partition.NewSource(store, systemClock{}, nil))
	if _, _, _, err := store.ChangePartitionKeys(t.Context(), host.PartitionKeysChange{
		Name: host.DynamicName{Location: "etl", Repository: "tutorial", Dimension: "y"}, Add: []string{"q1"},
	}); err != nil {
		t.Fatal(err)
	}
	const asked = "n: 3"
	for name, c := range map[string]struct {
		r      Request
		config string
		tags   []string // of partition, part, the source and priority
		asks   int
	}{
		"OK": {Request{Job: "report", Partition: "north"}, "n: 5", []string{
			"part=north (partition)", "penstock/partition=north (system)", "penstock/partition_set=region (system)",
		}, 1},
		"OKOwnConfig": {Request{Job: "report", Partition: "north", ConfigYAML: asked}, asked, []string{
			"part=north (partition)", "penstock/partition=north (system)", "penstock/partition_set=region (system)",
		}, 1},
		"OKGiven": {Request{Job: "report", Partition: "south", PartitionRun: &host.PartitionRun{ConfigYAML: "n: 9", Tags: []tag.Tag{{Key: "part", Value: "mine"}}}}, "n: 9", []string{
			"part=mine (partition)", "penstock/partition=south (system)", "penstock/partition_set=region (system)",
		}, 0},
		"OKTwoDimensions": {Request{Job: "pairs", Partition: "a|q1"}, "", []string{
			"penstock/partition=a|q1 (system)", "penstock/partition.x=a (system)", "penstock/partition.y=q1 (system)", "penstock/partition_set=grid (system)",
		}, 0},
		"OKBackfill": {Request{Job: "report", Partition: "north", Source: &Source{Backfill: "bf"}}, "n: 5", []string{
			"part=north (partition)", "penstock/backfill=bf (system)", "penstock/partition=north (system)",
			"penstock/partition_set=region (system)", "penstock/priority=-10 (launch)",
		}, 1},
		"OKBackfillWithPriority": {Request{Job: "report", Partition: "north", Tags: []tag.Tag{{Key: tag.KeyPriority, Value: "4"}}, Source: &Source{Backfill: "bf"}}, "n: 5", []string{
			"part=north (partition)", "penstock/backfill=bf (system)", "penstock/partition=north (system)",
			"penstock/partition_set=region (system)", "penstock/priority=4 (launch)",
		}, 1},
		"OKSchedule": {Request{Job: "report", Partition: "north", Tags: []tag.Tag{{Key: "part", Value: "asked"}}, Source: &Source{
			Schedule: "daily", Tick: "2026-11-23T00:00:00Z", RunKey: "k", Tags: []tag.Tag{{Key: "part", Value: "scheduled"}, {Key: "partial", Value: "yes"}},
		}}, "n: 5", []string{
			"part=asked (schedule)", "partial=yes (schedule)", "penstock/partition=north (system)", "penstock/partition_set=region (system)",
			"penstock/run_key=k (system)", "penstock/schedule=daily (system)", "penstock/tick=2026-11-23T00:00:00Z (system)",
		}, 1},
		"OKSensor": {Request{Job: "nested", ConfigYAML: asked, Source: &Source{Sensor: "look", Tick: "1", Tags: []tag.Tag{{Key: "part", Value: "sensed"}}}}, asked, []string{
			"part=sensed (sensor)", "penstock/sensor=look (system)", "penstock/tick=1 (system)",
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(peer.Recorded().Partitions)
			plan, err := p.Plan(t.Context(), c.r)
			if err != nil {
				t.Fatalf("%v %v", err, problemsText(err))
			}
			got := only(plan.Tags, "part", "penstock/p", "penstock/schedule", "penstock/sensor", "penstock/tick", "penstock/run_key", "penstock/backfill")
			if diff := cmp.Diff(c.tags, got); diff != "" {
				t.Errorf("tags (-want +got):\n%s", diff)
			}
			if plan.ConfigTyped != c.config || plan.Partition != c.r.Partition || len(plan.Notes) > 0 {
				t.Errorf("config %q of partition %q, notes %q", plan.ConfigTyped, plan.Partition, plan.Notes)
			}
			if n := len(peer.Recorded().Partitions) - before; n != c.asks {
				t.Errorf("the code was asked %d times, want %d", n, c.asks)
			}
		})
	}
}

func TestPlanOfPartitionRefuses(t *testing.T) {
	bad := regions()
	bad.Dimensions = append(bad.Dimensions, bad.Dimensions[0])
	peer := hosttest.Start(t, partitioned(hosttest.Partitioned("unusable", bad)))
	w := openReady(t, peer)
	p := NewPlanner(w, noRuns{}, noPartitions)
	for name, c := range map[string]struct {
		r    Request
		want string
	}{
		"ErrUnknown":     {Request{Job: "report", Partition: "nort"}, `partition: job etl/tutorial/report has no partition "nort"; there are "north"`},
		"ErrNone":        {Request{Job: "nested", Partition: "north"}, "partition: job etl/tutorial/nested has no partitions; launch it without one"},
		"ErrCodeFailed":  {Request{Job: "report", Partition: "fail"}, `partition: the job's code failed for partition "fail": there is nothing for fail`},
		"ErrUnusable":    {Request{Job: "unusable", Partition: "north"}, "partition: the partitions of job etl/tutorial/unusable cannot be used: both dimensions are called region"},
		"ErrGivenFailed": {Request{Job: "report", Partition: "north", PartitionRun: &host.PartitionRun{Err: "no"}}, `the job's code failed for partition "north": no`},
		"ErrMadeConfig":  {Request{Job: "report", Partition: "north", PartitionRun: &host.PartitionRun{ConfigYAML: "n: many"}}, `in the config that the job's code makes for partition "north": `},
		"ErrMadeTags":    {Request{Job: "report", Partition: "north", PartitionRun: &host.PartitionRun{Tags: []tag.Tag{{Key: "a b", Value: "x"}}}}, "made for the partition by the job's code: "},
		"ErrSourceTags":  {Request{Job: "report", Partition: "north", Source: &Source{Sensor: "s", Tags: []tag.Tag{{Key: "a b", Value: "x"}}}}, "in the sensor's definition: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Plan(t.Context(), c.r)
			text := problemsText(err)
			if host.ReasonOf(err) != "LAUNCH_INVALID" || !strings.Contains(fullText(err), c.want) {
				t.Errorf("got %s\n%s", text, fullText(err))
			}
		})
	}
	t.Run("OKWithout", func(t *testing.T) {
		plan, err := p.Plan(t.Context(), Request{Job: "report"})
		if err != nil || len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "has partitions") || plan.Partition != "" {
			t.Errorf("got %+v, %v", plan, err)
		}
	})
	t.Run("ErrDoesNotAnswer", func(t *testing.T) {
		if err := peer.Become(hosttest.Behavior{Info: hosttest.Crash}); err != nil {
			t.Fatal(err)
		}
		awaitState(t, w, host.LocationStale)
		if _, err := p.Plan(t.Context(), Request{Job: "report", Partition: "north"}); host.CodeOf(err) != host.Unavailable {
			t.Errorf("got %v", err)
		}
		if _, err := p.Plan(t.Context(), Request{Job: "pairs", Partition: "a"}); host.CodeOf(err) != host.Invalid {
			t.Errorf("got %v", err) // what need not be asked is checked all the same
		}
	})
}

func fullText(err error) string {
	e, ok := err.(*host.Error) //nolint:errorlint // it is that itself
	if !ok {
		return fmt.Sprint(err)
	}
	text := ""
	for _, p := range e.Problems {
		text += p.Field + ": " + p.Message + "\n"
	}
	return text
}

func TestPlanOfPartitionThatTheGateRefuses(t *testing.T) {
	b := partitioned()
	b.Protocol, b.Declared, b.Capabilities = "0.14.18", false, nil
	p := NewPlanner(openReady(t, hosttest.Start(t, b)), noRuns{}, noPartitions)
	_, err := p.Plan(t.Context(), Request{Job: "report", Partition: "north"})
	if host.CodeOf(err) != host.Refused || host.ReasonOf(err) != "SERVER_TOO_OLD" || !strings.Contains(err.Error(), "partitions need 0.15.0") {
		t.Errorf("got %v", err)
	}
	plan, err := p.Plan(t.Context(), Request{Job: "report"})
	if err != nil || len(plan.Notes) > 0 {
		t.Errorf("got %+v, %v", plan, err)
	}
}

// A run of a partition is executed again.
func TestReexecutionKeepsThePartition(t *testing.T) {
	a := &again{t: t, store: openStore(t)}
	a.peer = hosttest.Start(t, partitioned())
	a.workspace = openReady(t, a.peer)
	a.Planner = NewPlanner(a.workspace, a.store, partition.NewSource(a.store, systemClock{}, nil))
	parent := a.ran(Request{Job: "report", Partition: "north", Source: &Source{Schedule: "daily", Tick: "1", RunKey: "k"}}, host.Failure)
	system := []string{"penstock/partition=north (system)", "penstock/partition_set=region (system)"}
	child := func(change func(*Request)) (*Plan, []string) {
		t.Helper()
		r := Request{Reexecution: &Reexecution{Parent: parent.ID, Strategy: reexecution.All}}
		change(&r)
		plan, err := a.Plan(t.Context(), r)
		if err != nil {
			t.Fatalf("%v %s", err, fullText(err))
		}
		return plan, only(plan.Tags, "part", "penstock/partition", "penstock/schedule", "penstock/tick", "penstock/run_key")
	}
	keep := func(r *Request) { r.Reexecution.KeepConfig, r.Reexecution.KeepTags = true, true }
	asked := len(a.peer.Recorded().Partitions)
	plan, tags := child(keep)
	if diff := cmp.Diff(append([]string{"part=north (inherited)"}, system...), tags); diff != "" || plan.ConfigTyped != "n: 5" || plan.Partition != "north" {
		t.Errorf("kept: %s, config %q", diff, plan.ConfigTyped)
	}
	if plan, err := a.Plan(t.Context(), RetryOf(&parent, 1)); err != nil || plan.Partition != "north" {
		t.Errorf("a retry is of %+v, %v", plan, err)
	}
	if n := len(a.peer.Recorded().Partitions); n != asked {
		t.Errorf("the code was asked for what is kept")
	}
	plan, tags = child(func(*Request) {})
	if diff := cmp.Diff(append([]string{"part=north (partition)"}, system...), tags); diff != "" || plan.ConfigTyped != "n: 5" {
		t.Errorf("made anew: %s, config %q", diff, plan.ConfigTyped)
	}
	_, err := a.Plan(t.Context(), Request{Partition: "south", Reexecution: &Reexecution{Parent: parent.ID, Strategy: reexecution.All}})
	if !strings.Contains(fullText(err), `is of partition "north"; executed again it stays so`) {
		t.Errorf("got %v", fullText(err))
	}

	// The key is gone, and then the partitions are.
	gone := hosttest.Partitioned("report", hosttest.Static("region", "east"))
	for name, def := range map[string]*usercodev1.JobDefinition{"no such key": gone, "no partitions": hosttest.Nested("report")} {
		become(t, a.workspace, a.peer, behavior(def, hosttest.OneOp(strings.ReplaceAll(name, " ", "_"))), "report")
		await(t, a.workspace, name, func() bool { _, err := a.workspace.FindJob(strings.ReplaceAll(name, " ", "_")); return err == nil })
		_, tags = child(keep)
		if diff := cmp.Diff(append([]string{"part=north (inherited)"}, system...), tags); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		plan, tags = child(func(r *Request) { r.ConfigYAML = "n: 1" })
		if diff := cmp.Diff(system, tags); diff != "" || len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "is not asked") {
			t.Errorf("%s, made anew: %s, notes %q", name, diff, plan.Notes)
		}
	}
}

func TestPartitionsOfJob(t *testing.T) {
	p := NewPlanner(openReady(t, hosttest.Start(t, partitioned())), noRuns{}, noPartitions)
	job, set, err := p.Partitions("report")
	if err != nil || job.Name.Job != "report" || set.Has(context.Background(), "north") != nil {
		t.Errorf("got %v, %v", job, err)
	}
	if _, _, err := p.Partitions("nested"); host.ReasonOf(err) != "NO_PARTITIONS" {
		t.Errorf("got %v", err)
	}
	if _, _, err := p.Partitions("nobody"); host.CodeOf(err) != host.NotFound {
		t.Errorf("got %v", err)
	}
}
