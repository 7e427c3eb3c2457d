package versioncheck

import (
	"strconv"
	"time"
)

// Holding is what the host has of one job's gated content.
type Holding struct {
	// Entries is the number of entries by the manifest.
	Entries uint32
	// BodyPresent says that the body which holds them was fetched.
	BodyPresent bool
	// Answering says that the location answers now.
	Answering bool
	// Loading says that the host has just started and did not hear from the
	// location yet; it is read only when the location does not answer.
	Loading bool
	// Age is how long ago the location answered last; it is read only when the
	// location does not answer.
	Age time.Duration
}

// Resolve turns a decision into the state that people see. A refusal stays a
// refusal, whatever the host holds. What is allowed is SHOWN or EMPTY while
// the location answers and STALE when it does not; entries whose body was
// never fetched are UNAVAILABLE, never EMPTY.
func Resolve(d Decision, h Holding) Decision {
	if d.State != StateShown {
		return d
	}
	switch {
	case h.Entries > 0 && !h.BodyPresent:
		d.State = StateUnavailable
		d.unavailable(h)
	case !h.Answering:
		d.State = StateStale
		d.stale(h)
	case h.Entries == 0:
		d.State = StateEmpty
	}
	return d
}

// ago says an age in the one unit that matters.
func ago(age time.Duration) string {
	switch {
	case age < time.Minute:
		return count(max(0, int64(age/time.Second)), "second", "seconds") + " ago"
	case age < time.Hour:
		return count(int64(age/time.Minute), "minute", "minutes") + " ago"
	case age < 48*time.Hour:
		return count(int64(age/time.Hour), "hour", "hours") + " ago"
	}
	return count(int64(age/(24*time.Hour)), "day", "days") + " ago"
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}
