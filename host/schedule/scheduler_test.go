package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestTicksOnTime(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "quarterly", fixed("*/15 * * * *"))
	f.begun().round()
	if s := f.standing("quarterly"); !s.Running || !s.Next.Equal(at(t, "22 10:15")) || s.Problem != "" {
		t.Errorf("it stands as %+v", s)
	}
	f.pass(40 * time.Minute)
	f.want("quarterly", "22 10:15 SUCCESS 1", "22 10:30 SUCCESS 1")
	run := f.runs()[0]
	if s, _ := run.Tag(tag.KeySchedule); run.ConfigYAML != "a: 1" || s != "quarterly" || run.Job.String() != "l/r/j" {
		t.Errorf("the run is %+v", run)
	}
	if tick := f.ticks("quarterly")[0]; !tick.EndedAt.Equal(at(t, "22 10:15")) {
		t.Errorf("the first tick was made at %s", tick.EndedAt)
	}
}

func TestTwoCronsAtOneInstantMakeOneTick(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", fixed("0 * * * *", "*/30 * * * *"))
	f.begun()
	f.pass(time.Hour)
	f.want("s", "22 10:30 SUCCESS 1", "22 11:00 SUCCESS 1")
}

func TestNothingIsMadeUpForOfTheTimeBefore(t *testing.T) {
	f := newFixture(t).begun()
	f.pass(3 * time.Hour)
	f.code.deploy(t, "s", missing(fixed("0 * * * *"), all, 100))
	f.round()
	f.want("s")
	f.pass(time.Hour)
	f.want("s", "22 14:00 SUCCESS 1")
}

func TestChangedCronStartsAtTheChange(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", missing(fixed("0 * * * *"), all, 100))
	f.begun()
	f.pass(90 * time.Minute) // 11:30
	f.close()
	f.clock.Advance(2 * time.Hour) // 13:30, two ticks of the old cron are due
	f.code.deploy(t, "s", missing(fixed("10 * * * *"), all, 100))
	f.open()
	f.begun()
	f.pass(time.Hour)
	f.want("s", "22 11:00 SUCCESS 1", "22 14:10 SUCCESS 1")

	f.code.deploy(t, "s", missing(fixed("*/30 * * * *"), all, 100)) // an earlier tick than the old cron has
	f.pass(30 * time.Minute)
	f.want("s", "22 11:00 SUCCESS 1", "22 14:10 SUCCESS 1", "22 15:00 SUCCESS 1")
}

func TestChangedZoneStartsAtTheChange(t *testing.T) {
	f := newFixture(t)
	d := missing(fixed("0 12 * * *"), all, 100)
	f.code.deploy(t, "s", d)
	f.begun()
	f.pass(2*time.Hour + time.Minute) // 12:01 UTC
	d.Zone = "America/New_York"
	f.code.deploy(t, "s", d)
	f.pass(5 * time.Hour) // 12:01 in New York
	f.want("s", "22 12:00 SUCCESS 1", "22 17:00 SUCCESS 1")
}

func TestAnotherChangeOfTheDefinitionLosesNoTick(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", missing(fixed("0 * * * *"), all, 100))
	f.begun().round()
	f.close()
	f.clock.Advance(2 * time.Hour)
	d := missing(fixed("0 * * * *"), all, 100)
	d.Description = "another one"
	f.code.deploy(t, "s", d)
	f.open()
	f.begun().round()
	f.want("s", "22 11:00 SUCCESS late 1", "22 12:00 SUCCESS 1")
}

