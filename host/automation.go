package host

import (
	"cmp"
	"strings"
	"time"
)

// AutomationKind is a schedule or a sensor. The text is what is stored and shown.
type AutomationKind string

// The kinds.
const (
	ScheduleKind AutomationKind = "schedule"
	SensorKind   AutomationKind = "sensor"
)

// AutomationName names a schedule or a sensor. A repository has no two of one name, whatever their kinds.
type AutomationName struct {
	Kind                       AutomationKind
	Location, Repository, Name string
}

// String is "location/repository/name".
func (n AutomationName) String() string { return n.Location + "/" + n.Repository + "/" + n.Name }

// Compare orders names by location, repository, name, kind.
func (n AutomationName) Compare(m AutomationName) int {
	return cmp.Or(
		strings.Compare(n.Location, m.Location), strings.Compare(n.Repository, m.Repository),
		strings.Compare(n.Name, m.Name), strings.Compare(string(n.Kind), string(m.Kind)),
	)
}

// AutomationSwitch says whether a schedule or sensor makes ticks. The text is what is stored.
type AutomationSwitch string

// The positions. SwitchDefault is what the definition says.
const (
	SwitchDefault AutomationSwitch = ""
	SwitchOn      AutomationSwitch = "on"
	SwitchOff     AutomationSwitch = "off"
)

// Automation is what the host keeps of a schedule or sensor, whatever deploys do to its definition. One that a Store
// returns is the caller's to change.
type Automation struct {
	Name AutomationName
	// Switch is how it is switched; SwitchedBy and SwitchedAt tell who did so last, as their client said, and when.
	Switch     AutomationSwitch
	SwitchedBy string
	SwitchedAt time.Time
	// FirstSeen is when the host knew of it first.
	FirstSeen time.Time
	// GoneSince is since when its location has no such definition; zero while it has.
	GoneSince time.Time
	// Definition is the definition as it was last, encoded as usercode.v1.ScheduleDefinition or SensorDefinition.
	Definition []byte
	// From is the instant from which on ticks of a schedule are due: those at or before it are done, or are none. It is
	// moved ahead by each tick and when its crons or its zone change, and to now when the schedule is switched on.
	From time.Time
	// Cursor of a sensor.
	Cursor string
	// Ended is how far a run-status sensor has read of the runs that ended, see Store.EndedRuns.
	Ended uint64
	// EvaluatedAt is when a sensor was evaluated last.
	EvaluatedAt time.Time
	// Version counts changes of From, Cursor, Ended and Switch, from 1: the compare-and-set of ticks. The store sets it.
	Version uint64
}
