package calendar

import (
	"errors"
	"fmt"
	"time"
)

// Limits of a calendar.
const (
	// MaxCrons is how many crons it has at most.
	MaxCrons = 20
	// MaxCronBytes is the length of the longest cron.
	MaxCronBytes = 512
)

// Calendar is the instants of crons in a zone. It does not change and may be used by many at once.
type Calendar struct {
	clock *clock
	crons []cronEntry
}

// cronEntry is a cron with its pattern.
type cronEntry struct {
	text string
	pattern
}

// New makes a calendar of one to MaxCrons crons. Zone is a name of the IANA database; empty means UTC. An error names all
// crons that cannot be used, each with its field and what is allowed there.
//
// A cron has five fields: minute (0-59), hour (0-23), day of the month (1-31), month (1-12 or JAN-DEC) and day of the week
// (0-7 or SUN-SAT, where 0 and 7 are Sunday). A field is *, or a list of values, ranges (1-5, also over the end: 22-2) and
// steps (*/15, 10-40/10, 5/15 for "from 5 on"). When both fields of days are something else than *, a day that is in either
// is meant, as everywhere with cron. @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually are allowed
// too. There are no seconds, and no L, W, # and ?.
func New(zone string, crons ...string) (*Calendar, error) {
	var errs []error
	clock, err := newClock(zone)
	if err != nil {
		errs = append(errs, err)
	}
	switch {
	case len(crons) == 0:
		errs = append(errs, errors.New("no cron: at least one is needed, such as 0 6 * * *"))
	case len(crons) > MaxCrons:
		return nil, errors.Join(append(errs, fmt.Errorf("%d crons, at most %d are allowed", len(crons), MaxCrons))...)
	}
	c := &Calendar{clock: clock}
	for _, text := range crons {
		p, err := parse(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.crons = append(c.crons, cronEntry{text: text, pattern: p})
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return c, nil
}

// Zone is the name of the zone.
func (c *Calendar) Zone() string { return c.clock.zone }

// Next is the first instant after a time, that excluded. It is not ok when there is none within ten years, as of 30
// February.
func (c *Calendar) Next(after time.Time) (t time.Time, ok bool) {
	var found int64
	for i := range c.crons {
		if at, there := c.clock.next(&c.crons[i].pattern, after.Unix()); there && (!ok || at < found) {
			found, ok = at, true
		}
	}
	return c.answer(found, ok)
}

// Prev is the last instant before a time, that excluded. It is not ok when there is none within ten years.
func (c *Calendar) Prev(before time.Time) (t time.Time, ok bool) {
	sec := before.Unix()
	if before.Nanosecond() > 0 {
		sec++
	}
	var found int64
	for i := range c.crons {
		if at, there := c.clock.prev(&c.crons[i].pattern, sec); there && (!ok || at > found) {
			found, ok = at, true
		}
	}
	return c.answer(found, ok)
}

// Has tells whether an instant is one of the calendar.
func (c *Calendar) Has(t time.Time) bool {
	next, ok := c.Next(t.Add(-1))
	return ok && next.Equal(t)
}

func (c *Calendar) answer(at int64, ok bool) (time.Time, bool) {
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(at, 0).UTC(), true
}
