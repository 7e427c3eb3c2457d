package schedule_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/schedule"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/usercode/tag"
)

// fixture is a Scheduler over a real store. What prepares runs stands in for a queue and its planner.
type fixture struct {
	t         testing.TB
	path      string
	clock     *hosttest.Clock
	code      *code
	store     *boltstore.Store
	seam      *seam
	scheduler *schedule.Scheduler
	changes   *automation.Feed
	log       *lines
	// refuse may refuse a run.
	refuse func(launch.Request) error
	// ended are the partitions of every job.
	ended func(after, until time.Time, most int) ([]string, error)
}

// newFixture is at 2026-11-22 10:00 UTC.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, path: filepath.Join(t.TempDir(), "data"), clock: hosttest.NewClock(), code: newCode(), changes: &automation.Feed{}, log: &lines{}}
	f.open()
	t.Cleanup(f.close)
	return f
}

// open opens the store and a Scheduler, which has not begun.
func (f *fixture) open() {
	f.t.Helper()
	var err error
	if f.store, err = boltstore.Open(f.path, &boltstore.Options{Clock: f.clock}); err != nil {
		f.t.Fatal(err)
	}
	f.seam = &seam{Store: f.store}
	f.scheduler = f.another()
}

func (f *fixture) another() *schedule.Scheduler {
	metrics, err := automation.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		f.t.Fatal(err)
	}
	return schedule.New(schedule.Options{
		Store: f.seam, Code: f.code, CodeChanged: f.code.changed, Prepare: f.prepare,
		Ended: func(_ context.Context, _ host.JobName, after, until time.Time, most int) ([]string, error) {
			return f.ended(after, until, most)
		},
		Turns: automation.NewTurns(), Feed: f.changes, Metrics: metrics, Clock: f.clock, Logger: slog.New(slog.NewTextHandler(f.log, nil)),
	})
}