func TestSwitch(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", missing(fixed("0 * * * *"), all, 100))
	f.begun()
	f.pass(time.Hour)
	a, err := f.scheduler.Switch(t.Context(), named("s"), host.SwitchOff, "ada")
	if err != nil || a.Switch != host.SwitchOff || a.SwitchedBy != "ada" || !a.SwitchedAt.Equal(at(t, "22 11:00")) {
		t.Fatalf("Switch = %+v, %v", a, err)
	}
	f.pass(2 * time.Hour)
	if s := f.standing("s"); s.Running || !s.Next.IsZero() || s.Problem != "" {
		t.Errorf("switched off it stands as %+v", s)
	}
	f.restart(30 * time.Minute) // 13:30
	if _, err := f.scheduler.Switch(t.Context(), named("s"), host.SwitchOn, "bob"); err != nil {
		t.Fatal(err)
	}
	f.round()
	f.want("s", "22 11:00 SUCCESS 1")
	f.pass(time.Hour)
	f.want("s", "22 11:00 SUCCESS 1", "22 14:00 SUCCESS 1")
	// Again on is nothing, and what is due stays due.
	f.clock.Advance(30 * time.Minute)
	if a, err = f.scheduler.Switch(t.Context(), named("s"), host.SwitchOn, "eve"); err != nil || a.SwitchedBy != "bob" {
		t.Errorf("Switch = %+v, %v", a, err)
	}
	f.round()
	f.want("s", "22 11:00 SUCCESS 1", "22 14:00 SUCCESS 1", "22 15:00 SUCCESS 1")
	if _, err := f.scheduler.Switch(t.Context(), named("no"), host.SwitchOn, ""); host.CodeOf(err) != host.NotFound {
		t.Errorf("switching what is not there is %v", err)
	}
}

func TestOnByDeploy(t *testing.T) {
	f := newFixture(t)
	d := missing(fixed("0 * * * *"), all, 100)
	d.DefaultOn = false
	f.code.deploy(t, "s", d)
	f.begun()
	f.pass(3 * time.Hour)
	f.want("s")
	d.DefaultOn = true
	f.code.deploy(t, "s", d)
	f.pass(time.Hour)
	f.want("s", "22 14:00 SUCCESS 1")
}

func TestClockJumps(t *testing.T) {
	for name, c := range map[string]struct {
		policy *usercodev1.ScheduleDefinition
		want   []string
	}{
		"Skip":   {missing(fixed("0 */6 * * *"), skip, 0), []string{"22 12:00 SUCCESS 1", "23 12:00 SKIPPED late", "23 18:00 SUCCESS 1"}},
		"Latest": {missing(fixed("0 */6 * * *"), latest, 0), []string{"22 12:00 SUCCESS 1", "23 06:00 SKIPPED late", "23 12:00 SUCCESS late 1", "23 18:00 SUCCESS 1"}},
		"All": {missing(fixed("0 */6 * * *"), all, 3), []string{
			"22 12:00 SUCCESS 1", "22 18:00 SKIPPED late", "23 00:00 SUCCESS late 1", "23 06:00 SUCCESS late 1", "23 12:00 SUCCESS late 1", "23 18:00 SUCCESS 1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.code.deploy(t, "s", c.policy)
			f.begun()
			f.pass(3 * time.Hour)       // 13:00
			f.clock.Advance(-time.Hour) // nothing is made twice
			f.round()
			f.pass(2 * time.Hour) // 14:00
			f.want("s", c.want[0])
			f.clock.Advance(24 * time.Hour)
			f.round()
			f.pass(6 * time.Hour)
			f.want("s", c.want...)
		})
	}
}

func TestClockThatWentBackForLong(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", fixed("0 * * * *"))
	f.begun()
	f.pass(time.Hour)
	f.clock.Advance(-6 * time.Hour) // 05:00
	f.pass(2 * time.Hour)
	f.want("s", "22 11:00 SUCCESS 1")
	if s := f.standing("s"); !strings.Contains(s.Problem, "clock of the host went back") || !s.Next.Equal(at(t, "22 12:00")) {
		t.Errorf("it stands as %+v", s)
	}
	f.pass(5 * time.Hour)
	f.want("s", "22 11:00 SUCCESS 1", "22 12:00 SUCCESS 1")
	if s := f.standing("s"); s.Problem != "" {
		t.Errorf("it stands as %+v", s)
	}
}

