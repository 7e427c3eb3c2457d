package usercode_test

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type loadConfig struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

var loading = usercode.NewConfig("load", loadConfig{})

var loadDayOp = usercode.NewOp("load", func(ctx context.Context) (string, error) {
	day, _ := usercode.PartitionFrom(ctx)
	return fmt.Sprint("loaded ", day.Key, " of ", day.End.Sub(day.Start)), nil
}, loading)

var loadedDays = usercode.NewDailyPartitions("days", "2026-01-01", usercode.Zone("America/New_York"))

var loadDay = usercode.NewJob("load_day", func(g *usercode.Graph) { loadDayOp(g) }, loadedDays,
	usercode.PartitionConfig(func(_ context.Context, day usercode.Partition) (usercode.RunConfig, error) {
		return usercode.RunConfig{"load": loadConfig{Since: day.Start, Until: day.End}}, nil
	}))

func ExampleNewDailyPartitions() {
	ctx := context.Background()
	for _, day := range []string{"2026-03-07", "2026-03-08"} { // on the 8th the clock is put forward
		result, err := usertest.Run(ctx, loadDay, &usertest.Options{Partition: day})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(usertest.Output[string](result, "load"))
	}
	run, err := usertest.Partition(ctx, loadDay, "2026-03-08")
	fmt.Println(run.Config["load"]["since"], err)
	// Output:
	// loaded 2026-03-07 of 24h0m0s <nil>
	// loaded 2026-03-08 of 23h0m0s <nil>
	// 2026-03-08T00:00:00-05:00 <nil>
}

func ExampleNewPartitionSchedule() {
	schedule := usercode.NewPartitionSchedule("load_days", loadDay)
	after := time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)
	ticks, err := usertest.Ticks(schedule, after, 2)
	if err != nil {
		fmt.Println(err)
	}
	for _, tick := range ticks {
		made, err := usertest.Schedule(context.Background(), schedule, tick)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(tick.Format(time.RFC3339), made.Requests[0].Partition)
	}
	// Output:
	// 2026-03-09T00:00:00-04:00 2026-03-08
	// 2026-03-10T00:00:00-04:00 2026-03-09
}

func ExampleNewScheduleFunc() {
	greeting := usercode.NewJob("greeting", func(g *usercode.Graph) { loadDayOp(g) })
	workdays := usercode.NewScheduleFunc("workdays", greeting,
		func(ctx context.Context, tick usercode.Tick) ([]usercode.RunRequest, error) {
			if tick.At.Month() == time.December && tick.At.Day() > 23 {
				return nil, usercode.Skip("nobody works on %s", tick.At.Format("2 January"))
			}
			usercode.Log(ctx).Info("a day of work", "day", tick.At.Format(time.DateOnly))
			return []usercode.RunRequest{{RunKey: tick.At.Format(time.DateOnly)}}, nil
		},
		usercode.Cron("0 6 * * mon-fri"), usercode.Zone("Europe/Berlin"), usercode.SkipMissed(),
	)
	for _, day := range []int{23, 24} {
		made, err := usertest.Schedule(context.Background(), workdays, time.Date(2026, 12, day, 5, 0, 0, 0, time.UTC))
		fmt.Println(len(made.Requests), made.SkipReason, made.Logs, err)
	}
	// Output:
	// 1  [INFO a day of work day=2026-12-23] <nil>
	// 0 nobody works on 24 December [] <nil>
}

func ExampleNewSensor() {
	files := []string{"a.csv", "b.csv", "c.csv"}
	loadFile := usercode.NewJob("load_file", func(g *usercode.Graph) { loadDayOp(g) })
	newFiles := usercode.NewSensor("new_files",
		func(_ context.Context, last usercode.SensorState) (usercode.SensorResult, error) {
			result := usercode.SensorResult{}
			for _, name := range files {
				if name > last.Cursor {
					result.Requests = append(result.Requests, usercode.RunRequest{RunKey: name})
					result.Cursor = name
				}
			}
			return result, nil
		}, loadFile, usercode.Every(time.Minute))
	found, err := usertest.Sensor(context.Background(), newFiles, usercode.SensorState{Cursor: "a.csv"})
	for _, r := range found.Requests {
		fmt.Println(r.Job, r.RunKey)
	}
	fmt.Println(found.Cursor, err)
	// Output:
	// load_file b.csv
	// load_file c.csv
	// c.csv <nil>
}

func ExampleNewRunStatusSensor() {
	cleanUp := usercode.NewJob("clean_up", func(g *usercode.Graph) { loadDayOp(g) })
	afterFailure := usercode.NewRunStatusSensor("after_failure", "status=failure and team=etl",
		func(_ context.Context, run usercode.EndedRun) ([]usercode.RunRequest, error) {
			return []usercode.RunRequest{{RunKey: run.ID, Tags: usercode.Tags{"failed_job": run.Job}}}, nil
		}, cleanUp, usercode.LastRetryOnly{})
	made, err := usertest.RunStatusSensor(context.Background(), afterFailure, usercode.EndedRun{ID: "01", Job: "load_orders", Status: "failure"})
	fmt.Println(made.Requests[0].RunKey, made.Requests[0].Tags, err)
	// Output: 01 map[failed_job:load_orders] <nil>
}
