package usercode_test

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
)

var (
	plainJob = usercode.NewJob("plain", placeHello)
	otherJob = usercode.NewJob("other", placeHello)
	someDays = usercode.NewDailyPartitions("days", "2026-01-01")
	dailyJob = usercode.NewJob("daily", placeHello, someDays)
	keyedJob = usercode.NewJob("keyed", placeHello, usercode.NewStaticPartitions("keys", []string{"a"}))
)

func noRuns(context.Context, usercode.Tick) ([]usercode.RunRequest, error) { return nil, nil }

func nothingFound(context.Context, usercode.SensorState) (usercode.SensorResult, error) {
	return usercode.SensorResult{}, nil
}

func noReaction(context.Context, usercode.EndedRun) ([]usercode.RunRequest, error) { return nil, nil }

func TestProblemsOfPartitions(t *testing.T) {
	many := make([]string, 10_001)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	var nilPartitions *usercode.Partitions
	var nilDynamic *usercode.DynamicPartitions
	tests := map[string]struct {
		options []usercode.JobOption
		want    []string // each a pattern of one problem, in order
	}{
		"BadName":       {[]usercode.JobOption{usercode.NewDynamicPartitions("no good")}, []string{`partitions "no good": the name "no good" holds`}},
		"BadZone":       {[]usercode.JobOption{usercode.NewDailyPartitions("p", "2026-01-01", usercode.Zone("Mars/Base"))}, []string{`partitions "p": .*Mars/Base`}},
		"BadStart":      {[]usercode.JobOption{usercode.NewDailyPartitions("p", "yesterday")}, []string{`partitions "p": start is "yesterday"`}},
		"BadUntil":      {[]usercode.JobOption{usercode.NewDailyPartitions("p", "2026-01-02", usercode.Until("2026-01-01"))}, []string{`end 2026-01-01T00:00 is not after start`}},
		"BadHour":       {[]usercode.JobOption{usercode.NewDailyPartitions("p", "2026-01-01", usercode.AtHour(24))}, []string{`hour is 24`}},
		"HourOfHours":   {[]usercode.JobOption{usercode.NewHourlyPartitions("p", "2026-01-01", usercode.AtHour(1))}, []string{`hour is 1`}},
		"DayOfDays":     {[]usercode.JobOption{usercode.NewDailyPartitions("p", "2026-01-01", usercode.OnWeekday(time.Monday), usercode.OnDay(3))}, []string{`OnWeekday is for partitions of a week, and these are of a day`, `OnDay is for partitions of a month`}},
		"The31st":       {[]usercode.JobOption{usercode.NewMonthlyPartitions("p", "2026-01-01", usercode.OnDay(31))}, []string{`OnDay is 31; it is a day from 1 to 28`}},
		"SeveralOfTime": {[]usercode.JobOption{usercode.NewDailyPartitions("p", "x", usercode.AtMinute(60), usercode.Zone("y"))}, []string{`minute is 60`, `"?y"?`, `start is "x"`}},
		"NoKeys":        {[]usercode.JobOption{usercode.NewStaticPartitions("p", nil)}, []string{`there is no key`}},
		"TooManyKeys":   {[]usercode.JobOption{usercode.NewStaticPartitions("p", many)}, []string{`there are 10001 keys; the limit is 10000`}},
		"BadKeys": {
			[]usercode.JobOption{usercode.NewStaticPartitions("p", []string{"", "a|b", "a..b", " a", "\x00", "\xff", strings.Repeat("x", 256), "a", "a"})},
			[]string{
				`key 1, "": the key is empty`, `key 2, "a\|b": the key has "\|" or "\.\."`, `key 3`, `key 4, " a": the key begins or ends with a space`,
				`key 5, "\\x00": the key has control`, `key 6, "\\xff": the key is not valid UTF-8`, `key 7.*the key has 256 bytes; the limit is 255`, `key 9, "a", is key 8 already`,
			},
		},
		"Nil":        {[]usercode.JobOption{nilPartitions}, []string{`its partitions are nil`}},
		"NilDynamic": {[]usercode.JobOption{nilDynamic}, []string{`its partitions are nil`}},
		"Twice":      {[]usercode.JobOption{someDays, someDays}, []string{`partitions "days" are given twice`}},
		"Two":        {[]usercode.JobOption{someDays, usercode.NewDynamicPartitions("p")}, []string{`it has two partitions, "days" and "p"; make pairs`}},
		"NilOfPair":  {[]usercode.JobOption{usercode.NewPartitionPairs("p", nilPartitions, nil)}, []string{`dimension 1 is nil`, `dimension 2 is nil`}},
		"PairOfOne":  {[]usercode.JobOption{usercode.NewPartitionPairs("p", someDays, someDays)}, []string{`both dimensions have the name "days"`, `both dimensions are of time`}},
		"PairOfBad":  {[]usercode.JobOption{usercode.NewPartitionPairs("p", someDays, usercode.NewStaticPartitions("s", nil))}, []string{`partitions "s": there is no key`}},
		"ConfigAlone": {[]usercode.JobOption{usercode.PartitionConfig(func(context.Context, usercode.Partition) (usercode.RunConfig, error) { return nil, nil })},
			[]string{`it has PartitionConfig or PartitionTags, but no partitions`}},
		"NilFunctions": {[]usercode.JobOption{someDays, usercode.PartitionConfig(nil), usercode.PartitionTags(nil)}, []string{`PartitionConfig: the function is nil`, `PartitionTags: the function is nil`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wantProblems(t, problemsOf(t, usercode.NewJob("bad", placeHello, test.options...)), test.want)
		})
	}
	t.Run("OfOneName", func(t *testing.T) {
		problems := problemsOf(t, dailyJob, usercode.NewJob("again", placeHello, usercode.NewDailyPartitions("days", "2026-01-01")))
		wantProblems(t, problems, []string{`partitions "days" of job "again": there are others of this name in the repository, made at .*automation_test\.go:\d+`})
	})
	t.Run("SharedAreFine", func(t *testing.T) {
		again := usercode.NewJob("again", placeHello, someDays)
		pair := usercode.NewJob("pair", placeHello, usercode.NewPartitionPairs("pair", someDays, usercode.NewDynamicPartitions("customers")))
		if err := usercode.Validate(usercode.NewRepository("repo", dailyJob, again, pair)); err != nil {
			t.Error(err)
		}
	})
}

