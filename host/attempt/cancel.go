package attempt

import (
	"time"

	"github.com/penstock-run/penstock/host"
)

// Cancel tells the worker of a run that is CANCELING to end: user code gets
// grace, then the process is killed, at once when force is set. A grace of 0
// means the default. It does not wait. A worker that is not attached hears of it when it
// comes back; one that does not obey is killed through its launcher.
func (s *Sessions) Cancel(run *host.Run, grace time.Duration, force bool) {
	if grace <= 0 {
		grace = s.o.CancelGrace
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[run.ID]
	if l == nil || l.attempt != run.Attempt {
		return
	}
	l.order(grace, force, run.StatusReason, s.o.Clock.Now())
	if l.session != nil {
		l.session.out.cancel(*l.cancel)
	}
}

// repeatCancel tells the worker of a run that is CANCELING to end, unless it was
// told: Cancel may have come before the run was followed, and found nobody.
func (s *Sessions) repeatCancel(run *host.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[run.ID]
	if l == nil || l.attempt != run.Attempt || l.cancel != nil {
		return
	}
	l.order(s.o.CancelGrace, run.Current.Forced, run.StatusReason, s.o.Clock.Now())
	if l.session != nil {
		l.session.out.cancel(*l.cancel)
	}
}

// killMargin is the time after the grace in which a worker may report its end.
const killMargin = 5 * time.Second

// order notes that the run is to end. Only a shorter way to the end replaces an earlier order.
func (l *liveRun) order(grace time.Duration, force bool, reason string, now time.Time) {
	if force {
		grace = 0
	}
	killAt := now.Add(grace + killMargin)
	if l.cancel != nil && !killAt.Before(l.killAt) {
		return
	}
	l.cancel, l.killAt = &cancelOrder{grace: grace, force: force, reason: reason}, killAt
}
