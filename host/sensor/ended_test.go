package sensor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/sensor"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// runsFor asks for one run for each that ended.
func runsFor(context.Context, string, *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
	return &usercodev1.EvaluateSensorResponse{Evaluation: &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{}}}}, nil
}

// seen are the runs for which a sensor was evaluated.
func (f *fixture) seen(name string) (ids []host.RunID) {
	for _, r := range f.code.requests(name) {
		ids = append(ids, host.RunID(r.GetEndedRun().GetRunId()))
	}
	return ids
}

func ids(runs ...host.Run) (all []host.RunID) {
	for _, r := range runs {
		all = append(all, r.ID)
	}
	return all
}

func TestRunsThatEnded(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = runsFor
	f.ended("l/r/j", host.Failure, launchTag("team", "etl")) // before it was seen
	f.code.deploy(t, "s", after("status=failure and team=etl", false))
	f.begun().round()
	first := f.ended("elsewhere/r/x", host.Failure, launchTag("team", "etl"))
	f.ended("l/r/j", host.Success, launchTag("team", "etl"))
	f.ended("l/r/j", host.Failure, launchTag("team", "web"))
	second := f.ended("l/r/j", host.Failure, launchTag("team", "etl"))
	f.round()
	if got := f.seen("s"); !slices.Equal(got, ids(first, second)) {
		t.Fatalf("it was evaluated for %v, want %v", got, ids(first, second))
	}
	f.want("s", "SUCCESS "+string(first.ID)+" failure 1", "SUCCESS "+string(second.ID)+" failure 1")
	r := f.code.requests("s")[0].GetEndedRun()
	if r.GetLocation() != "elsewhere" || r.GetRepository() != "r" || r.GetJob() != "x" || r.GetStatus() != "failure" || r.GetStatusReason() != "it broke" ||
		!r.GetEndedAt().AsTime().Equal(f.clock.Now()) || r.GetTags()[len(r.GetTags())-1].GetKey() != "team" {
		t.Errorf("it was told of %+v", r)
	}
	f.restart(time.Minute)
	f.pass(time.Minute)
	if n := len(f.seen("s")); n != 2 {
		t.Errorf("after a restart it was evaluated %d times", n)
	}
}

func TestPositionIsKeptOverARestart(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", after("status=failure", false))
	f.begun().round()
	f.canceled(sensor.KeepAfter + 1)
	f.round()
	if a := f.record("s"); a.Ended < sensor.KeepAfter {
		t.Errorf("the position is %d after %d runs", a.Ended, sensor.KeepAfter+1)
	}
	f.ended("l/r/j", host.Success)
	f.pass(11 * time.Second)
	if a := f.record("s"); a.Ended != sensor.KeepAfter+2 {
		t.Errorf("the position is %d after a while, want %d", a.Ended, sensor.KeepAfter+2)
	}
	if n := len(f.seen("s")); n > 0 {
		t.Errorf("it was evaluated %d times", n)
	}
	f.close()
	f.open()
	missed := f.ended("l/r/j", host.Failure) // while nobody looks
	f.begun().round()
	if got := f.seen("s"); !slices.Equal(got, ids(missed)) {
		t.Errorf("it was evaluated for %v, want %v", got, ids(missed))
	}
}

func TestLastRetryOnly(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "each", after("status=failure", false))
	f.code.deploy(t, "last", after("status=failure", true))
	f.begun().round()
	retries := launchTag(tag.KeyMaxRetries, "1")
	first := f.ended("l/r/j", host.Failure, retries)
	f.round()
	if len(f.seen("last")) != 0 {
		t.Fatal("it was evaluated although a retry is due")
	}
	second := f.end(f.settle(&first, true).ID, host.Failure)
	f.round()
	givenUp := f.ended("l/r/j", host.Failure, retries)
	f.round()
	f.settle(&givenUp, false)
	f.round()
	plain := f.ended("l/r/j", host.Failure)
	f.round()
	if got, want := f.seen("each"), ids(first, second, givenUp, plain); !slices.Equal(got, want) {
		t.Errorf("one that looks at each was evaluated for %v, want %v", got, want)
	}
	if got, want := f.seen("last"), ids(second, givenUp, plain); !slices.Equal(got, want) {
		t.Errorf("one that waits for the last retry was evaluated for %v, want %v", got, want)
	}
}

// TestOwnRuns has a sensor whose runs, and their retries, are ones that it selects.
func TestOwnRuns(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = runsFor
	f.code.deploy(t, "s", after("", false))
	f.code.deploy(t, "other", after("job=l/r/j", false))
	f.begun().round()
	cause := f.ended("x/y/z", host.Success)
	f.round()
	made, err := f.store.Run(t.Context(), f.ticks("s")[0].Runs[0].Run)
	if err != nil {
		t.Fatal(err)
	}
	made = f.end(made.ID, host.Failure)
	retry := f.end(f.settle(&made, true).ID, host.Success)
	f.round()
	for _, id := range f.seen("s") {
		if id == made.ID || id == retry.ID {
			t.Errorf("it was evaluated for its own run %s", id)
		}
	}
	if got := f.seen("other"); !slices.Contains(got, made.ID) || !slices.Contains(got, retry.ID) || slices.Contains(got, cause.ID) {
		t.Errorf("another one was evaluated for %v", got)
	}
}

