package calendar

import (
	"fmt"
	"math"
	"time"
)

// Instants are seconds since 1970 in UTC, and so are times on the wall, as if the wall were in UTC.
const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour

	// maxOffset is more than any clock differs from UTC.
	maxOffset = 26 * hour

	never   = math.MinInt64 / 4
	forever = math.MaxInt64 / 4

	maxZoneBytes = 64
)

// clock is the clock on the wall of a zone.
type clock struct {
	zone string
	loc  *time.Location
}

func newClock(zone string) (*clock, error) {
	if zone == "" || zone == "UTC" {
		return &clock{zone: "UTC", loc: time.UTC}, nil
	}
	const needed = "a name of the IANA database is needed, such as Europe/Berlin or UTC"
	switch {
	case len(zone) > maxZoneBytes:
		return nil, fmt.Errorf("zone has %d bytes, at most %d are allowed: %s", len(zone), maxZoneBytes, needed)
	case zone == "Local":
		return nil, fmt.Errorf("zone %q is another one on every machine: %s", zone, needed)
	}
	loc, err := time.LoadLocation(zone)
	if err == nil {
		return &clock{zone: zone, loc: loc}, nil
	}
	if _, missing := time.LoadLocation("Europe/Berlin"); missing != nil {
		return nil, fmt.Errorf("zone %q cannot be looked up, because this machine has no zone database:"+
			" install the package tzdata, or build the program with the tag timetzdata", zone)
	}
	return nil, fmt.Errorf("zone %q is not known: %s", zone, needed)
}

// stretch is a time from..to (to excluded) in which the clock is not moved.
type stretch struct{ from, to, offset int64 }

// at is the stretch that holds an instant. It may be a part of a longer one.
func (c *clock) at(instant int64) stretch {
	t := time.Unix(instant, 0).In(c.loc)
	_, offset := t.Zone()
	s := stretch{from: never, to: forever, offset: int64(offset)}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		s.from = start.Unix()
	}
	if !end.IsZero() {
		s.to = end.Unix()
	}
	if s.to <= instant {
		// Where a zone follows a yearly rule, its last stretch of a year is said to end after 365 days, also in a leap year.
		s.to = time.Date(t.UTC().Year()+1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	}
	return s
}

// after is the stretch behind one. What is known of it alone may begin earlier: the last entry of the zone database, or the
// turn of a year, need not be where a clock is moved.
func (c *clock) after(s stretch) stretch {
	next := c.at(s.to)
	next.from = s.to
	return next
}

// reached is the latest time that the clock has shown until an instant, that included.
func (c *clock) reached(instant int64) int64 {
	s := c.at(instant)
	latest := instant + s.offset
	for from := s.from; from > instant-2*maxOffset; from = s.from {
		s = c.at(from - 1)
		latest = max(latest, from-1+s.offset)
	}
	return latest
}

// first is the first instant at which the clock reaches or passes a time.
func (c *clock) first(wall int64) int64 {
	s := c.at(wall - maxOffset)
	for s.to-1+s.offset < wall {
		s = c.after(s)
	}
	return max(s.from, wall-s.offset)
}

// shows are the instants, in order, at which the clock shows a time: none in a gap, two in a fold.
func (c *clock) shows(wall int64) []int64 {
	var out []int64
	for s := c.at(wall - maxOffset); s.from <= wall+maxOffset; s = c.after(s) {
		if t := wall - s.offset; s.from <= t && t < s.to {
			out = append(out, t)
		}
		if s.to == forever {
			break
		}
	}
	return out
}

// wall is what the clock shows.
func (c *clock) wall(instant int64) int64 { return instant + c.at(instant).offset }

// in is an instant with the zone's name for its offset, to be shown.
func (c *clock) in(instant int64) time.Time { return time.Unix(instant, 0).In(c.loc) }