func wantProblems(t *testing.T, problems usercode.Problems, want []string) {
	t.Helper()
	if len(problems) != len(want) {
		t.Fatalf("got %d problems, want %d:\n%v", len(problems), len(want), problems)
	}
	for i, p := range problems {
		if !regexp.MustCompile(want[i]).MatchString(p.Message) {
			t.Errorf("problem %d: got %q, want %s", i, p.Message, want[i])
		}
		if p.Repository != "repo" || !strings.Contains(p.Origin, "_test.go:") {
			t.Errorf("problem %d does not say where: %+v", i, p)
		}
	}
}

func TestProblemsOfAutomation(t *testing.T) {
	var nilJob *usercode.Job
	var nilSchedule *usercode.Schedule
	var nilSensor *usercode.Sensor
	daily := usercode.Cron("@daily")
	tests := map[string]struct {
		items []usercode.RepositoryItem
		want  []string
	}{
		"BadName":   {[]usercode.RepositoryItem{usercode.NewSchedule("no good", plainJob, daily)}, []string{`schedule "no good": the name "no good" holds`}},
		"NoCron":    {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob)}, []string{`schedule "s": no cron`}},
		"BadCrons":  {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, usercode.Cron("61 * * * *"), usercode.Cron("x"), usercode.Zone("Mars"))}, []string{`Mars`, `61`, `x`}},
		"NeverDue":  {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, usercode.Cron("0 0 30 2 *"))}, []string{`schedule "s": .*0 0 30 2`}},
		"NilJob":    {[]usercode.RepositoryItem{usercode.NewSchedule("s", nilJob, daily)}, []string{`schedule "s": its job is nil`}},
		"OtherJob":  {[]usercode.RepositoryItem{usercode.NewSchedule("s", otherJob, daily)}, []string{`schedule "s": its job "other" is not in the repository; add it`}},
		"BadTags":   {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, daily, usercode.Tags{"-": 1, "penstock/job": "x"})}, []string{`schedule "s": tag "-"`, `schedule "s": tag "penstock/job"`}},
		"TagTwice":  {[]usercode.RepositoryItem{usercode.NewSensor("s", nothingFound, usercode.Tags{"a": 1}, usercode.Tags{"a": 2})}, []string{`sensor "s": tag "a"`}},
		"BadConfig": {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, daily, usercode.RunConfig{"nope": 1})}, []string{`schedule "s": run config: config\.nope: no op of this job has a config of that name`}},
		"ConfigTwice": {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, daily, usercode.RunConfig{}, usercode.RunConfig{})},
			[]string{`RunConfig is given twice`}},
		"ZoneTwice": {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, daily, usercode.Zone("Europe/Berlin"), usercode.Cron("@weekly"), usercode.Zone("UTC"))},
			[]string{`Zone is given twice, "Europe/Berlin" and "UTC"; .*make two schedules`}},
		"MissedTwice":  {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, daily, usercode.SkipMissed(), usercode.LatestMissed())}, []string{`missed ticks is said twice`}},
		"MissedMany":   {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, daily, usercode.AllMissed(101))}, []string{`AllMissed is given 101; it is a number of ticks from 1 to 100`}},
		"NoPartitions": {[]usercode.RepositoryItem{usercode.NewPartitionSchedule("s", plainJob)}, []string{`schedule "s": job "plain" has no partitions`}},
		"NotOfTime":    {[]usercode.RepositoryItem{keyedJob, usercode.NewPartitionSchedule("s", keyedJob)}, []string{`schedule "s": the partitions "keys" of job "keyed" are none of time`}},
		"NilFunctions": {
			[]usercode.RepositoryItem{usercode.NewScheduleFunc("a", plainJob, nil, daily), usercode.NewSensor("b", nil), usercode.NewRunStatusSensor("c", "", nil)},
			[]string{`schedule "a": its function is nil`, `sensor "b": its function is nil`, `sensor "c": its function is nil`},
		},
		"Timeouts": {
			[]usercode.RepositoryItem{usercode.NewScheduleFunc("a", plainJob, noRuns, daily, usercode.Timeout(0)), usercode.NewSensor("b", nothingFound, usercode.Timeout(11*time.Minute))},
			[]string{`schedule "a": Timeout is 0s`, `sensor "b": Timeout is 11m0s; of an evaluation it is more than 0 and at most 10m0s`},
		},
		"Every":         {[]usercode.RepositoryItem{usercode.NewSensor("s", nothingFound, usercode.Every(time.Millisecond))}, []string{`sensor "s": Every is 1ms; it is a time from 1s to 24h`}},
		"SensorJobs":    {[]usercode.RepositoryItem{usercode.NewSensor("s", nothingFound, nilJob, otherJob, plainJob, plainJob)}, []string{`job 1 of it is nil`, `its job "other" is not in the repository`, `its job "plain" is given twice`}},
		"LongSelector":  {[]usercode.RepositoryItem{usercode.NewRunStatusSensor("s", strings.Repeat("x", 8<<10+1), noReaction)}, []string{`its selector has 8193 bytes`}},
		"OfOneName":     {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, daily), usercode.NewSensor("s", nothingFound)}, []string{`sensor "s": there is a schedule of this name in the repository, made at .*_test\.go:\d+; rename one`}},
		"ListedTwice":   {[]usercode.RepositoryItem{nilSchedule, nilSensor}, []string{`schedule 1 of it is nil`, `sensor 1 of it is nil`}},
		"Descriptions":  {[]usercode.RepositoryItem{usercode.NewSensor("s", nothingFound, usercode.Description("\xff"))}, []string{`sensor "s": the description is not valid UTF-8`}},
		"TooManyCrons":  {[]usercode.RepositoryItem{usercode.NewSchedule("s", plainJob, crons(21)...)}, []string{`21 crons`}},
		"BadPartitions": {[]usercode.RepositoryItem{usercode.NewPartitionSchedule("s", badDaysJob), badDaysJob}, []string{`partitions "bad_days": start is "x"`, `schedule "s": the partitions of its job are wrong`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wantProblems(t, problemsOf(t, append([]usercode.RepositoryItem{plainJob}, test.items...)...), test.want)
		})
	}
	t.Run("TooMany", func(t *testing.T) {
		items := []usercode.RepositoryItem{plainJob}
		for i := range 1001 {
			items = append(items, usercode.NewSchedule(fmt.Sprintf("s%d", i), plainJob, daily), usercode.NewSensor(fmt.Sprintf("n%d", i), nothingFound))
		}
		wantProblems(t, problemsOf(t, items...), []string{`it has 1001 schedules; the limit is 1000`, `it has 1001 sensors; the limit is 1000`})
	})
	t.Run("NamesTheLine", func(t *testing.T) {
		schedule := usercode.NewSchedule("s", plainJob, usercode.Cron("x"))
		if got, want := problemsOf(t, plainJob, schedule)[0].Origin, here(1); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

var badDaysJob = usercode.NewJob("bad_days", placeHello, usercode.NewDailyPartitions("bad_days", "x"))

func crons(n int) []usercode.ScheduleOption {
	all := make([]usercode.ScheduleOption, n)
	for i := range all {
		all[i] = usercode.Cron(fmt.Sprintf("%d * * * *", i))
	}
	return all
}

// everyAutomation has each kind with each option.
func everyAutomation() []usercode.RepositoryItem {
	days := usercode.NewDailyPartitions("days", "2026-01-01", usercode.Zone("America/New_York"), usercode.AtHour(6), usercode.AtMinute(30),
		usercode.Until("2027-01-01"), usercode.EndOffset(-1), usercode.Description("Days."))
	customers := usercode.NewDynamicPartitions("customers")
	job := usercode.NewJob("job", placeHello, usercode.NewPartitionPairs("pairs", days, customers),
		usercode.PartitionTags(func(usercode.Partition) (usercode.Tags, error) { return nil, nil }))
	weekly := usercode.NewJob("weekly", placeHello, usercode.NewWeeklyPartitions("weeks", "2026-01-05", usercode.OnWeekday(time.Monday)))
	keyed := usercode.NewJob("keyed", placeHello, usercode.NewStaticPartitions("keys", []string{"b", "a"}))
	return []usercode.RepositoryItem{
		job, weekly, keyed,
		usercode.NewSchedule("fixed", job, usercode.Cron("0 6 * * mon-fri"), usercode.Cron("@weekly"), usercode.Zone("Europe/Berlin"),
			usercode.DefaultOn{}, usercode.AllMissed(3), usercode.Tags{"b": 1, "a": "x"}, usercode.Description("Runs.")),
		usercode.NewPartitionSchedule("parted", job),
		usercode.NewPartitionSchedule("weeks", weekly, usercode.Zone("Asia/Tokyo"), usercode.SkipMissed()),
		usercode.NewScheduleFunc("asked", keyed, noRuns, usercode.Cron("@hourly"), usercode.Timeout(time.Minute), usercode.LatestMissed()),
		usercode.NewSensor("sensor", nothingFound, keyed, job, usercode.Every(time.Minute), usercode.Timeout(2*time.Minute), usercode.DefaultOn{}, usercode.Tags{"a": "x"}, usercode.Description("Looks.")),
		usercode.NewRunStatusSensor("status", "status=failure", noReaction, usercode.LastRetryOnly{}),
	}
}

func TestDescribeAutomation(t *testing.T) {
	var first bytes.Buffer
	if err := usercode.Describe(&first, usercode.NewRepository("repo", everyAutomation()...)); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(first.String()), " ")
	for _, want := range []string{
		`"name": "days", "unit": "day", "zone": "America/New_York", "start": "2026-01-01T00:00", "until": "2027-01-01T00:00", "cron": "30 6 * * *", "end_offset": -1`,
		`{ "name": "customers", "dynamic": true }`, `"run_parts": true`, `"keys": [ "b", "a" ]`,
		`{ "name": "fixed", "description": "Runs.", "job": "job", "crons": [ "0 6 * * mon-fri", "@weekly" ], "zone": "Europe/Berlin", "default_on": true, "missed_ticks": "all", "missed_limit": 3, "tags": [ { "key": "a", "value": "x" }, { "key": "b", "value": "1" } ], "makes": "a run" }`,
		`{ "name": "parted", "job": "job", "crons": [ "30 6 * * *" ], "zone": "America/New_York", "makes": "runs of partitions" }`,
		`{ "name": "weeks", "job": "weekly", "crons": [ "0 0 * * 1" ], "zone": "Asia/Tokyo", "missed_ticks": "skip", "makes": "runs of partitions" }`,
		`"makes": "what its function says", "timeout": "1m0s"`,
		`{ "name": "sensor", "description": "Looks.", "jobs": [ "keyed", "job" ], "every": "1m0s", "default_on": true`,
		`{ "name": "status", "where": "status=failure", "last_retry_only": true }`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the description lacks %s:\n%s", want, text)
		}
	}
	if strings.Index(text, `"name": "asked"`) > strings.Index(text, `"name": "fixed"`) {
		t.Error("schedules are not sorted by name")
	}
}

// TestDefinitionsOfAutomationAreStable makes the same definitions anew, in another order: what is served is the same.
func TestDefinitionsOfAutomationAreStable(t *testing.T) {
	describe := func(items []usercode.RepositoryItem) string {
		var b bytes.Buffer
		if err := usercode.Describe(&b, usercode.NewRepository("repo", items...)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	items := everyAutomation()
	first := describe(items)
	again := everyAutomation()
	slices.Reverse(again)
	if d := cmp.Diff(first, describe(again)); d != "" {
		t.Errorf("they differ:\n%s", d)
	}
}
