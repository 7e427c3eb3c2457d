package calendar

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHardDays is the twelve hard cases: what the crons of a zone tick around a day on which the clock, or the calendar,
// does something. Instants are in UTC, then what the clock shows and what Note says of it.
func TestHardDays(t *testing.T) {
	type tick struct{ UTC, Wall, Note string }
	tests := []struct {
		name, zone  string
		crons       []string
		after, last string // all ticks in between, the last one included
		want        []tick
	}{
		{
			name: "NewYorkGapDaily", zone: "America/New_York", crons: []string{"30 2 * * *"},
			after: "2026-03-07T12:00Z", last: "2026-03-09T12:00Z",
			want: []tick{
				{"2026-03-08T07:00Z", "2026-03-08 03:00 EDT", "02:30 does not exist that day in America/New_York; this is the first valid instant"},
				{"2026-03-09T06:30Z", "2026-03-09 02:30 EDT", ""},
			},
		},
		{
			name: "NewYorkFoldDaily", zone: "America/New_York", crons: []string{"30 1 * * *"},
			after: "2026-10-31T12:00Z", last: "2026-11-02T12:00Z",
			want: []tick{
				{"2026-11-01T05:30Z", "2026-11-01 01:30 EDT", "01:30 is there twice that day in America/New_York; this is the first time, EDT"},
				{"2026-11-02T06:30Z", "2026-11-02 01:30 EST", ""},
			},
		},
		{
			name: "NewYorkGapHourly", zone: "America/New_York", crons: []string{"15 * * * *"},
			after: "2026-03-08T05:30Z", last: "2026-03-08T08:30Z",
			want: []tick{
				{"2026-03-08T06:15Z", "2026-03-08 01:15 EST", ""},
				{"2026-03-08T07:15Z", "2026-03-08 03:15 EDT", ""},
				{"2026-03-08T08:15Z", "2026-03-08 04:15 EDT", ""},
			},
		},
		{
			name: "NewYorkFoldHourly", zone: "America/New_York", crons: []string{"@hourly"},
			after: "2026-11-01T04:30Z", last: "2026-11-01T07:30Z",
			want: []tick{
				{"2026-11-01T05:00Z", "2026-11-01 01:00 EDT", "01:00 is there twice that day in America/New_York; this is the first time, EDT"},
				{"2026-11-01T06:00Z", "2026-11-01 01:00 EST", "01:00 is there twice that day in America/New_York; this is the second time, EST"},
				{"2026-11-01T07:00Z", "2026-11-01 02:00 EST", ""},
			},
		},
		{
			name: "LordHoweHalfHourGap", zone: "Australia/Lord_Howe", crons: []string{"15 2 * * *", "0 * * * *"},
			after: "2026-10-03T14:00Z", last: "2026-10-03T16:30Z",
			want: []tick{
				{"2026-10-03T14:30Z", "2026-10-04 01:00 +1030", ""},
				{"2026-10-03T15:30Z", "2026-10-04 02:30 +11", "02:00 does not exist that day in Australia/Lord_Howe; this is the first valid instant"},
				{"2026-10-03T16:00Z", "2026-10-04 03:00 +11", ""},
			},
		},
		{
			name: "LordHoweHalfHourFold", zone: "Australia/Lord_Howe", crons: []string{"45 1 * * *", "30 * * * *"},
			after: "2026-04-04T14:00Z", last: "2026-04-04T16:30Z",
			want: []tick{
				{"2026-04-04T14:30Z", "2026-04-05 01:30 +11", "01:30 is there twice that day in Australia/Lord_Howe; this is the first time, +11"},
				{"2026-04-04T14:45Z", "2026-04-05 01:45 +11", "01:45 is there twice that day in Australia/Lord_Howe; this is the first time, +11"},
				{"2026-04-04T15:00Z", "2026-04-05 01:30 +1030", "01:30 is there twice that day in Australia/Lord_Howe; this is the second time, +1030"},
				{"2026-04-04T16:00Z", "2026-04-05 02:30 +1030", ""},
			},
		},
		{
			name: "HavanaMidnightGap", zone: "America/Havana", crons: []string{"@daily"},
			after: "2026-03-07T12:00Z", last: "2026-03-09T12:00Z",
			want: []tick{
				{"2026-03-08T05:00Z", "2026-03-08 01:00 CDT", "00:00 does not exist that day in America/Havana; this is the first valid instant"},
				{"2026-03-09T04:00Z", "2026-03-09 00:00 CDT", ""},
			},
		},
		{
			name: "LeapDay", zone: "Europe/Berlin", crons: []string{"0 6 29 FEB *"},
			after: "2023-01-01T00:00Z", last: "2033-01-01T00:00Z",
			want: []tick{
				{"2024-02-29T05:00Z", "2024-02-29 06:00 CET", ""},
				{"2028-02-29T05:00Z", "2028-02-29 06:00 CET", ""},
				{"2032-02-29T05:00Z", "2032-02-29 06:00 CET", ""},
			},
		},
		{
			name: "The31st", zone: "", crons: []string{"0 0 31 * *"},
			after: "2026-01-31T00:00Z", last: "2026-08-01T00:00Z",
			want: []tick{
				{"2026-03-31T00:00Z", "2026-03-31 00:00 UTC", ""},
				{"2026-05-31T00:00Z", "2026-05-31 00:00 UTC", ""},
				{"2026-07-31T00:00Z", "2026-07-31 00:00 UTC", ""},
			},
		},
		{
			name: "SeveralCronsAndWeekdaysMeetOnce", zone: "Europe/London", crons: []string{"0 9 * * MON-FRI", "0 9 1 * *", "0 9 13 * FRI"},
			after: "2026-11-01T00:00Z", last: "2026-11-03T12:00Z",
			want: []tick{
				{"2026-11-01T09:00Z", "2026-11-01 09:00 GMT", ""},
				{"2026-11-02T09:00Z", "2026-11-02 09:00 GMT", ""},
				{"2026-11-03T09:00Z", "2026-11-03 09:00 GMT", ""},
			},
		},
		{
			name: "ApiaSkipsADay", zone: "Pacific/Apia", crons: []string{"0 6 * * *"},
			after: "2011-12-29T00:00Z", last: "2012-01-01T00:00Z",
			want: []tick{
				{"2011-12-29T16:00Z", "2011-12-29 06:00 -10", ""},
				{"2011-12-30T10:00Z", "2011-12-31 00:00 +14", "2011-12-30 06:00 does not exist in Pacific/Apia; this is the first valid instant"},
				{"2011-12-30T16:00Z", "2011-12-31 06:00 +14", ""},
				{"2011-12-31T16:00Z", "2012-01-01 06:00 +14", ""},
			},
		},
		{
			name: "StepsOverAGap", zone: "America/New_York", crons: []string{"*/30 1-4/2 * * *", "*/20 2 * * *"},
			after: "2026-03-08T05:30Z", last: "2026-03-08T08:30Z",
			want: []tick{
				{"2026-03-08T06:00Z", "2026-03-08 01:00 EST", ""},
				{"2026-03-08T06:30Z", "2026-03-08 01:30 EST", ""},
				{"2026-03-08T07:00Z", "2026-03-08 03:00 EDT", ""},
				{"2026-03-08T07:30Z", "2026-03-08 03:30 EDT", ""},
			},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := New(test.zone, test.crons...)
			if err != nil {
				t.Fatal(err)
			}
			var got []tick
			last := utc(t, test.last)
			for at, ok := c.Next(utc(t, test.after)); ok && !at.After(last); at, ok = c.Next(at) {
				got = append(got, tick{at.Format("2006-01-02T15:04Z07:00"), c.Wall(at), c.Note(at)})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ticks of %q (-want +got):\n%s", test.crons, diff)
			}
		})
	}
}

func utc(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}