func TestRunThatWasDeleted(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", after("", false))
	f.begun().round()
	f.close()
	f.open()
	gone := f.ended("l/r/j", host.Success)
	if err := f.store.DeleteRun(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	there := f.ended("l/r/j", host.Success)
	f.begun().round()
	if got := f.seen("s"); !slices.Equal(got, ids(there)) {
		t.Errorf("it was evaluated for %v, want %v", got, ids(there))
	}
}

func TestSensorThatFailsForARun(t *testing.T) {
	f := newFixture(t)
	var bad host.RunID
	f.code.evaluate = func(_ context.Context, _ string, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		if r.GetEndedRun().GetRunId() == string(bad) {
			return &usercodev1.EvaluateSensorResponse{Evaluation: &usercodev1.Evaluation{Error: "it broke"}}, nil
		}
		return found("", fmt.Sprint("key of ", r.GetEndedRun().GetJob())), nil
	}
	f.code.deploy(t, "s", after("", false))
	f.begun().round()
	bad = f.ended("l/r/a", host.Success).ID
	f.ended("l/r/b", host.Success)
	f.round()
	f.pass(3 * time.Minute)
	f.want("s", "FAILURE", "SUCCESS key of b")
}

func TestRunsWhileTheLocationIsSilent(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", after("status=failure", false))
	f.begun().round()
	f.code.change(func() { f.code.state = host.LocationStale })
	one, two := f.ended("l/r/j", host.Failure), f.ended("l/r/j", host.Failure)
	f.pass(5 * time.Minute)
	f.want("s")
	if s := f.standing("s"); s.Problem != "location l does not answer" {
		t.Errorf("it stands as %+v", s)
	}
	if n := len(f.seen("s")); n > 30 {
		t.Errorf("it was asked %d times in 5 minutes", n)
	}
	f.code.asked["s"] = nil
	f.code.change(func() { f.code.state = host.LocationReady })
	f.pass(15 * time.Second)
	if got := f.seen("s"); !slices.Equal(got, ids(one, two)) {
		t.Errorf("it was evaluated for %v, want %v", got, ids(one, two))
	}
}

func TestRunsThatEndedWhileItWasOff(t *testing.T) {
	for name, off := range map[string]func(f *fixture) (on func()){
		"Switched": func(f *fixture) func() {
			if _, err := f.watcher.Switch(t.Context(), named("s"), host.SwitchOff, ""); err != nil {
				t.Fatal(err)
			}
			return func() {
				if _, err := f.watcher.Switch(t.Context(), named("s"), host.SwitchOn, ""); err != nil {
					t.Fatal(err)
				}
			}
		},
		"Gone": func(f *fixture) func() {
			f.code.deploy(t, "s", nil)
			return func() { f.code.deploy(t, "s", after("", false)) }
		},
		"AnotherKind": func(f *fixture) func() {
			f.code.deploy(t, "s", every(time.Hour))
			return func() { f.code.deploy(t, "s", after("", false)) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.code.deploy(t, "s", after("", false))
			f.begun().round()
			on := off(f)
			f.round()
			f.ended("l/r/j", host.Success)
			f.round()
			on()
			f.round()
			later := f.ended("l/r/j", host.Success)
			f.round()
			if got := f.seen("s"); !slices.Equal(got, ids(later)) {
				t.Errorf("it was evaluated for %v, want %v", got, ids(later))
			}
		})
	}
}

func TestSelectorThatCannotBeUsed(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "broken", after("status=", false))
	f.code.deploy(t, "relative", after("started>-2h", false))
	f.code.deploy(t, "good", after("", false))
	f.begun().round()
	f.ended("l/r/j", host.Success)
	f.round()
	for name, want := range map[string]string{"broken": "the selector of its runs: ", "relative": "a time that is relative (started)"} {
		if s := f.standing(name); s.Running || !strings.Contains(s.Problem, want) || len(f.seen(name)) > 0 {
			t.Errorf("%s stands as %+v", name, s)
		}
	}
	if len(f.seen("good")) != 1 {
		t.Error("they spoil another one")
	}
}

func TestTestWithARun(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = runsFor
	f.code.deploy(t, "s", after("status=failure", false))
	failed, succeeded := f.ended("l/r/j", host.Failure), f.ended("l/r/j", host.Success)
	f.begun().round()
	got, err := f.watcher.Test(t.Context(), named("s"), nil, failed.ID)
	if err != nil || len(got.Runs) != 1 || got.Runs[0].Request.GetRunKey() != string(failed.ID)+" failure 1" {
		t.Errorf("Test = %+v, %v", got, err)
	}
	if got, err = f.watcher.Test(t.Context(), named("s"), nil, succeeded.ID); err != nil || got.Status != host.TickSkipped || !strings.Contains(got.SkipReason, `"status=failure"`) {
		t.Errorf("Test = %+v, %v", got, err)
	}
	goes, _, err := f.store.CreateRun(t.Context(), newRun(uuid.NewString(), "l/r/j", f.clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for id, code := range map[host.RunID]host.Code{"": host.Invalid, goes.ID: host.Invalid, host.RunID(uuid.NewString()): host.NotFound} {
		if _, err := f.watcher.Test(t.Context(), named("s"), nil, id); host.CodeOf(err) != code {
			t.Errorf("with run %q the error is %v", id, err)
		}
	}
	f.want("s")
}
