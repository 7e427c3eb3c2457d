package sensor_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/store/boltstore"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestIntervals(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", every(20*time.Second))
	f.code.deploy(t, "fast", every(time.Millisecond))
	f.begun().round()
	if s := f.standing("s"); !s.Running || !s.Next.Equal(f.clock.Now().Add(5*time.Second)) || s.Problem != "" {
		t.Errorf("it stands as %+v", s)
	}
	f.pass(time.Minute) // after 5, 25 and 45 s
	f.want("s", "SKIPPED 3")
	if n := len(f.code.requests("fast")); n < 55 || n > 61 { // a second is the least
		t.Errorf("the fast one was evaluated %d times", n)
	}
	if r := f.code.requests("s"); r[0].GetLastEvaluatedAt() != nil || !r[2].GetLastEvaluatedAt().AsTime().Equal(f.clock.Now().Add(-35*time.Second)) {
		t.Errorf("it was told %v and %v of its last evaluation", r[0].GetLastEvaluatedAt(), r[2].GetLastEvaluatedAt())
	}
}

func TestCursorAndRunKeys(t *testing.T) {
	f := newFixture(t)
	n := 0
	f.code.evaluate = func(_ context.Context, _ string, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		n++
		switch n {
		case 1:
			return found("1", "a", "b"), nil
		case 2:
			return &usercodev1.EvaluateSensorResponse{Evaluation: &usercodev1.Evaluation{Error: "it broke"}, Cursor: new("lost")}, nil
		case 3:
			return found("2", "b", "c", "c"), nil
		}
		return skipped(r.GetCursor()), nil
	}
	f.code.deploy(t, "s", every(time.Minute))
	f.begun()
	f.pass(10 * time.Minute)
	f.want("s", "SUCCESS a b", "FAILURE", "SUCCESS c", "SKIPPED 7")
	ticks := f.ticks("s")
	if ticks[0].Cursor != "1" || ticks[1].Cursor != "1" || ticks[1].Error != "it broke" || ticks[2].Cursor != "2" || ticks[2].KnownKeyCount != 2 || ticks[3].SkipReason != "2" {
		t.Errorf("the ticks are %+v", ticks)
	}
	if r := f.code.requests("s"); r[1].GetCursor() != "1" || r[2].GetCursor() != "1" || r[3].GetCursor() != "2" {
		t.Errorf("the cursors were %q, %q, %q", r[1].GetCursor(), r[2].GetCursor(), r[3].GetCursor())
	}
	f.restart(time.Second)
	f.pass(time.Minute)
	if r := f.code.requests("s"); r[len(r)-1].GetCursor() != "2" {
		t.Errorf("after a restart the cursor is %q", r[len(r)-1].GetCursor())
	}
	// Run keys hold for ever.
	f.code.evaluate = func(context.Context, string, *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		return found("3", "a"), nil
	}
	f.pass(time.Minute)
	if ticks := f.ticks("s"); len(ticks[len(ticks)-1].Runs) != 0 || ticks[len(ticks)-1].Status != host.TickSuccess {
		t.Errorf("the last tick is %+v", ticks[len(ticks)-1])
	}
}

func TestCursorIsKeptWithTheRunsAlone(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = func(context.Context, string, *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		return found("1", "a"), nil
	}
	f.refuse = func(r launch.Request) error {
		return &host.Error{Code: host.Invalid, Message: "there is no job " + r.Job}
	}
	f.code.deploy(t, "s", every(30*time.Second))
	f.begun()
	f.pass(10 * time.Second)
	f.want("s", "FAILURE")
	if a := f.record("s"); a.Cursor != "" || a.EvaluatedAt.IsZero() {
		t.Errorf("its record is %+v", a)
	}
	f.pass(4 * time.Minute) // after 60 s each: it fails
	f.want("s", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "FAILURE")
	f.refuse = func(launch.Request) error { return &host.Error{Code: host.Unavailable, Message: "it is away"} }
	f.pass(2 * time.Minute)
	f.want("s", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "FAILURE")
	if s := f.standing("s"); s.Problem != "it is away" {
		t.Errorf("it stands as %+v", s)
	}
	f.refuse = nil
	f.pass(15 * time.Second)
	f.want("s", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "FAILURE", "SUCCESS a")
	if a := f.record("s"); a.Cursor != "1" || f.standing("s").Problem != "" {
		t.Errorf("its record is %+v", a)
	}
}

