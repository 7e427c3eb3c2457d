package sensor

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

const (
	// look is how often the clock on the wall is read at least: it may have been set, and a machine may have slept.
	look = 30 * time.Second
	// firstPause is how long a sensor whose location does not answer is left alone, doubling up to maxPause.
	firstPause = time.Second
	maxPause   = 15 * time.Second
	// feedLimit is how many changed runs may wait to be looked at before all that ended are.
	feedLimit = 4096
)

// Store is what a Watcher needs of a host.Store.
type Store interface {
	host.AutomationStore
	Run(ctx context.Context, id host.RunID) (host.Run, error)
	SelectRuns(ctx context.Context, where *selector.Expr, before uint64, limit int) (host.RunRefs, error)
	Body(ctx context.Context, d host.Digest) ([]byte, error)
}

// Code is what a Watcher asks of the code locations: *workspace.Workspace.
type Code interface {
	automation.Places
	Sensors() []*workspace.Sensor
	Sensor(name host.AutomationName) (*workspace.Sensor, error)
	EvaluateSensor(ctx context.Context, name host.AutomationName, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error)
}

// Options of a Watcher. All are required.
type Options struct {
	Store Store
	// Runs tells of runs that ended.
	Runs *host.Feed
	Code Code
	// CodeChanged gets a value when definitions, or the state of a location, changed.
	CodeChanged <-chan struct{}
	// Prepare plans a run: Queue.Prepare.
	Prepare func(context.Context, launch.Request) (host.NewRun, error)
	// Turns are those of evaluations at locations. Feed is told what changes.
	Turns   *automation.Turns
	Feed    *automation.Feed
	Metrics *automation.Metrics
	Clock   host.Clock
	Logger  *slog.Logger
	// Jitter is a random number from 0 on, below 1, which spreads the first evaluations.
	Jitter func() float64
}

// Watcher evaluates sensors. All methods may be called concurrently.
type Watcher struct {
	o     Options
	maker automation.Maker
	books *automation.Books
	runs  *host.Subscription
	// nudge wakes the loop.
	nudge chan struct{}

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

// New returns a Watcher that has not started.
func New(o Options) *Watcher {
	return &Watcher{
		o: o, maker: automation.Maker{Store: o.Store, Prepare: o.Prepare, Clock: o.Clock},
		books: automation.NewBooks(host.SensorKind, o.Store, o.Clock, o.Logger), nudge: make(chan struct{}, 1),
		entries: map[host.AutomationName]*entry{}, agenda: automation.NewAgenda(), stale: true,
	}
}

// Start draws the picture and begins to evaluate.
func (w *Watcher) Start(ctx context.Context) error {
	if err := w.begin(ctx); err != nil {
		return fmt.Errorf("read the sensors: %w", err)
	}
	ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	w.done.Go(func() { w.loop(ctx) })
	return nil
}

func (w *Watcher) begin(ctx context.Context) error {
	w.runs = w.o.Runs.Subscribe(feedLimit)
	err := w.redraw(ctx, w.o.Clock.Now())
	if err != nil {
		w.runs.Close()
	}
	return err
}

// Stop waits for what is under way. It may be called twice and before Start.
func (w *Watcher) Stop() {
	if w.cancel == nil {
		return
	}
	w.cancel()
	w.done.Wait()
	w.looking.Wait()
	w.runs.Close()
}

func (w *Watcher) loop(ctx context.Context) {
	for {
		w.runOnce(ctx, w.o.Clock.Now())
		select {
		case <-ctx.Done():
			return
		case <-w.nudge:
		case <-w.runs.Ready():
		case <-w.o.CodeChanged:
			w.Poke()
		case <-w.o.Clock.After(w.rest(w.o.Clock.Now())):
		}
	}
}

// Poke has the Watcher read the definitions and the store again.
func (w *Watcher) Poke() {
	w.mu.Lock()
	w.stale, w.retry = true, time.Time{}
	w.mu.Unlock()
	w.wake()
}

// wake makes the loop look again.
func (w *Watcher) wake() {
	select {
	case w.nudge <- struct{}{}:
	default:
	}
}

// runOnce draws the picture again where that is needed, takes in that runs ended, and begins to evaluate each sensor whose
// time has come.
func (w *Watcher) runOnce(ctx context.Context, now time.Time) {
	now = now.Round(0) // by the wall, which is what is stored
	w.mu.Lock()
	again := w.stale && (!now.Before(w.retry) || w.retry.Sub(now) > maxPause)
	w.mu.Unlock()
	if again {
		if err := w.redraw(ctx, now); err != nil && ctx.Err() == nil {
			w.o.Logger.Error("read the sensors", "error", err)
		}
	}
	ended := w.someEnded()
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Before(w.read) { // it was set back: what waits is not to wait until the old time
		for _, e := range w.entries {
			w.put(e, now)
		}
	}
	w.read = now
	if ended {
		for _, e := range w.entries {
			w.hear(e, now)
		}
	}
	for {
		name, some := w.agenda.Due(now)
		if !some || ctx.Err() != nil {
			return
		}
		e := w.entries[name]
		e.busy = true
		w.looking.Go(func() { w.lookAt(ctx, e) })
	}
}

// someEnded tells that runs may have ended, or their retries were settled.
func (w *Watcher) someEnded() bool {
	changes, lost := w.runs.Take()
	for i := range changes {
		lost = lost || changes[i].Run.Status.Final()
	}
	return lost
}

// rest is how long the loop has nothing to do.
func (w *Watcher) rest(now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait := look
	if at, some := w.agenda.First(); some {
		wait = min(wait, max(at.Sub(now), 0))
	}
	if w.stale {
		wait = min(wait, max(w.retry.Sub(now), 0))
	}
	return wait
}

// pause is how long to wait after so many failures in a row.
func pause(failures int) time.Duration { return min(firstPause<<min(failures, 10), maxPause) }
