package attempt_test

import (
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// granted returns a run that is STARTED and its worker's session.
func granted(f *fixture) (host.RunID, *attempt.Session) {
	f.t.Helper()
	id := f.starting()
	s, a := f.attach(token, hello(id, "w1"))
	if a.grant == nil {
		f.t.Fatalf("not granted: %+v", a)
	}
	return id, s
}

func (f *fixture) stored(id host.RunID) []host.StoredEvent {
	f.t.Helper()
	list, err := f.store.Events(f.t.Context(), id, host.Cursor{}, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

func TestEventsAreStoredThenAcknowledged(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	if err := s.Receive(t.Context(), events(1, logged("a"), logged("b"))); err != nil {
		t.Fatal(err)
	}
	if a := take(s); a.ack.GetSeq() != 2 {
		t.Errorf("acknowledged %d, want 2", a.ack.GetSeq())
	}
	// Sent again after a break, with one more.
	if err := s.Receive(t.Context(), events(1, logged("a"), logged("b"), logged("c"))); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range f.stored(id) {
		if e.Cursor.Note == 0 {
			n++
		}
	}
	if a := take(s); a.ack.GetSeq() != 3 || n != 3 {
		t.Errorf("acknowledged %d and stored %d worker events, want 3 and 3", a.ack.GetSeq(), n)
	}
	if err := s.Receive(t.Context(), events(9, logged("gap"))); host.CodeOf(err) != host.Conflict {
		t.Errorf("a gap: %v, want Conflict", err)
	}
}

func TestReconnectGoesOnWhereTheStoreIs(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	if err := s.Receive(t.Context(), events(1, logged("a"))); err != nil {
		t.Fatal(err)
	}
	s.Close()
	f.restart()
	h := hello(id, "w1")
	h.WantGrant, h.LastSeq = false, 4
	if _, a := f.attach(token, h); a.welcome.GetAckedSeq() != 1 || a.grant != nil {
		t.Errorf("after a restart of the host the worker got %+v, want welcome at 1", a)
	}
}

func TestOutcomes(t *testing.T) {
	success, failure, canceled := workerv1.Outcome_OUTCOME_SUCCESS, workerv1.Outcome_OUTCOME_FAILURE, workerv1.Outcome_OUTCOME_CANCELED
	for _, c := range []struct {
		name      string
		canceling bool
		event     *workerv1.Event
		want      host.RunStatus
		reason    string
	}{
		{"Success", false, ended(success, "", ""), host.Success, ""},
		{"Failure", false, ended(failure, "op_failure", "op a: no"), host.Failure, "op_failure"},
		{"FailureWithoutReason", false, ended(failure, "", ""), host.Failure, "op_failure"},
		{"OutcomeOfTheFuture", false, ended(99, "", ""), host.Failure, "op_failure"},
		{"CanceledByNobody", false, ended(canceled, "", ""), host.Failure, "interrupted"},
		{"Canceled", true, ended(canceled, "", ""), host.Canceled, ""},
		{"SuccessDespiteCancel", true, ended(success, "", ""), host.Success, ""},
		{"FailureDespiteCancel", true, ended(failure, "panic", "x"), host.Failure, "panic"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			id, s := granted(f)
			if c.canceling {
				f.update(id, nil, host.Canceling)
			}
			if err := s.Receive(t.Context(), events(1, logged("a"), c.event)); err != nil {
				t.Fatal(err)
			}
			run := f.run(id)
			if reason, _ := run.Tag(tag.KeyFailureReason); run.Status != c.want || reason != c.reason || run.EndedAt.IsZero() {
				t.Errorf("run is %s with reason %q, ended %v; want %s, %q", run.Status, reason, run.EndedAt, c.want, c.reason)
			}
			if a := take(s); a.ack.GetSeq() != 2 || a.denied != nil {
				t.Errorf("the worker got %+v, want only the acknowledgement of 2", a)
			}
			finish := &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{Finished: &workerv1.Finished{LastSeq: 2}}}
			if err := s.Receive(t.Context(), finish); err != nil {
				t.Error(err)
			}
			if after := f.run(id); after.Status != c.want {
				t.Errorf("after Finished the run is %s", after.Status)
			}
		})
	}
}

func TestEndWithoutResultIsAFailure(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	finish := &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{Finished: &workerv1.Finished{}}}
	if err := s.Receive(t.Context(), finish); err != nil {
		t.Fatal(err)
	}
	if run := f.run(id); run.Status != host.Failure || run.StatusReason == "" {
		t.Errorf("run is %s %q, want FAILURE with a reason", run.Status, run.StatusReason)
	}
}

func TestLateReportsAreNotes(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	f.update(id, nil, host.Failure)
	before := len(f.stored(id))
	if err := s.Receive(t.Context(), events(1, ended(workerv1.Outcome_OUTCOME_SUCCESS, "", ""))); err != nil {
		t.Fatal(err)
	}
	a := take(s)
	if a.denied.GetReason() != workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER {
		t.Errorf("a late worker got %+v, want ATTEMPT_OVER", a)
	}
	list := f.stored(id)
	if run := f.run(id); run.Status != host.Failure || len(list) != before+1 || list[before].Cursor.Note == 0 {
		t.Errorf("run is %s with %d events, %d before; want FAILURE and one note more", run.Status, len(list), before)
	}
}

func TestRefusesWhatBreaksTheContract(t *testing.T) {
	f := newFixture(t)
	id, s := granted(f)
	for name, m := range map[string]*workerv1.AttachRequest{
		"empty batch": events(1),
		"from zero":   events(0, logged("a")),
		"huge event":  events(1, logged(strings.Repeat("x", 300<<10))),
		"hello twice": {Message: &workerv1.AttachRequest_Hello{Hello: hello(id, "w1")}},
	} {
		if err := s.Receive(t.Context(), m); host.CodeOf(err) != host.Invalid {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
	if run := f.run(id); run.Status != host.Started {
		t.Errorf("run is %s, want STARTED", run.Status)
	}
}

func TestRepairAtOpen(t *testing.T) {
	f := newFixture(t)
	id, _ := granted(f)
	// The host died after the events were stored and before the state was.
	last := events(1, logged("a"), ended(workerv1.Outcome_OUTCOME_SUCCESS, "", "")).GetEvents()
	if _, err := f.store.AppendEvents(t.Context(), id, host.EventBatch{Attempt: 1, First: 1, Events: last.GetEvents()}); err != nil {
		t.Fatal(err)
	}
	f.restart()
	if run := f.run(id); run.Status != host.Success {
		t.Errorf("after the restart the run is %s, want SUCCESS", run.Status)
	}
}
