package hosttest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Daily are partitions of days in UTC since a day, as 2006-01-02, whose user code makes config and tags.
func Daily(start string) *usercodev1.PartitionsDefinition {
	return &usercodev1.PartitionsDefinition{
		Name: "daily", Description: "One for each day.", HasRunParts: true,
		Dimensions: []*usercodev1.PartitionDimension{{Name: "daily", Keys: &usercodev1.PartitionDimension_Time{
			Time: &usercodev1.TimePartitions{Unit: usercodev1.TimeUnit_TIME_UNIT_DAY, Start: start + "T00:00"},
		}}},
	}
}

// Static are partitions that are written down.
func Static(name string, keys ...string) *usercodev1.PartitionsDefinition {
	return &usercodev1.PartitionsDefinition{Name: name, Dimensions: []*usercodev1.PartitionDimension{StaticDimension(name, keys...)}}
}

// StaticDimension is a dimension whose keys are written down.
func StaticDimension(name string, keys ...string) *usercodev1.PartitionDimension {
	return &usercodev1.PartitionDimension{Name: name, Keys: &usercodev1.PartitionDimension_Static{Static: &usercodev1.StaticPartitions{Keys: keys}}}
}

// Partitioned is the job Nested with partitions.
func Partitioned(name string, p *usercodev1.PartitionsDefinition) *usercodev1.JobDefinition {
	def := Nested(name)
	def.Partitions = p
	return def
}

// Schedule is a schedule whose ticks user code makes.
func Schedule(name, job string, crons ...string) *usercodev1.ScheduleDefinition {
	return &usercodev1.ScheduleDefinition{
		Name: name, Description: "Runs " + job + ".", Job: job, Crons: crons, DefaultOn: true,
		MissedTicks: &usercodev1.MissedTicks{Policy: usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_LATEST},
		Tags:        []*tagv1.Tag{{Key: "from", Value: "schedule"}},
		Makes:       &usercodev1.ScheduleDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{Timeout: durationpb.New(30 * time.Second)}},
	}
}

// Sensor is a sensor that looks each second.
func Sensor(name string, jobs ...string) *usercodev1.SensorDefinition {
	return &usercodev1.SensorDefinition{
		Name: name, Description: "Looks around.", Jobs: jobs, Interval: durationpb.New(time.Second), DefaultOn: true,
		Tags:  []*tagv1.Tag{{Key: "from", Value: "sensor"}},
		Looks: &usercodev1.SensorDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{Timeout: durationpb.New(30 * time.Second)}},
	}
}

// repository finds the schedule or sensor that is evaluated.
func (s *process) repository(name string) *Repository {
	i := slices.IndexFunc(s.behavior.Repositories, func(r Repository) bool { return r.Name == name })
	if i < 0 {
		return &Repository{}
	}
	return &s.behavior.Repositories[i]
}

// evaluateSchedule asks for one run, whose key is the instant.
func (s *process) evaluateSchedule(ctx context.Context, m *usercodev1.EvaluateScheduleRequest) (any, error) {
	s.peer.record(func(r *Recorded) { r.Schedules = append(r.Schedules, m) })
	if s.behavior.Evaluation != None {
		return s.play(ctx, s.behavior.Evaluation)
	}
	known := func(d *usercodev1.ScheduleDefinition) bool { return d.GetName() == m.GetSchedule() }
	if !slices.ContainsFunc(s.repository(m.GetRepository()).Schedules, known) {
		return nil, status.Errorf(codes.NotFound, "there is no schedule %s", m.GetSchedule())
	}
	e := &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{RunKey: m.GetScheduledAt().AsTime().Format(time.RFC3339)}}}
	if s.behavior.EvaluateSchedule != nil {
		e = s.behavior.EvaluateSchedule(ctx, m)
	}
	return &usercodev1.EvaluateScheduleResponse{ServerId: s.id, Evaluation: e}, nil
}

// evaluateSensor counts in its cursor, and asks for a run of each number.
func (s *process) evaluateSensor(ctx context.Context, m *usercodev1.EvaluateSensorRequest) (any, error) {
	s.peer.record(func(r *Recorded) { r.Sensors = append(r.Sensors, m) })
	if s.behavior.Evaluation != None {
		return s.play(ctx, s.behavior.Evaluation)
	}
	known := func(d *usercodev1.SensorDefinition) bool { return d.GetName() == m.GetSensor() }
	if !slices.ContainsFunc(s.repository(m.GetRepository()).Sensors, known) {
		return nil, status.Errorf(codes.NotFound, "there is no sensor %s", m.GetSensor())
	}
	if s.behavior.EvaluateSensor != nil {
		return s.behavior.EvaluateSensor(ctx, m), nil
	}
	n, _ := strconv.Atoi(m.GetCursor()) // empty at first
	cursor := strconv.Itoa(n + 1)
	return &usercodev1.EvaluateSensorResponse{
		ServerId: s.id, Cursor: &cursor, Evaluation: &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{RunKey: "number " + cursor}}},
	}, nil
}

// getPartitionRuns makes a tag of the key and config of its length. It fails for keys that say so.
func (s *process) getPartitionRuns(ctx context.Context, m *usercodev1.GetPartitionRunsRequest) (any, error) {
	s.peer.record(func(r *Recorded) { r.Partitions = append(r.Partitions, m) })
	if s.behavior.Evaluation != None {
		return s.play(ctx, s.behavior.Evaluation)
	}
	if s.encoded.jobs[m.GetRepository()+"/"+m.GetJob()].GetPartitions() == nil {
		return nil, status.Errorf(codes.NotFound, "there are no partitions of job %s", m.GetJob())
	}
	if s.behavior.PartitionRuns != nil {
		return s.behavior.PartitionRuns(ctx, m), nil
	}
	out := &usercodev1.GetPartitionRunsResponse{ServerId: s.id}
	for _, key := range m.GetKeys() {
		run := &usercodev1.GetPartitionRunsResponse_PartitionRun{
			ConfigYaml: "n: " + strconv.Itoa(len(key)), Tags: []*tagv1.Tag{{Key: "part", Value: key}},
		}
		if strings.HasPrefix(key, "fail") {
			run = &usercodev1.GetPartitionRunsResponse_PartitionRun{Error: "there is nothing for " + key}
		}
		out.Runs = append(out.Runs, run)
	}
	return out, nil
}
