package calendar

import (
	"strings"
	"testing"
	"time"

	"github.com/netresearch/go-cron"
	"pgregory.net/rapid"
)

func TestNewRefuses(t *testing.T) {
	long := "0" + strings.Repeat(",0", MaxCronBytes/2) + " * * * *"
	tests := []struct {
		name, zone string
		crons      []string
		want       []string
	}{
		{"NoCron", "", nil, []string{"no cron: at least one is needed"}},
		{"Empty", "", []string{""}, []string{`cron "": 0 fields, five are needed`, "@hourly"}},
		{"OneField", "", []string{"daily"}, []string{"one field, five are needed", "@daily"}},
		{"FourFields", "", []string{"0 0 * *"}, []string{"4 fields, five are needed (minute, hour, day of the month, month and day of the week)"}},
		{"Seconds", "", []string{"0 0 6 * * *"}, []string{"6 fields", "no seconds"}},
		{"MinuteTooLarge", "", []string{"61 * * * *"}, []string{`cron "61 * * * *": minute: 61 is not between 0 and 59; allowed are *, 0-59, lists`}},
		{"HourTooLarge", "", []string{"0 24 * * *"}, []string{"hour: 24 is not between 0 and 23"}},
		{"DayZero", "", []string{"0 0 0 * *"}, []string{"day of the month: 0 is not between 1 and 31"}},
		{"MonthName", "", []string{"0 0 * JANUARY *"}, []string{`month: "JANUARY" is not understood`, "JAN-DEC"}},
		{"WeekdayTooLarge", "", []string{"0 0 * * 8"}, []string{"day of the week: 8 is not between 0 and 7", "SUN-SAT"}},
		{"WeekdayName", "", []string{"0 0 * * MONDAY"}, []string{`day of the week: "MONDAY" is not understood`}},
		{"Last", "", []string{"0 0 L * *"}, []string{`day of the month: "L" is not supported: there are no L, W, # and ?`}},
		{"Weekday", "", []string{"0 0 15W * *"}, []string{`day of the month: "15W" is not supported`}},
		{"Nth", "", []string{"0 0 * * FRI#2"}, []string{`day of the week: "FRI#2" is not supported`}},
		{"QuestionMark", "", []string{"0 0 ? * 1"}, []string{`day of the month: "?" is not supported`}},
		{"Hash", "", []string{"H * * * *"}, []string{`minute: "H" is not understood`}},
		{"StepZero", "", []string{"*/0 * * * *"}, []string{`minute: the step of "*/0" is "0", needed is a number from 1 to 59`}},
		{"StepTooLarge", "", []string{"*/60 * * * *"}, []string{`minute: the step of "*/60"`}},
		{"StepOfRangeTooLarge", "", []string{"10-20/11 * * * *"}, []string{"needed is a number from 1 to 10"}},
		{"StepEmpty", "", []string{"*/ * * * *"}, []string{`the step of "*/" is ""`}},
		{"TwoSteps", "", []string{"*/2/2 * * * *"}, []string{`the step of "*/2/2" is "2/2"`}},
		{"StepOverTheWeek", "", []string{"0 0 * * FRI-MON/2"}, []string{"write its days as a list"}},
		{"StepFromAWeekday", "", []string{"0 0 * * 1/2"}, []string{"write its days as a list"}},
		{"Negative", "", []string{"-5 * * * *"}, []string{`minute: "-5" is not understood`}},
		{"EmptyItem", "", []string{"1,,2 * * * *"}, []string{"minute: an item of the list is empty"}},
		{"ThreeEnds", "", []string{"1-2-3 * * * *"}, []string{`minute: "1-2-3" is not understood`}},
		{"OpenRange", "", []string{"*-5 * * * *"}, []string{`minute: "*-5" is not understood`}},
		{"Every", "", []string{"@every 10m"}, []string{"@every is not supported", "*/10 * * * *"}},
		{"Reboot", "", []string{"@reboot"}, []string{`"@reboot" is not supported: allowed are @hourly, @daily`}},
		{"ZoneInside", "", []string{"TZ=UTC 0 0 * * *"}, []string{"TZ= is not supported"}},
		{"TooLong", "", []string{long}, []string{"bytes, at most 512 are allowed"}},
		{"TooMany", "", strings.Split(strings.Repeat("@daily\n", MaxCrons)+"@daily", "\n"), []string{"21 crons, at most 20 are allowed"}},
		{"UnknownZone", "Mars/Olympus", []string{"@daily"}, []string{`zone "Mars/Olympus" is not known`, "Europe/Berlin"}},
		{"Local", "Local", []string{"@daily"}, []string{`zone "Local" is another one on every machine`}},
		{"LongZone", strings.Repeat("z", 65), []string{"@daily"}, []string{"zone has 65 bytes"}},
		{"All", "Mars/Olympus", []string{"61 * * * *", "0 0 * * *", "@reboot"}, []string{"Mars/Olympus", "61 is not", "@reboot"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := New(test.zone, test.crons...)
			if err == nil {
				t.Fatalf("New(%q, %q) is no error, want one", test.zone, test.crons)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New(%q, %.100q) = %q, want it to say %q", test.zone, test.crons, err, want)
				}
			}
		})
	}
}

