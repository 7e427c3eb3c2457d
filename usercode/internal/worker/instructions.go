package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// How a user-code server starts a worker: its own binary, this one argument, and a pipe as this descriptor, from
// which the instructions are read to its end. A token in the arguments or the environment could be seen by others.
const (
	Argument       = "penstock-worker"
	InstructionsFD = 3
)

// maxInstructionBytes is far above what a server writes.
const maxInstructionBytes = 1 << 20

// Assignment is what a worker is told at its start. What the run is comes with the grant.
type Assignment struct {
	RunID            string        `json:"run_id"`
	Attempt          uint32        `json:"attempt"`
	Repository       string        `json:"repository"`
	Job              string        `json:"job"`
	DefinitionDigest []byte        `json:"definition_digest"`     // that the host validated the run against
	HostAddress      string        `json:"host_address"`          // see DialHost
	HostCA           string        `json:"host_ca,omitempty"`     // file of PEM certificates; empty means those of the system
	Token            string        `json:"token"`                 // the attempt's secret; never logged
	ServerID         string        `json:"server_id"`             // of the server that starts the worker
	StartLease       time.Duration `json:"start_lease"`           // without a grant in this time the worker exits
	Outputs          string        `json:"outputs,omitempty"`     // location of the output store; empty means that nothing is stored
	StderrPipe       bool          `json:"stderr_pipe,omitempty"` // the next two descriptors are those of a StderrPipe
	SpoolDir         string        `json:"spool_dir,omitempty"`   // for events that find no room in memory; empty means that for temporary files
}

// Write writes the assignment as its worker reads it.
func (a Assignment) Write(w io.Writer) error { return json.NewEncoder(w).Encode(a) }

// readAssignment reads to the end of r, so a server that died in the middle starts nothing.
func readAssignment(r io.Reader) (Assignment, error) {
	var a Assignment
	text, err := io.ReadAll(io.LimitReader(r, maxInstructionBytes))
	if err != nil {
		return a, fmt.Errorf("read instructions: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, errors.New("read instructions: they are not complete; the server that wrote them may have ended")
	}
	if a.RunID == "" || a.Attempt == 0 || a.Token == "" || a.StartLease <= 0 {
		return a, errors.New("read instructions: run, attempt, token and start lease are needed")
	}
	return a, nil
}
