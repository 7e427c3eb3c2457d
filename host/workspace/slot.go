package workspace

import "time"

// slots are the moments of each interval at which locations are probed. All
// locations of a slot are asked at the same moment: a machine that wakes up ten
// times a second for a hundred calls has far less to do than one that wakes up
// for each call.
type slots struct {
	epoch    time.Time
	interval time.Duration
}

// next is how long to wait at now for the moment of the slot that is nearest to
// the end of pause, and is not over.
func (s slots) next(slot int, now time.Time, pause time.Duration) time.Duration {
	first := s.epoch.Add(s.interval / slotsPerInterval * time.Duration(slot))
	since := now.Add(pause).Sub(first)
	at := first.Add(since.Round(s.interval))
	for !at.After(now) {
		at = at.Add(s.interval)
	}
	return at.Sub(now)
}
