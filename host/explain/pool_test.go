package explain_test

import (
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/explain"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func TestAnOpThatWaitsForASlot(t *testing.T) {
	wanted := func(op string) *workerv1.AttachRequest {
		return &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Slots{
			Slots: &workerv1.Slots{Slots: []*workerv1.Slots_Slot{{OpPath: op, OpAttempt: 1, Pool: "warehouse"}}},
		}}
	}
	f := newFixture(t, 10).start()
	f.sessions.SetPools([]host.Pool{{Name: "warehouse", Slots: 1}})
	holder, s := f.running("plain")
	f.must(s.Receive(t.Context(), wanted("only")))
	id, s := f.running("flow")
	f.must(s.Receive(t.Context(), wanted("first")))

	e := f.explain(id)
	e.summary("op first waits for a slot of pool warehouse, taken: 1 of 1, by op only of run " + string(holder))
	if r := e.want(explain.CodePool, true, "op first waits for a slot"); r.OpPath != "first" || r.Since.IsZero() {
		t.Errorf("got %+v", r)
	}
	for _, r := range e.Reasons {
		if r.Code == explain.CodeOpReady && r.OpPath == "first" {
			t.Errorf("an op that waits for a slot is said to be ready: %+v", r)
		}
	}

	f.sessions.SetPools([]host.Pool{{Name: "warehouse", Slots: 2}})
	for _, r := range f.explain(id).Reasons {
		if r.Code == explain.CodePool {
			t.Errorf("it has its slot, and is said to wait: %+v", r)
		}
	}
}
