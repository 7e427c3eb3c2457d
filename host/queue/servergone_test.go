package queue_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// unreachable is what a launcher says when of several servers the one that accepted is out of reach.
var unreachable = &host.Error{Code: host.Unavailable, Reason: launch.ReasonServerUnreachable, Message: "it cannot be reached"}

// accept is a launcher's answer of one server of several.
func accept(server string, among bool) func(host.StartRequest) (host.StartOutcome, error) {
	return func(host.StartRequest) (host.StartOutcome, error) {
		return host.StartOutcome{ServerID: server, Among: among}, nil
	}
}

func TestServerThatMayHaveTheWorkerIsNoted(t *testing.T) {
	for name, c := range map[string]struct {
		outcome func(host.StartRequest) (host.StartOutcome, error)
		want    string
	}{
		"OneOfSeveral": {accept("s1", true), "s1"},
		"TheOnlyOne":   {accept("s1", false), ""},
		"NoAnswer": {func(host.StartRequest) (host.StartOutcome, error) {
			return host.StartOutcome{ServerID: "s2", Among: true}, errors.New("no answer")
		}, "s2"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, 10)
			f.launcher.outcome = c.outcome
			f.start()
			id := f.submit().ID
			f.started()
			f.queue.Stop() // waits for the start to end
			if run := f.await(id, host.Starting); run.Current.ServerID != c.want {
				t.Errorf("the run names server %q, want %q", run.Current.ServerID, c.want)
			}
		})
	}
}

// TestServerThatIsGoneIsNotWaitedFor has servers that accept and are then out of reach: the worker is given up before its
// lease is over, and that counts against the run.
func TestServerThatIsGoneIsNotWaitedFor(t *testing.T) {
	f := newFixture(t, 10)
	f.launcher.outcome = accept("s1", true)
	f.launcher.err = unreachable
	f.sessions.Stop() // only the queue's ticks let time pass
	f.start()
	id := f.submit().ID
	run := f.run(id)
	for range 180 / 2 {
		f.settle()
		if run = f.run(id); run.Status.Final() {
			break
		}
	}
	if n := len(f.launcher.starts); n != 3 {
		t.Errorf("it was started %d times, want 3", n)
	}
	if why, _ := run.Tag(tag.KeyFailureReason); why != "start_timeout" || !strings.Contains(run.StatusReason, "cannot be reached for 30s") {
		t.Errorf("reason %q, %q", why, run.StatusReason)
	}
}

// TestServerThatComesBackIsWaitedFor has a server that is out of reach now and then: that is no reason to give up.
func TestServerThatComesBackIsWaitedFor(t *testing.T) {
	f := newFixture(t, 10)
	f.launcher.outcome = accept("s1", true)
	f.sessions.Stop() // only the queue's ticks let time pass
	f.start()
	id := f.submit().ID
	f.started()
	for i := range 50 {
		f.launcher.set(func() {
			if f.launcher.err = nil; i%12 > 3 {
				f.launcher.err = unreachable
			}
		})
		f.settle()
	}
	if run := f.await(id, host.Starting); run.Attempt != 1 || run.StartTimeouts != 0 {
		t.Errorf("the run is at attempt %d after %d time-outs", run.Attempt, run.StartTimeouts)
	}
}