func TestSilentLocation(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", every(30*time.Second))
	f.begun()
	f.code.change(func() { f.code.state = host.LocationStale })
	f.pass(5 * time.Minute)
	f.want("s")
	if s := f.standing("s"); !s.Running || s.Problem != "location l does not answer" || s.Remedy != "start it" {
		t.Errorf("it stands as %+v", s)
	}
	if n := len(f.code.requests("s")); n < 15 || n > 30 {
		t.Errorf("it was asked %d times in 5 minutes", n)
	}
	if n := strings.Count(f.log.String(), "location l does not answer"); n != 1 {
		t.Errorf("the log says %d times that it does not answer", n)
	}
	f.code.change(func() { f.code.state = host.LocationReady })
	f.pass(15 * time.Second)
	f.want("s", "SKIPPED")
}

func TestClockThatIsSetBack(t *testing.T) {
	f := newFixture(t)
	n := 0
	f.code.evaluate = func(context.Context, string, *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		n++
		return found(strconv.Itoa(n), strconv.Itoa(n)), nil
	}
	f.code.deploy(t, "s", every(time.Minute))
	f.begun()
	f.pass(3 * time.Minute)
	f.clock.Advance(-5 * time.Hour)
	f.round()
	f.pass(2 * time.Minute)
	if n != 5 {
		t.Errorf("it was evaluated %d times in 5 minutes", n)
	}
	f.restart(0)
	f.pass(time.Minute)
	if n != 6 || f.record("s").Cursor != "6" {
		t.Errorf("after a restart it was evaluated %d times, its cursor is %q", n, f.record("s").Cursor)
	}
	if runs, err := f.store.Runs(t.Context(), nil, 0, 100); err != nil || len(runs.Runs) != 6 {
		t.Errorf("there are %d runs, %v", len(runs.Runs), err)
	}
}

// TestSameCursorIsSetWhileItIsEvaluated has a person who wants the cursor to stay where it is.
func TestSameCursorIsSetWhileItIsEvaluated(t *testing.T) {
	f := newFixture(t)
	n := 0
	f.code.evaluate = func(_ context.Context, _ string, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		if n++; n == 1 {
			if _, err := f.watcher.SetCursor(t.Context(), named("s"), r.GetCursor(), "ada"); err != nil {
				t.Error(err)
			}
			return found("ahead", "late"), nil
		}
		return found("next", "a"), nil
	}
	f.code.deploy(t, "s", every(time.Minute))
	f.begun()
	f.pass(10 * time.Second)
	f.want("s", "SUCCESS a")
}

// unread is a store whose records of sensors cannot be read.
type unread struct{ *boltstore.Store }

func (unread) Automations(context.Context) ([]host.Automation, error) {
	return nil, host.Damage{errors.New("of a test")}
}

func TestRecordThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", every(time.Minute))
	f.watcher = f.over(unread{f.store})
	f.begun()
	f.pass(time.Minute)
	if s := f.standing("s"); s.Running || !strings.Contains(s.Problem, "cannot be read") || !strings.Contains(s.Remedy, "fsck") {
		t.Errorf("it stands as %+v", s)
	}
}

// TestSameRunKeysAgain has a sensor that asks for the same runs each time.
func TestSameRunKeysAgain(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = func(context.Context, string, *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		return found("", "a", "b"), nil
	}
	f.code.deploy(t, "s", every(time.Minute))
	f.begun()
	f.pass(10 * time.Minute)
	ticks := f.ticks("s")
	if len(ticks) != 2 || len(ticks[0].Runs) != 2 || ticks[1].Count < 5 || ticks[1].KnownKeyCount != 2 || ticks[1].Status != host.TickSuccess {
		t.Errorf("the ticks are %+v", ticks)
	}
}

