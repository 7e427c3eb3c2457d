package alert

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock-run/penstock/host"
)

const (
	// GiveUpAfter is for how long a message is tried.
	GiveUpAfter = 24 * time.Hour
	// firstRest is how long a courier rests after a receiver did not take a message, doubling with each in a row up to
	// maxRest.
	firstRest = time.Second
	maxRest   = time.Minute
	// overPage is how many messages that are too old are given up after one try.
	overPage = 100
)

// courier sends what waits for one rule, one after the other.
type courier struct {
	a    *Alerter
	rule Rule
	// waiting is how many messages wait, as far as this process knows.
	waiting atomic.Int64
	wake    chan struct{}
	cancel  context.CancelFunc
	done    sync.WaitGroup

	// Of the loop.

	// failures counts messages in a row that were not taken.
	failures int
	// sent is a message that a receiver took, as long as that could not be noted, so that it is not sent again.
	sent *host.Alert
	// damageTold tells that the log says that messages cannot be read.
	damageTold bool
}

func newCourier(a *Alerter, r *Rule, waiting int) *courier {
	c := &courier{a: a, rule: *r, wake: make(chan struct{}, 1)}
	c.waiting.Store(int64(waiting))
	a.o.Metrics.waits(r.Name, waiting)
	return c
}

func (c *courier) start(ctx context.Context) {
	ctx, c.cancel = context.WithCancel(ctx)
	c.done.Go(func() { c.loop(ctx) })
}

// stop ends what is being sent, which stays to be sent, and waits for it.
func (c *courier) stop() {
	c.cancel()
	c.done.Wait()
}

// waits is how many messages wait.
func (c *courier) waits() int { return int(c.waiting.Load()) }

// more tells that n more messages wait.
func (c *courier) more(n int) {
	c.a.o.Metrics.waits(c.rule.Name, int(c.waiting.Add(int64(n))))
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *courier) loop(ctx context.Context) {
	for {
		rest, err := c.runOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			rest = maxPause
			if host.ReasonOf(err) != host.ReasonFull {
				c.a.o.Logger.Error("send alerts", "rule", c.rule.Name, "error", err)
			}
		}
		wake, again := c.wake, (<-chan time.Time)(nil)
		if rest > 0 { // whatever comes meanwhile waits as well
			wake, again = nil, c.a.o.Clock.After(rest)
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-again:
		}
	}
}

// runOnce sends what waits until nothing does, or a receiver does not take something: then rest is how long to leave it
// alone. An error is one of the store.
func (c *courier) runOnce(ctx context.Context) (rest time.Duration, err error) {
	if c.sent != nil {
		if err := c.delivered(ctx); err != nil {
			return 0, err
		}
	}
	for {
		page, err := c.page(ctx, 1)
		if err != nil || len(page) == 0 {
			return 0, err
		}
		next := page[0]
		m, err := c.message(ctx, &next)
		if err != nil {
			return 0, err
		}
		refusal := c.rule.to.send(ctx, &m, c.a.client)
		if ctx.Err() != nil {
			return 0, ctx.Err() // what became of it is not known, so it is sent again
		}
		if refusal == nil {
			c.failures = 0
			c.sent = &next
			if err := c.delivered(ctx); err != nil {
				return 0, err
			}
			continue
		}
		return c.refused(ctx, next, refusal)
	}
}

// page reads the next messages. Ones that cannot be read wait for ever, so that nothing is lost that can be repaired.
func (c *courier) page(ctx context.Context, n int) ([]host.Alert, error) {
	page, err := c.a.o.Store.WaitingAlerts(ctx, c.rule.Name, n)
	damage, err := host.DamageIn(err)
	if damage != nil && !c.damageTold {
		c.damageTold = true
		c.a.o.Logger.Error("alerts cannot be read; they are left out", "rule", c.rule.Name, "error", damage)
	}
	return page, err
}

// message is that of an alert, as its run is now.
func (c *courier) message(ctx context.Context, a *host.Alert) (message, error) {
	var run *host.Run
	switch read, err := c.a.o.Store.Run(ctx, a.Run); {
	case err == nil:
		run = &read
	case host.CodeOf(err) != host.NotFound && host.ReasonOf(err) != host.ReasonDamaged:
		return message{}, err
	}
	return messageOf(&c.rule, a, run, c.a.o.Address), nil
}

// delivered notes that a receiver took the message in sent.
func (c *courier) delivered(ctx context.Context) error {
	a := *c.sent
	a.DeliveredAt, a.Error = c.a.o.Clock.Now(), ""
	a.Tries++
	if err := c.put(ctx, a, c.sent.Tries); err != nil {
		return err
	}
	c.sent = nil
	c.a.o.Metrics.delivered(c.rule.Name)
	return nil
}

// refused notes that a message was not taken, and says how long to leave the receiver alone. When the message has been
// tried for long enough it is given up, and so are others of the rule that have waited for as long.
func (c *courier) refused(ctx context.Context, a host.Alert, refusal error) (rest time.Duration, err error) {
	rest = min(firstRest<<min(c.failures, 10), maxRest)
	if later, ok := errors.AsType[*laterError](refusal); ok {
		rest = max(rest, later.after)
	}
	c.a.o.Metrics.failed(c.rule.Name)
	if c.failures++; c.failures == 1 {
		c.a.o.Logger.Warn("an alert was not taken; it is tried again", "rule", c.rule.Name, "run", a.Run, "error", refusal)
	}
	tries := a.Tries
	a.Error = refusal.Error()
	a.Tries++
	if !c.over(&a) {
		return rest, c.put(ctx, a, tries)
	}
	a.GivenUpAt = c.a.o.Clock.Now()
	if err := c.put(ctx, a, tries); err != nil {
		return rest, err
	}
	page, err := c.page(ctx, overPage)
	for _, other := range page {
		if err != nil {
			break
		}
		if c.over(&other) {
			other.GivenUpAt, other.Error = a.GivenUpAt, a.Error
			err = c.put(ctx, other, other.Tries)
		}
	}
	return rest, err
}

// over tells that a message has been tried for long enough. While no host ran, nobody tried.
func (c *courier) over(a *host.Alert) bool {
	since := a.DueAt
	if since.Before(c.a.started) {
		since = c.a.started
	}
	return c.a.o.Clock.Now().Sub(since) > GiveUpAfter
}

// put stores what became of a message. One that is not there any more, since its rule is not, is left alone.
func (c *courier) put(ctx context.Context, a host.Alert, tries uint32) error {
	err := c.a.o.Store.PutAlert(ctx, a, tries)
	if host.CodeOf(err) == host.NotFound {
		err = nil
	}
	if err != nil || a.Waits() {
		return err
	}
	c.a.o.Metrics.waits(c.rule.Name, int(c.waiting.Add(-1)))
	if !a.GivenUpAt.IsZero() {
		c.a.o.Metrics.gaveUp(c.rule.Name)
		c.a.o.Logger.Error("an alert is given up", "rule", c.rule.Name, "run", a.Run, "tries", a.Tries, "error", a.Error)
	}
	return nil
}
