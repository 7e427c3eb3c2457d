package schedule

import (
	"context"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// Begin is Start without the loop.
func (s *Scheduler) Begin(ctx context.Context) error { return s.begin(ctx) }

// RunOnce is one round of the loop, and waits for what it began.
func (s *Scheduler) RunOnce(ctx context.Context) {
	s.runOnce(ctx, s.o.Clock.Now())
	s.looking.Wait()
}

// Rest is how long the loop would wait now.
func (s *Scheduler) Rest() time.Duration { return s.rest(s.o.Clock.Now()) }

// Due are the ticks that are made and how many are dropped.
func Due(c *calendar.Calendar, from, now time.Time, p *usercodev1.MissedTicks) (keep []time.Time, dropped int, reason string) {
	d := dueAt(c, from, now, p)
	if d.dropped > 0 {
		reason = d.reason("it slept", p)
	}
	return d.keep, d.dropped, reason
}
