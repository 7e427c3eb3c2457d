package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Unit is how long a span is.
type Unit string

// The units.
const (
	Hour  Unit = "hour"
	Day   Unit = "day"
	Week  Unit = "week"
	Month Unit = "month"
)

// SpanOptions say where spans begin. They are what usercode.v1.TimePartitions says.
type SpanOptions struct {
	// Zone is a name of the IANA database; empty means UTC.
	Zone string
	// Start is where the first span begins, at the earliest: a time on the wall, 2006-01-02T15:04. Required.
	Start string
	// End is a time on the wall after which no span ends; empty means that there is always a next one.
	End string
	// Minute of the hour at which each begins, 0-59.
	Minute int
	// Hour of the day at which each begins, 0-23; 0 for hours.
	Hour int
	// Day on which each begins: of the week 0-6 with Sunday 0, for weeks; of the month 1-28, for months, where 0 means 1;
	// otherwise 0.
	Day int
	// EndOffset is how many spans exist that have not ended; negative takes the newest away.
	EndOffset int
}

// MaxEndOffset is the largest EndOffset, and the smallest below zero.
const MaxEndOffset = 100_000

const (
	optionLayout = "2006-01-02T15:04"

	firstYear, lastYear = 1900, 2200
)

// cron is the cron of the beginnings; errors name everything that is wrong.
func (o *SpanOptions) cron(u Unit) (string, error) {
	var errs []error
	within := func(name string, value, low, high int) {
		switch {
		case value >= low && value <= high:
		case low == high:
			errs = append(errs, fmt.Errorf("%s is %d, spans of unit %s have none", name, value, u))
		default:
			errs = append(errs, fmt.Errorf("%s is %d, for unit %s it is from %d to %d", name, value, u, low, high))
		}
	}
	within("minute", o.Minute, 0, 59)
	within("end offset", o.EndOffset, -MaxEndOffset, MaxEndOffset)
	hours, dom, dow := strconv.Itoa(o.Hour), "*", "*"
	highestHour := 23
	switch u {
	case Hour:
		hours, highestHour = "*", 0
		within("day", o.Day, 0, 0)
	case Day:
		within("day", o.Day, 0, 0)
	case Week:
		dow = strconv.Itoa(o.Day)
		within("day of the week", o.Day, 0, 6)
	case Month:
		dom = strconv.Itoa(max(o.Day, 1))
		within("day of the month", o.Day, 0, 28)
	default:
		return "", fmt.Errorf("unit %q: hour, day, week or month is needed", u)
	}
	within("hour", o.Hour, 0, highestHour)
	return fmt.Sprintf("%d %s %s * %s", o.Minute, hours, dom, dow), errors.Join(errs...)
}

// wallOption reads a time on the wall.
func wallOption(name, text string) (int64, error) {
	t, err := time.Parse(optionLayout, text)
	if err != nil || t.Format(optionLayout) != text {
		return 0, fmt.Errorf("%s is %q: a time of the zone as 2026-01-31T00:00 is needed", name, text)
	}
	if t.Year() < firstYear || t.Year() > lastYear {
		return 0, fmt.Errorf("%s is %s: years from %d to %d are allowed", name, text, firstYear, lastYear)
	}
	return t.Unix(), nil
}
