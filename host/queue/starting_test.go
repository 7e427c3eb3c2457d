package queue_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestServerThatCannotNowIsAskedAgain(t *testing.T) {
	for _, reason := range []string{"OVERLOADED", "DRAINING", "WRONG_SERVER", "DEFINITION_CHANGED"} {
		t.Run(reason, func(t *testing.T) {
			f := newFixture(t, 10)
			f.launcher.outcome = refuse(reason)
			f.start()
			id := f.submit().ID
			// Far more often than the three attempts that nobody answers may count.
			for n := uint32(1); n <= 6; n++ {
				if r := f.startedLater(); r.Attempt != n {
					t.Fatalf("start of attempt %d, want %d", r.Attempt, n)
				}
				f.awaitRun(id, func(r *host.Run) bool { return r.Status == host.Queued && r.Attempt == n || r.Attempt > n })
			}
			f.launcher.set(func() { f.launcher.outcome = nil })
			f.startedLater()
			f.await(id, host.Starting)
		})
	}
}

func TestRefusalThatIsFinal(t *testing.T) {
	for reason, attempts := range map[string]uint32{"HOST_UNREACHABLE": 3, "SPAWN_FAILED": 3, "REASON_OF_THE_FUTURE": 1} {
		t.Run(reason, func(t *testing.T) {
			f := newFixture(t, 10)
			f.launcher.outcome = refuse(reason)
			f.start()
			id := f.submit().ID
			for n := uint32(1); n <= attempts; n++ {
				if r := f.startedLater(); r.Attempt != n {
					t.Fatalf("start of attempt %d, want %d", r.Attempt, n)
				}
			}
			run := f.ticksUntil(id, host.Failure)
			if why, _ := run.Tag(tag.KeyFailureReason); why != "rejected" || run.Attempt != attempts || !strings.Contains(run.StatusReason, "because of the test") {
				t.Errorf("reason %q in attempt %d, %q; want rejected in attempt %d, and the server's message", why, run.Attempt, run.StatusReason, attempts)
			}
		})
	}
}

func TestNobodySaysHello(t *testing.T) {
	f := newFixture(t, 10).start()
	id := f.submit().ID
	for n := uint32(1); n <= 3; n++ {
		if r := f.startedLater(); r.Attempt != n {
			t.Fatalf("start of attempt %d, want %d", r.Attempt, n)
		}
	}
	run := f.ticksUntil(id, host.Failure)
	if why, _ := run.Tag(tag.KeyFailureReason); why != "start_timeout" || run.StartTimeouts != 3 {
		t.Errorf("reason %q after %d time-outs, want start_timeout after 3", why, run.StartTimeouts)
	}
}

func TestWorkerThatDiesBeforeHello(t *testing.T) {
	f := newFixture(t, 10)
	f.launcher.state = host.WorkerState{Phase: host.WorkerEnded, ExitStatus: 2, Handle: "pid 9", StderrTail: []byte("panic: \xff")}
	f.start()
	id := f.submit().ID
	for range 3 {
		f.startedLater()
	}
	run := f.ticksUntil(id, host.Failure)
	if why, _ := run.Tag(tag.KeyFailureReason); why != "worker_lost" || run.Attempt != 3 {
		t.Errorf("reason %q in attempt %d, want worker_lost in attempt 3", why, run.Attempt)
	}
	if !strings.Contains(run.StatusReason, "exit status 2") || !strings.Contains(run.StatusReason, "panic") {
		t.Errorf("the reason is %q, want exit status and last words", run.StatusReason)
	}
}

func TestLocationThatIsRemovedWhileItStarts(t *testing.T) {
	f := newFixtureOf(t, 10, "east", "west")
	f.launcher.outcome = func(host.StartRequest) (host.StartOutcome, error) {
		return host.StartOutcome{}, errors.New("no answer")
	}
	f.launcher.err = errors.New("no answer")
	f.start()
	id := f.submitJob("west/tutorial/my_job_with_tags").ID
	f.started()
	f.await(id, host.Starting)
	if err := f.workspace.Configure([]host.LocationConfig{{Name: "east", Address: f.peer.Address()}}); err != nil {
		t.Fatal(err)
	}
	// Sooner than its lease ends, which would count against it.
	run := f.ticksUntil(id, host.WaitingForCode)
	if run.StartTimeouts != 0 || !strings.Contains(run.StatusReason, "west") {
		t.Errorf("%d time-outs, the reason is %q", run.StartTimeouts, run.StatusReason)
	}
	if err := f.workspace.Configure([]host.LocationConfig{{Name: "east", Address: f.peer.Address()}, {Name: "west", Address: f.peer.Address()}}); err != nil {
		t.Fatal(err)
	}
	f.launcher.set(func() { f.launcher.outcome, f.launcher.err = nil, nil })
	if r := f.startedLater(); r.Run != id || r.Attempt != 2 {
		t.Errorf("%s attempt %d was started, want attempt 2 of %s", r.Run, r.Attempt, id)
	}
}

