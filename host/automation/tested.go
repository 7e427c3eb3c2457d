package automation

import (
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Tested is what a tick would be. Nothing of it is stored.
type Tested struct {
	// Status, SkipReason and Error are those of the tick.
	Status            host.TickStatus
	SkipReason, Error string
	// Runs that it would make, in their order; also those because of which it fails.
	Runs []TestedRun
	// Cursor of a sensor after it.
	Cursor   string
	LogLines []string
	// Took is how long the evaluation was under way.
	Took time.Duration
	// Keys of dynamic partitions that it would change.
	Keys []*usercodev1.PartitionKeysChange
}

// TestedRun is a run that a tick would make.
type TestedRun struct {
	// Request is what was asked for, Launch what the host would launch; Planner.Preview says what would become of it.
	Request *usercodev1.RunRequest
	Launch  launch.Request
	// Known tells that there was a run for its run key: none would be made.
	Known bool
}
