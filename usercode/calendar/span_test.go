package calendar

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestHardSpans(t *testing.T) {
	tests := []struct {
		name    string
		unit    Unit
		options SpanOptions
		now     string
		want    []string // the last ones that exist: key, start, hours
	}{
		{
			"HoursOfAFold", Hour,
			SpanOptions{Zone: "America/New_York", Start: "2026-11-01T00:00"},
			"2026-11-01T08:00Z",
			[]string{
				"2026-11-01T00:00 04:00Z 1h0m0s", "2026-11-01T01:00-04:00 05:00Z 1h0m0s", "2026-11-01T01:00-05:00 06:00Z 1h0m0s",
				"2026-11-01T02:00 07:00Z 1h0m0s",
			},
		},
		{
			"HoursOfAGap", Hour,
			SpanOptions{Zone: "America/New_York", Start: "2026-03-08T01:00"},
			"2026-03-08T08:00Z",
			[]string{"2026-03-08T01:00 06:00Z 1h0m0s", "2026-03-08T03:00 07:00Z 1h0m0s"},
		},
		{
			"HoursOfAHalfHourGap", Hour,
			SpanOptions{Zone: "Australia/Lord_Howe", Start: "2026-10-04T01:00"},
			"2026-10-03T17:00Z",
			[]string{"2026-10-04T01:00 14:30Z 1h0m0s", "2026-10-04T02:30 15:30Z 30m0s", "2026-10-04T03:00 16:00Z 1h0m0s"},
		},
		{
			"HoursOfAHalfHourFold", Hour,
			SpanOptions{Zone: "Australia/Lord_Howe", Start: "2026-04-05T01:00"},
			"2026-04-04T16:30Z",
			[]string{"2026-04-05T01:00 14:00Z 1h30m0s", "2026-04-05T02:00 15:30Z 1h0m0s"},
		},
		{
			"DaysOfAMidnightGap", Day,
			SpanOptions{Zone: "America/Havana", Start: "2026-03-07T00:00"},
			"2026-03-09T12:00Z",
			[]string{"2026-03-07 05:00Z 24h0m0s", "2026-03-08 05:00Z 23h0m0s"},
		},
		{
			"DaysOfASkippedDay", Day,
			SpanOptions{Zone: "Pacific/Apia", Start: "2011-12-29T00:00"},
			"2012-01-01T00:00Z",
			[]string{"2011-12-29 10:00Z 24h0m0s", "2011-12-31 10:00Z 24h0m0s"},
		},
		{
			"DaysAtSixOfASkippedDay", Day,
			SpanOptions{Zone: "Pacific/Apia", Start: "2011-12-29T00:00", Hour: 6},
			"2012-01-01T00:00Z",
			[]string{"2011-12-29 16:00Z 18h0m0s", "2011-12-30 10:00Z 6h0m0s", "2011-12-31 16:00Z 24h0m0s"},
		},
		{
			"WeeksFromMonday", Week,
			SpanOptions{Zone: "Europe/Berlin", Start: "2026-10-14T00:00", Day: 1, Hour: 3, Minute: 30},
			"2026-11-02T02:30Z",
			[]string{"2026-10-19 01:30Z 169h0m0s", "2026-10-26 02:30Z 168h0m0s"},
		},
		{
			"Months", Month,
			SpanOptions{Start: "2026-01-15T00:00", Day: 1},
			"2026-04-30T23:59Z",
			[]string{"2026-02 00:00Z 672h0m0s", "2026-03 00:00Z 744h0m0s"},
		},
		{
			"MonthsFromTheFifteenth", Month,
			SpanOptions{Start: "2026-01-15T00:00", Day: 15},
			"2026-03-15T00:00Z",
			[]string{"2026-01-15 00:00Z 744h0m0s", "2026-02-15 00:00Z 672h0m0s"},
		},
		{
			"OneThatHasNotEnded", Day,
			SpanOptions{Start: "2026-01-01T00:00", EndOffset: 1},
			"2026-01-02T12:00Z",
			[]string{"2026-01-01 00:00Z 24h0m0s", "2026-01-02 00:00Z 24h0m0s"},
		},
		{
			"NotTheNewest", Day,
			SpanOptions{Start: "2026-01-01T00:00", EndOffset: -1},
			"2026-01-03T12:00Z",
			[]string{"2026-01-01 00:00Z 24h0m0s"},
		},
		{
			"End", Day,
			SpanOptions{Start: "2026-01-01T00:00", End: "2026-01-03T12:00", EndOffset: 5},
			"2026-06-01T00:00Z",
			[]string{"2026-01-01 00:00Z 24h0m0s", "2026-01-02 00:00Z 24h0m0s"},
		},
		{"NoneYet", Day, SpanOptions{Start: "2026-01-01T00:00"}, "2026-01-01T23:59Z", nil},
		{"BeforeTheStart", Day, SpanOptions{Start: "2026-01-01T00:00"}, "2020-01-01T00:00Z", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := NewSpans(test.unit, test.options)
			if err != nil {
				t.Fatal(err)
			}
			now := utc(t, test.now)
			var got []string
			for _, span := range s.Slice(now, 0, s.Count(now)) {
				got = append(got, span.Key+" "+span.Start.Format("15:04Z07:00")+" "+span.End.Sub(span.Start).String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewSpansRefuses(t *testing.T) {
	tests := []struct {
		name    string
		unit    Unit
		options SpanOptions
		want    []string
	}{
		{"Unit", "year", SpanOptions{Start: "2026-01-01T00:00"}, []string{`unit "year": hour, day, week or month is needed`}},
		{"NoStart", Day, SpanOptions{}, []string{`start is "": a time of the zone as 2026-01-31T00:00 is needed`}},
		{"StartYear", Day, SpanOptions{Start: "1000-01-01T00:00"}, []string{"start is 1000-01-01T00:00: years from 1900 to 2200 are allowed"}},
		{"End", Day, SpanOptions{Start: "2026-01-01T00:00", End: "2025-01-01T00:00"}, []string{"end 2025-01-01T00:00 is not after start"}},
		{"HourOfHours", Hour, SpanOptions{Start: "2026-01-01T00:00", Hour: 3}, []string{"hour is 3, spans of unit hour have none"}},
		{"DayOfDays", Day, SpanOptions{Start: "2026-01-01T00:00", Day: 3}, []string{"day is 3, spans of unit day have none"}},
		{"DayOfMonth", Month, SpanOptions{Start: "2026-01-01T00:00", Day: 29}, []string{"day of the month is 29, for unit month it is from 0 to 28"}},
		{
			"All", Week,
			SpanOptions{Zone: "Mars/Olympus", Start: "x", Minute: 60, Hour: 24, Day: 7, EndOffset: -MaxEndOffset - 1},
			[]string{"Mars/Olympus", "start is", "minute is 60", "hour is 24", "day of the week is 7", "end offset is -100001"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := NewSpans(test.unit, test.options)
			if err == nil {
				t.Fatal("no error, want one")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want it to say %q", err, want)
				}
			}
		})
	}
}

func TestAtRefuses(t *testing.T) {
	tests := []struct {
		name    string
		unit    Unit
		options SpanOptions
		key     string
		want    string
	}{
		{"NoDate", Day, SpanOptions{}, "yesterday", "a day has a key such as 2026-11-01"},
		{"NoMonth", Month, SpanOptions{Day: 1}, "2026-11-01", "a month has a key such as 2026-11"},
		{"NotCanonical", Day, SpanOptions{}, "2026-1-1", "a day has a key such as"},
		{"Weekday", Week, SpanOptions{Day: 1}, "2026-11-24", "no week begins on that day, a Tuesday"},
		{"DayOfMonth", Month, SpanOptions{Day: 15}, "2026-11-14", "no month begins on that day"},
		{"BeforeTheStart", Day, SpanOptions{}, "1999-12-31", "it is before the start of the partitions, 2000-01-01T00:00"},
		{"AfterTheEnd", Day, SpanOptions{End: "2026-01-01T00:00"}, "2026-01-01", "it ends after the end of the partitions, 2026-01-01T00:00"},
		{"Year", Day, SpanOptions{}, "9999-01-01", "years from 1900 to 2200 are allowed"},
		{"SkippedDay", Day, SpanOptions{Zone: "Pacific/Apia"}, "2011-12-30", "it does not exist in Pacific/Apia"},
		{"Gap", Hour, SpanOptions{Zone: "America/New_York"}, "2026-03-08T02:00", "the clock never shows that time in America/New_York"},
		{"Fold", Hour, SpanOptions{Zone: "America/New_York"}, "2026-11-01T01:00", "write 2026-11-01T01:00-04:00 or 2026-11-01T01:00-05:00"},
		{"NoFold", Hour, SpanOptions{Zone: "America/New_York"}, "2026-11-01T03:00-05:00", "its key is 2026-11-01T03:00"},
		{"Minute", Hour, SpanOptions{Minute: 15}, "2026-11-01T03:00", "hours begin at minute 15"},
		{"NoHour", Hour, SpanOptions{}, "2026-11-01", "an hour has a key such as 2026-11-01T13:00"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.options.Start = "2000-01-01T00:00"
			s, err := NewSpans(test.unit, test.options)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.At(test.key); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("At(%q) = %v, want it to say %q", test.key, err, test.want)
			}
			if _, err := s.Index(test.key); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Index(%q) = %v, want it to say %q", test.key, err, test.want)
			}
		})
	}
}

// TestSpansAreAPartition: spans follow one another without a gap at the ticks of their cron, and key, index and span name
// each other.
func TestSpansAreAPartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.SampledFrom(moved).Draw(t, "day")
		unit := rapid.SampledFrom([]Unit{Hour, Day, Week, Month}).Draw(t, "unit")
		o := SpanOptions{Zone: place.zone, Minute: rapid.SampledFrom([]int{0, 0, 15, 30, 59}).Draw(t, "minute")}
		if unit != Hour {
			o.Hour = rapid.SampledFrom([]int{0, 0, 1, 2, 3, 23}).Draw(t, "hour")
		}
		switch unit {
		case Week:
			o.Day = rapid.IntRange(0, 6).Draw(t, "weekday")
		case Month:
			o.Day = rapid.IntRange(0, 28).Draw(t, "day of month")
		case Hour, Day:
		}
		length := map[Unit]time.Duration{Hour: time.Hour, Day: 24 * time.Hour, Week: 7 * 24 * time.Hour, Month: 30 * 24 * time.Hour}[unit]
		noon, err := time.Parse("2006-01-02", place.day)
		if err != nil {
			t.Fatal(err)
		}
		start := noon.Add(-time.Duration(rapid.IntRange(1, 60).Draw(t, "start")) * length)
		o.Start = start.Format(optionLayout)
		s, err := NewSpans(unit, o)
		if err != nil {
			t.Fatal(err)
		}
		now := noon.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "now")) * length)
		checkSpans(t, s, now)
	})
}

