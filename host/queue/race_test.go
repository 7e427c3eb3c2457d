package queue_test

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// TestServerWithoutTheJobIsAskedAgainInTime: the location's definitions have the job, its server says that it has not.
func TestServerWithoutTheJobIsAskedAgainInTime(t *testing.T) {
	f := newFixture(t, 10)
	var gone atomic.Value
	f.launcher.outcome = func(r host.StartRequest) (host.StartOutcome, error) {
		if r.Run == gone.Load() {
			return refuse("NOT_FOUND")(r)
		}
		return host.StartOutcome{}, nil
	}
	first := f.submit().ID
	gone.Store(first)
	f.start()
	f.started()
	f.awaitRun(first, func(r *host.Run) bool { return r.Status == host.Queued && r.Attempt == 1 })
	second := f.submit().ID
	if r := f.started(); r.Run != second {
		t.Fatalf("without a pause %s was started again, attempt %d", r.Run, r.Attempt)
	}
	if r := f.startedLater(); r.Run != first || r.Attempt != 2 {
		t.Errorf("later %s attempt %d was started, want %s attempt 2", r.Run, r.Attempt, first)
	}
}

// wait makes runs that wait for code, and takes their code away.
func (f *fixture) wait(n int) (ids []host.RunID) {
	f.t.Helper()
	for i := range n {
		id := f.submit("penstock/priority", fmt.Sprint(i)).ID
		f.toStatus(id, host.WaitingForCode)
		ids = append(ids, id)
	}
	changes := f.workspace.Watch()
	defer changes.Close()
	without := hosttest.Current()
	without.Repositories = hosttest.Many(1)
	if err := f.peer.Become(without); err != nil {
		f.t.Fatal(err)
	}
	f.awaitGone(changes)
	return ids
}

func TestManyThatWaitAreLookedAtNowAndThen(t *testing.T) {
	f := newFixture(t, 10)
	const n, seconds = 300, 20
	f.wait(n)
	f.start()
	for range seconds {
		f.tick()
		for f.queue.Busy() {
			runtime.Gosched()
		}
	}
	// Once at the start, and once every 15 s.
	if reads := f.seam.reads.Load(); reads > 2*n {
		t.Errorf("%d runs that wait for code were read %d times within %d s", n, reads, seconds)
	}
}

func TestCodeThatComesBackKeepsTheOrder(t *testing.T) {
	f := newFixture(t, 1)
	ids := f.wait(12)
	f.start()
	f.tick() // it looked, and found no code
	changes := f.workspace.Watch()
	defer changes.Close()
	if err := f.peer.Become(hosttest.Current()); err != nil {
		t.Fatal(err)
	}
	for f.jobIsGone() {
		<-changes.Ready()
		changes.Take()
	}
	f.changed <- struct{}{}
	for i := range ids {
		want := ids[len(ids)-1-i] // the last one has the highest priority
		r := f.started()
		if r.Run != want {
			t.Fatalf("start %d is of %s, want %s", i, r.Run, want)
		}
		f.await(want, host.Starting)
		f.end(want)
	}
}

// TestStartBesideARereadKeepsTheLimit lets a start be committed and end after the queue has read the run as QUEUED.
func TestStartBesideARereadKeepsTheLimit(t *testing.T) {
	f := newFixture(t, 1)
	f.close()
	f.feedLimit = 1
	f.open()
	entered, proceed := make(chan struct{}), make(chan struct{})
	first := f.submit().ID
	f.seam.beforeUpdate = func(id host.RunID) {
		if id == first {
			close(entered)
			<-proceed
		}
	}
	f.start()
	<-entered
	reread := make(chan struct{})
	var once atomic.Bool
	f.seam.afterOpen = func() error {
		if once.CompareAndSwap(false, true) {
			close(proceed)
			f.started()
			f.queue.AwaitStarts()
			close(reread)
		}
		return nil
	}
	f.submitUntil(reread)
	f.tick()
	f.tick()
	for f.queue.Busy() {
		runtime.Gosched()
	}
	if n := len(f.launcher.starts); n != 0 {
		t.Errorf("with a limit of 1 and one in progress %d more were started", n)
	}
}

// submitUntil submits runs of a high priority, faster than a queue with a small feed takes them in.
func (f *fixture) submitUntil(done <-chan struct{}) (ids []host.RunID) {
	for {
		select {
		case <-done:
			return ids
		default:
			ids = append(ids, f.submit("penstock/priority", "5").ID)
		}
	}
}

func TestLostChangesAreReadAfterAFailure(t *testing.T) {
	f := newFixture(t, -1)
	f.close()
	f.feedLimit = 1
	f.open()
	f.holds.Store(true)
	f.start()
	failed := make(chan struct{})
	var failing, once atomic.Bool
	failing.Store(true)
	f.seam.afterOpen = func() error {
		if !failing.Load() {
			return nil
		}
		if once.CompareAndSwap(false, true) {
			close(failed)
		}
		return errors.New("by the test")
	}
	ids := f.submitUntil(failed)
	f.tick()
	f.tick() // whatever was lost is known to be
	failing.Store(false)
	for late := time.After(20 * time.Second); f.queue.Status().Queued != len(ids); f.tick() {
		select {
		case <-late:
			t.Fatalf("%d of %d queued runs are known after changes were lost", f.queue.Status().Queued, len(ids))
		default:
		}
	}
}

func TestLocationThatHangsLeavesOthersTheirStarts(t *testing.T) {
	f := newFixtureOf(t, -1, "hung", "well")
	release := make(chan struct{})
	f.launcher.outcome = func(r host.StartRequest) (host.StartOutcome, error) {
		if r.Job.Location == "hung" {
			<-release
		}
		return host.StartOutcome{}, nil
	}
	f.start()
	defer close(release)
	repository := "/tutorial/"
	for range 100 {
		f.submitJob("hung" + repository + "my_job_with_tags")
	}
	want := f.submitJob("well" + repository + "my_job_with_tags").ID
	if r := f.started(); r.Run != want {
		t.Errorf("started %s at %s, want %s", r.Run, r.Job.Location, want)
	}
}
