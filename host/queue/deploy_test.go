package queue_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

var deploySeed = flag.Uint64("deploy-seed", 0, "plan of TestDeployLosesNoRun; 0 takes a new one")

// deploys are what can become of the code of runs that are queued.
var deploys = []struct {
	name string
	do   func(f *fixture)
}{
	{"restored", func(f *fixture) { f.deploy(flows(""), "flow", true) }},
	{"changed, and the runs fit", func(f *fixture) {
		f.deploy(flows(`{"additionalProperties":false,"properties":{"n":{"type":"integer"},"more":{"default":true}},"type":"object"}`), "flow", true)
	}},
	{"changed, and the runs do not fit", func(f *fixture) { f.deploy(flows(misfitting), "flow", true) }},
	{"removed", func(f *fixture) { f.deploy(without(), "flow", false) }},
	{"renamed", func(f *fixture) { f.deploy(renamed(""), "flow", false) }},
	{"down", func(f *fixture) { f.down() }},
	{"draining", func(f *fixture) {
		b := flows("")
		b.Draining = true
		f.deploy(b, "flow", true)
	}},
	{"host restarted", func(f *fixture) { f.close(); f.open(); f.start() }},
}

// TestDeployLosesNoRun deploys at random over queued runs. None is canceled, fails or gets lost: each waits with a reason,
// is queued, or ends by running, and in the end all have run.
func TestDeployLosesNoRun(t *testing.T) {
	seed := *deploySeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	f := newFixture(t, 2)
	f.deploy(flows(""), "flow", true)
	f.signalChanges()
	var down atomic.Bool
	f.launcher.set(func() {
		f.launcher.outcome = func(r host.StartRequest) (host.StartOutcome, error) { return f.serverSays(r, down.Load()) }
		f.launcher.state.Phase = host.WorkerUnknown // a start whose reply was lost did not happen
	})
	f.start()
	var ids []host.RunID
	for step := range 40 {
		d := deploys[random.IntN(len(deploys))]
		t.Logf("step %d: %s", step, d.name)
		if d.name != "host restarted" {
			down.Store(d.name == "down")
		}
		d.do(f)
		for range random.IntN(4) {
			if id, ok := f.trySubmitFlow(); ok {
				ids = append(ids, id)
			}
		}
		for range random.IntN(4) {
			f.tick()
		}
		f.runSome(random.IntN(3))
		f.checkNoneIsLost(ids)
	}
	down.Store(false)
	f.deploy(flows(""), "flow", true)
	for late := time.Now().Add(20 * time.Second); f.checkNoneIsLost(ids) > 0; f.tick() {
		f.runSome(100)
		if time.Now().After(late) {
			t.Fatalf("%d of %d runs have not run 20 s after their code was restored", f.checkNoneIsLost(ids), len(ids))
		}
	}
}

// signalChanges tells the queue what the workspace tells, to the end of the test.
func (f *fixture) signalChanges() {
	changes, done := f.workspace.Watch(), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-changes.Ready():
				changes.Take()
				f.signal()
			case <-done:
				return
			}
		}
	}()
	f.t.Cleanup(func() { close(done); <-ended; changes.Close() })
}

// serverSays is what the code server that is deployed now says to a start.
func (f *fixture) serverSays(r host.StartRequest, down bool) (host.StartOutcome, error) {
	l, err := f.workspace.Location(r.Job.Location)
	if err != nil || down || l.State != host.LocationReady {
		return host.StartOutcome{}, errors.New("the connection broke")
	}
	job, err := f.workspace.FindJob(r.Job.String())
	var reason string
	switch {
	case l.Server.GetDraining():
		reason = "DRAINING"
	case err != nil:
		reason = "NOT_FOUND"
	case job.DefinitionDigest != r.Definition:
		reason = "DEFINITION_CHANGED"
	default:
		return host.StartOutcome{}, nil
	}
	return refuse(reason)(r)
}

func (f *fixture) trySubmitFlow() (host.RunID, bool) {
	f.requests++
	run, err := f.queue.Submit(f.t.Context(), launch.Request{
		RequestID: fmt.Sprintf("request-of-a-flow-%d", f.requests), Job: "etl/tutorial/flow", ConfigYAML: "n: 7",
	})
	return run.ID, err == nil // a job that is gone cannot be launched
}

// runSome lets the workers of up to n starts run to their ends.
func (f *fixture) runSome(n int) {
	for ; n > 0 && len(f.launcher.starts) > 0; n-- {
		r := <-f.launcher.starts
		now := f.clock.Now()
		_, err := f.store.UpdateRun(f.t.Context(), r.Run, func(run *host.Run) ([][]byte, error) {
			if run.Status != host.Starting || run.Attempt != r.Attempt {
				return nil, nil // it was refused, or taken back
			}
			return nil, errors.Join(run.Become(host.Started, "", now), run.Become(host.Success, "", now))
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

// checkNoneIsLost answers how many runs have not run yet.
func (f *fixture) checkNoneIsLost(ids []host.RunID) (open int) {
	f.t.Helper()
	for _, id := range ids {
		run := f.run(id)
		switch run.Status {
		case host.Success:
			continue
		case host.WaitingForCode:
			if run.StatusReason == "" || run.WaitingSince.IsZero() {
				f.t.Fatalf("run %s waits since %s because of %q", id, run.WaitingSince, run.StatusReason)
			}
		case host.Queued, host.Starting:
		default:
			f.t.Fatalf("run %s is %s: %s", id, run.Status, run.StatusReason)
		}
		open++
	}
	f.inProgress()
	return open
}
