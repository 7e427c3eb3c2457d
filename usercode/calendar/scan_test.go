package calendar

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// moved are days on which clocks are moved, and two on which they are not.
var moved = []struct{ zone, day string }{
	{"UTC", "2026-02-28"},
	{"Asia/Kathmandu", "2028-12-31"},
	{"America/New_York", "2026-03-08"},
	{"America/New_York", "2026-11-01"},
	{"America/New_York", "2048-11-01"}, // after the last entry of the zone database: a rule
	{"Europe/Berlin", "2028-12-31"},    // the last day of a leap year, under a rule
	{"Europe/Berlin", "2026-03-29"},
	{"Australia/Lord_Howe", "2026-04-05"},
	{"Australia/Lord_Howe", "2026-10-04"},
	{"America/Havana", "2026-03-08"},
	{"America/Havana", "2026-11-01"},
	{"America/Santiago", "2026-09-06"},
	{"America/Santiago", "2026-04-05"},
	{"Asia/Beirut", "2026-03-29"},
	{"Asia/Beirut", "2026-10-25"},
	{"Pacific/Apia", "2011-12-30"},
	{"Pacific/Kwajalein", "1993-08-21"},
	{"America/St_Johns", "2010-11-07"}, // at one minute past midnight, back to the day before
	{"America/Caracas", "2007-12-09"},
	{"Antarctica/Troll", "2026-03-29"}, // by two hours
	{"Antarctica/Troll", "2026-10-25"},
	{"Africa/Casablanca", "2026-02-15"},
	{"Asia/Pyongyang", "2018-05-05"},
	{"America/Sao_Paulo", "2018-11-04"},
	{"Africa/Monrovia", "1972-01-07"}, // by 44 minutes and 30 seconds
}

// drawn is a cron and its fields as sets, made together: the test needs no parser.
type drawn struct {
	text                                   string
	minutes, hours, days, months, weekdays []int
	everyDay, everyWeek                    bool
}

func drawCron(t *rapid.T) drawn {
	var d drawn
	list := func(name string, low, high, most int) ([]int, string) {
		values := rapid.SliceOfNDistinct(rapid.IntRange(low, high), 1, most, rapid.ID).Draw(t, name)
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		return values, strings.Join(texts, ",")
	}
	all := func(low, high int) []int {
		var out []int
		for v := low; v <= high; v++ {
			out = append(out, v)
		}
		return out
	}
	var fields [5]string
	d.minutes, fields[0] = list("minutes", 0, 59, 3)
	switch rapid.IntRange(0, 2).Draw(t, "hour field") {
	case 0:
		d.hours, fields[1] = all(0, 23), "*"
	case 1:
		d.hours, fields[1] = list("early", 0, 3, 4)
	default:
		d.hours, fields[1] = list("hours", 0, 23, 8)
	}
	d.days, fields[2], d.everyDay = all(1, 31), "*", true
	if rapid.Bool().Draw(t, "some days") {
		d.days, fields[2] = list("days", 1, 31, 20)
		d.everyDay = false
	}
	d.months, fields[3] = all(1, 12), "*"
	if rapid.IntRange(0, 3).Draw(t, "some months") == 0 {
		d.months, fields[3] = list("months", 1, 12, 10)
	}
	d.weekdays, fields[4], d.everyWeek = all(0, 6), "*", true
	if rapid.Bool().Draw(t, "some weekdays") {
		d.weekdays, fields[4] = list("weekdays", 0, 6, 4)
		d.everyWeek = false
	}
	d.text = strings.Join(fields[:], " ")
	return d
}

func (d *drawn) has(wall time.Time) bool {
	inMonth, inWeek := slices.Contains(d.days, wall.Day()), slices.Contains(d.weekdays, int(wall.Weekday()))
	onDay := inMonth && inWeek
	if !d.everyDay && !d.everyWeek {
		onDay = inMonth || inWeek
	}
	return onDay && slices.Contains(d.months, int(wall.Month())) && slices.Contains(d.hours, wall.Hour()) &&
		slices.Contains(d.minutes, wall.Minute())
}

