package launch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// callDeadline is how long a code location may take to answer about a worker. A
// start takes up to 2 s there, to check that this host can be reached.
const callDeadline = 10 * time.Second

// Local starts each worker where the code location of its job runs: the
// user-code server does it. It is a host.Launcher.
type Local struct {
	workspace *workspace.Workspace
	address   string
}

var _ host.Launcher = (*Local)(nil)

// NewLocal returns a launcher whose workers reach the host at address, see AdvertisedAddress.
func NewLocal(w *workspace.Workspace, address string) *Local {
	return &Local{workspace: w, address: address}
}

// Start asks the job's location for a worker. A connection that breaks is no
// answer, so the request is sent again, but only to the same process: another
// one does not know whether there is a worker already.
func (l *Local) Start(ctx context.Context, r host.StartRequest) (host.StartOutcome, error) {
	what := fmt.Sprintf("start run %s attempt %d", r.Run, r.Attempt)
	conn, err := l.workspace.Conn(r.Job.Location)
	if err != nil {
		return host.StartOutcome{}, fmt.Errorf("%s: %w", what, err)
	}
	defer conn.Release()
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()

	request := &usercodev1.StartRunRequest{
		RunId:            string(r.Run),
		Attempt:          r.Attempt,
		HostAddress:      l.address,
		Token:            r.Token,
		Repository:       r.Job.Repository,
		Job:              r.Job.Job,
		DefinitionDigest: r.Definition[:],
		StartLease:       durationpb.New(r.Lease),
	}
	response, err := conn.Client.StartRun(ctx, request)
	resent := false
	if status.Code(err) == codes.Unavailable && conn.ServerID != "" && ctx.Err() == nil {
		resent, request.ExpectedServerId = true, conn.ServerID
		response, err = conn.Client.StartRun(ctx, request, grpc.WaitForReady(true))
	}
	if err != nil {
		return host.StartOutcome{}, callError(r.Job.Location, what, err, r.Token)
	}
	outcome, err := startOutcome(response, r.Token)
	if err != nil {
		return host.StartOutcome{}, fmt.Errorf("%s at %s: %w", what, r.Job.Location, err)
	}
	if resent && outcome.Refusal != nil && outcome.Refusal.Reason == "WRONG_SERVER" {
		return host.StartOutcome{}, fmt.Errorf("%s at %s: the server that was asked first is gone, and whether it started a worker is not known", what, r.Job.Location)
	}
	return outcome, nil
}

// Cancel asks the location to end a worker. NotFound and Unavailable tell of the location.
func (l *Local) Cancel(ctx context.Context, location string, id host.RunID, attempt uint32, grace time.Duration, force bool) (host.WorkerState, error) {
	what := fmt.Sprintf("cancel run %s attempt %d", id, attempt)
	conn, err := l.workspace.Conn(location)
	if err != nil {
		return host.WorkerState{}, fmt.Errorf("%s: %w", what, err)
	}
	defer conn.Release()
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	response, err := conn.Client.CancelRun(ctx, &usercodev1.CancelRunRequest{
		RunId: string(id), Attempt: attempt, Force: force, Grace: durationpb.New(grace),
	})
	if err != nil {
		return host.WorkerState{}, callError(location, what, err, "")
	}
	return workerState(response.GetServerId(), response.GetAttempt()), nil
}

// Attempt asks the location what it knows of a worker. NotFound and Unavailable tell of the location.
func (l *Local) Attempt(ctx context.Context, location string, id host.RunID, attempt uint32) (host.WorkerState, error) {
	what := fmt.Sprintf("ask for run %s attempt %d", id, attempt)
	conn, err := l.workspace.Conn(location)
	if err != nil {
		return host.WorkerState{}, fmt.Errorf("%s: %w", what, err)
	}
	defer conn.Release()
	ctx, cancel := context.WithTimeout(ctx, callDeadline)
	defer cancel()
	response, err := conn.Client.GetRunAttempt(ctx, &usercodev1.GetRunAttemptRequest{RunId: string(id), Attempt: attempt})
	if err != nil {
		return host.WorkerState{}, callError(location, what, err, "")
	}
	return workerState(response.GetServerId(), response.GetAttempt()), nil
}

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
