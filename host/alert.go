package host

import (
	"context"
	"time"
)

// Limits of alerts.
const (
	// MaxAlertRules is how many rules a host may have.
	MaxAlertRules = 100
	// MaxAlertsEnded is how many messages of a rule are remembered when they have been delivered or given up.
	MaxAlertsEnded = 10
	// MaxAlertError is the length of the longest error of a message in bytes.
	MaxAlertError = 1 << 10
)

// AlertKind is what an alert is about. The text is what is stored.
type AlertKind string

// The kinds.
const (
	// AlertEnded is about a run that ended.
	AlertEnded AlertKind = "ended"
	// AlertLate is about a run that did not start, or end, in time.
	AlertLate AlertKind = "late"
)

// Alert is a message about a run, by a rule. One that a Store returns is the caller's to change.
type Alert struct {
	// ID tells a message apart from all others, however often it is sent: 32 hex digits.
	ID   string
	Rule string
	Kind AlertKind
	Run  RunID
	// DueAt is when it became due.
	DueAt time.Time
	// Tries counts how often it was sent, Error is why the last time failed; empty when it did not.
	Tries uint32
	Error string
	// DeliveredAt is when a receiver took it, GivenUpAt when it was given up. Both are zero while it waits.
	DeliveredAt, GivenUpAt time.Time
}

// Waits tells that it is to be sent.
func (a *Alert) Waits() bool { return a.DeliveredAt.IsZero() && a.GivenUpAt.IsZero() }

// AlertRule is what a Store keeps of a rule, by its name.
type AlertRule struct {
	Name string
	// Ended is how far it has read of the runs that ended, see Store.EndedRuns.
	Ended uint64
	// Since is when the rule was first there.
	Since time.Time
}

// LateAlert notes that a rule has an alert about a late run, so that it has no other.
type LateAlert struct {
	Rule string
	Run  RunID
}

// AlertChange is what ChangeAlerts does, all or nothing, in this order.
type AlertChange struct {
	// Remove are names of rules of which nothing is kept any more, their messages included.
	Remove []string
	// Rules are added, or replace those of their names.
	Rules []AlertRule
	// Forget are notes that are not needed any more, because the runs have ended.
	Forget []LateAlert
	// Add are new messages. One of kind AlertLate is noted; one that does not wait is remembered alone.
	Add []Alert
}

// AlertStore keeps alerts; it is part of Store.
type AlertStore interface {
	// AlertRules returns the rules that there are, sorted by name, and how many messages of each wait.
	AlertRules(ctx context.Context) (rules []AlertRule, waiting map[string]int, err error)

	// LateAlerts returns the notes about late runs, in any order.
	LateAlerts(ctx context.Context) ([]LateAlert, error)

	// ChangeAlerts is one transaction. A message of a rule that is not there is NotFound, and nothing is stored then.
	ChangeAlerts(ctx context.Context, c AlertChange) error

	// WaitingAlerts returns at most limit messages of a rule that wait: those that were tried least often first, then in
	// the order in which they became due. Ones that cannot be read are left out, and the error, which comes beside the
	// others then, is a Damage.
	WaitingAlerts(ctx context.Context, rule string, limit int) ([]Alert, error)

	// PutAlert stores Tries, Error, DeliveredAt and GivenUpAt of a message that waits, as WaitingAlerts returned it but
	// for these, of which tries says how many there were. Once it does not wait, it is one of the newest MaxAlertsEnded of
	// its rule that are remembered. NotFound when no such message waits.
	PutAlert(ctx context.Context, a Alert, tries uint32) error

	// EndedAlerts returns the messages of a rule that are remembered since they do not wait any more, newest first. Ones
	// that cannot be read are as with WaitingAlerts.
	EndedAlerts(ctx context.Context, rule string) ([]Alert, error)
}
