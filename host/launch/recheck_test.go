package launch

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/usercode/tag"
)

// planned is a run as the queue makes it of a plan.
func planned(t *testing.T, p *Planner, r Request) *host.Run {
	t.Helper()
	plan, err := p.Plan(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return &host.Run{
		Job: plan.Job, Tags: plan.Tags, ConfigYAML: r.ConfigYAML, ConfigJSON: plan.ConfigJSON, OpSelection: r.OpSelection,
		OpPaths: plan.OpPaths, Subset: plan.Subset, Launched: plan.Snapshot,
	}
}

func TestRecheck(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	w := openReady(t, peer)
	p := NewPlanner(w, noRuns{}, noPartitions)
	run := planned(t, p, Request{Job: "nested", ConfigYAML: "n: 7", OpSelection: "*inner.b"})

	r, err := p.Recheck(t.Context(), run)
	if err != nil || r.Changed || string(r.ConfigJSON) != `{"n":7}` || !r.Subset || len(r.Bodies) != 2 {
		t.Fatalf("unchanged: got %+v, %v", r, err)
	}
	if diff := cmp.Diff(run.Launched, r.Snapshot); diff != "" {
		t.Errorf("snapshot (-launched +now):\n%s", diff)
	}

	changed := hosttest.Nested("nested")
	changed.ConfigSchemaJson = []byte(`{"additionalProperties":false,"properties":{"n":{"type":"integer"},"more":{"default":true}},"type":"object"}`)
	become(t, w, peer, behavior(changed), "nested")
	r, err = p.Recheck(t.Context(), run)
	if err != nil || !r.Changed || string(r.ConfigJSON) != `{"more":true,"n":7}` {
		t.Fatalf("changed: got %+v, %v", r, err)
	}
	if r.Snapshot.Definition == run.Launched.Definition || r.Bodies[r.Snapshot.Definition] == nil || !slices.Equal(r.OpPaths, run.OpPaths) {
		t.Errorf("changed: got %+v", r)
	}
	// Checked again before the next attempt, nothing is different from the last one.
	run.StartedFrom, run.ConfigJSON = r.Snapshot, r.ConfigJSON
	again, err := p.Recheck(t.Context(), run)
	if err != nil || !again.Changed || string(again.ConfigJSON) != string(r.ConfigJSON) {
		t.Errorf("again: got %+v, %v", again, err)
	}
}

func TestRecheckWaits(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	w := openReady(t, peer)
	p := NewPlanner(w, noRuns{}, noPartitions)
	run := planned(t, p, Request{Job: "nested", ConfigYAML: "n: 7", OpSelection: "*last", Tags: []tag.Tag{{Key: "x", Value: "y"}}})

	t.Run("ErrDoesNotFit", func(t *testing.T) {
		changed := hosttest.Nested("nested")
		changed.ConfigSchemaJson = []byte(`{"additionalProperties":false,"properties":{"m":{}},"type":"object"}`)
		changed.Graph.Nodes = changed.Graph.Nodes[:2]
		become(t, w, peer, behavior(changed), "nested")
		_, err := p.Recheck(t.Context(), run)
		var e *host.Error
		if !errors.As(err, &e) || e.Code != host.Invalid || e.Reason != "RUN_DOES_NOT_FIT" || len(e.Problems) != 2 ||
			e.Problems[0].Field != "config" || e.Problems[1].Field != "op_selection" {
			t.Errorf("got %v, want what is wrong with config and op selection", err)
		}
	})
	t.Run("ErrTagNoLauncherCan", func(t *testing.T) {
		become(t, w, peer, behavior(hosttest.Nested("nested"), hosttest.OneOp("other")), "nested")
		edited := *run
		edited.Launched.Definition = host.Digest{1}
		edited.Tags = append(slices.Clone(run.Tags), tag.Tag{Key: tag.KeyImage, Value: "x", Origin: tag.OriginEdited})
		if _, err := p.Recheck(t.Context(), &edited); host.CodeOf(err) != host.Invalid {
			t.Errorf("got %v, want Invalid", err)
		}
	})
	t.Run("ErrUnreadable", func(t *testing.T) {
		b := behavior()
		b.Repositories[0].Jobs = []hosttest.Job{{Name: "nested", RawDefinition: []byte("\xff")}}
		become(t, w, peer, b, "nested")
		if _, err := p.Recheck(t.Context(), run); host.CodeOf(err) != host.Invalid {
			t.Errorf("got %v, want Invalid", err)
		}
	})
	t.Run("ErrJobGone", func(t *testing.T) {
		become(t, w, peer, behavior(hosttest.OneOp("other")), "nested")
		if _, err := p.Recheck(t.Context(), run); host.CodeOf(err) != host.NotFound {
			t.Errorf("got %v, want NotFound", err)
		}
	})
	t.Run("ErrLocationGone", func(t *testing.T) {
		moved := *run
		moved.Job.Location = "elsewhere"
		if _, err := p.Recheck(t.Context(), &moved); host.CodeOf(err) != host.NotFound {
			t.Errorf("got %v, want NotFound", err)
		}
	})
	t.Run("ErrDown", func(t *testing.T) {
		peer.Stop()
		awaitState(t, w, host.LocationStale)
		_, err := p.Recheck(t.Context(), run)
		var e *host.Error
		if !errors.As(err, &e) || e.Code != host.Unavailable || e.Remedy == "" {
			t.Errorf("got %v, want Unavailable", err)
		}
	})
	t.Run("BackAgain", func(t *testing.T) {
		become(t, w, peer, hosttest.Current(), "nested")
		if r, err := p.Recheck(t.Context(), run); err != nil || r.Changed {
			t.Errorf("got %+v, %v, want it as launched", r, err)
		}
	})
	t.Run("ErrLoading", func(t *testing.T) {
		hung := hosttest.Current()
		hung.Info = hosttest.Hang
		_, err := NewPlanner(open(t, hosttest.Start(t, hung).Address()), noRuns{}, noPartitions).Recheck(t.Context(), run)
		if host.CodeOf(err) != host.Unavailable || host.ReasonOf(err) != "LOCATION_LOADING" {
			t.Errorf("got %v, want that it is still loading", err)
		}
	})
}
