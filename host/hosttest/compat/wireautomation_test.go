package compat

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host/hosttest"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// automationFixtures are what makes runs without a person: definitions in their bodies, and evaluations.
func automationFixtures(add adder) {
	add("repository_definition_automation", &usercodev1.RepositoryDefinition{
		Name: "tutorial", Description: "Jobs by the clock.", Schedules: schedules(), Sensors: sensors(),
	})
	two := hosttest.OneOp("report")
	two.Partitions = partitionsOfEverything()
	add("job_definition_partitions", two)
	one := hosttest.OneOp("customers")
	one.Partitions = partitionsOfSmall()
	add("job_definition_dynamic_partitions", one)

	at := timestamppb.New(time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC))
	tags := []*tagv1.Tag{{Key: "team", Value: "etl"}}
	const server = "000102030405060708090a0b0c0d0e0f"
	evaluation := &usercodev1.Evaluation{
		RunRequests: []*usercodev1.RunRequest{{
			RunKey: "2026-11", Job: "report", ConfigYaml: "n: 2", Tags: tags, Partition: "2026-10-02|north", OpSelection: "*last",
		}},
		PartitionKeys: []*usercodev1.PartitionKeysChange{{Dimension: "customer", Add: []string{"acme"}, Remove: []string{"zenith"}}},
		LogLines:      []string{"looked"},
	}
	add("evaluate_schedule", &usercodev1.EvaluateScheduleRequest{Repository: "tutorial", Schedule: "evaluated", ScheduledAt: at})
	add("evaluated_schedule", &usercodev1.EvaluateScheduleResponse{ServerId: server, Evaluation: evaluation})
	add("evaluated_schedule_skipped", &usercodev1.EvaluateScheduleResponse{ServerId: server, Evaluation: &usercodev1.Evaluation{SkipReason: "a holiday"}})
	add("evaluate_sensor", &usercodev1.EvaluateSensorRequest{
		Repository: "tutorial", Sensor: "waits", Cursor: "41", LastEvaluatedAt: at, EndedRun: &usercodev1.EndedRun{
			RunId: "0192a3b4-0000-7000-8000-000000000000", Location: "etl", Repository: "tutorial", Job: "report", Status: "failure",
			StatusReason: "op_failure", Tags: tags, EndedAt: at,
		},
	})
	add("evaluated_sensor", &usercodev1.EvaluateSensorResponse{ServerId: server, Evaluation: evaluation, Cursor: new("42")})
	add("evaluated_sensor_failed", &usercodev1.EvaluateSensorResponse{ServerId: server, Evaluation: &usercodev1.Evaluation{Error: "no such file"}})
	add("partition_runs", &usercodev1.GetPartitionRunsRequest{Repository: "tutorial", Job: "report", Keys: []string{"2026-10-02|north", "2026-10-02|south"}})
	add("partition_runs_made", &usercodev1.GetPartitionRunsResponse{ServerId: server, Runs: []*usercodev1.GetPartitionRunsResponse_PartitionRun{
		{ConfigYaml: "n: 2", Tags: tags}, {Error: "there is nothing for it"},
	}})
}
