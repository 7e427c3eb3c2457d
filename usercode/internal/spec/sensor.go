package spec

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

// Sensor makes runs when something has happened.
type Sensor struct {
	Name        string
	Description string // markdown
	Jobs        []*Job
	Interval    time.Duration // 0 means the default
	DefaultOn   bool
	Tags        tag.List // sorted by key
	// RunStatus is set when it looks at runs that ended.
	RunStatus *RunStatus
	// Timeout is how long Evaluate may take; 0 means the default.
	Timeout  time.Duration
	Evaluate func(ctx context.Context, look Look) (Evaluation, error)
	// Origin is where the author made it, "file:line".
	Origin string
}

// RunStatus says at which runs a sensor looks.
type RunStatus struct {
	Where         string // selector
	LastRetryOnly bool
}

// Look is what a sensor is evaluated with.
type Look struct {
	Cursor string
	Last   time.Time // zero at first
	Ended  *EndedRun // of a run-status sensor
}

// EndedRun is a run that ended.
type EndedRun struct {
	ID, Location, Repository, Job, Status, StatusReason string
	Tags                                                tag.List
	EndedAt                                             time.Time
}