func TestRestartAcrossDueTicks(t *testing.T) {
	for name, c := range map[string]struct {
		policy *usercodev1.ScheduleDefinition
		want   []string
		reason string
	}{
		"Skip":   {missing(fixed("0 * * * *"), skip, 0), []string{"22 13:00 SKIPPED late"}, "3 ticks were missed"},
		"Latest": {missing(fixed("0 * * * *"), latest, 0), []string{"22 12:00 SKIPPED late", "22 13:00 SUCCESS late 1"}, "only the latest one is made up for"},
		"AllUpTo": {
			missing(fixed("0 * * * *"), all, 2),
			[]string{"22 11:00 SKIPPED late", "22 12:00 SUCCESS late 1", "22 13:00 SUCCESS late 1"}, "the host did not run",
		},
		"All": {missing(fixed("0 * * * *"), all, 10), []string{"22 11:00 SUCCESS late 1", "22 12:00 SUCCESS late 1", "22 13:00 SUCCESS late 1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.code.deploy(t, "s", c.policy)
			f.begun().round()
			f.restart(3*time.Hour + 30*time.Minute)
			f.want("s", c.want...)
			if reason := f.ticks("s")[0].SkipReason; !strings.Contains(reason, c.reason) {
				t.Errorf("the reason is %q", reason)
			}
			f.restart(time.Minute)
			f.want("s", c.want...)
		})
	}
}

// TestDaylightSaving passes the spring gap and the autumn fold of New York through the daemon.
func TestDaylightSaving(t *testing.T) {
	f := newFixture(t)
	f.clock.Advance(time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC).Sub(f.clock.Now()))
	d := fixed("30 2 * * *")
	d.Zone = "America/New_York"
	f.code.deploy(t, "gap", d)
	d = fixed("30 1 * * *")
	d.Zone = "America/New_York"
	f.code.deploy(t, "fold", d)
	f.begun()
	f.pass(48 * time.Hour)
	f.want("gap", "08 07:00 SUCCESS 1", "09 06:30 SUCCESS 1")
	f.close()
	f.clock.Advance(time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC).Sub(f.clock.Now()))
	f.open()
	f.begun().round()
	before := len(f.ticks("fold"))
	f.pass(48 * time.Hour)
	if ticks := f.ticks("fold")[before:]; len(ticks) != 2 || ticks[0].At.Format("02 15:04") != "01 05:30" || ticks[1].At.Format("02 15:04") != "02 06:30" {
		t.Errorf("in the fold the ticks are %v", ticks)
	}
	f.bijection()
}

func TestLocationThatIsSilent(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", missing(evaluated("0 * * * *"), all, 2))
	f.code.deploy(t, "fixed", fixed("0 * * * *"))
	f.begun().round()
	f.code.change(func() { f.code.state = host.LocationStale })
	f.pass(3*time.Hour + 30*time.Minute)
	f.want("s")
	f.want("fixed", "22 11:00 SUCCESS 1", "22 12:00 SUCCESS 1", "22 13:00 SUCCESS 1") // nobody is asked
	if s := f.standing("s"); !s.Running || s.Problem != "location l does not answer" || s.Remedy != "start it" {
		t.Errorf("it stands as %+v", s)
	}
	if n := strings.Count(f.log.String(), "location l does not answer"); n != 1 {
		t.Errorf("the log says %d times that it does not answer:\n%s", n, f.log)
	}
	if n := len(f.code.asked); n < 200 || n > 1000 { // every 15 s
		t.Errorf("it was asked %d times", n)
	}
	f.code.change(func() { f.code.state = host.LocationReady })
	f.pass(15 * time.Second)
	f.want("s", "22 11:00 SKIPPED late", "22 12:00 SKIPPED late", "22 13:00 SKIPPED late")
	if tick := f.ticks("s")[0]; !strings.Contains(tick.SkipReason, "its location did not answer") {
		t.Errorf("the reason is %q", tick.SkipReason)
	}
	if s := f.standing("s"); s.Problem != "" {
		t.Errorf("it stands as %+v", s)
	}
}

// TestClockSetBackWhileALocationIsSilent has a tick that waits until a time that is far ahead then.
func TestClockSetBackWhileALocationIsSilent(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", evaluated("0 * * * *"))
	f.begun().round()
	f.clock.Advance(9 * time.Hour) // the clock is wrong
	f.code.change(func() { f.code.state = host.LocationStale })
	f.round()
	f.clock.Advance(-8 * time.Hour) // 11:00
	f.code.change(func() { f.code.state = host.LocationReady })
	f.round()
	f.want("s", "22 11:00 SKIPPED")
}

