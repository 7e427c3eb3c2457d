package calendar

import (
	"fmt"
	"time"
)

const (
	dateLayout  = "2006-01-02"
	monthLayout = "2006-01"
)

// Key is the key of the span that begins at an instant; empty when none does. It is the wall time of the beginning as far
// as that says something: "2026-11-01" of a day and a week, "2026-11" of a month that begins on the first day of the
// month and "2026-11-15" of another one, "2026-11-01T13:00" of an hour. An hour whose time is there twice has its offset
// behind it: "2026-11-01T01:00-04:00". Two spans have two keys.
func (s *Spans) Key(start time.Time) string {
	if start.Nanosecond() != 0 {
		return ""
	}
	span, err := s.span(start.Unix())
	if err != nil {
		return ""
	}
	return span.Key
}

// keyOf also returns the time on the wall that it is named after, which in a gap is not the one that the clock shows.
func (s *Spans) keyOf(at int64) (key string, nominal int64, ok bool) {
	if s.unit == Hour {
		if prev, ok := s.clock.prev(&s.pattern, at+1); !ok || prev != at {
			return "", 0, false
		}
		wall := s.clock.wall(at)
		return s.hourKey(wall, at, len(s.clock.shows(wall)) > 1), wall, true
	}
	nominal, ok = s.pattern.prev(s.clock.reached(at))
	if !ok || s.clock.first(nominal) != at {
		return "", 0, false
	}
	return wallTime(nominal).Format(s.layout()), nominal, true
}

func (s *Spans) hourKey(wall, at int64, twice bool) string {
	layout := optionLayout
	if wall%minute != 0 {
		layout += ":05" // where a zone left the mean time of its place
	}
	if !twice {
		return wallTime(wall).Format(layout)
	}
	in := s.clock.in(at)
	if _, offset := in.Zone(); offset%minute != 0 {
		return in.Format(layout + "-07:00:00")
	}
	return in.Format(layout + "-07:00")
}

func (s *Spans) layout() string {
	if s.unit == Month && s.options.Day <= 1 {
		return monthLayout
	}
	return dateLayout
}

// startOf is the instant at which the span of a key would begin.
func (s *Spans) startOf(key string) (int64, error) {
	if s.unit == Hour {
		return s.startOfHour(key)
	}
	date, err := time.Parse(s.layout(), key)
	if err != nil || date.Format(s.layout()) != key {
		return 0, fmt.Errorf("a %s has a key such as %s", s.unit, time.Date(2026, 11, max(s.options.Day, 1), 0, 0, 0, 0, time.UTC).Format(s.layout()))
	}
	if !keyYear(date) {
		return 0, fmt.Errorf("years from %d to %d are allowed", firstYear, lastYear)
	}
	wall := date.Unix() + int64(s.options.Hour)*hour + int64(s.options.Minute)*minute
	if s.layout() == monthLayout {
		wall += int64(max(s.options.Day, 1)-1) * day
	}
	if next, ok := s.pattern.next(wall); !ok || next != wall {
		return 0, fmt.Errorf("no %s begins on that day, a %s", s.unit, date.Weekday())
	}
	at := s.clock.first(wall)
	if _, nominal, ok := s.keyOf(at); !ok || nominal != wall {
		return 0, fmt.Errorf("it does not exist in %s", s.clock.zone)
	}
	return at, nil
}

func keyYear(t time.Time) bool { return t.Year() >= firstYear && t.Year() <= lastYear }

func (s *Spans) startOfHour(key string) (int64, error) {
	wall, err := parseHour(key)
	if err != nil {
		return 0, err
	}
	shows := s.clock.shows(wall)
	for _, at := range shows {
		if own, _, ok := s.keyOf(at); ok && own == key {
			return at, nil
		}
	}
	switch len(shows) {
	case 0:
		return 0, fmt.Errorf("the clock never shows that time in %s", s.clock.zone)
	case 1:
		if own, _, ok := s.keyOf(shows[0]); ok {
			return 0, fmt.Errorf("its key is %s", own)
		}
	default:
		first, _, ok1 := s.keyOf(shows[0])
		second, _, ok2 := s.keyOf(shows[1])
		if ok1 && ok2 {
			return 0, fmt.Errorf("that time is there twice in %s: write %s or %s", s.clock.zone, first, second)
		}
	}
	return 0, fmt.Errorf("hours begin at minute %d", s.options.Minute)
}

// parseHour reads the time on the wall of a key.
func parseHour(key string) (int64, error) {
	for _, layout := range []string{
		optionLayout, optionLayout + "-07:00", optionLayout + ":05", optionLayout + ":05-07:00",
		optionLayout + "-07:00:00", optionLayout + ":05-07:00:00",
	} {
		t, err := time.Parse(layout, key)
		if err != nil {
			continue
		}
		if !keyYear(t) {
			return 0, fmt.Errorf("years from %d to %d are allowed", firstYear, lastYear)
		}
		_, offset := t.Zone()
		return t.Unix() + int64(offset), nil
	}
	return 0, fmt.Errorf("an hour has a key such as 2026-11-01T13:00")
}
