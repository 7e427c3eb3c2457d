package retention_test

import (
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/retention"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// takes makes a run that has not ended one that takes an output from another.
func (f *fixture) takes(id, from host.RunID) {
	f.t.Helper()
	digest, body := reexecution.Encode([]*workerv1.StoredOutput{{RunId: string(from), OpPath: "read"}})
	if err := f.store.PutBodies(f.t.Context(), map[host.Digest][]byte{digest: body}); err != nil {
		f.t.Fatal(err)
	}
	f.change(id, func(r *host.Run) { r.TakenOutputs = digest })
}

func (f *fixture) change(id host.RunID, change func(*host.Run)) {
	f.t.Helper()
	if _, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		change(r)
		return nil, nil
	}); err != nil {
		f.t.Fatal(err)
	}
}

func TestRunsThatOthersNeedStay(t *testing.T) {
	f := newFixture(t, retention.Policy{Rules: []retention.Rule{rule("", "", day)}})
	first := f.run("gave its output to what is to be retried", "j", host.Failure, 20*day)
	second := f.run("to be retried", "j", host.Failure, 10*day)
	f.takes(second, first)
	f.change(second, func(r *host.Run) { r.RetryDue = true })
	third := f.run("gave its output to what runs", "j", host.Success, 10*day)
	child := f.run("runs", "j", "", 0)
	f.takes(child, third)
	f.run("old", "j", host.Failure, 10*day)

	p, err := f.keeper.Preview(t.Context(), f.keeper.Policy())
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Results[0]; got.Selected != 5 || got.Deleted != 1 || got.KeptAsLast != 0 {
		t.Errorf("the preview is %+v, want 1 of 5 deleted", got)
	}
	f.runOnce()
	f.wantLeft("gave its output to what is to be retried", "to be retried", "gave its output to what runs", "runs")

	f.change(second, func(r *host.Run) { r.RetryDue = false })
	f.change(child, func(r *host.Run) { r.Status, r.EndedAt = host.Success, f.clock.Now() })
	f.runOnce()
	f.wantLeft("runs")
}
