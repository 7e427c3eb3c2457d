package launch

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// callError wraps what a call came to. A server may repeat what it was sent, so the token is taken out.
func callError(location, what string, err error, token string) error {
	st, _ := status.FromError(err)
	return &host.Error{
		Code:    host.Unavailable,
		Reason:  "LOCATION_CALL",
		Message: fmt.Sprintf("%s at %s: %s: %s", what, location, st.Code(), clipMessage(withoutToken(st.Message(), token))),
		Remedy:  "Look into the location's log; what came of it is found out by itself.",
	}
}

func withoutToken(text, token string) string {
	if token == "" {
		return text
	}
	return strings.ReplaceAll(text, token, "[token]")
}

// startOutcome converts an answer to a start. One that says neither yes nor no leaves the outcome unknown.
func startOutcome(response *usercodev1.StartRunResponse, token string) (host.StartOutcome, error) {
	out := host.StartOutcome{ServerID: clip(response.GetServerId())}
	switch outcome := response.GetOutcome().(type) {
	case *usercodev1.StartRunResponse_Accepted:
		out.Worker = workerState(response.GetServerId(), outcome.Accepted)
	case *usercodev1.StartRunResponse_Refused:
		out.Refusal = &host.StartRefusal{
			Reason:     refusalReason(outcome.Refused.GetReason()),
			Message:    clipTo(withoutToken(outcome.Refused.GetMessage(), token), maxRefusalBytes),
			Definition: host.DigestFrom(outcome.Refused.GetDefinitionDigest()),
		}
	default:
		return host.StartOutcome{}, errors.New("the server answered neither that it started a worker nor that it refused")
	}
	return out, nil
}

// refusalReason is the stored text of a reason. One that is newer than this host is just a refusal.
func refusalReason(r usercodev1.StartRefusalReason) string {
	switch r {
	case usercodev1.StartRefusalReason_START_REFUSAL_REASON_NOT_FOUND:
		return "NOT_FOUND"
	case usercodev1.StartRefusalReason_START_REFUSAL_REASON_DEFINITION_CHANGED:
		return "DEFINITION_CHANGED"
	case usercodev1.StartRefusalReason_START_REFUSAL_REASON_WRONG_SERVER:
		return "WRONG_SERVER"
	case usercodev1.StartRefusalReason_START_REFUSAL_REASON_HOST_UNREACHABLE:
		return "HOST_UNREACHABLE"
	case usercodev1.StartRefusalReason_START_REFUSAL_REASON_OVERLOADED:
		return "OVERLOADED"
	case usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING:
		return "DRAINING"
	case usercodev1.StartRefusalReason_START_REFUSAL_REASON_SPAWN_FAILED:
		return "SPAWN_FAILED"
	default:
		return "REFUSED"
	}
}

// workerState converts what a location knows of a worker.
func workerState(serverID string, a *usercodev1.AttemptState) host.WorkerState {
	state := host.WorkerState{
		Phase:      host.WorkerUnknown,
		ServerID:   clip(serverID),
		Handle:     clipTo(a.GetHandle(), maxHandleBytes),
		ExitStatus: int(a.GetExitStatus()),
		StderrTail: a.GetStderrTail(),
	}
	switch a.GetPhase() {
	case usercodev1.AttemptPhase_ATTEMPT_PHASE_STARTING:
		state.Phase = host.WorkerStarting
	case usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING:
		state.Phase = host.WorkerRunning
	case usercodev1.AttemptPhase_ATTEMPT_PHASE_ENDED:
		state.Phase = host.WorkerEnded
	default: // not said, unknown, or newer than this host
	}
	if over := len(state.StderrTail) - maxStderrBytes; over > 0 {
		state.StderrTail = state.StderrTail[over:]
	}
	return state
}
