package host

import "time"

// TickStatus is how a tick went. The text is what is stored.
type TickStatus string

// The statuses.
const (
	TickSuccess TickStatus = "SUCCESS"
	TickSkipped TickStatus = "SKIPPED"
	TickFailure TickStatus = "FAILURE"
)

// Limits of ticks.
const (
	// MaxTickRuns is how many runs one tick makes at most.
	MaxTickRuns = 1000
	// MaxTickKnownKeys is how many known run keys a tick names.
	MaxTickKnownKeys = 100
	// MaxRunKeyBytes is the length of the longest run key.
	MaxRunKeyBytes = 1024
	// MaxCursorBytes is the length of the longest cursor of a sensor.
	MaxCursorBytes = 64 << 10
)

// Tick is one evaluation of a schedule or sensor, with what came of it. A Tick that a Store returns is the caller's to
// change.
type Tick struct {
	Name AutomationName
	// At is the instant of a schedule, or when the sensor was evaluated: unique for its Name. A sensor's is made so.
	At     time.Time
	Status TickStatus
	// SkipReason and Error say for people why there are no runs.
	SkipReason, Error string
	// Runs that it made.
	Runs []TickRun
	// KnownKeys are run keys for which there were runs before, at most MaxTickKnownKeys; KnownKeyCount counts them all.
	KnownKeys     []string
	KnownKeyCount int
	// StartedAt and EndedAt are when it was evaluated.
	StartedAt, EndedAt time.Time
	// Cursor is that of a sensor after it.
	Cursor string
	// LogLines are what user code logged.
	LogLines []string
	// Count is how many evaluations in a row it stands for, which all skipped for the same reason, or asked only for runs of
	// the same known keys: LastAt is when the last one ended. 1 and EndedAt otherwise.
	Count  int
	LastAt time.Time
	// Late tells that it was made up for after its time.
	Late bool
}

// TickRun is a run that a tick made.
type TickRun struct {
	Run       RunID
	RunKey    string
	Partition string
}

// NewTick is what CreateTick adds.
type NewTick struct {
	Tick Tick
	// Runs are those that it makes, at most MaxTickRuns, each with its key; Run.Status is QUEUED.
	Runs []NewTickRun
	// Version is the one of the Automation for which it was evaluated.
	Version uint64
	// Next becomes what the Automation has of it: From, Cursor, Ended and EvaluatedAt. All else of it stays.
	Next Automation
	// Keys changes keys of dynamic partitions in the same transaction.
	Keys []PartitionKeysChange
}

// NewTickRun is a run that a tick makes.
type NewTickRun struct {
	NewRun
	// RunKey is compared with those of all runs that the same schedule or sensor ever made; empty is not compared.
	RunKey string
	// Partition is its key; empty when it has none.
	Partition string
}

// TickPage is a page of ticks, newest first.
type TickPage struct {
	Ticks []Tick
	// Next is the At before which the next page starts; zero at the end.
	Next time.Time
}

// EndedRun is an entry of the order in which runs ended.
type EndedRun struct {
	// Pos orders them, from 1, dense: what ended later has a higher one.
	Pos uint64
	Run RunID
	// RetryDue tells that the run failed and that an automatic retry of it was due: another entry of the run, with Settled,
	// comes when that was launched or given up.
	RetryDue bool
	// Settled tells that the run had ended before, with RetryDue, and that nothing is due any more: it has a child then, or
	// its retry was given up.
	Settled bool
}
