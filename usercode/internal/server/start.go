package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/worker"
)

// defaultLease holds when a host names none.
const defaultLease = 180 * time.Second

// maxRefusalBytes is how long the message of a refusal may be.
const maxRefusalBytes = 2 << 10

// StartRun starts a worker, once for each attempt: a repeat gets the same answer, or the state that the worker is in
// by then. An error is about a request that makes no sense, or a caller that went away before there was an answer.
func (s *Server) StartRun(ctx context.Context, r *usercodev1.StartRunRequest) (*usercodev1.StartRunResponse, error) {
	if r.GetRunId() == "" || r.GetAttempt() == 0 || r.GetToken() == "" || len(r.GetRunId()) > 128 || len(r.GetToken()) > 4096 {
		return nil, status.Error(codes.InvalidArgument, "start a run: run_id, attempt and token are needed")
	}
	if id := r.GetExpectedServerId(); id != "" && id != s.id {
		return s.refused(refusal(usercodev1.StartRefusalReason_START_REFUSAL_REASON_WRONG_SERVER,
			"another process of the user-code server answers here than the one that was asked first")), nil
	}
	for {
		a, mine, full := s.attempts.begin(key{r.GetRunId(), r.GetAttempt()})
		if mine {
			if err := s.decide(ctx, a, r, full); err != nil {
				return nil, err
			}
		}
		select {
		case <-a.decided:
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
		switch {
		case a.refusal != nil:
			return s.refused(a.refusal), nil
		case a.pid != 0:
			return &usercodev1.StartRunResponse{ServerId: s.id, Outcome: &usercodev1.StartRunResponse_Accepted{Accepted: s.attempts.state(a)}}, nil
		}
		// Its caller went away before it was decided: begin again.
	}
}

// decide starts the worker or refuses to. The error is the caller's going away; nothing was started then.
func (s *Server) decide(ctx context.Context, a *attempt, r *usercodev1.StartRunRequest, full bool) error {
	no, err := s.objection(ctx, r, full)
	if err != nil {
		s.attempts.drop(a)
		return err
	}
	if no == nil {
		pid, words, err := spawn(worker.Assignment{
			RunID: r.GetRunId(), Attempt: r.GetAttempt(), Repository: r.GetRepository(), Job: r.GetJob(),
			DefinitionDigest: r.GetDefinitionDigest(), HostAddress: r.GetHostAddress(), HostCA: s.opts.HostCA,
			Token: r.GetToken(), ServerID: s.id, StartLease: leaseOf(r), SpoolDir: s.opts.SpoolDir, Outputs: s.opts.OutputLocation,
		})
		if err == nil {
			s.attempts.accept(a, pid, words)
			s.opts.Logger.Info("worker started", "run", a.key.run, "attempt", a.key.attempt, "job", r.GetRepository()+"/"+r.GetJob(), "pid", pid)
			return nil
		}
		no = refusal(usercodev1.StartRefusalReason_START_REFUSAL_REASON_SPAWN_FAILED, "the worker process cannot be started: %v", err)
	}
	s.attempts.refuse(a, no)
	s.opts.Logger.Warn("start refused", "run", a.key.run, "attempt", a.key.attempt, "reason", no.GetReason().String(), "message", no.GetMessage())
	return nil
}

// objection is why the run cannot start here; nil when it can.
func (s *Server) objection(ctx context.Context, r *usercodev1.StartRunRequest, full bool) (*usercodev1.StartRefusal, error) {
	if no := s.refusedByDrain(); no != nil {
		return no, nil
	}
	job := s.definitions.Job(r.GetRepository(), r.GetJob())
	if job == nil {
		return refusal(usercodev1.StartRefusalReason_START_REFUSAL_REASON_NOT_FOUND,
			"this user-code server has no job %q in a repository %q", r.GetJob(), r.GetRepository()), nil
	}
	if string(job.GetDefinitionDigest()) != string(r.GetDefinitionDigest()) {
		no := refusal(usercodev1.StartRefusalReason_START_REFUSAL_REASON_DEFINITION_CHANGED,
			"the definition of job %s/%s is another here than the one that the run was validated against", r.GetRepository(), r.GetJob())
		no.DefinitionDigest = job.GetDefinitionDigest()
		return no, nil
	}
	if full {
		return refusal(usercodev1.StartRefusalReason_START_REFUSAL_REASON_OVERLOADED,
			"this user-code server has as many workers as it may have (%d); wait, or raise its limit", s.opts.MaxWorkers), nil
	}
	checkCtx, cancel := context.WithTimeout(ctx, hostCheck)
	defer cancel()
	if err := s.hosts.check(checkCtx, r.GetHostAddress()); err != nil && ctx.Err() == nil {
		return refusal(usercodev1.StartRefusalReason_START_REFUSAL_REASON_HOST_UNREACHABLE,
			"workers of this user-code server would not reach the host: %v; start the host with --advertise and an address that answers from here", err), nil
	}
	if ctx.Err() != nil {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return s.refusedByDrain(), nil // the host took its time, and a run that starts now might have none
}

// refusedByDrain refuses when the server drains.
func (s *Server) refusedByDrain() *usercodev1.StartRefusal {
	if s.drainUntil.Load() == nil {
		return nil
	}
	return refusal(usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING,
		"this user-code server is stopping and starts nothing more; another one takes its place or it comes back")
}

func (s *Server) refused(no *usercodev1.StartRefusal) *usercodev1.StartRunResponse {
	return &usercodev1.StartRunResponse{ServerId: s.id, Outcome: &usercodev1.StartRunResponse_Refused{Refused: no}}
}

func refusal(reason usercodev1.StartRefusalReason, format string, args ...any) *usercodev1.StartRefusal {
	message := strings.ToValidUTF8(fmt.Sprintf(format, args...), "\uFFFD")
	if len(message) > maxRefusalBytes {
		message = strings.ToValidUTF8(message[:maxRefusalBytes], "") // drops a character that was cut
	}
	return &usercodev1.StartRefusal{Reason: reason, Message: message}
}

func leaseOf(r *usercodev1.StartRunRequest) time.Duration {
	if lease := r.GetStartLease().AsDuration(); lease > 0 {
		return lease
	}
	return defaultLease
}
