package retry_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestFailedRunIsRetriedOnce(t *testing.T) {
	f := newFixture(t)
	before := f.failed(tag.KeyMaxRetries, "1")
	f.begun()
	after := f.failed(tag.KeyMaxRetries, "1", tag.KeyRetryStrategy, "all_ops")
	not := f.failed()
	for range 3 {
		f.round()
	}
	for _, run := range []host.Run{before, after} {
		children := f.children(run.ID)
		notes := f.notes(run.ID, launch.NoteRetried)
		if len(children) != 1 || f.run(run.ID).RetryDue || len(notes) != 1 || !strings.Contains(notes[0], "retried as run "+string(children[0].ID)+", retry 1 of 1") {
			t.Fatalf("a run has %d children and the notes %q, a retry is due: %t", len(children), notes, f.run(run.ID).RetryDue)
		}
		if children[0].RetryNumber() != 1 || children[0].Root != run.ID {
			t.Errorf("the child is retry %d of root %s", children[0].RetryNumber(), children[0].Root)
		}
	}
	if len(f.children(not.ID)) > 0 {
		t.Error("a run was retried whose tags do not ask for it")
	}
	if a, b := f.requests[0].Reexecution, f.requests[1].Reexecution; a.Strategy != reexecution.FromFailure || b.Strategy != reexecution.All {
		t.Errorf("they were retried by %s and %s", a.Strategy, b.Strategy)
	}
}

func TestRunIsRetriedAsOftenAsItsTagsSay(t *testing.T) {
	f := newFixture(t).begun()
	const most = 3
	chain := []host.Run{f.failed(tag.KeyMaxRetries, fmt.Sprint(most))}
	for {
		f.round()
		children := f.children(chain[len(chain)-1].ID)
		if len(children) == 0 {
			break
		}
		chain = append(chain, f.fail(children[0].ID))
	}
	if len(chain) != most+1 || chain[most].RetryDue {
		t.Errorf("there are %d runs, want the first and %d retries", len(chain), most)
	}
}

// TestCrashesAtAnyCall crashes the host with each call that the Retrier makes, before it does anything and before it is
// answered.
func TestCrashesAtAnyCall(t *testing.T) {
	for _, unsaid := range []bool{false, true} {
		crashes := 0
		for at := 1; ; at++ {
			f := newFixture(t)
			run := f.failed(tag.KeyMaxRetries, "5")
			f.close()
			f.open(at, unsaid)
			if f.retrier.Begin(t.Context()) == nil {
				_ = f.retrier.RunOnce(t.Context())
			}
			crashed := f.seam.calls >= at
			f.close()
			f.open(0, false)
			f.begun().round()
			if n := len(f.children(run.ID)); n != 1 || f.run(run.ID).RetryDue {
				t.Fatalf("a crash with call %d (done: %t): the run has %d children, a retry is due: %t", at, unsaid, n, f.run(run.ID).RetryDue)
			}
			if n := len(f.notes(run.ID, launch.NoteRetried)); n != 1 {
				t.Errorf("a crash with call %d (done: %t): it has %d notes", at, unsaid, n)
			}
			if !crashed {
				break
			}
			crashes++
		}
		if crashes < 4 {
			t.Errorf("there were only %d crashes", crashes)
		}
	}
}

func TestTwoRetriersMakeOneChild(t *testing.T) {
	f := newFixture(t)
	var runs []host.Run
	for range 20 {
		runs = append(runs, f.failed(tag.KeyMaxRetries, "1"))
	}
	other := f.another()
	f.begun()
	if err := other.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		if err := other.RunOnce(t.Context()); err != nil {
			t.Error(err)
		}
	})
	f.round()
	both.Wait()
	for _, run := range runs {
		if n, notes := len(f.children(run.ID)), f.notes(run.ID, launch.NoteRetried); n != 1 || len(notes) != 1 || f.run(run.ID).RetryDue {
			t.Errorf("a run has %d children and %d notes", n, len(notes))
		}
	}
}

func TestRetryIsPutOffWhileItsLocationIsAway(t *testing.T) {
	f := newFixture(t).begun()
	f.refuse = func(launch.Request) error {
		return &host.Error{Code: host.Unavailable, Reason: "LOCATION_STALE", Message: "it is away", Remedy: "wait"}
	}
	run := f.failed(tag.KeyMaxRetries, "1")
	for range 50 {
		f.round()
		f.clock.Advance(time.Second)
	}
	if notes := f.notes(run.ID, launch.NoteRetryPutOff); len(notes) != 1 || !strings.Contains(notes[0], "it is away\nWait.") {
		t.Errorf("the notes are %q, want one that says why", notes)
	}
	if n := len(f.requests); n < 5 || n > 9 { // after 1, 2, 4, 8 and then every 15 s
		t.Errorf("it was tried %d times in 50 s", n)
	}
	f.refuse = nil
	f.clock.Advance(15 * time.Second)
	f.round()
	if n := len(f.children(run.ID)); n != 1 {
		t.Errorf("once its location is there it has %d children", n)
	}
}

