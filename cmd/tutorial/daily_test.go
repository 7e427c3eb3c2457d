package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

// TestDailyReport compares the reports of days with what git says of them.
func TestDailyReport(t *testing.T) {
	repo := t.TempDir()
	shell(t, repo, `
set -e
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
git init -q -b main
commit() { # date message
  GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE="$1" \
  GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE="$1" git commit -q --allow-empty -m "$2"
}
commit '2026-03-01T23:59:59Z' 'the day before'
commit '2026-03-02T00:00:00Z' 'at midnight'
commit '2026-03-03T01:00:00+0200' 'late, as seen	from UTC'
commit '2026-03-03T00:00:00Z' 'the next midnight'
`)
	output := t.TempDir()
	run := func(day string) string {
		t.Helper()
		made, err := usertest.Partition(t.Context(), dailyReport, day)
		if err != nil {
			t.Fatal(err)
		}
		config := made.Config["daily"]
		config["repository"], config["output"] = repo, output
		result, err := usertest.Run(t.Context(), dailyReport, &usertest.Options{Partition: day, Config: map[string]any{"daily": config}})
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(outputOf[string](t, result, "write_day"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	got := run("2026-03-02")
	for _, want := range []string{"# Commits: 2026-03-02\n", "00:00", "Ada: at midnight\n", "23:00", "Ada: late, as seen\tfrom UTC\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("the day's report lacks %q:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n- "); n != 2 {
		t.Errorf("it has %d commits, want 2:\n%s", n, got)
	}
	if got := run("2026-03-04"); !strings.Contains(got, "None.") {
		t.Errorf("a day without commits:\n%s", got)
	}
}

func TestDailySchedule(t *testing.T) {
	ticks, err := usertest.Ticks(dailySchedule, time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), 1)
	if err != nil || len(ticks) != 1 || !ticks[0].Equal(time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("ticks %v, %v", ticks, err)
	}
	e, err := usertest.Schedule(t.Context(), dailySchedule, ticks[0])
	if err != nil || len(e.Requests) != 1 {
		t.Fatalf("got %+v, %v", e, err)
	}
	r := e.Requests[0]
	if r.Job != "daily_report" || r.Partition != "2026-03-02" || r.Tags["month"] != "2026-03" || r.Config["daily"]["since"] != "2026-03-02T00:00:00Z" || r.Config["daily"]["until"] != "2026-03-03T00:00:00Z" {
		t.Errorf("got %+v", r)
	}
}

func TestNewCommits(t *testing.T) {
	t.Chdir(madeRepository(t)) // where the default of the config leads to
	head := shell(t, ".", "git rev-parse HEAD")[0]
	tests := map[string]struct {
		cursor string
		skip   string
		runs   int
	}{
		"SkipFirst":     {"", "for the first time", 0},
		"SkipUnchanged": {head, "no new commit", 0},
		"OK":            {"0000000000000000000000000000000000000000", "", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e, err := usertest.Sensor(t.Context(), newCommits, usercode.SensorState{Cursor: test.cursor})
			if err != nil {
				t.Fatal(err)
			}
			if e.Error != "" || e.Cursor != head || len(e.Requests) != test.runs || !strings.Contains(e.SkipReason, test.skip) {
				t.Fatalf("got %+v", e)
			}
			for _, r := range e.Requests {
				if r.Job != "repository_report" || r.RunKey != head || r.Tags["commit"] != head {
					t.Errorf("got %+v", r)
				}
			}
		})
	}
	t.Run("ErrNoRepository", func(t *testing.T) {
		t.Chdir(t.TempDir())
		e, err := usertest.Sensor(t.Context(), newCommits, usercode.SensorState{Cursor: head})
		if err != nil || !strings.Contains(e.Error, "find the last commit") || e.Cursor != "" {
			t.Errorf("got %+v, %v", e, err)
		}
	})
}