func TestCronsThatAreTheSame(t *testing.T) {
	tests := []struct{ name, text, same string }{
		{"Hourly", "@hourly", "0 * * * *"},
		{"Daily", "@Daily", "0 0 * * *"},
		{"Midnight", "@midnight", "@daily"},
		{"Weekly", "@weekly", "0 0 * * SUN"},
		{"Monthly", "@monthly", "0 0 1 * *"},
		{"Yearly", "@yearly", "@annually"},
		{"Spaces", "  0\t0  * * *\n", "@daily"},
		{"Names", "0 0 * jan,MAR-may Mon-fri", "0 0 * 1,3-5 1-5"},
		{"SundayIsSeven", "0 0 * * 7", "0 0 * * 0"},
		{"OverTheWeek", "0 0 * * SAT-MON", "0 0 * * 0,1,6"},
		{"UntilSunday", "0 0 * * FRI-7", "0 0 * * 5,6,0"},
		{"OverTheDay", "0 22-2 * * *", "0 22,23,0,1,2 * * *"},
		{"OverTheDayInSteps", "0 22-2/2 * * *", "0 22,0,2 * * *"},
		{"Step", "*/20 * * * *", "0,20,40 * * * *"},
		{"StepFrom", "5/20 * * * *", "5,25,45 * * * *"},
		{"StepOne", "*/1 */1 */1 * MON", "* * * * MON"},
		{"StepOfWeek", "0 0 * * */2", "0 0 * * 0,2,4,6"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			want, err := parse(test.same)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				// A list and a range have the same values, but only * is unrestricted.
				t.Errorf("%q is %+v, want %+v as %q", test.text, got, want, test.same)
			}
		})
	}
}

// TestPatternsAgainstTheLibrary compares our way through the calendar with the library's, where no clock is moved.
func TestPatternsAgainstTheLibrary(t *testing.T) {
	parser, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom)
	if err != nil {
		t.Fatal(err)
	}
	parser = parser.WithMaxSearchYears(9)
	rapid.Check(t, func(t *rapid.T) {
		d := drawCron(t)
		c, err := New("UTC", d.text)
		if err != nil {
			t.Fatal(err)
		}
		schedule, err := parser.Parse(d.text)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, 5_000_000_000).Draw(t, "second"), 0).UTC()
		for range 50 {
			got, ok := c.Next(at)
			want := schedule.Next(at)
			if ok == want.IsZero() || ok && !got.Equal(want) {
				t.Fatalf("%q after %s: %s, %t, the library says %s", d.text, at, got, ok, want)
			}
			if at = got; !ok {
				return
			}
		}
	})
}

func TestDaysThatNeverComeEndTheSearch(t *testing.T) {
	for _, text := range []string{"0 0 30 2 *", "* * 31 2,4,6,9,11 *"} {
		c, err := New("America/New_York", text)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
		if at, ok := c.Next(now); ok {
			t.Errorf("Next of %q is %s, want none", text, at)
		}
		if at, ok := c.Prev(now); ok {
			t.Errorf("Prev of %q is %s, want none", text, at)
		}
	}
	if c, err := New("", "0 0 29 2 *"); err != nil {
		t.Error(err)
	} else if at, ok := c.Next(time.Date(1896, 3, 1, 0, 0, 0, 0, time.UTC)); !ok || at.Year() != 1904 {
		t.Errorf("the leap day after 1896 is %s, %t, want the one of 1904", at, ok)
	}
}

func FuzzNew(f *testing.F) {
	for _, seed := range []string{"0 0 * * *", "*/5 1-3,7 L * MON", "@daily", "@every 1s", "TZ=Mars 0 0 * * *", "0 0 29 2 *", "1,,2 * * * *", "5-1/3 * * * *"} {
		f.Add(seed)
	}
	start := time.Date(2026, 3, 7, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := New("America/Havana", text)
		if err != nil {
			if len(err.Error()) > 8*MaxCronBytes {
				t.Errorf("the error of %.40q has %d bytes", text, len(err.Error()))
			}
			return
		}
		at := start
		for range 5 {
			next, ok := c.Next(at)
			if !ok {
				return
			}
			if prev, ok := c.Prev(next.Add(1)); !next.After(at) || !ok || !prev.Equal(next) {
				t.Fatalf("%q after %s: %s, and Prev of it %s, %t", text, at, next, prev, ok)
			}
			at = next
		}
	})
}

func BenchmarkNext(b *testing.B) {
	for _, test := range []struct{ name, zone, cron string }{
		{"UTCDaily", "UTC", "0 6 * * *"},
		{"NewYorkDaily", "America/New_York", "0 6 * * *"},
		{"NewYorkHourly", "America/New_York", "*/15 * * * *"},
		{"NewYorkLeapDay", "America/New_York", "0 6 29 2 *"},
		{"NewYorkNever", "America/New_York", "0 6 30 2 *"},
	} {
		b.Run(test.name, func(b *testing.B) {
			c, err := New(test.zone, test.cron)
			if err != nil {
				b.Fatal(err)
			}
			at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
			b.ReportAllocs()
			for b.Loop() {
				c.Next(at)
			}
		})
	}
}
