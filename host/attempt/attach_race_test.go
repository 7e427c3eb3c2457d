package attempt_test

import (
	"context"
	"testing"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// meanwhile is a real store with moments between its calls, at which a test lets others act.
type meanwhile struct {
	host.Store
	afterRead, afterUpdate, afterAppend func(host.RunID)
	// beforeAppend keeps events from being stored when it returns an error.
	beforeAppend func() error
}

func (m *meanwhile) Run(ctx context.Context, id host.RunID) (host.Run, error) {
	run, err := m.Store.Run(ctx, id)
	then(&m.afterRead, id)
	return run, err
}

func (m *meanwhile) UpdateRun(ctx context.Context, id host.RunID, change func(*host.Run) ([][]byte, error)) (host.Run, error) {
	run, err := m.Store.UpdateRun(ctx, id, change)
	then(&m.afterUpdate, id)
	return run, err
}

func (m *meanwhile) AppendEvents(ctx context.Context, id host.RunID, b host.EventBatch) (uint64, error) {
	if m.beforeAppend != nil {
		if err := m.beforeAppend(); err != nil {
			return 0, err
		}
	}
	last, err := m.Store.AppendEvents(ctx, id, b)
	then(&m.afterAppend, id)
	return last, err
}

// then calls what is to happen once.
func then(what *func(host.RunID), id host.RunID) {
	if f := *what; f != nil {
		*what = nil
		f(id)
	}
}

func TestCancelBesideTheGrantReachesTheWorker(t *testing.T) {
	f := newFixture(t)
	id := f.starting()
	f.meanwhile.afterUpdate = func(id host.RunID) {
		f.update(id, nil, host.Canceling)
		run := f.run(id)
		f.sessions.Cancel(&run, 0, false)
	}
	if _, a := f.attach(token, hello(id, "w1")); a.grant == nil || a.cancel == nil {
		t.Errorf("the worker got %+v, want the grant and the cancel", a)
	}
}

func TestEndBesideAnAttachDeniesTheWorker(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	s.Close()
	f.meanwhile.afterRead = func(id host.RunID) { f.update(id, nil, host.Failure) }
	h := hello(id, "w1")
	h.WantGrant = false
	if _, a := f.attach(token, h); a.denied.GetReason() != workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER || !a.last {
		t.Errorf("the worker of a run that ended meanwhile got %+v, want ATTEMPT_OVER", a)
	}
}

// TestResultOfABrokenStreamCounts lets the worker come back and say goodbye while its old stream, which broke, has
// stored the result and not yet ended the run.
func TestResultOfABrokenStreamCounts(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	f.meanwhile.afterAppend = func(id host.RunID) {
		h := hello(id, "w1")
		h.WantGrant, h.LastSeq = false, 1
		again, a := f.attach(token, h)
		if a.welcome.GetAckedSeq() != 1 {
			t.Errorf("the worker was welcomed with %+v, want event 1 acknowledged", a)
		}
		finish := &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{Finished: &workerv1.Finished{LastSeq: 1}}}
		if err := again.Receive(t.Context(), finish); err != nil {
			t.Error(err)
		}
	}
	if err := s.Receive(t.Context(), events(1, ended(workerv1.Outcome_OUTCOME_SUCCESS, "", ""))); err != nil {
		t.Fatal(err)
	}
	if run := f.run(id); run.Status != host.Success {
		t.Errorf("the run is %s (%s), want SUCCESS", run.Status, run.StatusReason)
	}
}

func TestWhoIsDeniedWritesNothing(t *testing.T) {
	for name, tok := range map[string]string{"WrongToken": "guess", "AlreadyGranted": token} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			id, _ := granted(f)
			before := len(f.stored(id))
			s, a := f.attach(tok, hello(id, "w2"))
			if a.denied == nil {
				t.Fatalf("got %+v, want a denial", a)
			}
			for range 3 {
				if err := s.Receive(t.Context(), events(1, logged("let me in"))); err != nil {
					t.Error(err)
				}
			}
			if after := len(f.stored(id)); after != before {
				t.Errorf("somebody without a grant added %d events to a run", after-before)
			}
		})
	}
}

func TestLateReportsAreNotedOnce(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	f.update(id, nil, host.Failure)
	before := len(f.stored(id))
	for i := range 5 {
		if err := s.Receive(t.Context(), events(uint64(i)+1, logged("still here"))); err != nil {
			t.Fatal(err)
		}
	}
	if after := len(f.stored(id)); after != before+1 {
		t.Errorf("5 late batches left %d notes, want 1", after-before)
	}
}
