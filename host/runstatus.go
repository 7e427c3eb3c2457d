package host

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxReason is the longest status reason in bytes; the whole story is in the run's events.
const maxReason = 2 << 10

// RunStatus is where a run is in its life. The text is what is stored and shown.
type RunStatus string

// The statuses of a run. The last three are final.
const (
	Queued         RunStatus = "QUEUED"
	WaitingForCode RunStatus = "WAITING_FOR_CODE"
	Starting       RunStatus = "STARTING"
	Started        RunStatus = "STARTED"
	Canceling      RunStatus = "CANCELING"
	Success        RunStatus = "SUCCESS"
	Failure        RunStatus = "FAILURE"
	Canceled       RunStatus = "CANCELED"
)

// RunStatuses lists every status in the order of a run's life.
var RunStatuses = []RunStatus{Queued, WaitingForCode, Starting, Started, Canceling, Success, Failure, Canceled}

// runTransitions is the whole table of a run's life. Queued from Starting is a
// new attempt after a fenced one that was never granted.
var runTransitions = map[RunStatus][]RunStatus{
	Queued:         {Starting, WaitingForCode, Canceled, Failure},
	WaitingForCode: {Queued, Canceled, Failure},
	Starting:       {Started, Queued, WaitingForCode, Failure, Canceling},
	Started:        {Success, Failure, Canceling},
	Canceling:      {Canceled, Success, Failure},
}

// Final reports whether s never changes again.
func (s RunStatus) Final() bool { return s == Success || s == Failure || s == Canceled }

// InProgress reports whether a run in s takes a slot of the queue.
func (s RunStatus) InProgress() bool { return s == Starting || s == Started || s == Canceling }

// Valid reports whether s is one of RunStatuses.
func (s RunStatus) Valid() bool { return s.Final() || len(runTransitions[s]) > 0 }

// CanBecome reports whether the table allows a change from s to next.
func (s RunStatus) CanBecome(next RunStatus) bool {
	return slices.Contains(runTransitions[s], next)
}

// Become changes the run's status at now, for a reason that people see (it may
// be empty, and is made valid and short), and keeps the times that depend on it.
// A change that the table does not allow is a Conflict and leaves r as it was.
func (r *Run) Become(next RunStatus, reason string, now time.Time) error {
	if !r.Status.CanBecome(next) {
		return &Error{
			Code:    Conflict,
			Reason:  "RUN_STATUS",
			Message: fmt.Sprintf("run %s is %s and cannot become %s", r.ID, r.Status, next),
		}
	}
	if r.Status == WaitingForCode && !r.WaitingSince.IsZero() {
		r.Waited += max(now.Sub(r.WaitingSince), 0)
	}
	r.Status, r.StatusReason = next, cleanReason(reason)
	r.WaitingSince = time.Time{}
	switch {
	case next == WaitingForCode:
		r.WaitingSince = now
	case next == Started:
		r.StartedAt = now
	case next == Starting:
		r.Current.StartingAt = now
	case next == Canceling:
		r.Current.CancelingAt = now
	case next.Final():
		r.EndedAt = now
	}
	return nil
}

// Explain changes why the run is in its status, for people: the reason of one that waits may become another.
func (r *Run) Explain(reason string) { r.StatusReason = cleanReason(reason) }

// WaitsUntil is when a run that is WAITING_FOR_CODE has waited for limit in all, not counting when its code was there;
// zero when it does not wait, or limit is 0, which means for ever.
func (r *Run) WaitsUntil(limit time.Duration) time.Time {
	if r.Status != WaitingForCode || limit <= 0 || r.WaitingSince.IsZero() {
		return time.Time{}
	}
	return r.WaitingSince.Add(limit - r.Waited)
}

// cleanReason makes a reason, which may hold what user code printed, valid UTF-8 and short.
func cleanReason(reason string) string {
	reason = strings.ToValidUTF8(reason, "\uFFFD")
	if len(reason) <= maxReason {
		return reason
	}
	cut := maxReason
	for !utf8.RuneStart(reason[cut]) {
		cut--
	}
	return reason[:cut] + "…"
}
