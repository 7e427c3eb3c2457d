package hosttest

import (
	"context"
	"testing"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func TestDrain(t *testing.T) {
	working, finish := make(chan struct{}, 1), make(chan struct{})
	b := Current()
	b.Work = func(ctx context.Context) {
		working <- struct{}{}
		select {
		case <-finish:
		case <-ctx.Done():
		}
	}
	p, h := Start(t, b), &grantingHost{}
	address := h.serve(t)
	start(t, p, address, "plain")
	<-working

	over, cancel := context.WithCancel(patience(t))
	cancel()
	if err := p.Drain(over); err == nil {
		t.Fatal("the drain is over while a worker is busy")
	}
	c := client(t, p)
	info, err := c.GetServerInfo(patience(t), &usercodev1.GetServerInfoRequest{})
	if err != nil || !info.GetServer().GetDraining() || info.GetServer().GetLiveWorkers() != 1 {
		t.Errorf("got %v, %v", info, err)
	}
	reply, err := c.StartRun(patience(t), &usercodev1.StartRunRequest{RunId: "other", Attempt: 1, HostAddress: address, Token: "secret"})
	if err != nil || reply.GetRefused().GetReason() != usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING {
		t.Errorf("got %v, %v", reply, err)
	}
	close(finish)
	if err := p.Drain(patience(t)); err != nil {
		t.Fatal(err)
	}
	if got := h.events[len(h.events)-1].GetRunFinished().GetOutcome(); got != workerv1.Outcome_OUTCOME_SUCCESS {
		t.Errorf("got %s", got)
	}
}
