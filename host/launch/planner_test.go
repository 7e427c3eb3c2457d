package launch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestPlan(t *testing.T) {
	b := hosttest.Current()
	b.Image = "registry.example.com/etl:1"
	p := NewPlanner(openReady(t, hosttest.Start(t, b)), noRuns{}, noPartitions)
	plan, err := p.Plan(t.Context(), Request{Job: "my_job_with_tags", Tags: []tag.Tag{
		{Key: "foo", Value: "mine", Origin: tag.OriginSystem}, {Key: "penstock/priority", Value: "5"}, {Key: "penstock/launcher", Value: "local"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := []tag.Tag{
		{Key: "foo", Value: "mine", Origin: tag.OriginLaunch},
		{Key: "penstock/code_version", Value: "abc123", Origin: tag.OriginSystem},
		{Key: "penstock/image", Value: "registry.example.com/etl:1", Origin: tag.OriginSystem},
		{Key: "penstock/job", Value: "my_job_with_tags", Origin: tag.OriginSystem},
		{Key: "penstock/launcher", Value: "local", Origin: tag.OriginLaunch},
		{Key: "penstock/location", Value: "etl", Origin: tag.OriginSystem},
		{Key: "penstock/priority", Value: "5", Origin: tag.OriginLaunch},
		{Key: "penstock/repository", Value: "tutorial", Origin: tag.OriginSystem},
		{Key: "team", Value: "etl", Origin: tag.OriginDefinition},
	}
	if diff := cmp.Diff(want, plan.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]tag.Tag{{Key: "foo", Value: "bar", Origin: tag.OriginDefinition}}, plan.Overridden); diff != "" {
		t.Errorf("overridden (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"my_op"}, plan.OpPaths); diff != "" || plan.Subset {
		t.Errorf("ops, subset %t (-want +got):\n%s", plan.Subset, diff)
	}
	if plan.Job.String() != "etl/tutorial/my_job_with_tags" || string(plan.ConfigJSON) != "{}" || plan.ConfigYAML != "" || plan.CodeVersion != "abc123" || len(plan.Notes) > 0 {
		t.Errorf("got %+v", plan)
	}
	if len(plan.Bodies) != 1 || plan.Bodies[plan.Snapshot.Definition] == nil || !plan.Snapshot.Metadata.IsZero() {
		t.Errorf("bodies of a job without metadata: %d, snapshot %+v", len(plan.Bodies), plan.Snapshot)
	}
}

func TestPlanSubsetConfigAndMetadata(t *testing.T) {
	p := NewPlanner(openReady(t, hosttest.Start(t, hosttest.Current())), noRuns{}, noPartitions)
	plan, err := p.Plan(t.Context(), Request{Job: "tutorial/nested", OpSelection: "*inner.a", ConfigYAML: "n: 0x10 # sixteen"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first", "inner.a"}, plan.OpPaths); diff != "" || !plan.Subset {
		t.Errorf("ops, subset %t (-want +got):\n%s", plan.Subset, diff)
	}
	if v, _ := tag.List(plan.Tags).Get(tag.KeyOpSelection); v != "*inner.a" {
		t.Errorf("op selection tag %q", v)
	}
	if string(plan.ConfigJSON) != `{"n":16}` || plan.ConfigYAML != "n: 16\n" {
		t.Errorf("config %s, %q", plan.ConfigJSON, plan.ConfigYAML)
	}
	if len(plan.Bodies) != 2 || plan.Bodies[plan.Snapshot.Metadata] == nil || plan.Snapshot.MetadataEntries == 0 {
		t.Errorf("bodies %d, snapshot %+v", len(plan.Bodies), plan.Snapshot)
	}
	all, err := p.Plan(t.Context(), Request{Job: "nested", OpSelection: "first, inner*, last"})
	if err != nil || all.Subset {
		t.Errorf("a selection of all ops: %+v, %v", all, err)
	} else if _, there := tag.List(all.Tags).Get(tag.KeyOpSelection); there {
		t.Error("a selection of all ops has the tag of a subset")
	}
}

func TestPlanAllProblemsAtOnce(t *testing.T) {
	p := NewPlanner(openReady(t, hosttest.Start(t, hosttest.Current())), noRuns{}, noPartitions)
	r := Request{
		Job: "nested", ConfigYAML: "n: many\nm: 1\n", OpSelection: "last, nothing",
		Tags: []tag.Tag{
			{Key: "-bad", Value: "x"}, {Key: "penstock/priority", Value: "high"}, {Key: "penstock/job", Value: "x"},
			{Key: "ok", Value: "1"}, {Key: "ok", Value: "2"}, {Key: "long", Value: strings.Repeat("x", tag.MaxValueBytes+1)},
			{Key: "penstock/image", Value: "registry/image:1"}, {Key: "penstock/k8s", Value: "not JSON"},
		},
	}
	_, err := p.Plan(t.Context(), r)
	var e *host.Error
	if !errors.As(err, &e) || e.Code != host.Invalid || e.Reason != "LAUNCH_INVALID" {
		t.Fatalf("got %v, want LAUNCH_INVALID", err)
	}
	want := []string{"config n", "config m", "tags -bad", "tags penstock/priority", "tags penstock/job", "tags ok", "tags long", "tags penstock/k8s", "tags penstock/image", "op_selection "}
	var got []string
	for _, problem := range e.Problems {
		got = append(got, problem.Field+" "+problem.Path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, err)
	}
	if !strings.Contains(e.Message, "10 problems") || e.Remedy == "" {
		t.Errorf("message %q, remedy %q", e.Message, e.Remedy)
	}
	plan, err := p.Preview(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.Problems, plan.Problems); diff != "" {
		t.Errorf("preview's problems (-want +got):\n%s", diff)
	}
}

func TestPlanTagLimit(t *testing.T) {
	p := NewPlanner(openReady(t, hosttest.Start(t, hosttest.Current())), noRuns{}, noPartitions)
	tags := func(n int) (list []tag.Tag) {
		for i := range n {
			list = append(list, tag.Tag{Key: fmt.Sprintf("k%d", i), Value: strings.Repeat("v", tag.MaxValueBytes)})
		}
		return list
	}
	if _, err := p.Plan(t.Context(), Request{Job: "my_job_with_tags", Tags: tags(tag.MaxPerRun - 2)}); err != nil {
		t.Errorf("256 tags with the two of the definition: %v", err)
	}
	_, err := p.Plan(t.Context(), Request{Job: "my_job_with_tags", Tags: tags(tag.MaxPerRun - 1)})
	if err == nil || !strings.Contains(err.Error(), "257 tags; the limit is 256") {
		t.Errorf("257 tags with the two of the definition: %v", err)
	}
}

func TestPlanRefusesWhatNoLauncherCan(t *testing.T) {
	p := NewPlanner(openReady(t, hosttest.Start(t, behavior(
		hosttest.OneOp("plain"), hosttest.WithTags("defined", "penstock/launcher", "celery"), hosttest.WithTags("bad", "penstock/location", "x"),
	))), noRuns{}, noPartitions)
	for _, test := range []struct {
		name string
		r    Request
		want string
	}{
		{"ErrKubernetes", Request{Job: "plain", Tags: []tag.Tag{{Key: tag.KeyKubernetes, Value: "{}"}}}, "no launcher that can apply Kubernetes settings; known: local"},
		{"ErrImage", Request{Job: "plain", Tags: []tag.Tag{{Key: tag.KeyImage, Value: "x:1"}}}, "this host has no launcher that can"},
		{"ErrLauncher", Request{Job: "plain", Tags: []tag.Tag{{Key: tag.KeyLauncher, Value: "celery"}}}, `be called "celery"; known: local`},
		{"ErrOfDefinition", Request{Job: "defined"}, "in the job's definition: this host has no launcher"},
		{"ErrDefinitionBreaksTheRule", Request{Job: "bad"}, "in the job's definition: tag"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := p.Plan(t.Context(), test.r)
			if host.CodeOf(err) != host.Invalid || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := p.Plan(t.Context(), Request{Job: "defined", Tags: []tag.Tag{{Key: tag.KeyLauncher, Value: "local"}}}); err != nil {
		t.Errorf("a launcher that the request replaces: %v", err)
	}
}

func TestPlanResolves(t *testing.T) {
	two := behavior(hosttest.OneOp("plain"))
	two.Repositories = append(two.Repositories, hosttest.Repository{Name: "other", Jobs: []hosttest.Job{
		{Definition: hosttest.OneOp("plain")}, {Name: "broken", RawDefinition: []byte("\xff\xff")},
	}})
	p := NewPlanner(openReady(t, hosttest.Start(t, two)), noRuns{}, noPartitions)
	for _, test := range []struct {
		name, job string
		code      host.Code
		reason    string
	}{
		{"ErrUnknown", "plan", host.NotFound, "JOB_NOT_FOUND"},
		{"ErrAmbiguous", "plain", host.Invalid, "AMBIGUOUS"},
		{"ErrNoName", "", host.Invalid, "JOB_NAME"},
		{"ErrUnreadable", "broken", host.Invalid, "DEFINITION_UNREADABLE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := p.Plan(t.Context(), Request{Job: test.job}); host.CodeOf(err) != test.code || host.ReasonOf(err) != test.reason {
				t.Errorf("got %v, want %s", err, test.reason)
			}
		})
	}
	if _, err := p.Plan(t.Context(), Request{Job: "other/plain"}); err != nil {
		t.Errorf("the end of a name: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Plan(ctx, Request{Job: "other/plain"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context: %v", err)
	}
}

func TestPlanSchemaOfTheJobIsNoUse(t *testing.T) {
	def := hosttest.OneOp("plain")
	def.ConfigSchemaJson = []byte(`{"$ref":"http://example.com/x"}`)
	p := NewPlanner(openReady(t, hosttest.Start(t, behavior(def))), noRuns{}, noPartitions)
	plan, err := p.Preview(t.Context(), Request{Job: "plain"})
	if err != nil || len(plan.Problems) != 1 || plan.Problems[0].Field != "job" || !strings.Contains(plan.Problems[0].Message, "fetches nothing") {
		t.Errorf("got %+v, %v", plan, err)
	}
}

func TestPlanDefinitionChanged(t *testing.T) {
	before := hosttest.WithTags("plain", "a", "1", "b", "2")
	before.ConfigSchemaJson = []byte(`{"properties":{"config":{"properties":{"x":{},"y":{"type":"string"}}}},"type":"object"}`)
	after := hosttest.WithTags("plain", "b", "3", "c", "4")
	after.ConfigSchemaJson = []byte(`{"properties":{"config":{"properties":{"y":{"type":"integer"},"z":{}}}},"type":"object"}`)
	after.Ops = append(after.Ops, &usercodev1.OpDefinition{Name: "new_op"})
	after.Graph.Nodes = append(after.Graph.Nodes, hosttest.Place("new_op", "new_op"))
	peer := hosttest.Start(t, behavior(before))
	w := openReady(t, peer)
	p := NewPlanner(w, noRuns{}, noPartitions)
	saw, err := p.Preview(t.Context(), Request{Job: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Plan(t.Context(), Request{Job: "plain", DefinitionDigest: saw.Snapshot.Definition}); err != nil {
		t.Fatalf("the definition that the user saw: %v", err)
	}
	become(t, w, peer, behavior(after), "plain")
	_, err = p.Plan(t.Context(), Request{Job: "plain", DefinitionDigest: saw.Snapshot.Definition})
	var e *host.Error
	if !errors.As(err, &e) || e.Code != host.Conflict || e.Reason != "DEFINITION_CHANGED" {
		t.Fatalf("got %v, want DEFINITION_CHANGED", err)
	}
	want := []string{
		"job: its config schema changed; added: config.z (optional); removed: config.x; different: config.y (text → a whole number)",
		"job: ops added: new_op",
		"job: its tags changed; added: c (4); removed: a; different: b (2 → 3)",
	}
	if diff := cmp.Diff(want, lines(e.Problems)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	_, err = NewPlanner(w, noRuns{}, noPartitions).Plan(t.Context(), Request{Job: "plain", DefinitionDigest: saw.Snapshot.Definition})
	if host.ReasonOf(err) != "DEFINITION_CHANGED" {
		t.Errorf("a host that does not remember it: %v", err)
	}
	if _, err := p.Plan(t.Context(), Request{Job: "plain"}); err != nil {
		t.Errorf("without a digest: %v", err)
	}
}

func TestPlanWhileTheLocationIsDown(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	w := openReady(t, peer)
	p := NewPlanner(w, noRuns{}, noPartitions)
	peer.Stop()
	awaitState(t, w, host.LocationStale)
	plan, err := p.Plan(t.Context(), Request{Job: "plain"})
	if err != nil || len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "will wait for its code") {
		t.Errorf("stale: got %+v, %v, want a plan with a note", plan, err)
	}

	w = open(t, peer.Address())
	awaitState(t, w, host.LocationUnavailable)
	_, err = NewPlanner(w, noRuns{}, noPartitions).Plan(t.Context(), Request{Job: "etl/tutorial/plain"})
	var e *host.Error
	if !errors.As(err, &e) || e.Code != host.Unavailable || e.Remedy == "" || !strings.Contains(e.Message, "refuses connections") {
		t.Errorf("down from the beginning: got %v, want Unavailable with the location's fault", err)
	}
}

func TestPlanIncompatible(t *testing.T) {
	b := hosttest.Current()
	peer := hosttest.Start(t, b)
	w := openReady(t, peer)
	b.Protocol = "1.0.0"
	if err := peer.Become(b); err != nil {
		t.Fatal(err)
	}
	awaitState(t, w, host.LocationIncompatible)
	fresh := open(t, peer.Address())
	awaitState(t, fresh, host.LocationIncompatible)
	for name, p := range map[string]*Planner{"known before": NewPlanner(w, noRuns{}, noPartitions), "never known": NewPlanner(fresh, noRuns{}, noPartitions)} {
		_, err := p.Plan(t.Context(), Request{Job: "etl/tutorial/plain"})
		var e *host.Error
		if !errors.As(err, &e) || e.Code != host.Refused || e.Remedy == "" {
			t.Errorf("%s: got %v, want Refused with a remedy", name, err)
		}
		if _, err := p.Recheck(t.Context(), &host.Run{Job: host.JobName{Location: "etl", Repository: "tutorial", Job: "plain"}}); host.CodeOf(err) != host.Unavailable {
			t.Errorf("%s: recheck: got %v, want Unavailable", name, err)
		}
	}
}

// TestPlanOfARefusedServer launches at a server whose metadata the gate refuses.
func TestPlanOfARefusedServer(t *testing.T) {
	p := NewPlanner(openReady(t, hosttest.Start(t, hosttest.Older("0.14.17"))), noRuns{}, noPartitions)
	plan, err := p.Plan(t.Context(), Request{Job: "my_job_with_metadata"})
	if err != nil {
		t.Fatal(err)
	}
	if !plan.Snapshot.Metadata.IsZero() || len(plan.Bodies) != 1 || plan.Snapshot.MetadataEntries != 2 {
		t.Errorf("got %d bodies, snapshot %+v; metadata that is refused must not go with the run", len(plan.Bodies), plan.Snapshot)
	}
}

func BenchmarkPlan(b *testing.B) {
	p := NewPlanner(openReady(b, hosttest.Start(b, hosttest.Current())), noRuns{}, noPartitions)
	r := Request{Job: "etl/tutorial/nested", ConfigYAML: "n: 3", OpSelection: "*last", Tags: []tag.Tag{{Key: "team", Value: "etl"}}}
	for b.Loop() {
		if _, err := p.Plan(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
