package schedule_test

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

func (f *fixture) record(name string) host.Automation {
	f.t.Helper()
	records, err := f.store.Automations(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for _, a := range records {
		if a.Name == named(name) {
			return a
		}
	}
	return host.Automation{}
}

func TestDeployThatRemovesAScheduleKeepsItsHistory(t *testing.T) {
	f := newFixture(t)
	d := missing(fixed("0 * * * *"), all, 100)
	f.code.deploy(t, "s", d)
	f.begun()
	f.pass(time.Hour)
	f.code.deploy(t, "s", nil)
	f.pass(2 * time.Hour) // 13:00
	f.want("s", "22 11:00 SUCCESS 1")
	if a := f.record("s"); !a.GoneSince.After(at(t, "22 10:59")) || !a.GoneSince.Before(at(t, "22 11:01")) {
		t.Errorf("it is gone since %s", a.GoneSince)
	}
	if s := f.standing("s"); s.Running || s.Problem != "" {
		t.Errorf("it stands as %+v", s)
	}
	f.code.deploy(t, "s", d)
	f.round()
	f.want("s", "22 11:00 SUCCESS 1")
	f.pass(time.Hour)
	f.want("s", "22 11:00 SUCCESS 1", "22 14:00 SUCCESS 1")
	if a := f.record("s"); !a.GoneSince.IsZero() || !a.FirstSeen.Equal(at(t, "22 10:00")) {
		t.Errorf("its record is %+v", a)
	}
}

// TestWhatIsNotHeardOfIsNotGone has locations of which nothing can be said.
func TestWhatIsNotHeardOfIsNotGone(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(c *code)
		gone    bool
		problem string
	}{
		"Silent":       {change: func(c *code) { c.state = host.LocationStale }, problem: "nobody answers"},
		"Loading":      {change: func(c *code) { c.state = host.LocationLoading }, problem: "nobody answers"},
		"Error":        {change: func(c *code) { c.state = host.LocationError }, problem: "nobody answers"},
		"Refused":      {change: func(c *code) { c.refused = true }, problem: "schedule l/r/s cannot be had: schedules need a newer server"},
		"Answers":      {change: func(*code) {}, gone: true},
		"Unconfigured": {change: func(c *code) { c.removed = true }, gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			d := missing(fixed("0 * * * *"), all, 1)
			f.code.deploy(t, "s", d)
			f.begun().round()
			f.code.change(func() {
				delete(f.code.schedules, "s")
				c.change(f.code)
			})
			f.pass(2 * time.Hour)
			f.want("s")
			if a := f.record("s"); a.GoneSince.IsZero() == c.gone {
				t.Errorf("it is gone since %s", a.GoneSince)
			}
			if s := f.standing("s"); s.Running || s.Problem != c.problem {
				t.Errorf("it stands as %+v", s)
			}
			f.code.change(func() { f.code.state, f.code.refused, f.code.removed = host.LocationReady, false, false })
			f.code.deploy(t, "s", d)
			f.round()
			if c.gone { // it begins anew
				f.want("s")
			} else { // it was there all the time
				f.want("s", "22 11:00 SKIPPED late", "22 12:00 SUCCESS 1")
			}
		})
	}
}

func TestDefinitionThatCannotBeUsed(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", fixed("0 * * * *"))
	f.code.deploy(t, "bad", fixed("0 * * * *"))
	f.code.schedules["bad"].Err = &host.Error{Code: host.Invalid, Message: "its crons contradict"}
	f.begun()
	f.pass(time.Hour)
	f.want("s", "22 11:00 SUCCESS 1") // it spoils no other
	f.want("bad")
	if s := f.standing("bad"); s.Running || s.Problem != "the definition of schedule l/r/bad cannot be used: its crons contradict" {
		t.Errorf("it stands as %+v", s)
	}
	if s := f.standing("nobody"); s.Running || s.Problem != "" {
		t.Errorf("what is not there stands as %+v", s)
	}
}

func TestScheduleThatNeverTicks(t *testing.T) {
	f := newFixture(t)
	f.code.deploy(t, "s", fixed("0 0 30 2 *"))
	f.begun()
	f.pass(time.Hour)
	if s := f.standing("s"); s.Problem != "schedule l/r/s has no tick within ten years" {
		t.Errorf("it stands as %+v", s)
	}
}