func TestSetCursorWhileItIsEvaluated(t *testing.T) {
	f := newFixture(t)
	n := 0
	f.code.evaluate = func(_ context.Context, _ string, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		if n++; n == 1 {
			if a, err := f.watcher.SetCursor(t.Context(), named("s"), "reset", "ada"); err != nil || a.Cursor != "reset" {
				t.Errorf("SetCursor = %+v, %v", a, err)
			}
			return found("late", "a"), nil
		}
		return found("next", r.GetCursor()), nil
	}
	f.code.deploy(t, "s", every(time.Minute))
	f.begun()
	f.pass(10 * time.Second)
	f.want("s", "SUCCESS reset")
	if _, err := f.watcher.SetCursor(t.Context(), named("s"), strings.Repeat("x", host.MaxCursorBytes+1), ""); host.CodeOf(err) != host.Invalid {
		t.Errorf("a cursor that is too long is %v", err)
	}
	if _, err := f.watcher.SetCursor(t.Context(), named("no"), "", ""); host.CodeOf(err) != host.NotFound {
		t.Errorf("the cursor of what is not there is %v", err)
	}
}

func TestSwitch(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", every(time.Minute))
	f.begun()
	f.pass(10 * time.Second)
	if _, err := f.watcher.Switch(t.Context(), named("s"), host.SwitchOff, "ada"); err != nil {
		t.Fatal(err)
	}
	f.pass(10 * time.Minute)
	f.want("s", "SKIPPED")
	if s := f.standing("s"); s.Running || !s.Next.IsZero() {
		t.Errorf("it stands as %+v", s)
	}
	if _, err := f.watcher.Switch(t.Context(), named("s"), host.SwitchDefault, "bob"); err != nil {
		t.Fatal(err)
	}
	f.round()
	f.want("s", "SKIPPED 2")
}

// TestSlowOneDelaysNoOther has a sensor that hangs, and one that fails, beside one that does neither.
func TestSlowOneDelaysNoOther(t *testing.T) {
	f := newFixture(t)
	hangs, release := make(chan struct{}, 100), make(chan struct{})
	f.code.evaluate = func(ctx context.Context, name string, _ *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		switch name {
		case "slow":
			hangs <- struct{}{}
			select {
			case <-release:
			case <-ctx.Done():
			}
			return nil, ctx.Err()
		case "fails":
			return nil, errors.New("a fault")
		}
		return found("", f.clock.Now().String()), nil
	}
	for _, name := range []string{"slow", "fails", "good"} {
		f.code.deploy(t, name, every(time.Second))
	}
	loop := f.runs.Subscribe(100)
	defer loop.Close()
	if err := f.watcher.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for made := 0; made < 5; {
		f.clock.Advance(250 * time.Millisecond)
		select {
		case <-loop.Ready():
			changes, _ := loop.Take()
			made += len(changes)
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
			t.Fatal("the good one is delayed")
		}
	}
	if len(hangs) != 1 {
		t.Errorf("the slow one is evaluated %d times at once", len(hangs))
	}
	close(release)
	f.watcher.Stop()
	f.watcher.Stop()
}

func TestTest(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = func(_ context.Context, _ string, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
		return found(r.GetCursor()+"+", "a", "b "+r.GetCursor()), nil
	}
	f.code.deploy(t, "s", every(time.Minute))
	f.begun()
	f.pass(10 * time.Second)
	got, err := f.watcher.Test(t.Context(), named("s"), nil, "")
	if err != nil || got.Cursor != "++" || !got.Runs[0].Known || got.Runs[1].Known || got.Runs[1].Launch.Job != "l/r/j" || got.Runs[1].Launch.Source.Sensor != "s" {
		t.Errorf("Test = %+v, %v", got, err)
	}
	if got, err = f.watcher.Test(t.Context(), named("s"), new("x"), ""); err != nil || got.Cursor != "x+" || got.Runs[1].Request.GetRunKey() != "b x" {
		t.Errorf("Test = %+v, %v", got, err)
	}
	if f.want("s", "SUCCESS a b "); f.record("s").Cursor != "+" {
		t.Errorf("a test changed the cursor to %q", f.record("s").Cursor)
	}
	if _, err = f.watcher.Test(t.Context(), named("no"), nil, ""); host.CodeOf(err) != host.NotFound {
		t.Errorf("the error is %v", err)
	}
}