func (f *fixture) close() {
	f.scheduler.Stop()
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// begun is the fixture with a Scheduler that runs by rounds.
func (f *fixture) begun() *fixture {
	f.t.Helper()
	if err := f.scheduler.Begin(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	return f
}

// restart stops the host, lets time pass, and starts it again.
func (f *fixture) restart(after time.Duration) {
	f.t.Helper()
	f.close()
	f.clock.Advance(after)
	f.open()
	f.begun().round()
}

// round lets the Scheduler look at what is due, and at what changed since.
func (f *fixture) round() {
	f.t.Helper()
	for again := true; again; {
		select {
		case <-f.code.changed:
			f.scheduler.Poke()
		default:
		}
		f.scheduler.RunOnce(f.t.Context())
		again = f.scheduler.Rest() == 0
	}
}

// pass lets time pass as the loop sees it: it looks at each moment at which it would wake up.
func (f *fixture) pass(d time.Duration) {
	f.t.Helper()
	for d > 0 {
		step := min(max(f.scheduler.Rest(), time.Millisecond), d)
		f.clock.Advance(step)
		d -= step
		f.round()
	}
}

// prepare makes a run of a request, as Queue.Prepare.
func (f *fixture) prepare(_ context.Context, r launch.Request) (host.NewRun, error) {
	if f.refuse != nil {
		if err := f.refuse(r); err != nil {
			return host.NewRun{}, err
		}
	}
	return newRun(r, f.clock.Now()), nil
}

func newRun(r launch.Request, now time.Time) host.NewRun {
	job, _ := host.ParseJobName(r.Job)
	return host.NewRun{RequestID: r.RequestID, Run: host.Run{
		ID: host.RunID(uuid.Must(uuid.NewV7()).String()), Job: job, Status: host.Queued, OpPaths: []string{"a"}, CreatedAt: now, ConfigYAML: r.ConfigYAML,
		Tags: tag.Merge(tag.List{tag.System(tag.KeySchedule, r.Source.Schedule)}, tag.List{tag.System(tag.KeyTick, r.Source.Tick)}),
	}}
}

// ticks are those of a schedule, oldest first.
func (f *fixture) ticks(name string) []host.Tick {
	f.t.Helper()
	page, err := f.store.Ticks(f.t.Context(), named(name), nil, time.Time{}, 10_000)
	if err != nil || !page.Next.IsZero() {
		f.t.Fatalf("Ticks = next %s, %v", page.Next, err)
	}
	slices.Reverse(page.Ticks)
	return page.Ticks
}

// runs are all runs, oldest first.
func (f *fixture) runs() []host.Run {
	f.t.Helper()
	page, err := f.store.Runs(f.t.Context(), nil, 0, 10_000)
	if err != nil {
		f.t.Fatal(err)
	}
	slices.Reverse(page.Runs)
	return page.Runs
}

// want compares the ticks of a schedule with what each should be: "10:15 SUCCESS 1".
func (f *fixture) want(name string, want ...string) {
	f.t.Helper()
	var got []string
	for _, tick := range f.ticks(name) {
		text := tick.At.Format("02 15:04 ") + string(tick.Status)
		if tick.Late {
			text += " late"
		}
		if len(tick.Runs) > 0 {
			text += fmt.Sprintf(" %d", len(tick.Runs))
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		f.t.Fatalf("the ticks of %s are\n  %s\nwant\n  %s\nlog:\n%s", name, strings.Join(got, "\n  "), strings.Join(want, "\n  "), f.log)
	}
	f.bijection()
}

// bijection checks that the runs are those that ticks name, each once.
func (f *fixture) bijection() {
	f.t.Helper()
	owner := map[host.RunID]string{}
	records, err := f.store.Automations(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for _, a := range records {
		for _, tick := range f.ticks(a.Name.Name) {
			for _, r := range tick.Runs {
				if owner[r.Run] != "" {
					f.t.Errorf("run %s is of two ticks", r.Run)
				}
				owner[r.Run] = a.Name.Name + " " + automation.TickID(tick.At)
			}
		}
	}
	runs := f.runs()
	for i := range runs {
		s, _ := runs[i].Tag(tag.KeySchedule)
		at, _ := runs[i].Tag(tag.KeyTick)
		if owner[runs[i].ID] != s+" "+at {
			f.t.Errorf("run %s says that tick %s of %s made it; it is one of %q", runs[i].ID, at, s, owner[runs[i].ID])
		}
	}
	if len(runs) != len(owner) {
		f.t.Errorf("there are %d runs, and ticks name %d", len(runs), len(owner))
	}
}

func (f *fixture) standing(name string) automation.Standing { return f.scheduler.Standing(named(name)) }

// at is an instant of November 2026.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse("2006-01-02 15:04", "2026-11-"+text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// seam is a real store some of whose calls fail.
type seam struct {
	host.Store

	mu sync.Mutex
	// before may fail a call before it does anything, after once it is done.
	before, after func(call string) error
}

func (s *seam) around(hook *func(string) error, call string) error {
	s.mu.Lock()
	h := *hook
	s.mu.Unlock()
	if h == nil {
		return nil
	}
	return h(call)
}

func (s *seam) CreateTick(ctx context.Context, n host.NewTick) (tick host.Tick, created bool, err error) {
	if err := s.around(&s.before, "CreateTick"); err != nil {
		return host.Tick{}, false, err
	}
	tick, created, err = s.Store.CreateTick(ctx, n)
	if e := s.around(&s.after, "CreateTick"); e != nil {
		return host.Tick{}, false, e
	}
	return tick, created, err
}

func (s *seam) PutAutomations(ctx context.Context, records []host.Automation) error {
	if err := s.around(&s.before, "PutAutomations"); err != nil {
		return err
	}
	err := s.Store.PutAutomations(ctx, records)
	if e := s.around(&s.after, "PutAutomations"); e != nil {
		return e
	}
	return err
}

func (s *seam) Automations(ctx context.Context) ([]host.Automation, error) {
	if err := s.around(&s.before, "Automations"); err != nil {
		return nil, err
	}
	return s.Store.Automations(ctx)
}

func (s *seam) UpdateAutomation(ctx context.Context, name host.AutomationName, change func(*host.Automation) error) (host.Automation, error) {
	if err := s.around(&s.before, "UpdateAutomation"); err != nil {
		return host.Automation{}, err
	}
	a, err := s.Store.UpdateAutomation(ctx, name, change)
	if e := s.around(&s.after, "UpdateAutomation"); e != nil {
		return host.Automation{}, e
	}
	return a, err
}
