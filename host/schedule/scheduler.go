package schedule

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

const (
	// look is how often the clock on the wall is read at least: it may have been set, and a machine may have slept.
	look = 30 * time.Second
	// firstPause is how long a tick that cannot be made now is put off, doubling up to maxPause.
	firstPause = time.Second
	maxPause   = 15 * time.Second
	// settling is how long after the start a location that does not answer yet is waited for, before ticks are made by what
	// it said last: a deploy may have been missed.
	settling = 15 * time.Second
	// atOnce is how many ticks are planned and stored at a time. That many go into one write.
	atOnce = 64
)

// Code is what a Scheduler asks of the code locations: *workspace.Workspace.
type Code interface {
	automation.Places
	Schedules() []*workspace.Schedule
	Schedule(name host.AutomationName) (*workspace.Schedule, error)
	EvaluateSchedule(ctx context.Context, name host.AutomationName, at time.Time) (*usercodev1.Evaluation, error)
	PartitionRuns(ctx context.Context, job host.JobName, keys []string) ([]host.PartitionRun, error)
}

// Options of a Scheduler. All are required.
type Options struct {
	Store host.AutomationStore
	Code  Code
	// CodeChanged gets a value when definitions, or the state of a location, changed.
	CodeChanged <-chan struct{}
	// Ended are the partitions of a job that came to exist after one instant and until another one, at most so many.
	Ended func(ctx context.Context, job host.JobName, after, until time.Time, most int) ([]string, error)
	// Prepare plans a run: Queue.Prepare.
	Prepare func(context.Context, launch.Request) (host.NewRun, error)
	// Turns are those of evaluations at locations. Feed is told what changes.
	Turns   *automation.Turns
	Feed    *automation.Feed
	Metrics *automation.Metrics
	Clock   host.Clock
	Logger  *slog.Logger
}

// Scheduler makes the ticks of schedules. All methods may be called concurrently.
type Scheduler struct {
	o     Options
	maker automation.Maker
	books *automation.Books
	// nudge wakes the loop.
	nudge chan struct{}
	// planning has a place for each tick that may be planned and stored at a time.
	planning chan struct{}
	started  time.Time

	mu      sync.Mutex
	entries map[host.AutomationName]*entry
	agenda  *automation.Agenda
	// stale tells that the picture is to be drawn again, retry when after that failed; failures counts how often it did.
	stale    bool
	retry    time.Time
	failures int
	// read is what the clock showed when it was read last.
	read time.Time

	cancel  context.CancelFunc
	done    sync.WaitGroup
	looking sync.WaitGroup
}

// New returns a Scheduler that has not started.
func New(o Options) *Scheduler {
	return &Scheduler{
		o: o, maker: automation.Maker{Store: o.Store, Prepare: o.Prepare, Clock: o.Clock},
		books: automation.NewBooks(host.ScheduleKind, o.Store, o.Clock, o.Logger),
		nudge: make(chan struct{}, 1), planning: make(chan struct{}, atOnce),
		entries: map[host.AutomationName]*entry{}, agenda: automation.NewAgenda(), stale: true,
	}
}

// Start draws the picture and begins to make ticks. Those that are due since before are made up for as each schedule says.
func (s *Scheduler) Start(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return fmt.Errorf("read the schedules: %w", err)
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() { s.loop(ctx) })
	return nil
}

func (s *Scheduler) begin(ctx context.Context) error {
	s.started = s.o.Clock.Now()
	return s.redraw(ctx, s.started)
}

// Stop waits for what is under way. What is due stays so. It may be called twice and before Start.
func (s *Scheduler) Stop() {
	if s.cancel == nil {
		return
	}
	s.cancel()
	s.done.Wait()
	s.looking.Wait()
}

func (s *Scheduler) loop(ctx context.Context) {
	for {
		s.runOnce(ctx, s.o.Clock.Now())
		select {
		case <-ctx.Done():
			return
		case <-s.nudge:
		case <-s.o.CodeChanged:
			s.Poke()
		case <-s.o.Clock.After(s.rest(s.o.Clock.Now())):
		}
	}
}

// Poke has the Scheduler read the definitions and the store again.
func (s *Scheduler) Poke() {
	s.mu.Lock()
	s.stale, s.retry = true, time.Time{}
	s.mu.Unlock()
	s.wake()
}

// wake makes the loop look again.
func (s *Scheduler) wake() {
	select {
	case s.nudge <- struct{}{}:
	default:
	}
}

// runOnce draws the picture again where that is needed, and begins to look at each schedule whose time has come.
func (s *Scheduler) runOnce(ctx context.Context, now time.Time) {
	now = now.Round(0) // by the wall, as the instants of schedules are
	s.mu.Lock()
	again := s.stale && (!now.Before(s.retry) || s.retry.Sub(now) > maxPause)
	s.mu.Unlock()
	if again {
		if err := s.redraw(ctx, now); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("read the schedules", "error", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Before(s.read) { // it was set back: what waits is not to wait until the old time
		for _, e := range s.entries {
			s.put(e, now)
		}
	}
	s.read = now
	for {
		name, some := s.agenda.Due(now)
		if !some || ctx.Err() != nil {
			return
		}
		e := s.entries[name]
		e.busy = true
		s.looking.Go(func() { s.lookAt(ctx, e) })
	}
}

// rest is how long the loop has nothing to do.
func (s *Scheduler) rest(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := look
	if at, some := s.agenda.First(); some {
		wait = min(wait, max(at.Sub(now), 0))
	}
	if s.stale {
		wait = min(wait, max(s.retry.Sub(now), 0))
	}
	return wait
}

// pause is how long to wait after so many failures in a row.
func pause(failures int) time.Duration { return min(firstPause<<min(failures, 10), maxPause) }
