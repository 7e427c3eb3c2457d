package bulk_test

import (
	"slices"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/bulk"
	"github.com/penstock-run/penstock/usercode/tag"
)

// TestPreviewIsWhatHappens compares the counts of previews with those of the actions.
func TestPreviewIsWhatHappens(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]host.BulkAction{
		"Cancel":      {Kind: host.BulkCancel},
		"CancelForce": {Kind: host.BulkCancel, Force: true},
		"Delete":      {Kind: host.BulkDelete},
		"Reexecute":   {Kind: host.BulkReexecute, Strategy: "all"},
		"FromFailure": {Kind: host.BulkReexecute, Strategy: "from_failure"},
		"Tag":         prod,
		"SetTwo":      {Kind: host.BulkTag, Set: []tag.Tag{{Key: "env", Value: "prod"}, {Key: "draft", Value: ""}}},
		"Remove":      {Kind: host.BulkTag, Remove: []string{"draft"}},
	} {
		for _, by := range []string{"ByWhere", "ByID"} {
			t.Run(name+by, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t, 0).start()
				q := f.request("team=etl", a)
				for _, status := range host.RunStatuses {
					for _, tags := range [][]string{{"env", "dev"}, {"draft", "", "env", "prod"}, {"env", "prod"}} {
						id := f.run(status, append(tags, "team", "etl")...).ID
						f.run(status, tags...)
						if by == "ByID" {
							q.IDs = append(q.IDs, id)
						}
						if status == host.Canceling && tags[0] == "draft" {
							f.update(id, func(r *host.Run) { r.Current.Forced = true })
						}
						if status == host.Canceling && len(tags) == 2 && tags[1] == "prod" {
							f.update(id, func(r *host.Run) { r.Current.OverRuntime = true })
						}
					}
				}
				p, err := f.runner.Preview(t.Context(), q)
				if err != nil || len(p.Problems) > 0 {
					t.Fatal(p.Problems, err)
				}
				b := f.await(f.begin(q).ID)
				wantCounts(t, b, host.BulkDone, p.Selected, p.Selected-p.PassedOver, p.PassedOver, 0)
				if p.Selected != uint64(3*len(host.RunStatuses)) || p.PassedOver == p.Selected {
					t.Errorf("%d runs are selected and %d passed over", p.Selected, p.PassedOver)
				}
				f.checkSample(p, q)
			})
		}
	}
}

func (f *fixture) update(id host.RunID, change func(*host.Run)) {
	f.t.Helper()
	if _, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		change(r)
		return nil, nil
	}); err != nil {
		f.t.Fatal(err)
	}
}

// checkSample checks a sample after the action.
func (f *fixture) checkSample(p bulk.Preview, q bulk.Request) {
	f.t.Helper()
	if want := min(10, p.Selected-p.PassedOver); uint64(len(p.Sample)) != want {
		f.t.Errorf("the sample has %d runs, want %d", len(p.Sample), want)
	}
	if !slices.IsSortedFunc(p.Sample, func(a, b host.Run) int { return int(b.Seq) - int(a.Seq) }) {
		f.t.Error("the sample is not in order")
	}
	for i := range p.Sample {
		run, err := f.store.Run(f.t.Context(), p.Sample[i].ID)
		var changed bool
		switch q.Action.Kind {
		case host.BulkDelete:
			changed = host.CodeOf(err) == host.NotFound
		case host.BulkReexecute:
			changed = f.children(run.ID) == 1
		default:
			changed = f.notes(run.ID, "") < len(f.events(run.ID))
		}
		if !changed {
			f.t.Errorf("run %s, which was %s, is of the sample and was not changed", p.Sample[i].ID, p.Sample[i].Status)
		}
	}
}

func (f *fixture) events(id host.RunID) []host.StoredEvent {
	f.t.Helper()
	events, err := f.store.HostEvents(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return events
}

func TestPreviewChangesNothing(t *testing.T) {
	f := newFixture(t, 0).start()
	run := f.run(host.Success, "env", "dev")
	if _, err := f.runner.Preview(t.Context(), f.request("", prod)); err != nil {
		t.Fatal(err)
	}
	if got := f.get(run.ID); got.Tags[0].Value != "dev" {
		t.Errorf("the run has %v", got.Tags)
	}
	page, _, err := f.store.Bulks(t.Context(), "", 1)
	if err != nil || len(page) > 0 {
		t.Errorf("%d actions were begun, %v", len(page), err)
	}
}

func TestPreviewOfRunsThatAreNotThere(t *testing.T) {
	f := newFixture(t, 0)
	q := f.request("", prod)
	q.IDs = []host.RunID{f.run(host.Success).ID, newID(t)}
	p, err := f.runner.Preview(t.Context(), q)
	if err != nil || len(p.Problems) != 1 || p.Selected != 1 || len(p.Sample) != 1 {
		t.Errorf("Preview = %+v, %v; want one run, and a problem", p, err)
	}
}
