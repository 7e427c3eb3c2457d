package server

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/evaluate"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/wire"
)

// maxPartitionRuns is how many keys one request may name.
const maxPartitionRuns = 100

// A server that drains evaluates as before: nothing is started by it, and its successor may not be there yet.

// EvaluateSchedule asks what a tick of a schedule makes.
func (s *Server) EvaluateSchedule(ctx context.Context, r *usercodev1.EvaluateScheduleRequest) (*usercodev1.EvaluateScheduleResponse, error) {
	schedule := find(s.repository(r.GetRepository()).Schedules, r.GetSchedule(), func(s *spec.Schedule) string { return s.Name })
	switch {
	case schedule == nil:
		return nil, status.Errorf(codes.NotFound, "this user-code server has no schedule %q in a repository %q", r.GetSchedule(), r.GetRepository())
	case schedule.Evaluate == nil:
		return nil, status.Errorf(codes.FailedPrecondition, "schedule %q of repository %q has no function to ask: what it makes is in its definition", r.GetSchedule(), r.GetRepository())
	case r.GetScheduledAt().CheckValid() != nil:
		return nil, status.Error(codes.InvalidArgument, "evaluate a schedule: scheduled_at, the instant of the tick, is needed")
	}
	answer, err := s.evaluator.Schedule(ctx, r.GetRepository(), schedule, r.GetScheduledAt().AsTime())
	if err != nil {
		return nil, status.FromContextError(err).Err()
	}
	return &usercodev1.EvaluateScheduleResponse{ServerId: s.id, Evaluation: evaluation(answer)}, nil
}

// EvaluateSensor asks what a sensor has found since its cursor.
func (s *Server) EvaluateSensor(ctx context.Context, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
	sensor := find(s.repository(r.GetRepository()).Sensors, r.GetSensor(), func(s *spec.Sensor) string { return s.Name })
	switch {
	case sensor == nil:
		return nil, status.Errorf(codes.NotFound, "this user-code server has no sensor %q in a repository %q", r.GetSensor(), r.GetRepository())
	case (sensor.RunStatus != nil) != (r.GetEndedRun() != nil):
		return nil, status.Errorf(codes.InvalidArgument, "evaluate sensor %q: a run that ended goes to a run-status sensor, and to no other one", r.GetSensor())
	}
	look := spec.Look{Cursor: r.GetCursor(), Ended: wire.EndedRun(r.GetEndedRun())}
	if last := r.GetLastEvaluatedAt(); last.IsValid() {
		look.Last = last.AsTime()
	}
	answer, err := s.evaluator.Sensor(ctx, r.GetRepository(), sensor, look)
	if err != nil {
		return nil, status.FromContextError(err).Err()
	}
	response := &usercodev1.EvaluateSensorResponse{ServerId: s.id, Evaluation: evaluation(answer)}
	if answer.Cursor != "" {
		response.Cursor = &answer.Cursor
	}
	return response, nil
}

func evaluation(a evaluate.Answer) *usercodev1.Evaluation {
	return &usercodev1.Evaluation{
		RunRequests: wire.Requests(a.Requests), SkipReason: a.SkipReason, Error: a.Error,
		PartitionKeys: wire.PartitionKeys(a.PartitionKeys), LogLines: a.Lines,
	}
}

// GetPartitionRuns asks for config and tags of runs of partitions.
func (s *Server) GetPartitionRuns(ctx context.Context, r *usercodev1.GetPartitionRunsRequest) (*usercodev1.GetPartitionRunsResponse, error) {
	job := find(s.repository(r.GetRepository()).Jobs, r.GetJob(), func(j *spec.Job) string { return j.Name })
	switch {
	case job == nil:
		return nil, status.Errorf(codes.NotFound, "this user-code server has no job %q in a repository %q", r.GetJob(), r.GetRepository())
	case job.Partitions == nil:
		return nil, status.Errorf(codes.FailedPrecondition, "job %q of repository %q has no partitions", r.GetJob(), r.GetRepository())
	case len(r.GetKeys()) > maxPartitionRuns:
		return nil, status.Errorf(codes.InvalidArgument, "the request names %d partitions; the limit is %d", len(r.GetKeys()), maxPartitionRuns)
	}
	runs, logged, err := s.evaluator.PartitionRuns(ctx, r.GetRepository(), job, r.GetKeys())
	if err != nil {
		return nil, status.FromContextError(err).Err()
	}
	for _, line := range logged { // nobody else gets them
		s.opts.Logger.Info("partitions: "+line, "job", r.GetRepository()+"/"+r.GetJob())
	}
	response := &usercodev1.GetPartitionRunsResponse{ServerId: s.id}
	for _, run := range runs {
		sent := wire.PartitionRun(run.PartitionRun)
		sent.Error = run.Error
		response.Runs = append(response.Runs, sent)
	}
	return response, nil
}

// repository is empty when there is none of that name.
func (s *Server) repository(name string) *spec.Repository {
	if r := find(s.repositories, name, func(r *spec.Repository) string { return r.Name }); r != nil {
		return r
	}
	return &spec.Repository{}
}

func find[T any](all []*T, name string, nameOf func(*T) string) *T {
	for _, t := range all {
		if nameOf(t) == name {
			return t
		}
	}
	return nil
}
