// Package snippets is type-checked by a test, never built.
package snippets

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

var (
	text   = usercode.NewOp("text", func(context.Context) (string, error) { return "", nil })
	number = usercode.NewOp1("number", func(context.Context, int) (int, error) { return 0, nil })
	task   = usercode.NewTask("task", func(context.Context) error { return nil })
	graph  = usercode.NewGraph("graph", func(g *usercode.Graph) { text(g) })
	config = usercode.NewConfig("config", struct{ A int }{})
	client = usercode.NewResource("client", func(context.Context) (int, error) { return 0, nil }, config)

	job       = usercode.NewJob("job", fine)
	days      = usercode.NewDailyPartitions("days", "2026-01-01", usercode.AtHour(1))
	regions   = usercode.NewStaticPartitions("regions", []string{"eu"})
	customers = usercode.NewDynamicPartitions("customers")
	pairs     = usercode.NewPartitionPairs("pairs", days, customers, usercode.Description(""))
	schedule  = usercode.NewSchedule("schedule", job, usercode.Cron("@daily"))
	sensor    = usercode.NewSensor("sensor", look, job)
)

func look(context.Context, usercode.SensorState) (usercode.SensorResult, error) {
	return usercode.SensorResult{Requests: []usercode.RunRequest{{Job: job}}, PartitionKeys: []usercode.PartitionKeysChange{customers.Add("a")}}, nil
}

func tick(context.Context, usercode.Tick) ([]usercode.RunRequest, error) {
	return nil, usercode.Skip("")
}
func ended(context.Context, usercode.EndedRun) ([]usercode.RunRequest, error) { return nil, nil }

func fineAutomation() {
	usercode.NewRepository("repository", job, schedule, sensor)
	usercode.NewJob("job", fine, days, usercode.PartitionTags(func(usercode.Partition) (usercode.Tags, error) { return nil, nil }))
	usercode.NewJob("job", fine, pairs, usercode.PartitionConfig(func(context.Context, usercode.Partition) (usercode.RunConfig, error) { return nil, nil }))
	usercode.NewJob("job", fine, customers)
	usercode.NewWeeklyPartitions("weeks", "2026-01-01", usercode.OnWeekday(time.Monday), usercode.Zone("Europe/Berlin"), usercode.Until("2027-01-01"), usercode.EndOffset(1), usercode.AtMinute(1), nil)
	usercode.NewSchedule("s", job, usercode.Cron("@daily"), usercode.Zone("UTC"), usercode.RunConfig{}, usercode.Tags{}, usercode.Description(""), usercode.DefaultOn{}, usercode.AllMissed(3), nil)
	usercode.NewPartitionSchedule("s", job, usercode.Cron("@daily"), usercode.Zone("UTC"), usercode.Tags{}, usercode.Description(""), usercode.DefaultOn{}, usercode.SkipMissed())
	usercode.NewScheduleFunc("s", job, tick, usercode.Cron("@daily"), usercode.Zone("UTC"), usercode.Timeout(time.Minute), usercode.Tags{}, usercode.Description(""), usercode.DefaultOn{}, usercode.LatestMissed())
	usercode.NewSensor("s", look, job, usercode.Every(time.Minute), usercode.Timeout(time.Minute), usercode.Tags{}, usercode.Description(""), usercode.DefaultOn{}, nil)
	usercode.NewRunStatusSensor("s", "", ended, job, usercode.LastRetryOnly{}, usercode.Timeout(time.Minute), usercode.Tags{}, usercode.Description(""), usercode.DefaultOn{})
}

func wrongAutomation() {
	// ERROR: does not implement usercode.TimePartitionsOption
	usercode.NewDailyPartitions("days", "2026-01-01", usercode.Cron("@daily"))
	// ERROR: does not implement usercode.PartitionsOption
	usercode.NewStaticPartitions("regions", nil, usercode.Zone("UTC"))
	// ERROR: does not implement usercode.PartitionsOption
	usercode.NewDynamicPartitions("customers", usercode.EndOffset(1))
	// ERROR: does not implement usercode.PartitionDimension
	usercode.NewPartitionPairs("pairs", pairs, regions)
	// ERROR: regions.Add undefined
	regions.Add("us")
	// ERROR: does not implement usercode.OpOption
	usercode.NewTask("op", func(context.Context) error { return nil }, days)
	// ERROR: does not implement usercode.RepositoryItem
	usercode.NewRepository("repository", days)
	// ERROR: does not implement usercode.JobOption
	usercode.NewJob("job", fine, usercode.Cron("@daily"))
	// ERROR: does not implement usercode.JobOption
	usercode.NewJob("job", fine, schedule)
	// ERROR: cannot use "job"
	usercode.NewSchedule("s", "job", usercode.Cron("@daily"))
	// ERROR: does not implement usercode.ScheduleOption
	usercode.NewSchedule("s", job, usercode.Timeout(time.Minute))
	// ERROR: does not implement usercode.ScheduleOption
	usercode.NewSchedule("s", job, usercode.Every(time.Minute))
	// ERROR: does not implement usercode.PartitionScheduleOption
	usercode.NewPartitionSchedule("s", job, usercode.RunConfig{})
	// ERROR: does not implement usercode.ScheduleFuncOption
	usercode.NewScheduleFunc("s", job, tick, usercode.RunConfig{})
	// ERROR: cannot use look
	usercode.NewScheduleFunc("s", job, look)
	// ERROR: does not implement usercode.SensorOption
	usercode.NewSensor("s", look, usercode.Cron("@daily"))
	// ERROR: does not implement usercode.SensorOption
	usercode.NewSensor("s", look, usercode.LastRetryOnly{})
	// ERROR: does not implement usercode.RunStatusSensorOption
	usercode.NewRunStatusSensor("s", "", ended, usercode.Every(time.Minute))
	// ERROR: cannot use ended
	usercode.NewSensor("s", ended)
	// ERROR: cannot use "job"
	_ = usercode.RunRequest{Job: "job"}
}

