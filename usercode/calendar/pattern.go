package calendar

import (
	"math/bits"
	"time"
)

const (
	// star marks a field that is written as *.
	star = 1 << 63

	allHours = 1<<24 - 1

	// searchDays is how far a pattern is searched. Between two leap days lie 8 years at most.
	searchDays = 10*366 + 1
)

// pattern is which times on the wall a cron has: a bit for each value of a field.
type pattern struct {
	minutes, hours, days, months, weekdays uint64
}

// hourly tells that hours are counted, whatever the clock calls them.
func (p *pattern) hourly() bool { return p.hours&allHours == allHours }

// next is the first time of the pattern at or after a time.
func (p *pattern) next(wall int64) (int64, bool) {
	minutes := floor(wall+minute-1, minute)
	date := floor(minutes, day/minute)
	of := int(minutes - date*(day/minute))
	for end := date + searchDays; date <= end; {
		year, month, dom := civil(date)
		if p.months>>uint(month)&1 == 0 {
			date, of = dateOf(year, month+1, 1), 0
			continue
		}
		if p.onDay(dom, date) {
			if found, ok := p.minuteFrom(of); ok {
				return date*day + int64(found)*minute, true
			}
		}
		date, of = date+1, 0
	}
	return 0, false
}

// prev is the last time of the pattern at or before a time.
func (p *pattern) prev(wall int64) (int64, bool) {
	const last = day/minute - 1
	minutes := floor(wall, minute)
	date := floor(minutes, day/minute)
	of := int(minutes - date*(day/minute))
	for end := date - searchDays; date >= end; {
		year, month, dom := civil(date)
		if p.months>>uint(month)&1 == 0 {
			date, of = dateOf(year, month, 1)-1, last
			continue
		}
		if p.onDay(dom, date) {
			if found, ok := p.minuteUntil(of); ok {
				return date*day + int64(found)*minute, true
			}
		}
		date, of = date-1, last
	}
	return 0, false
}

// onDay tells whether a date is in the pattern. When both fields of days are restricted, either is enough.
func (p *pattern) onDay(dom int, date int64) bool {
	const thursday = 4 // 1970-01-01
	weekday := (date%7 + 7 + thursday) % 7
	inMonth, inWeek := p.days>>uint(dom)&1 == 1, p.weekdays>>uint(weekday)&1 == 1
	if p.days&star != 0 || p.weekdays&star != 0 {
		return inMonth && inWeek
	}
	return inMonth || inWeek
}

// minuteFrom is the first minute of a day in the pattern, from one on.
func (p *pattern) minuteFrom(of int) (int, bool) {
	h, m := of/60, of%60
	if p.hours>>uint(h)&1 == 1 {
		if rest := p.minutes &^ star >> uint(m); rest != 0 {
			return of + bits.TrailingZeros64(rest), true
		}
	}
	rest := p.hours & allHours >> uint(h+1) << uint(h+1)
	if rest == 0 {
		return 0, false
	}
	return bits.TrailingZeros64(rest)*60 + bits.TrailingZeros64(p.minutes), true
}

// minuteUntil is the last minute of a day in the pattern, up to one.
func (p *pattern) minuteUntil(of int) (int, bool) {
	h, m := of/60, of%60
	if p.hours>>uint(h)&1 == 1 {
		if rest := p.minutes & (1<<uint(m+1) - 1); rest != 0 {
			return h*60 + bits.Len64(rest) - 1, true
		}
	}
	rest := p.hours & (1<<uint(h) - 1)
	if rest == 0 {
		return 0, false
	}
	return (bits.Len64(rest)-1)*60 + bits.Len64(p.minutes&^star) - 1, true
}

// floor divides and rounds down, also below zero.
func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// civil is the date of a number of days since 1970-01-01.
func civil(date int64) (year int, month time.Month, dom int) {
	return time.Unix(date*day, 0).UTC().Date()
}

// dateOf is the number of days since 1970-01-01 of a date; a month after December is one of the next year.
func dateOf(year int, month time.Month, dom int) int64 {
	return floor(time.Date(year, month, dom, 0, 0, 0, 0, time.UTC).Unix(), day)
}
