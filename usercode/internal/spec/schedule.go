package spec

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

// Schedule makes runs at times.
type Schedule struct {
	Name        string
	Description string // markdown
	Job         *Job
	Crons       []string
	Zone        string
	Location    *time.Location
	DefaultOn   bool
	Missed      MissedTicks
	Tags        tag.List // sorted by key
	// Exactly one says what a tick makes: the run with Config, unless there is another one.
	Config     []byte // JSON; empty means none
	Partitions bool
	Evaluate   func(ctx context.Context, at time.Time) (Evaluation, error)
	// Timeout is how long Evaluate may take; 0 means the default.
	Timeout time.Duration
	// Origin is where the author made it, "file:line".
	Origin string
}

// MissedTicks says what becomes of ticks whose time has passed.
type MissedTicks struct {
	Policy MissedPolicy
	AtMost int // of MissedAll
}

// MissedPolicy is what to do with ticks whose time has passed.
type MissedPolicy int

// The policies.
const (
	MissedDefault MissedPolicy = iota // the author says nothing
	MissedSkip
	MissedLatest
	MissedAll
)
