package host

import (
	"context"
	"time"
)

// ReasonAutomationChanged is the reason of a Conflict: a schedule or sensor is not any more what a tick was evaluated for.
const ReasonAutomationChanged = "AUTOMATION_CHANGED"

// TidyTicks keeps ticks that long, and always the newest MinTicksKept of each schedule or sensor.
const (
	// KeepTicks is how long ticks are kept.
	KeepTicks = 90 * 24 * time.Hour
	// KeepSkippedTicks is how long ticks that made no run are kept, unless they failed.
	KeepSkippedTicks = 7 * 24 * time.Hour
	MinTicksKept     = 100
)

// AutomationStore keeps schedules and sensors, their ticks, the keys of the runs that they made, and the order in which
// runs ended; it is part of Store.
type AutomationStore interface {
	// PutAutomations stores what is known of schedules and sensors by their definitions, in one transaction. One that is
	// new is stored as it is, with Version 1. Of one that is there, Definition and GoneSince are replaced, and From if that
	// is later, which raises Version; all else stays, so records may have been read before. One that is there and cannot
	// be read stays as it is, and the error, which comes although the others were stored, is a Damage.
	PutAutomations(ctx context.Context, all []Automation) error

	// UpdateAutomation applies change to a schedule or sensor as it is now, and stores what becomes of Switch, SwitchedBy,
	// SwitchedAt, From, Cursor, Ended and EvaluatedAt. Version is raised if Switch, From, Cursor or Ended is another, or if
	// change raises it: by one. change is called as that of UpdateRun is; its error is returned as it is, and
	// nothing is stored. NotFound when there is none.
	UpdateAutomation(ctx context.Context, name AutomationName, change func(*Automation) error) (Automation, error)

	// Automations returns all schedules and sensors that were ever put, in order of their names. Ones that cannot be read
	// are left out, and the error, which comes beside the others then, is a Damage.
	Automations(ctx context.Context) ([]Automation, error)

	// CreateTick adds a tick and its runs, as CreateRun would add each, with their run keys, changes keys of partitions,
	// and moves the Automation to Next, all in one transaction; From is never moved back so. It answers the tick with the
	// runs that were made.
	//
	// There is one tick at most for each Name and At: of one that is there, that one is answered, with created false, and
	// nothing is added. Else, if Version is not that of the Automation, it is a Conflict with ReasonAutomationChanged. A
	// failure of any run is one of all: nothing is stored then. So it is of a RequestID that was used before. A run may
	// name bodies that come along with another one.
	//
	// Runs whose RunKey this schedule or sensor ever used, or an earlier run of the tick has, are left out, and added to
	// KnownKeys and KnownKeyCount. Run keys are kept for ever, whatever becomes of runs and ticks.
	//
	// A tick of a sensor that made no run and did not fail, has no log lines, and has the same Status, SkipReason, Cursor and
	// known keys as the newest one, is not added: Count and LastAt of that one are raised, and it is answered, with created true; if its At
	// is not after that LastAt, it was counted before, or the clock went back: created is false then, and nothing changes.
	//
	// NotFound when there is no such schedule or sensor.
	CreateTick(ctx context.Context, n NewTick) (tick Tick, created bool, err error)

	// TickRow returns one tick. NotFound when there is none.
	TickRow(ctx context.Context, name AutomationName, at time.Time) (Tick, error)

	// Ticks returns at most limit ticks whose At is before that time (zero means from the newest), newest first, that have
	// one of statuses; all when that is empty. A page may end earlier, also without any; only a zero Next is the end. Ticks that
	// cannot be read are left out, and the error, which comes beside the page then, is a Damage.
	Ticks(ctx context.Context, name AutomationName, statuses []TickStatus, before time.Time, limit int) (TickPage, error)

	// TidyTicks removes ticks that are older than they are kept, and tells how many. It takes its time, so that others are
	// not held up, and may be ended by ctx at any moment: the next call goes on.
	TidyTicks(ctx context.Context, now time.Time) (n int, err error)

	// RunKeyUsed tells which of keys this schedule or sensor used for runs. Others are not in the map.
	RunKeyUsed(ctx context.Context, name AutomationName, keys []string) (map[string]bool, error)

	// EndedRuns returns at most limit entries of the order in which runs ended, behind after (0 means from the first). Each
	// is there as soon as the run is seen to have ended. At least the newest MaxEndedRuns are kept: after a gap, the first
	// one that is left comes next. Ones that cannot be read are left out, and the error, which comes beside the others
	// then, is a Damage.
	EndedRuns(ctx context.Context, after uint64, limit int) ([]EndedRun, error)

	// LastEnded returns the position of the newest entry, 0 when there is none.
	LastEnded(ctx context.Context) (uint64, error)
}

// MaxEndedRuns is how many entries of the order in which runs ended are kept at least.
const MaxEndedRuns = 1_000_000
