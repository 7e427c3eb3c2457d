package compat

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host/hosttest"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Automated is in every schedule, sensor and partitions definition of the fixture and nowhere else: what a gate refuses of
// them must not get out.
const Automated = "made-by-the-clock"

// partitionsOfEverything are partitions of two dimensions, months and regions.
func partitionsOfEverything() *usercodev1.PartitionsDefinition {
	return &usercodev1.PartitionsDefinition{
		Name: "monthly", Description: "One for each month and region, " + Automated + ".", HasRunParts: true,
		Dimensions: []*usercodev1.PartitionDimension{
			{Name: "month", Keys: &usercodev1.PartitionDimension_Time{Time: &usercodev1.TimePartitions{
				Unit: usercodev1.TimeUnit_TIME_UNIT_MONTH, Zone: "Europe/Berlin", Start: "2026-01-01T00:00", End: "2030-01-01T00:00",
				Minute: 30, Hour: 4, Day: 2, EndOffset: 1,
			}}},
			hosttest.StaticDimension("region", "north", "south"),
		},
	}
}

// partitionsOfSmall are kept by the host.
func partitionsOfSmall() *usercodev1.PartitionsDefinition {
	return &usercodev1.PartitionsDefinition{
		Name: "customer", Description: Automated, Dimensions: []*usercodev1.PartitionDimension{{
			Name: "customer", Keys: &usercodev1.PartitionDimension_Dynamic{Dynamic: &usercodev1.DynamicPartitions{}},
		}},
	}
}

// schedules make runs in every way, and none of them soon: only on leap days, or when somebody switches them on.
func schedules() []*usercodev1.ScheduleDefinition {
	missed := &usercodev1.MissedTicks{Policy: usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL, AtMost: 3}
	evaluated := hosttest.Schedule("evaluated", JobBare, "0 3 29 2 *")
	evaluated.Description, evaluated.Zone, evaluated.MissedTicks = Automated, "Europe/Berlin", missed
	fixed := hosttest.Schedule("fixed", JobEverything, "@daily", "30 12 * * mon")
	fixed.Description, fixed.DefaultOn, fixed.Makes = Automated, false, &usercodev1.ScheduleDefinition_Fixed{Fixed: &usercodev1.FixedRun{ConfigYaml: "n: 2"}}
	parted := hosttest.Schedule("parted", JobEverything, "0 5 2 * *")
	parted.Description, parted.DefaultOn, parted.Makes = Automated, false, &usercodev1.ScheduleDefinition_Partitions{Partitions: &usercodev1.PartitionRuns{}}
	return []*usercodev1.ScheduleDefinition{evaluated, fixed, parted}
}

// sensors look in every way. The one that is on waits for a run of a job that there is not.
func sensors() []*usercodev1.SensorDefinition {
	interval := hosttest.Sensor("looks", JobBare, JobEverything)
	interval.Description, interval.DefaultOn = Automated, false
	return []*usercodev1.SensorDefinition{interval, {
		Name: "waits", Description: Automated, Jobs: []string{JobBare}, DefaultOn: true, Tags: []*tagv1.Tag{{Key: "from", Value: "sensor"}},
		Looks: &usercodev1.SensorDefinition_RunStatus{RunStatus: &usercodev1.RunStatusSensor{
			Where: "status=failure and job=nobody", Timeout: durationpb.New(time.Minute), LastRetryOnly: true,
		}},
	}}
}