func TestRetryWaitsForCodeAsLongAsARunMay(t *testing.T) {
	f := newFixture(t).begun()
	f.wait = time.Minute
	f.refuse = func(launch.Request) error {
		return &host.Error{Code: host.Unavailable, Reason: "LOCATION_STALE", Message: "it is away"}
	}
	run := f.failed(tag.KeyMaxRetries, "1")
	for range 59 {
		f.round()
		f.clock.Advance(time.Second)
	}
	if !f.run(run.ID).RetryDue {
		t.Fatal("it was given up before its time")
	}
	f.clock.Advance(20 * time.Second)
	f.round()
	if notes := f.notes(run.ID, launch.NoteNotRetried); f.run(run.ID).RetryDue || len(notes) != 1 || !strings.Contains(notes[0], "it is away") {
		t.Errorf("after its time a retry is due: %t, the notes are %q", f.run(run.ID).RetryDue, notes)
	}
}

func TestRetryThatIsRefusedIsGivenUp(t *testing.T) {
	f := newFixture(t).begun()
	f.refuse = func(launch.Request) error {
		return &host.Error{Code: host.NotFound, Reason: launch.ReasonJobGone, Message: "the job is gone", Remedy: "bring it back"}
	}
	run := f.failed(tag.KeyMaxRetries, "1")
	f.round()
	notes := f.notes(run.ID, launch.NoteNotRetried)
	if f.run(run.ID).RetryDue || len(notes) != 1 || notes[0] != "not retried: the job is gone\nBring it back." {
		t.Errorf("a retry is due: %t, the notes are %q", f.run(run.ID).RetryDue, notes)
	}
}

func TestAllOpsAreRetriedWhenThoseThatFailedCannot(t *testing.T) {
	f := newFixture(t).begun()
	f.refuse = func(r launch.Request) error {
		if r.Reexecution.Strategy != reexecution.FromFailure {
			return nil
		}
		return &host.Error{Code: host.Refused, Reason: "CAPABILITY_NOT_ADVERTISED", Message: "its servers keep no outputs"}
	}
	run := f.failed(tag.KeyMaxRetries, "1")
	f.round()
	notes := f.notes(run.ID, launch.NoteRetried)
	if len(f.children(run.ID)) != 1 || len(notes) != 1 || !strings.Contains(notes[0], "with all ops, because it cannot take up where it failed: its servers keep no outputs") {
		t.Errorf("it has %d children, the notes are %q", len(f.children(run.ID)), notes)
	}
}

func TestRetryOfADeletedOrCanceledRunIsDropped(t *testing.T) {
	f := newFixture(t)
	deleted, canceled := f.failed(tag.KeyMaxRetries, "1"), f.failed(tag.KeyMaxRetries, "1")
	f.begun()
	if err := f.store.DeleteRun(t.Context(), deleted.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := f.store.UpdateRun(t.Context(), canceled.ID, func(r *host.Run) ([][]byte, error) {
		r.RetryDue = false
		return nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	f.round()
	if len(f.requests) > 0 {
		t.Errorf("%d launches were asked for", len(f.requests))
	}
}

// TestRetryWhoseChildWasDeleted has a child that is gone before its parent knows of it.
func TestRetryWhoseChildWasDeleted(t *testing.T) {
	f := newFixture(t)
	run := f.failed(tag.KeyMaxRetries, "1")
	child, err := f.submit(t.Context(), launch.RetryOf(&run, 1))
	if err != nil {
		t.Fatal(err)
	}
	f.fail(child.ID)
	if err := f.store.DeleteRun(t.Context(), child.ID); err != nil {
		t.Fatal(err)
	}
	f.begun().round()
	if notes := f.notes(run.ID, launch.NoteNotRetried); len(f.children(run.ID)) > 0 || f.run(run.ID).RetryDue || len(notes) != 1 {
		t.Errorf("it has %d children, a retry is due: %t, the notes are %q", len(f.children(run.ID)), f.run(run.ID).RetryDue, notes)
	}
}

// TestRequestIDOfSomebodyElse has a person who launched a run with the id that the retry's request has.
func TestRequestIDOfSomebodyElse(t *testing.T) {
	f := newFixture(t)
	run := f.failed(tag.KeyMaxRetries, "1")
	n := f.newRun()
	n.RequestID = launch.RetryOf(&run, 1).RequestID
	if _, _, err := f.store.CreateRun(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	f.begun().round()
	if notes := f.notes(run.ID, launch.NoteNotRetried); f.run(run.ID).RetryDue || len(notes) != 1 || !strings.Contains(notes[0], string(n.Run.ID)) {
		t.Errorf("a retry is due: %t, the notes are %q", f.run(run.ID).RetryDue, notes)
	}
}

// TestLoop lets the Retrier run by itself, and stops it twice.
func TestLoop(t *testing.T) {
	f := newFixture(t)
	f.retrier.Stop()
	f.retrier = f.another()
	if err := f.retrier.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	subs := f.feed.Subscribe(1000)
	defer subs.Close()
	for range 5 {
		run := f.failed(tag.KeyMaxRetries, "1")
		for f.run(run.ID).RetryDue {
			select {
			case <-subs.Ready():
				subs.Take()
			case <-time.After(20 * time.Second):
				t.Fatal("a retry is due for 20 s")
			}
		}
	}
	f.retrier.Stop()
	f.retrier.Stop()
}
