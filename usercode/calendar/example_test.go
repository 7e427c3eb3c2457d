package calendar_test

import (
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode/calendar"
)

func ExampleCalendar() {
	c, err := calendar.New("America/New_York", "30 2 * * *")
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC)
	for range 2 {
		at, _ = c.Next(at)
		fmt.Printf("%s %q\n", c.Wall(at), c.Note(at))
	}
	// Output:
	// 2026-03-07 02:30 EST ""
	// 2026-03-08 03:00 EDT "02:30 does not exist that day in America/New_York; this is the first valid instant"
}

func ExampleSpans() {
	s, err := calendar.NewSpans(calendar.Week, calendar.SpanOptions{Zone: "Europe/Berlin", Start: "2026-01-01T00:00", Day: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)
	for _, span := range s.Slice(now, 0, s.Count(now)) {
		fmt.Println(span.Key, span.Start, span.End)
	}
	// Output:
	// 2026-01-05 2026-01-04 23:00:00 +0000 UTC 2026-01-11 23:00:00 +0000 UTC
	// 2026-01-12 2026-01-11 23:00:00 +0000 UTC 2026-01-18 23:00:00 +0000 UTC
}
