package schedule_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host/schedule"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

func TestDue(t *testing.T) {
	const hourly, minutely = "0 * * * *", "* * * * *"
	for name, c := range map[string]struct {
		cron      string
		from, now string
		policy    usercodev1.MissedTickPolicy
		atMost    uint32
		keep      []string
		dropped   int
		reason    string
	}{
		"NothingDue":        {cron: hourly, from: "22 10:00", now: "22 10:59", policy: all, atMost: 5},
		"ItsOwnInstant":     {cron: hourly, from: "22 10:00", now: "22 11:00", policy: skip, keep: []string{"22 11:00"}},
		"OnTimeWhenSkipped": {cron: hourly, from: "22 10:00", now: "22 11:01", policy: skip, keep: []string{"22 11:00"}},
		"TooLateForSkip": {
			cron: hourly, from: "22 10:00", now: "22 11:02", policy: skip, dropped: 1,
			reason: "the tick at 2026-11-22 11:00:00Z was missed: it slept. By the schedule's policy missed ticks are not made up for.",
		},
		"SkipKeepsTheOneOnTime": {cron: hourly, from: "22 10:00", now: "22 13:00", policy: skip, keep: []string{"22 13:00"}, dropped: 2},
		"Latest": {
			cron: hourly, from: "22 10:00", now: "22 13:30", policy: latest, keep: []string{"22 13:00"}, dropped: 2,
			reason: "2 ticks were missed, from 2026-11-22 11:00:00Z to 2026-11-22 12:00:00Z: it slept. By the schedule's policy only the latest one is made up for.",
		},
		"LatestIsTheOneOnTime": {cron: hourly, from: "22 10:00", now: "22 13:00", policy: latest, keep: []string{"22 13:00"}, dropped: 2},
		"UnspecifiedIsLatest":  {cron: hourly, from: "22 10:00", now: "22 13:30", keep: []string{"22 13:00"}, dropped: 2},
		"AllUpToTheLimit": {
			cron: hourly, from: "22 10:00", now: "22 13:30", policy: all, atMost: 2, keep: []string{"22 12:00", "22 13:00"}, dropped: 1,
			reason: "the tick at 2026-11-22 11:00:00Z was missed: it slept. By the schedule's policy only the latest 2 are made up for.",
		},
		"AllBelowTheLimit": {cron: hourly, from: "22 10:00", now: "22 12:30", policy: all, atMost: 2, keep: []string{"22 11:00", "22 12:00"}},
		"TwoOnTime":        {cron: minutely, from: "22 10:00", now: "22 10:02", policy: skip, keep: []string{"22 10:01", "22 10:02"}},
		"ClockWentBack":    {cron: hourly, from: "22 10:00", now: "22 08:30", policy: all, atMost: 100},
		"AYearOfMinutes": {
			cron: minutely, from: "01 00:00", now: "29 00:00", policy: skip, keep: []string{"28 23:59", "29 00:00"}, dropped: 10_000,
			reason: "more than 10000 ticks were missed, the last of them at 2026-11-28 23:58:00Z: it slept. By the schedule's policy missed ticks are not made up for.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cal, err := calendar.New("", c.cron)
			if err != nil {
				t.Fatal(err)
			}
			keep, dropped, reason := schedule.Due(cal, at(t, c.from), at(t, c.now), &usercodev1.MissedTicks{Policy: c.policy, AtMost: c.atMost})
			var want []time.Time
			for _, text := range c.keep {
				want = append(want, at(t, text))
			}
			if !slices.EqualFunc(keep, want, time.Time.Equal) || dropped != c.dropped {
				t.Errorf("kept %v and dropped %d, want %v and %d", keep, dropped, want, c.dropped)
			}
			if c.reason != "" && reason != c.reason || strings.Contains(reason, "  ") {
				t.Errorf("the reason is %q,\nwant %q", reason, c.reason)
			}
		})
	}
}