func checkSpans(t *rapid.T, s *Spans, now time.Time) {
	spans := s.Slice(now, 0, 1_000)
	if len(spans) != s.Count(now) {
		t.Fatalf("Slice has %d spans, Count says %d", len(spans), s.Count(now))
	}
	c, err := New(s.Zone(), s.Cron())
	if err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]bool, len(spans))
	for i, span := range spans {
		if keys[span.Key] {
			t.Fatalf("two spans have the key %q", span.Key)
		}
		keys[span.Key] = true
		if i > 0 && !spans[i-1].End.Equal(span.Start) {
			t.Fatalf("%s ends at %s, and the next one begins at %s", spans[i-1].Key, spans[i-1].End, span.Start)
		}
		if next, ok := c.Next(span.Start); !c.Has(span.Start) || !ok || !next.Equal(span.End) || next.After(now) {
			t.Fatalf("%q: %s to %s, the cron %q ticks at %s", span.Key, span.Start, span.End, s.Cron(), next)
		}
		start, end, err := s.At(span.Key)
		if err != nil || !start.Equal(span.Start) || !end.Equal(span.End) || s.Key(span.Start) != span.Key {
			t.Fatalf("At(%q) = %s, %s, %v, Key = %q, want %+v", span.Key, start, end, err, s.Key(span.Start), span)
		}
		if index, err := s.Index(span.Key); err != nil || index != i {
			t.Fatalf("Index(%q) = %d, %v, want %d", span.Key, index, err, i)
		}
		for _, in := range []time.Time{span.Start, span.End.Add(-1)} {
			if of, ok := s.Of(in); !ok || of != span {
				t.Fatalf("Of(%s) = %+v, %t, want %+v", in, of, ok, span)
			}
		}
		if ended := s.Ended(span.End.Add(-1), span.End); len(ended) != 1 || ended[0] != span {
			t.Fatalf("Ended at %s: %+v, want %+v", span.End, ended, span)
		}
	}
	if n := len(spans); n > 2 {
		if diff := cmp.Diff(spans[1:n-1], s.Slice(now, 1, n-1)); diff != "" {
			t.Fatalf("Slice in the middle (-want +got):\n%s", diff)
		}
	}
}

func TestTenYearsOfHours(t *testing.T) {
	s, err := NewSpans(Hour, SpanOptions{Zone: "America/New_York", Start: "2016-01-01T00:00"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 5, 0, 0, 0, time.UTC)
	if got, want := s.Count(now), 87_672; got != want {
		t.Errorf("Count is %d, want %d hours", got, want)
	}
	last := s.Slice(now, 87_671, 87_672)
	want := []Span{{Key: "2025-12-31T23:00", Start: now.Add(-time.Hour), End: now}}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("the last one (-want +got):\n%s", diff)
	}
}

func BenchmarkSpans(b *testing.B) {
	o := SpanOptions{Zone: "America/New_York", Start: "2016-01-01T00:00"}
	now := time.Date(2026, 1, 1, 5, 0, 0, 0, time.UTC)
	b.Run("NewAndCount", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s, err := NewSpans(Hour, o)
			if err != nil {
				b.Fatal(err)
			}
			s.Count(now)
		}
	})
	s, err := NewSpans(Hour, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Slice87672", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.Slice(now, 0, 87_672)
		}
	})
	b.Run("Index", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Index("2025-12-31T23:00"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
