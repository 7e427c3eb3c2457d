package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// model is what a schedule with the policy "all, up to 100" should have made, told without the daemon.
type model struct {
	cron             string
	there, on, ready bool
	from             time.Time
	ticks            []string
	at               map[int64]bool
}

// crons are what deploys choose from.
var crons = []string{"*/10 * * * *", "*/15 * * * *", "7 * * * *"}

// begins is what the schedule does when it is new, back or has another cron. Switched on, it begins at now even if that is
// before.
func (m *model) begins(now time.Time) {
	if now.After(m.from) {
		m.from = now
	}
}

// reach makes the ticks that are due.
func (m *model) reach(t *testing.T, now time.Time) {
	if !m.there || !m.on || !m.ready {
		return
	}
	cal, err := calendar.New("", m.cron)
	if err != nil {
		t.Fatal(err)
	}
	var due []time.Time
	for at, ok := cal.Next(m.from); ok && !at.After(now); at, ok = cal.Next(at) {
		due = append(due, at)
	}
	if n := len(due) - 100; n > 0 {
		m.tick(due[n-1], host.TickSkipped, 0)
		due = due[n:]
	}
	for _, at := range due {
		m.tick(at, host.TickSuccess, 1)
		m.from = at
	}
	slices.Sort(m.ticks)
}

// tick makes one, unless there is one.
func (m *model) tick(at time.Time, status host.TickStatus, runs int) {
	if !m.at[at.Unix()] {
		m.at[at.Unix()] = true
		m.ticks = append(m.ticks, tickText(at, status, runs))
	}
}

func tickText(at time.Time, status host.TickStatus, runs int) string {
	return fmt.Sprintf("%s %s %d", at.UTC().Format("2006-01-02 15:04:05"), status, runs)
}

// TestRandomLife compares what a schedule makes, in random sequences of time steps, jumps of the clock, restarts, deploys
// and switches, with a model: one tick at each instant, none twice, and the run of each.
func TestRandomLife(t *testing.T) {
	t.Parallel()
	for range 4 {
		seed := rand.Uint64()
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			randomLife(t, rand.New(rand.NewPCG(seed, 0)))
		})
	}
}

func randomLife(t *testing.T, r *rand.Rand) {
	f := newFixture(t)
	f.code.evaluate = func(string, time.Time) (*usercodev1.Evaluation, error) {
		return &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{}}}, nil
	}
	m := &model{cron: crons[0], there: true, on: true, ready: true, from: f.clock.Now(), at: map[int64]bool{}}
	deploy := func() { f.code.deploy(t, "s", missing(evaluated(m.cron), all, 100)) }
	deploy()
	f.begun().round()
	var done []string
	span := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))).Round(time.Second) }
	for range 60 {
		action, note := r.IntN(9), ""
		switch action {
		case 0, 1: // time goes by
			d := span(2 * time.Hour)
			note = fmt.Sprint("pass ", d)
			for end := f.clock.Now().Add(d); f.clock.Now().Before(end); m.reach(t, f.clock.Now()) {
				f.pass(min(end.Sub(f.clock.Now()), 10*time.Minute))
			}
		case 2: // the clock jumps ahead, or the machine sleeps
			d := span(30 * time.Hour)
			note = fmt.Sprint("jump ", d)
			f.clock.Advance(d)
		case 3: // the clock is set back
			d := span(3 * time.Hour)
			note = fmt.Sprint("back ", d)
			f.clock.Advance(-d)
		case 4:
			d := span(5 * time.Hour)
			note = fmt.Sprint("restart after ", d)
			f.close()
			f.clock.Advance(d)
			f.open()
			f.begun()
		case 5:
			if cron := crons[r.IntN(len(crons))]; m.there && m.ready && cron != m.cron {
				note = "deploy " + cron
				m.cron = cron
				m.begins(f.clock.Now())
				deploy()
			}
		case 6:
			if m.ready {
				note = fmt.Sprint("there: ", !m.there)
				if m.there = !m.there; m.there {
					m.begins(f.clock.Now())
					deploy()
				} else {
					f.code.deploy(t, "s", nil)
				}
			}
		case 7:
			note = fmt.Sprint("on: ", !m.on)
			to := host.SwitchOff
			if m.on = !m.on; m.on {
				to = host.SwitchOn
				m.from = f.clock.Now()
			}
			if _, err := f.scheduler.Switch(t.Context(), named("s"), to, ""); err != nil {
				t.Fatal(err)
			}
		case 8:
			note = fmt.Sprint("ready: ", !m.ready)
			m.ready = !m.ready
			f.code.change(func() {
				if f.code.state = host.LocationReady; !m.ready {
					f.code.state = host.LocationStale
				}
			})
			f.round()
			f.pass(15 * time.Second) // until it is asked again
		}
		f.round()
		m.reach(t, f.clock.Now())
		done = append(done, f.clock.Now().Format("01-02 15:04:05 ")+note)
		var got []string
		for _, tick := range f.ticks("s") {
			got = append(got, tickText(tick.At, tick.Status, len(tick.Runs)))
		}
		if strings.Join(got, "\n") != strings.Join(m.ticks, "\n") {
			t.Fatalf("the ticks are\n  %s\nwant\n  %s\nafter\n  %s", strings.Join(got, "\n  "), strings.Join(m.ticks, "\n  "), strings.Join(done, "\n  "))
		}
	}
	f.bijection()
}