// ticksUntil lets time pass until the run has the status.
func (f *fixture) ticksUntil(id host.RunID, want host.RunStatus) host.Run {
	f.t.Helper()
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); f.tick() {
		run, err := f.store.Run(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		if run.Status == want {
			return run
		}
	}
	f.t.Fatalf("the run never became %s", want)
	return host.Run{}
}

func TestUnknownOutcomeIsFoundOut(t *testing.T) {
	f := newFixture(t, 10)
	f.launcher.outcome = func(host.StartRequest) (host.StartOutcome, error) {
		return host.StartOutcome{}, errors.New("the reply was lost")
	}
	f.launcher.state = host.WorkerState{Phase: host.WorkerUnknown}
	f.start()
	id := f.submit().ID
	first := f.started()
	f.await(id, host.Starting)
	f.launcher.set(func() { f.launcher.outcome = nil })
	if again := f.startedLater(); again.Attempt <= first.Attempt || again.Token == first.Token {
		t.Errorf("the second start is attempt %d, want a new attempt with a token of its own", again.Attempt)
	}
}

func TestRunWaitsForItsCode(t *testing.T) {
	f := newFixture(t, 0)
	id := f.submit().ID
	changes := f.workspace.Watch()
	defer changes.Close()
	without := hosttest.Current()
	without.Repositories = hosttest.Many(1)
	if err := f.peer.Become(without); err != nil {
		t.Fatal(err)
	}
	f.awaitGone(changes)
	f.close()
	f.limit = 10
	f.open()
	f.start()
	run := f.await(id, host.WaitingForCode)
	if !strings.Contains(run.StatusReason, "my_job_with_tags") {
		t.Errorf("it waits because of %q, want the job's name", run.StatusReason)
	}
	if err := f.peer.Become(hosttest.Current()); err != nil {
		t.Fatal(err)
	}
	for f.jobIsGone() {
		<-changes.Ready()
		changes.Take()
	}
	f.changed <- struct{}{}
	if r := f.started(); r.Run != id {
		t.Errorf("started %s, want %s", r.Run, id)
	}
}

func (f *fixture) jobIsGone() bool {
	_, err := f.workspace.FindJob("my_job_with_tags")
	return err != nil
}

func (f *fixture) awaitGone(changes interface {
	Ready() <-chan struct{}
	Take() []string
},
) {
	for !f.jobIsGone() {
		<-changes.Ready()
		changes.Take()
	}
}

func TestRunsOfALoadingLocationStayInOrder(t *testing.T) {
	f := newFixture(t, 1)
	f.holds.Store(true)
	f.start()
	second := f.submit().ID
	first := f.submit("penstock/priority", "1").ID
	f.tick() // it looked
	if run := f.await(first, host.Queued); len(f.launcher.starts) != 0 || run.StatusReason != "" {
		t.Fatalf("%d starts while the location is loading, %q", len(f.launcher.starts), run.StatusReason)
	}
	f.holds.Store(false)
	f.changed <- struct{}{}
	for _, want := range []host.RunID{first, second} {
		if r := f.started(); r.Run != want {
			t.Fatalf("started %s, want %s", r.Run, want)
		}
		f.await(want, host.Starting)
		f.end(want)
	}
}

func TestQueueSurvivesARestart(t *testing.T) {
	f := newFixture(t, 1).start()
	first := f.submit().ID
	second := f.submit("penstock/priority", "1").ID
	third := f.submit("penstock/priority", "9").ID
	f.started()
	f.close()
	f.open()
	f.start()
	f.await(first, host.Starting)
	f.end(first)
	for _, want := range []host.RunID{third, second} {
		if r := f.started(); r.Run != want {
			t.Fatalf("started %s, want %s", r.Run, want)
		}
		f.await(want, host.Starting)
		f.end(want)
	}
}
