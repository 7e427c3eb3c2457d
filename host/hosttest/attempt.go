package hosttest

import (
	"bytes"
	"context"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

type attemptKey struct {
	run     string
	attempt uint32
}

// attempt is a worker of this process.
type attempt struct {
	cancel context.CancelFunc
	ended  chan struct{}
	// exit is valid once ended is closed.
	exit   int32
	stderr string
}

func (s *process) startRun(_ context.Context, m *usercodev1.StartRunRequest) (any, error) {
	s.peer.record(func(r *Recorded) { r.Starts = append(r.Starts, m) })
	key := attemptKey{m.GetRunId(), m.GetAttempt()}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.attempts[key]; a != nil {
		return s.accepted(a), nil
	}
	if refused := s.refusal(m); refused != nil {
		return &usercodev1.StartRunResponse{ServerId: s.id, Outcome: &usercodev1.StartRunResponse_Refused{Refused: refused}}, nil
	}
	of, workers := s.ctx, &s.workers
	if s.behavior.Outlive {
		of, workers = s.peer.lasting.ctx, s.peer.lasting.workers
	}
	ctx, cancel := context.WithCancel(of)
	a := &attempt{cancel: cancel, ended: make(chan struct{})}
	s.attempts[key] = a
	workers.Go(func() {
		defer close(a.ended)
		defer cancel()
		w := worker{process: s, start: m, id: randomID(), job: s.encoded.jobs[m.GetRepository()+"/"+m.GetJob()]}
		if err := w.run(ctx); err != nil {
			a.exit, a.stderr = 1, err.Error()
		}
	})
	return s.accepted(a), nil
}

// refusal says why a start is refused; nil when it is not.
func (s *process) refusal(m *usercodev1.StartRunRequest) *usercodev1.StartRefusal {
	if s.behavior.Refuse != nil {
		if r := s.behavior.Refuse(m); r != nil {
			return r
		}
	}
	digest, known := s.encoded.digests[m.GetRepository()+"/"+m.GetJob()]
	switch {
	case s.draining.Load():
		return &usercodev1.StartRefusal{Reason: usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING, Message: "the server is stopping"}
	case m.GetExpectedServerId() != "" && m.GetExpectedServerId() != s.id && !s.behavior.RandomServerID:
		return &usercodev1.StartRefusal{Reason: usercodev1.StartRefusalReason_START_REFUSAL_REASON_WRONG_SERVER, Message: "another process answers"}
	case !known:
		return &usercodev1.StartRefusal{Reason: usercodev1.StartRefusalReason_START_REFUSAL_REASON_NOT_FOUND, Message: "there is no such job"}
	case !bytes.Equal(digest, m.GetDefinitionDigest()):
		return &usercodev1.StartRefusal{
			Reason:  usercodev1.StartRefusalReason_START_REFUSAL_REASON_DEFINITION_CHANGED,
			Message: "the job has changed", DefinitionDigest: digest,
		}
	}
	return nil
}

func (s *process) accepted(a *attempt) *usercodev1.StartRunResponse {
	return &usercodev1.StartRunResponse{ServerId: s.id, Outcome: &usercodev1.StartRunResponse_Accepted{Accepted: a.state()}}
}

func (a *attempt) state() *usercodev1.AttemptState {
	state := &usercodev1.AttemptState{Phase: usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING, Handle: "inside a peer"}
	select {
	case <-a.ended:
		state.Phase = usercodev1.AttemptPhase_ATTEMPT_PHASE_ENDED
		state.ExitStatus = a.exit
		state.StderrTail = []byte(a.stderr)
	default:
	}
	return state
}

func (s *process) cancelRun(_ context.Context, m *usercodev1.CancelRunRequest) (any, error) {
	s.peer.record(func(r *Recorded) { r.Cancels = append(r.Cancels, m) })
	return &usercodev1.CancelRunResponse{ServerId: s.id, Attempt: s.known(m.GetRunId(), m.GetAttempt(), true)}, nil
}

func (s *process) getRunAttempt(_ context.Context, m *usercodev1.GetRunAttemptRequest) (any, error) {
	return &usercodev1.GetRunAttemptResponse{ServerId: s.id, Attempt: s.known(m.GetRunId(), m.GetAttempt(), false)}, nil
}

// known is the state of an attempt, which is ended first if end is set.
func (s *process) known(run string, n uint32, end bool) *usercodev1.AttemptState {
	s.mu.Lock()
	a := s.attempts[attemptKey{run, n}]
	s.mu.Unlock()
	if a == nil {
		return &usercodev1.AttemptState{Phase: usercodev1.AttemptPhase_ATTEMPT_PHASE_UNKNOWN}
	}
	if end {
		a.cancel()
		<-a.ended
	}
	return a.state()
}
