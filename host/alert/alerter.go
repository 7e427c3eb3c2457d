package alert

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

const (
	// feedLimit is how many changed runs may wait to be taken in before the open ones are read again.
	feedLimit = 4096
	// firstPause is how long it is waited after a store that cannot be read or written, doubling up to maxPause.
	firstPause = time.Second
	maxPause   = 30 * time.Second
	// saveAfter is how long it may take until it is stored that runs were read which nobody is told of: after a kill they
	// are read again.
	saveAfter = 10 * time.Second
	// look is how long nothing is looked at, at most: who sets the clock ahead does not wake timers.
	look = 45 * time.Second
)

// Options of an Alerter. All are required but Rules.
type Options struct {
	Store host.Store
	Feed  *host.Feed
	// Rules in use at first; they have to pass CheckRules.
	Rules []Rule
	// Address at which people reach the host.
	Address string
	// MetadataTexts reads a body of metadata that runs were launched with, as selectors see it.
	MetadataTexts func(body []byte) ([]host.MetadataText, error)
	// Transport carries requests of webhooks.
	Transport http.RoundTripper
	// NewID makes the id of a test: 32 hex digits.
	NewID   func() string
	Clock   host.Clock
	Logger  *slog.Logger
	Metrics *Metrics
}

// Alerter finds what is due, and has it sent. All methods may be called concurrently.
type Alerter struct {
	o       Options
	client  *http.Client
	subs    *host.Subscription
	started time.Time
	cancel  context.CancelFunc
	done    sync.WaitGroup
	// wake gets a value when rules were replaced.
	wake chan struct{}

	mu sync.Mutex
	// wanted are the rules as they were set last, in their order, and sets counts how often they were.
	wanted []Rule
	sets   int
	// couriers are those of the rules that are in use, by name.
	couriers map[string]*courier

	// Of the loop.

	// used is what sets was when the rules in use were set.
	used int
	// states are what the store keeps of the rules in use; dirty since when more was read than the store knows, zero when
	// it knows all.
	states map[string]host.AlertRule
	dirty  time.Time
	// behind tells that runs ended that were not read yet.
	behind bool
	late   tracker
	// failures counts rounds in a row that the store refused, and notBefore is when the next may begin.
	failures  int
	notBefore time.Time
}

// New returns an Alerter that has not started.
func New(o Options) *Alerter {
	return &Alerter{
		o: o, wanted: o.Rules, sets: 1, behind: true, wake: make(chan struct{}, 1),
		couriers: map[string]*courier{},
		client: &http.Client{
			Transport: o.Transport,
			// A redirect could lead what runs say, and the secret of a URL, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Start begins. What cannot be done since the store takes no writes is done when it does, and is no error.
func (a *Alerter) Start(ctx context.Context) error {
	a.subs = a.o.Feed.Subscribe(feedLimit)
	a.started = a.o.Clock.Now()
	ctx, a.cancel = context.WithCancel(context.WithoutCancel(ctx))
	a.round(ctx) // so that new rules begin with this start
	a.done.Go(func() { a.loop(ctx) })
	return nil
}

// Stop ends what is being sent, and waits for it; it stays to be sent. It may be called twice and before Start.
func (a *Alerter) Stop() {
	if a.cancel == nil {
		return
	}
	a.cancel()
	a.done.Wait()
	a.mu.Lock()
	couriers := a.couriers
	a.couriers = map[string]*courier{}
	a.mu.Unlock()
	for _, c := range couriers {
		c.stop()
	}
	a.subs.Close()
}

// SetRules replaces the rules; they have to pass CheckRules. A rule of a name that there was goes on where that was, with
// what waits for it; what waits for a rule that is gone is dropped.
func (a *Alerter) SetRules(rules []Rule) {
	a.mu.Lock()
	a.wanted = rules
	a.sets++
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

func (a *Alerter) loop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			if err := a.save(context.WithoutCancel(ctx)); err != nil {
				a.o.Logger.Warn("it was not stored how far alerts have read; the next start reads some runs again", "error", err)
			}
			return
		case <-a.subs.Ready():
		case <-a.wake:
		case <-a.o.Clock.After(a.next()):
		}
		a.round(ctx)
	}
}

// round is runOnce, with a pause after one that failed.
func (a *Alerter) round(ctx context.Context) {
	now := a.o.Clock.Now()
	if now.Before(a.notBefore) {
		a.takeIn()
		return
	}
	if err := a.runOnce(ctx); err != nil && ctx.Err() == nil {
		if a.failures == 0 && host.ReasonOf(err) != host.ReasonFull {
			a.o.Logger.Error("look for alerts", "error", err)
		}
		a.notBefore = now.Add(min(firstPause<<min(a.failures, 10), maxPause))
		a.failures++
		return
	}
	a.failures, a.notBefore = 0, time.Time{}
}

// next is how long the loop may rest.
func (a *Alerter) next() time.Duration {
	now := a.o.Clock.Now()
	wait := look
	if !a.dirty.IsZero() {
		wait = min(wait, a.dirty.Add(saveAfter).Sub(now))
	}
	if at, some := a.late.next(); some {
		wait = min(wait, at.Sub(now))
	}
	if a.behind || a.late.stale {
		wait = 0
	}
	return max(wait, a.notBefore.Sub(now), 0)
}

// runOnce takes in what changed and finds what is due.
func (a *Alerter) runOnce(ctx context.Context) error {
	a.takeIn()
	if err := a.useRules(ctx); err != nil {
		return fmt.Errorf("put rules of alerts into use: %w", err)
	}
	if a.late.stale {
		if err := a.reread(ctx); err != nil {
			return fmt.Errorf("read the open runs: %w", err)
		}
	}
	if a.behind {
		if err := a.readEnded(ctx); err != nil {
			return fmt.Errorf("read the runs that ended: %w", err)
		}
		a.behind = false
	}
	now := a.o.Clock.Now()
	if err := a.findLate(ctx, now); err != nil {
		return fmt.Errorf("look for late runs: %w", err)
	}
	if !a.dirty.IsZero() && now.Sub(a.dirty) >= saveAfter {
		return a.save(ctx)
	}
	return nil
}

// takeIn takes in what the feed has.
func (a *Alerter) takeIn() {
	changes, lost := a.subs.Take()
	for i := range changes {
		run := &changes[i].Run
		a.behind = a.behind || run.Status.Final()
		a.late.absorb(run, changes[i].Deleted)
	}
	if lost {
		a.behind, a.late.stale = true, true
	}
}

// courierOf is the courier of a rule, nil when the rule is not in use.
func (a *Alerter) courierOf(name string) *courier {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.couriers[name]
}
