package server

import "time"

// maxRunsNamed is how many runs are named when workers are left behind.
const maxRunsNamed = 100

// drain lets the workers finish while nothing new starts. It returns when none is left, when the time for it is over,
// or when the server is told to stop waiting. The error is one of serving meanwhile.
func (s *Server) drain(served <-chan error) error {
	until := s.opts.Now().Add(s.opts.Drain)
	s.drainUntil.Store(&until)
	// From here on every start is refused, so what the table holds now only becomes less.
	s.health.Shutdown()
	log := s.opts.Logger
	why := "it does not wait for them"
	if n := s.attempts.live(); n > 0 && s.opts.Drain > 0 {
		why = "the time to wait for them is over"
		log.Info("draining: no new runs are started, and workers may finish", "workers", n, "wait", s.opts.Drain, "until", until.UTC().Format(time.RFC3339))
	} else {
		log.Info("stopping: no new runs are started", "workers", n)
	}
	deadline := time.NewTimer(s.opts.Drain)
	defer deadline.Stop()
wait:
	for {
		if s.attempts.live() == 0 {
			return nil
		}
		select {
		case <-s.attempts.fewer:
		case err := <-served:
			return err
		case <-s.opts.Halt:
			why = "it was told to stop at once"
			break wait
		case <-deadline.C:
			break wait
		}
	}
	n, runs := s.attempts.liveWorkers(), s.attempts.liveRuns(maxRunsNamed)
	switch {
	case n == 0:
	case s.opts.Last:
		log.Warn("the server ends, and its workers with it: their runs are lost", "because", why, "workers", n, "runs", runs)
	default:
		log.Info("the server ends without its workers: they go on with their runs", "because", why, "workers", n, "runs", runs)
	}
	return nil
}
