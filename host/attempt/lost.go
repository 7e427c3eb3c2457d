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
	// askAfter is the silence of a worker without a stream after which its
	// launcher is asked whether the process still exists, and how often.
	askAfter = 3 * time.Second
	// askTimeout bounds one question to a launcher.
	askTimeout = 5 * time.Second
	// askAtOnce bounds questions under way.
	askAtOnce = 8
)

// watch looks at the live runs until ctx ends.
func (s *Sessions) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.o.Clock.After(watchEvery):
		}
		if err := s.runOnce(ctx, s.o.Clock.Now()); err != nil && ctx.Err() == nil {
			s.o.Logger.Error("watch workers", "error", err)
		}
	}
}

// suspect is a live run that needs a decision.
type suspect struct {
	id       host.RunID
	location string
	attempt  uint32
	// lost: silent for too long. kill: did not end within its grace. Otherwise: ask.
	lost, kill bool
	silent     time.Duration
}

// runOnce ends runs whose worker is lost, kills those that do not obey, and asks
// launchers for workers that went away.
func (s *Sessions) runOnce(ctx context.Context, now time.Time) error {
	slots := make(chan struct{}, askAtOnce)
	results := make(chan error)
	suspects := s.suspects(now)
	for _, x := range suspects {
		go func() {
			slots <- struct{}{}
			err := s.decide(ctx, x)
			<-slots
			results <- err
		}()
	}
	var first error
	for range suspects {
		if err := <-results; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// suspects returns the live runs that need a decision at now.
func (s *Sessions) suspects(now time.Time) []suspect {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []suspect
	for id, l := range s.live {
		silent := now.Sub(l.heard)
		x := suspect{
			id: id, location: l.location, attempt: l.attempt, silent: silent,
			lost: silent > s.o.LostAfter,
			kill: l.cancel != nil && now.After(l.killAt),
		}
		ask := l.session == nil && silent > askAfter && now.Sub(l.asked) > askAfter
		if !x.lost && !x.kill && !ask {
			continue
		}
		l.asked = now
		out = append(out, x)
	}
	return out
}

func (s *Sessions) decide(ctx context.Context, x suspect) error {
	ctx, done := context.WithTimeout(ctx, askTimeout)
	defer done()
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
		return s.fail(ctx, x.id, x.attempt, "worker_lost",
			fmt.Sprintf("the worker was silent for %s; its process may still run where the host cannot see it", x.silent.Round(time.Second)))
	}
	state, err := s.o.Launcher.Attempt(ctx, x.location, x.id, x.attempt)
	if err != nil || state.Phase != host.WorkerEnded {
		return nil // it may come back; silence decides
	}
	if s.attached(x.id) {
		return nil
	}
	return s.fail(ctx, x.id, x.attempt, "worker_lost", EndedMessage(state))
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