// scan goes through every second at which a minute begins anywhere near and looks at the clock, as somebody in the zone
// would who has a watch that runs on.
func scan(loc *time.Location, crons []drawn, from, to time.Time) []string {
	step := time.Minute
	if loc.String() == "Africa/Monrovia" {
		step = 30 * time.Second
	}
	show := func(at time.Time) time.Time {
		in := at.In(loc)
		return time.Date(in.Year(), in.Month(), in.Day(), in.Hour(), in.Minute(), in.Second(), 0, time.UTC)
	}
	var out []string
	latest := show(from)
	for at := from.Add(step); !at.After(to); at = at.Add(step) {
		now := show(at)
		due := false
		for i := range crons {
			due = due || ticks(&crons[i], latest, now, step)
		}
		if due {
			out = append(out, at.Format(time.RFC3339))
		}
		if now.After(latest) {
			latest = now
		}
	}
	return out
}

// ticks tells whether a cron ticks when the clock shows a time, where latest is the latest that it has shown before.
func ticks(d *drawn, latest, now time.Time, step time.Duration) bool {
	hourly := len(d.hours) == 24
	if hourly && now.Second() == 0 && d.has(now) {
		return true
	}
	for w := latest.Add(step); !w.After(now); w = w.Add(step) {
		sameHour := w.Truncate(time.Hour).Equal(now.Truncate(time.Hour))
		if w.Second() == 0 && d.has(w) && (!hourly || sameHour) {
			return true
		}
	}
	return false
}

func TestCalendarAgainstAScanOfMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(moved).Draw(t, "day")
		loc, err := time.LoadLocation(place.zone)
		if err != nil {
			t.Fatal(err)
		}
		crons := rapid.SliceOfN(rapid.Custom(drawCron), 1, 3).Draw(t, "crons")
		texts := make([]string, len(crons))
		for i := range crons {
			texts[i] = crons[i].text
		}
		c, err := New(place.zone, texts...)
		if err != nil {
			t.Fatal(err)
		}
		noon, err := time.Parse("2006-01-02T15:04", place.day+"T12:00")
		if err != nil {
			t.Fatal(err)
		}
		from, to := noon.Add(-60*time.Hour), noon.Add(60*time.Hour)
		want := scan(loc, crons, from, to)

		var next []string
		for at, ok := c.Next(from); ok && !at.After(to); at, ok = c.Next(at) {
			next = append(next, at.Format(time.RFC3339))
		}
		if diff := cmp.Diff(want, next); diff != "" {
			t.Fatalf("Next of %q in %s (-scan +got):\n%s", texts, place.zone, diff)
		}
		var prev []string
		for at, ok := c.Prev(to.Add(1)); ok && at.After(from); at, ok = c.Prev(at) {
			prev = append(prev, at.Format(time.RFC3339))
		}
		slices.Reverse(prev)
		if diff := cmp.Diff(want, prev); diff != "" {
			t.Fatalf("Prev of %q in %s (-scan +got):\n%s", texts, place.zone, diff)
		}
	})
}

// TestNextAndPrevAreInverse starts anywhere in four centuries.
func TestNextAndPrevAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(moved).Draw(t, "zone")
		d := drawCron(t)
		c, err := New(place.zone, d.text)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Unix(rapid.Int64Range(-2_000_000_000, 9_000_000_000).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond"))
		first, ok := c.Next(start)
		if !ok {
			return // a day that no month of the cron has
		}
		if !first.After(start) {
			t.Fatalf("Next of %q after %s is %s", d.text, start, first)
		}
		if before, ok := c.Prev(first); ok && before.After(start) {
			t.Fatalf("%q ticks at %s, between %s and its Next %s", d.text, before, start, first)
		}
		second, ok := c.Next(first)
		if !ok {
			return
		}
		if back, ok := c.Prev(second); !ok || !back.Equal(first) || !second.After(first) {
			t.Fatalf("%q: Next of %s is %s, Prev of that is %s, %t", d.text, first, second, back, ok)
		}
		if !c.Has(first) || c.Has(first.Add(1)) {
			t.Fatalf("%q: Has(%s) is %t, a nanosecond later %t", d.text, first, c.Has(first), c.Has(first.Add(1)))
		}
	})
}
