package attempt

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
)

const (
	// watchEvery is how often the live runs are looked at.
	watchEvery = time.Second
	// standstill is how late a look may come before the host itself counts as
	// having stood still: then it was deaf, and nobody else silent.
	standstill = 2 * time.Second
	// askAfter is the silence of a worker without a stream after which its
	// launcher is asked whether the process still exists, and how often.
	askAfter = 3 * time.Second
	// askTimeout bounds one question to a launcher.
	askTimeout = 5 * time.Second
	// askAtOnce bounds questions under way, for each location.
	askAtOnce = 8
)

// watch looks at the live runs until ctx ends.
func (s *Sessions) watch(ctx context.Context) {
	for last := s.o.Clock.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-s.o.Clock.After(watchEvery):
		}
		now := s.o.Clock.Now()
		if late := now.Sub(last) - watchEvery; late > standstill {
			s.o.Logger.Warn("the host stood still; workers get that time", "for", late)
			s.excuse(late)
		}
		last = now
		s.heedEdits(ctx, now)
		s.look(ctx, now)
	}
}

// suspect is a live run that needs a decision.
type suspect struct {
	*liveRun

	id host.RunID
	// lost: silent for too long. kill: did not end within its grace. over: took longer than it may. Otherwise: ask.
	// repair: its end may be stored already.
	lost, kill, over, repair bool
	silent                   time.Duration
	// allowed is the runtime of an over one.
	allowed time.Duration
}

// look ends runs whose worker is lost, kills those that do not obey, and asks
// launchers for workers that went away: each beside the others, so that a
// location that hangs delays only its own.
func (s *Sessions) look(ctx context.Context, now time.Time) {
	for _, x := range s.suspects(now) {
		s.done.Go(func() { s.settle(ctx, x) })
	}
}

// settle decides about one suspect.
func (s *Sessions) settle(ctx context.Context, x suspect) {
	if err := s.decide(ctx, x); err != nil && host.ReasonOf(err) != host.ReasonFull { // the store tells of that
		s.o.Logger.Error("watch workers", "run", x.id, "attempt", x.attempt, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x.deciding = false
}

// suspects returns the live runs that need a decision at now and are not in one.
func (s *Sessions) suspects(now time.Time) []suspect {
	s.mu.Lock()
	defer s.mu.Unlock()
	asking := map[string]int{}
	for _, l := range s.live {
		if l.deciding {
			asking[l.location]++
		}
	}
	var out []suspect
	for id, l := range s.live {
		if l.deciding {
			continue
		}
		silent := now.Sub(l.heard)
		if l.session != nil && l.session.receiving {
			silent = 0 // it said something, which the disk has not taken yet
		}
		x := suspect{
			liveRun: l, id: id, silent: silent,
			lost: silent > s.o.LostAfter,
			kill: l.cancel != nil && now.After(l.killAt),
			over: l.over(now), allowed: l.runtime, repair: l.unrepaired,
		}
		if !x.lost && !x.kill && !x.over && !x.repair {
			ask := l.session == nil && silent > askAfter && now.Sub(l.asked) > askAfter
			if !ask || asking[l.location] >= askAtOnce {
				continue
			}
			asking[l.location]++
			l.asked = now
		}
		l.deciding = true
		out = append(out, x)
	}
	return out
}

// excuse gives every worker the time in which the host was deaf.
func (s *Sessions) excuse(late time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Clock.Now()
	for _, l := range s.live {
		l.heard, l.killAt = l.heard.Add(late), l.killAt.Add(late)
		l.mayReport(now)
	}
}

func (s *Sessions) decide(ctx context.Context, x suspect) error {
	ctx, done := context.WithTimeout(ctx, askTimeout)
	defer done()
	if x.repair {
		return s.repairNow(ctx, x)
	}
	if x.kill || x.lost {
		// Whatever the launcher answers, the run is over for the host: the process
		// may be out of reach, and what it still reports is denied.
		if _, err := s.o.Launcher.Cancel(ctx, x.location, x.id, x.attempt, 0, true); err != nil {
			s.o.Logger.Warn("kill a worker", "run", x.id, "attempt", x.attempt, "error", err)
		}
		ctx, done := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
		defer done()
		if x.kill {
			return s.fail(ctx, x.id, x.attempt, "canceled", "the worker did not end within its grace and was killed")
		}
		return s.fail(ctx, x.id, x.attempt, host.FailureWorkerLost,
			fmt.Sprintf("the worker was silent for %s; its process may still run where the host cannot see it", x.silent.Round(time.Second)))
	}
	if x.over {
		return s.endOverrun(ctx, x)
	}
	state, err := s.o.Launcher.Attempt(ctx, x.location, x.id, x.attempt)
	if err != nil || state.Phase != host.WorkerEnded {
		return nil // it may come back; silence decides
	}
	if s.attached(x.id) {
		return nil
	}
	run, err := s.o.Store.Run(ctx, x.id)
	if host.CodeOf(err) == host.NotFound {
		return nil // deleted, so it had ended
	}
	if err != nil || ofAnother(&run, state) {
		return err
	}
	return s.fail(ctx, x.id, x.attempt, host.FailureWorkerLost, EndedMessage(state))
}

// ofAnother tells that a launcher's answer is about another worker than the one that was granted: a start that was
// repeated on its way may have made two, at different servers, and the one without the grant ends at once.
func ofAnother(run *host.Run, state host.WorkerState) bool {
	granted := run.Current.ServerID
	return granted != "" && state.ServerID != "" && state.ServerID != granted
}

// attached reports whether the run's worker has a stream.
func (s *Sessions) attached(id host.RunID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.live[id]
	return l == nil || l.session != nil
}

// EndedMessage says how a worker process ended that reported no result.
func EndedMessage(state host.WorkerState) string {
	how := fmt.Sprintf("exit status %d", state.ExitStatus)
	if state.ExitStatus < 0 {
		how = fmt.Sprintf("signal %d", -state.ExitStatus)
	}
	message := fmt.Sprintf("the worker process (%s) ended with %s before it reported a result", state.Handle, how)
	if len(state.StderrTail) > 0 {
		message += ":\n" + string(state.StderrTail)
	}
	return message
}
