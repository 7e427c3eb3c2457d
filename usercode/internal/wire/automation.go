package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// partitionsDefinition is nil for a job without partitions: its bytes, and so its digest, are those of builds that know
// none.
func partitionsDefinition(job *spec.Job) *usercodev1.PartitionsDefinition {
	p := job.Partitions
	if p == nil {
		return nil
	}
	definition := &usercodev1.PartitionsDefinition{Name: p.Name, Description: p.Description, HasRunParts: job.PartitionRun != nil}
	for _, d := range p.Dimensions {
		definition.Dimensions = append(definition.Dimensions, partitionDimension(d))
	}
	return definition
}

func partitionDimension(d spec.Dimension) *usercodev1.PartitionDimension {
	dimension := &usercodev1.PartitionDimension{Name: d.Name}
	switch {
	case d.Time != nil:
		dimension.Keys = &usercodev1.PartitionDimension_Time{Time: timePartitions(d.Time)}
	case d.Dynamic:
		dimension.Keys = &usercodev1.PartitionDimension_Dynamic{Dynamic: &usercodev1.DynamicPartitions{}}
	default:
		dimension.Keys = &usercodev1.PartitionDimension_Static{Static: &usercodev1.StaticPartitions{Keys: d.Static}}
	}
	return dimension
}

func timePartitions(t *spec.TimePartitions) *usercodev1.TimePartitions {
	return &usercodev1.TimePartitions{
		Unit: timeUnits[t.Unit], Zone: t.Options.Zone, Start: t.Options.Start, End: t.Options.End,
		Minute: uint32(t.Options.Minute), Hour: uint32(t.Options.Hour), Day: uint32(t.Options.Day), EndOffset: int32(t.Options.EndOffset),
	}
}

var timeUnits = map[calendar.Unit]usercodev1.TimeUnit{
	calendar.Hour:  usercodev1.TimeUnit_TIME_UNIT_HOUR,
	calendar.Day:   usercodev1.TimeUnit_TIME_UNIT_DAY,
	calendar.Week:  usercodev1.TimeUnit_TIME_UNIT_WEEK,
	calendar.Month: usercodev1.TimeUnit_TIME_UNIT_MONTH,
}

func scheduleDefinition(s *spec.Schedule) *usercodev1.ScheduleDefinition {
	definition := &usercodev1.ScheduleDefinition{
		Name: s.Name, Description: s.Description, Job: s.Job.Name, Crons: s.Crons, Zone: s.Zone, DefaultOn: s.DefaultOn, Tags: definitionTags(s.Tags),
	}
	if s.Missed.Policy != spec.MissedDefault {
		definition.MissedTicks = &usercodev1.MissedTicks{Policy: missedPolicies[s.Missed.Policy], AtMost: uint32(s.Missed.AtMost)}
	}
	switch {
	case s.Evaluate != nil:
		definition.Makes = &usercodev1.ScheduleDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{Timeout: duration(s.Timeout)}}
	case s.Partitions:
		definition.Makes = &usercodev1.ScheduleDefinition_Partitions{Partitions: &usercodev1.PartitionRuns{}}
	default:
		definition.Makes = &usercodev1.ScheduleDefinition_Fixed{Fixed: &usercodev1.FixedRun{ConfigYaml: string(s.Config)}}
	}
	return definition
}

var missedPolicies = map[spec.MissedPolicy]usercodev1.MissedTickPolicy{
	spec.MissedSkip:   usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_SKIP,
	spec.MissedLatest: usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_LATEST,
	spec.MissedAll:    usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL,
}

func sensorDefinition(s *spec.Sensor) *usercodev1.SensorDefinition {
	definition := &usercodev1.SensorDefinition{
		Name: s.Name, Description: s.Description, Jobs: names(s.Jobs, func(j *spec.Job) string { return j.Name }),
		Interval: duration(s.Interval), DefaultOn: s.DefaultOn, Tags: definitionTags(s.Tags),
	}
	if r := s.RunStatus; r != nil {
		definition.Looks = &usercodev1.SensorDefinition_RunStatus{RunStatus: &usercodev1.RunStatusSensor{
			Where: r.Where, Timeout: duration(s.Timeout), LastRetryOnly: r.LastRetryOnly,
		}}
		return definition
	}
	definition.Looks = &usercodev1.SensorDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{Timeout: duration(s.Timeout)}}
	return definition
}

// duration is unset for none.
func duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}
