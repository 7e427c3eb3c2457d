package api_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// gate is a store at which the next who asks for a last event waits, once it is shut.
type gate struct {
	host.Store

	shut          atomic.Bool
	waits, opened chan struct{}
}

func (g *gate) LastSeq(ctx context.Context, id host.RunID, attempt uint32) (uint64, error) {
	if g.shut.CompareAndSwap(true, false) {
		close(g.waits)
		<-g.opened
	}
	return g.Store.LastSeq(ctx, id, attempt)
}

// TestResyncForgetsWhatWasTold: a run changes, which the watcher misses, and changes back to what it was told last.
func TestResyncForgetsWhatWasTold(t *testing.T) {
	g := &gate{waits: make(chan struct{}), opened: make(chan struct{})}
	f, _ := withPeer(t, settings{idle: true, options: func(o *api.Options) { g.Store, o.Store = o.Store, g }}, hosttest.Current())
	f.server.LimitPending(1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := f.runs.WatchRuns(ctx, &hostv1.WatchRunsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	next := func() *hostv1.WatchRunsResponse {
		m, err := stream.Receive()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	next() // the watch has begun
	var ids []host.RunID
	for range 3 {
		id := f.launch(&hostv1.LaunchRunRequest{Job: "plain"}).GetId()
		if m := next(); m.GetRun().GetId() != id {
			t.Fatalf("told %v, want run %s", m, id)
		}
		ids = append(ids, host.RunID(id))
	}
	become := func(id host.RunID, status host.RunStatus) {
		if _, err := f.store.UpdateRun(t.Context(), id, func(r *host.Run) ([][]byte, error) {
			return nil, r.Become(status, "", time.Now())
		}); err != nil {
			t.Fatal(err)
		}
	}
	g.shut.Store(true)
	become(ids[0], host.Starting)
	<-g.waits // the watcher is at work
	become(ids[1], host.Starting)
	become(ids[2], host.Starting) // too much for it
	close(g.opened)
	m := next()
	for !m.GetResync() {
		m = next()
	}
	become(ids[2], host.Queued)
	for {
		if m := next(); m.GetRun().GetId() == string(ids[2]) && m.GetRun().GetStatus() == hostv1.RunStatus_RUN_STATUS_QUEUED {
			return
		}
	}
}
