package calendar

import (
	"fmt"
	"time"
)

const wallLayout = "2006-01-02 15:04"

// Wall is what the clock of the zone shows: "2026-03-08 03:00 EDT".
func (c *Calendar) Wall(t time.Time) string {
	in := t.In(c.clock.loc)
	if in.Second() != 0 {
		return in.Format("2006-01-02 15:04:05 MST")
	}
	return in.Format(wallLayout + " MST")
}

// Note says for people what is odd about an instant of the calendar: that its time does not exist that day, or that it is
// there twice. It is empty when nothing is.
func (c *Calendar) Note(t time.Time) string {
	at := t.Unix()
	if missing, ok := c.missing(at); ok {
		return missing
	}
	wall := c.clock.wall(at)
	shows := c.clock.shows(wall)
	if len(shows) < 2 || !c.Has(t) {
		return ""
	}
	which := "the first"
	if at != shows[0] {
		which = "the second"
	}
	return fmt.Sprintf("%s is there twice that day in %s; this is %s time, %s",
		wallTime(wall).Format("15:04"), c.clock.zone, which, c.clock.in(at).Format("MST"))
}

// missing names the time that comes at an instant because it does not exist, unless a cron has the instant as its own.
func (c *Calendar) missing(at int64) (string, bool) {
	s := c.clock.at(at)
	shown := at + s.offset
	reached := c.clock.reached(at - 1)
	if at != s.from || reached+1 >= shown {
		return "", false
	}
	var found int64
	var ok bool
	for i := range c.crons {
		p := &c.crons[i].pattern
		if own, there := p.next(shown); there && own == shown {
			return "", false
		}
		wall, there := p.next(reached + 1)
		if p.hourly() {
			wall, there = c.clock.swallowed(p, s)
		}
		if there && wall < shown && (!ok || wall < found) {
			found, ok = wall, true
		}
	}
	if !ok {
		return "", false
	}
	const why = "does not exist%s in %s; this is the first valid instant"
	if floor(found, day) == floor(shown, day) {
		return wallTime(found).Format("15:04") + fmt.Sprintf(" "+why, " that day", c.clock.zone), true
	}
	return wallTime(found).Format(wallLayout) + fmt.Sprintf(" "+why, "", c.clock.zone), true
}

// wallTime is a time on the wall, to be formatted.
func wallTime(wall int64) time.Time { return time.Unix(wall, 0).UTC() }