func fine(g *usercode.Graph) {
	number(g.As("a").After(task(g), graph(g)), number(g, usercode.Struct[int](g)))
	usercode.NewJob("job", fine, usercode.Description(""), usercode.Metadata{"a": 1}, usercode.MetadataList{{Key: "b", Value: metadata.Null()}}, usercode.Tags{"a": 1}, nil)
	usercode.NewRepository("repository", graph.Job("job"), usercode.Description(""), usercode.Metadata{})
	usercode.NewOp("op", func(context.Context) (int, error) { return 0, nil }, usercode.Description(""), config, usercode.Retry{Max: 1}, usercode.Timeout(time.Minute), usercode.Priority(1))
	usercode.NewCommand("command", []string{"true"}, usercode.Retry{Max: 1}, usercode.Timeout(time.Minute), usercode.Priority(1))
	usercode.NewJob("job", fine, usercode.MaxConcurrent(1))
	usercode.NewTask("op", func(context.Context) error { return nil }, client)
	usercode.NewResource("resource", func(context.Context) (string, error) { return "", nil }, client, config, usercode.Description(""), nil)
}

func wrong(g *usercode.Graph) {
	// ERROR: cannot use text(g)
	number(g, text(g))
	// ERROR: not enough arguments
	number(g)
	// ERROR: cannot use text
	number(g, text)
	// ERROR: cannot use text(g)
	usercode.Collect[int](g, text(g))
	// ERROR: does not match
	usercode.Struct(g, usercode.Field(text(g), func(*int, int) {}))
	// ERROR: does not implement usercode.OpOption
	usercode.NewOp("op", func(context.Context) (int, error) { return 0, nil }, usercode.Tags{})
	// ERROR: does not implement usercode.OpOption
	usercode.NewTask("op", func(context.Context) error { return nil }, usercode.Metadata{})
	// ERROR: does not implement usercode.GraphOption
	usercode.NewGraph("graph", fine, usercode.Tags{})
	// ERROR: does not implement usercode.GraphOption
	usercode.NewGraph("graph", fine, config)
	// ERROR: does not implement usercode.GraphOption
	usercode.NewGraph("graph", fine, usercode.Timeout(time.Minute))
	// ERROR: does not implement usercode.JobOption
	usercode.NewJob("job", fine, usercode.Retry{Max: 1})
	// ERROR: does not implement usercode.OpOption
	usercode.NewTask("op", func(context.Context) error { return nil }, usercode.MaxConcurrent(1))
	// ERROR: does not implement usercode.OpOption
	usercode.NewTask("op", func(context.Context) error { return nil }, time.Minute)
	// ERROR: does not implement usercode.JobOption
	usercode.NewJob("job", fine, config)
	// ERROR: does not implement usercode.JobOption
	usercode.NewJob("job", fine, client)
	// ERROR: does not implement usercode.ResourceOption
	usercode.NewResource("resource", func(context.Context) (int, error) { return 0, nil }, usercode.Retry{Max: 1})
	// ERROR: does not implement usercode.CommandOption
	usercode.NewCommand("command", []string{"true"}, client)
	// ERROR: cannot use "hunter2"
	_ = struct{ Password usercode.Secret }{"hunter2"}
	// ERROR: does not implement usercode.JobOption
	graph.Job("job", usercode.Env{})
	// ERROR: does not implement usercode.JobOption
	usercode.NewJob("job", fine, metadata.List{})
	// ERROR: does not implement usercode.RepositoryItem
	usercode.NewRepository("repository", usercode.Tags{})
	// ERROR: does not implement usercode.RepositoryItem
	usercode.NewRepository("repository", graph)
	// ERROR: does not implement usercode.CommandOption
	usercode.NewCommand("command", []string{"true"}, usercode.Tags{})
	// ERROR: cannot use
	usercode.Validate(usercode.NewJob("job", fine))
	// ERROR: in call to usercode.NewOp1
	usercode.NewOp1("op", func(context.Context) (int, error) { return 0, nil })
	// ERROR: text.Job undefined
	text.Job("job")
	// ERROR: cannot use 3
	g.After(3)
}