func TestUserCodeThatFails(t *testing.T) {
	f := newFixture(t)
	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		return &usercodev1.Evaluation{Error: "no such table", LogLines: []string{"looking"}}, nil
	}
	f.code.deploy(t, "s", evaluated("0 * * * *"))
	f.begun()
	f.pass(90 * time.Minute)
	f.want("s", "22 11:00 FAILURE")
	if tick := f.ticks("s")[0]; tick.Error != "no such table" || len(tick.LogLines) != 1 || len(f.code.asked) != 1 {
		t.Errorf("the tick is %+v after %d evaluations", tick, len(f.code.asked))
	}
	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		return nil, &host.Error{Code: host.Invalid, Reason: "ANSWER", Message: "its answer cannot be used", Remedy: "upgrade it"}
	}
	f.pass(time.Hour)
	f.want("s", "22 11:00 FAILURE", "22 12:00 FAILURE")
	if tick := f.ticks("s")[1]; tick.Error != "its answer cannot be used\nUpgrade it." {
		t.Errorf("the error is %q", tick.Error)
	}
}

func TestRunsOfATickAreAllOrNothing(t *testing.T) {
	f := newFixture(t)
	f.refuse = func(r launch.Request) error {
		if !strings.Contains(r.ConfigYAML, "bad") {
			return nil
		}
		return &host.Error{Code: host.Invalid, Message: "the config does not fit", Problems: []host.Problem{{Field: "config", Message: "no such field"}}}
	}
	asked := []*usercodev1.RunRequest{{ConfigYaml: "ok: 1"}, {ConfigYaml: "bad: 1", RunKey: "k"}, {Job: "other", ConfigYaml: "bad: 2"}}
	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		return &usercodev1.Evaluation{RunRequests: asked}, nil
	}
	f.code.deploy(t, "s", evaluated("0 * * * *"))
	f.begun()
	f.pass(time.Hour)
	f.want("s", "22 11:00 FAILURE")
	text := f.ticks("s")[0].Error
	for _, part := range []string{`run 2 of 3, run key "k": the config does not fit`, "no such field", `run 3 of 3, job "other"`, "None of the 3 runs was made."} {
		if !strings.Contains(text, part) {
			t.Errorf("the error is %q, want %q in it", text, part)
		}
	}
	asked[1].ConfigYaml, asked[2].ConfigYaml = "", "" // its key is not used up
	f.pass(time.Hour)
	f.want("s", "22 11:00 FAILURE", "22 12:00 SUCCESS 3")
	f.pass(time.Hour)
	f.want("s", "22 11:00 FAILURE", "22 12:00 SUCCESS 3", "22 13:00 SUCCESS 2")
	if tick := f.ticks("s")[2]; tick.KnownKeyCount != 1 || tick.KnownKeys[0] != "k" {
		t.Errorf("the known keys are %v", tick.KnownKeys)
	}
}

func TestTickWaitsForWhatIsNotThereNow(t *testing.T) {
	for name, err := range map[string]error{
		"LocationAway": &host.Error{Code: host.Unavailable, Reason: "LOCATION_STALE", Message: "it is away"},
		"StoreFull":    &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "it is away"},
		"StoreFault":   errors.New("it is away"),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.code.deploy(t, "s", fixed("0 * * * *"))
			f.begun().round()
			f.refuse = func(launch.Request) error { return err }
			f.pass(61 * time.Minute)
			f.want("s")
			if f.standing("s").Problem == "" {
				t.Error("it has no problem")
			}
			f.refuse = nil
			f.seam.before = func(string) error { return err }
			f.pass(time.Minute)
			f.want("s")
			f.seam.before = nil
			f.pass(15 * time.Second)
			f.want("s", "22 11:00 SUCCESS late 1")
			if s := f.standing("s"); s.Problem != "" {
				t.Errorf("it stands as %+v", s)
			}
		})
	}
}
