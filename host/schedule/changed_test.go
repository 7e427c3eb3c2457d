package schedule_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// TestSwitchedWhileItIsEvaluated has a person who switches a schedule off while user code is asked.
func TestSwitchedWhileItIsEvaluated(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", evaluated("0 * * * *"))
	f.begun().round()
	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		if _, err := f.scheduler.Switch(t.Context(), named("s"), host.SwitchOff, "ada"); err != nil {
			t.Error(err)
		}
		return &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{}}}, nil
	}
	f.pass(3 * time.Hour)
	f.want("s")
	if s := f.standing("s"); s.Running || s.Problem != "" || len(f.code.asked) != 1 {
		t.Errorf("it stands as %+v after %d evaluations", s, len(f.code.asked))
	}
}

// TestDeployedWhileItIsEvaluated has a deploy with another cron while user code is asked.
func TestDeployedWhileItIsEvaluated(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", evaluated("0 * * * *"))
	f.begun().round()
	other := f.another()
	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		f.code.deploy(t, "s", fixed("30 * * * *"))
		<-f.code.changed
		if err := other.Begin(t.Context()); err != nil { // a second host sees the deploy first
			t.Error(err)
		}
		f.scheduler.Poke()
		return &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{}}}, nil
	}
	f.pass(90 * time.Minute)
	f.want("s", "22 11:30 SUCCESS 1")
}

func TestTwoHosts(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		return &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{}, {RunKey: "k"}}}, nil
	}
	f.code.deploy(t, "fixed", missing(fixed("*/10 * * * *"), all, 100))
	f.code.deploy(t, "evaluated", missing(evaluated("*/10 * * * *"), all, 100))
	other := f.another()
	f.begun()
	if err := other.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		f.clock.Advance(10*time.Minute + time.Second)
		var both sync.WaitGroup
		both.Go(func() { other.RunOnce(t.Context()) })
		f.scheduler.RunOnce(t.Context())
		both.Wait()
	}
	for range 3 { // who lost looks again
		f.clock.Advance(time.Second)
		other.RunOnce(t.Context())
		f.scheduler.RunOnce(t.Context())
	}
	for name, runs := range map[string]int{"fixed": 12, "evaluated": 13} {
		ticks, made := f.ticks(name), 0
		for i, tick := range ticks {
			made += len(tick.Runs)
			if want := at(t, "22 10:00").Add(time.Duration(i+1) * 10 * time.Minute); !tick.At.Equal(want) || tick.Status != host.TickSuccess {
				t.Errorf("tick %d of %s is %s at %s, want %s", i, name, tick.Status, tick.At, want)
			}
		}
		if len(ticks) != 12 || made != runs {
			t.Errorf("%s has %d ticks and %d runs, want 12 and %d", name, len(ticks), made, runs)
		}
	}
	f.bijection()
}

// TestClockThatWasFarAhead does what the schedule tells people to do.
func TestClockThatWasFarAhead(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", fixed("0 * * * *"))
	f.begun()
	f.pass(2 * time.Hour)
	f.clock.Advance(400 * 24 * time.Hour)
	f.round()
	f.clock.Advance(-400*24*time.Hour - 90*time.Minute) // 10:30, and the ticks of 11:00 and 12:00 were made
	f.pass(time.Minute)
	if s := f.standing("s"); !strings.Contains(s.Remedy, "off and on") {
		t.Fatalf("it stands as %+v", s)
	}
	for _, to := range []host.AutomationSwitch{host.SwitchOff, host.SwitchOn} {
		if _, err := f.scheduler.Switch(t.Context(), named("s"), to, "ada"); err != nil {
			t.Fatal(err)
		}
	}
	if s := f.standing("s"); s.Problem != "" || !s.Next.Equal(at(t, "22 11:00")) {
		t.Errorf("switched off and on, it stands as %+v", s)
	}
	f.pass(3 * time.Hour) // 13:31
	var made []string
	for _, tick := range f.ticks("s") {
		if tick.At.Before(at(t, "23 00:00")) {
			made = append(made, fmt.Sprintf("%s %d", tick.At.Format("15:04"), len(tick.Runs)))
		}
	}
	if want := "11:00 1, 12:00 1, 13:00 1"; strings.Join(made, ", ") != want {
		t.Errorf("the ticks of the day are %v, want %s", made, want)
	}
}

// TestRecordThatCannotBeRead has a schedule that says why it makes no ticks, also when only people had switched it on.
func TestRecordThatCannotBeRead(t *testing.T) {
	f := newFixture(t)
	off := fixed("0 * * * *")
	off.DefaultOn = false
	f.code.deploy(t, "s", off)
	f.seam.before = func(call string) error {
		if call == "Automations" || call == "PutAutomations" {
			return host.Damage{errors.New("of a test")}
		}
		return nil
	}
	f.begun()
	f.pass(2 * time.Hour)
	if s := f.standing("s"); s.Running || !strings.Contains(s.Problem, "cannot be read") || !strings.Contains(s.Remedy, "fsck") {
		t.Errorf("it stands as %+v", s)
	}
	f.seam.before = nil // somebody has restored it
	f.scheduler.Poke()
	f.round()
	if s := f.standing("s"); s.Problem != "" {
		t.Errorf("with a record again, it stands as %+v", s)
	}
}
