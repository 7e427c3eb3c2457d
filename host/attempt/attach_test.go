package attempt_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func TestGrantOnceToOneProcess(t *testing.T) {
	f := newFixture(t)
	id := f.starting()
	first, a := f.attach(token, hello(id, "w1"))
	if a.welcome == nil || a.grant == nil || a.grant.GetRun().GetRunId() != string(id) {
		t.Fatalf("the first worker got %+v, want a grant", a)
	}
	if run := f.run(id); run.Status != host.Started || run.Current.WorkerID != "w1" || run.StartedAt.IsZero() {
		t.Errorf("after the grant the run is %+v", run)
	}
	// The reply may have been lost: the same process asks again.
	_, again := f.attach(token, hello(id, "w1"))
	if again.grant == nil {
		t.Errorf("the same process got %+v, want the grant again", again)
	}
	if a := take(first); a.away == nil || !a.last {
		t.Errorf("the stream that was replaced got %+v, want to go away", a)
	}
	_, other := f.attach(token, hello(id, "w2"))
	if other.denied.GetReason() != workerv1.DenialReason_DENIAL_REASON_ALREADY_GRANTED || !other.last {
		t.Errorf("another process got %+v, want ALREADY_GRANTED", other)
	}
}

func TestManyAskOneIsGranted(t *testing.T) {
	f := newFixture(t)
	id := f.starting()
	var granted atomic.Int32
	var w sync.WaitGroup
	for i := range 16 {
		w.Go(func() {
			s, err := f.sessions.Attach(t.Context(), token, hello(id, string(rune('a'+i))))
			if err != nil {
				t.Error(err)
				return
			}
			if take(s).grant != nil {
				granted.Add(1)
			}
		})
	}
	w.Wait()
	if granted.Load() != 1 {
		t.Errorf("%d of 16 processes were granted, want 1", granted.Load())
	}
}

func TestDenied(t *testing.T) {
	for _, c := range []struct {
		name   string
		token  string
		run    func(f *fixture, id host.RunID)
		change func(h *workerv1.Hello)
		want   workerv1.DenialReason
	}{
		{"WrongToken", "guess", nil, nil, workerv1.DenialReason_DENIAL_REASON_FENCED},
		{"NoWorkerID", token, nil, func(h *workerv1.Hello) { h.WorkerId = "" }, workerv1.DenialReason_DENIAL_REASON_FENCED},
		{"AttemptToCome", token, nil, func(h *workerv1.Hello) { h.Attempt = 2 }, workerv1.DenialReason_DENIAL_REASON_FENCED},
		{"NeverGranted", token, nil, func(h *workerv1.Hello) { h.WantGrant = false }, workerv1.DenialReason_DENIAL_REASON_FENCED},
		{"OtherDefinition", token, nil, func(h *workerv1.Hello) { h.DefinitionDigest = make([]byte, 32) }, workerv1.DenialReason_DENIAL_REASON_DEFINITION_CHANGED},
		{"NoSuchRun", token, nil, func(h *workerv1.Hello) { h.RunId = "0197f000-0000-7000-8000-000000000000" }, workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER},
		{"Superseded", token, func(f *fixture, id host.RunID) {
			f.update(id, nil, host.Queued)
			f.update(id, func(r *host.Run) { r.Attempt = 2 }, host.Starting)
		}, nil, workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER},
		{"TakenBack", token, func(f *fixture, id host.RunID) { f.update(id, nil, host.Queued) }, nil, workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER},
		{"Final", token, func(f *fixture, id host.RunID) { f.update(id, nil, host.Failure) }, nil, workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			id := f.starting()
			if c.run != nil {
				c.run(f, id)
			}
			before := f.run(id)
			h := hello(id, "w1")
			if c.change != nil {
				c.change(h)
			}
			_, a := f.attach(c.token, h)
			if a.denied.GetReason() != c.want || a.grant != nil || a.welcome != nil || !a.last {
				t.Errorf("got %+v, want only %s", a, c.want)
			}
			if after := f.run(id); after.Status != before.Status || after.Current.WorkerID != "" {
				t.Errorf("the denial left the run %s with worker %q", after.Status, after.Current.WorkerID)
			}
		})
	}
}

// TestHelloIsShort: what a worker says of itself is logged before its token is looked at, stored, and shown in lists.
func TestHelloIsShort(t *testing.T) {
	f := newFixture(t)
	id := f.starting()
	if _, a := f.attach(token, hello(id, strings.Repeat("w", 65))); a.denied.GetReason() != workerv1.DenialReason_DENIAL_REASON_FENCED {
		t.Errorf("a worker id of 65 bytes: %+v, want FENCED", a)
	}
	h := hello(id, strings.Repeat("w", 64))
	h.Handle, h.ServerId = "x"+strings.Repeat("é", 1<<20), strings.Repeat("s", 1<<20)
	if _, a := f.attach(token, h); a.grant == nil {
		t.Fatalf("got %+v, want a grant", a)
	}
	if c := f.run(id).Current; c.Handle != "x"+strings.Repeat("é", 127) || c.ServerID != strings.Repeat("s", 256) {
		t.Errorf("the run keeps a handle of %d bytes and a server id of %d, want what fits 256", len(c.Handle), len(c.ServerID))
	}
}
