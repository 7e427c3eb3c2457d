package host

import (
	"context"
	"time"
)

// Launcher starts and ends worker processes, each for one attempt of one run.
// All methods may be called concurrently.
type Launcher interface {
	// Start asks for a worker. It is safe to repeat for the same attempt. An
	// error means that the outcome is unknown; ServerID is then the server that
	// may have started it, if that is known.
	Start(ctx context.Context, r StartRequest) (StartOutcome, error)

	// Cancel asks to end a worker that does not listen: terminate, wait grace, kill.
	Cancel(ctx context.Context, location string, id RunID, attempt uint32, grace time.Duration, force bool) (WorkerState, error)

	// Attempt says what is known of a worker.
	Attempt(ctx context.Context, location string, id RunID, attempt uint32) (WorkerState, error)
}

// StartRequest is what a worker is started with.
type StartRequest struct {
	Run     RunID
	Attempt uint32
	Job     JobName
	// Definition is the digest that the run was validated against.
	Definition Digest
	// Token is the attempt's secret. Never log it.
	Token string
	// Lease is how long the host waits for the worker's hello.
	Lease time.Duration
}

// StartOutcome is what came of a start.
type StartOutcome struct {
	// ServerID is the server that answered.
	ServerID string
	// Among tells that the location has other servers, which cannot know of the worker.
	Among bool
	// Refusal is nil when the start was accepted.
	Refusal *StartRefusal
	// Worker is the state of an accepted one.
	Worker WorkerState
}

// StartRefusal says why no worker was started, and never will be by this request.
type StartRefusal struct {
	// Reason is NOT_FOUND, DEFINITION_CHANGED, WRONG_SERVER, HOST_UNREACHABLE,
	// OVERLOADED, DRAINING, SPAWN_FAILED, or one that this host does not know.
	Reason string
	// Message is for a person.
	Message string
	// Definition is the digest that the server has, with DEFINITION_CHANGED.
	Definition Digest
}

// WorkerPhase is what a launcher knows of a worker process.
type WorkerPhase string

// The phases of a worker. Unknown means that this server never heard of it.
const (
	WorkerUnknown  WorkerPhase = "UNKNOWN"
	WorkerStarting WorkerPhase = "STARTING"
	WorkerRunning  WorkerPhase = "RUNNING"
	WorkerEnded    WorkerPhase = "ENDED"
)

// WorkerState is the launcher's view of a worker, never the run's status.
type WorkerState struct {
	Phase WorkerPhase
	// ServerID is the server that answered.
	ServerID string
	// Handle says where it runs, for people.
	Handle string
	// ExitStatus when it ended; negative for a signal.
	ExitStatus int
	// StderrTail is the end of the worker's own stderr when it ended badly; any bytes.
	StderrTail []byte
}
