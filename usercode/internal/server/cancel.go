package server

import (
	"context"
	"time"

	"google.golang.org/grpc/status"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

const (
	defaultGrace = 30 * time.Second
	maxGrace     = time.Hour
)

// CancelRun ends a worker: it is asked to end, and killed with its children when its grace is over, or at once.
func (s *Server) CancelRun(ctx context.Context, r *usercodev1.CancelRunRequest) (*usercodev1.CancelRunResponse, error) {
	a, err := s.decidedAttempt(ctx, key{r.GetRunId(), r.GetAttempt()})
	if err != nil {
		return nil, err
	}
	if a != nil {
		grace := defaultGrace
		if r.GetGrace() != nil {
			grace = min(max(r.GetGrace().AsDuration(), 0), maxGrace)
		}
		if r.GetForce() {
			grace = 0
		}
		s.opts.Logger.Info("ending a worker", "run", a.key.run, "attempt", a.key.attempt, "grace", grace)
		s.attempts.kill(a, grace)
	}
	return &usercodev1.CancelRunResponse{ServerId: s.id, Attempt: s.attempts.state(a)}, nil
}

// GetRunAttempt says what is known of an attempt.
func (s *Server) GetRunAttempt(_ context.Context, r *usercodev1.GetRunAttemptRequest) (*usercodev1.GetRunAttemptResponse, error) {
	return &usercodev1.GetRunAttemptResponse{
		ServerId: s.id, Attempt: s.attempts.state(s.attempts.get(key{r.GetRunId(), r.GetAttempt()})),
	}, nil
}

// decidedAttempt waits until it is clear whether there is a worker; nil when there never was.
func (s *Server) decidedAttempt(ctx context.Context, k key) (*attempt, error) {
	a := s.attempts.get(k)
	if a == nil {
		return nil, nil
	}
	select {
	case <-a.decided:
	case <-ctx.Done():
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if a.pid == 0 {
		return nil, nil
	}
	return a, nil
}
