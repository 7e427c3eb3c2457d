package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// automated is a repository whose functions answer with what they were asked.
func automated() []*spec.Repository {
	job := repositories()[0].Jobs[0]
	parted := *job
	parted.Name = "parted"
	parted.Partitions = &spec.Partitions{Name: "regions", Dimensions: []spec.Dimension{{Name: "regions", Static: []string{"eu", "us"}}}}
	parted.PartitionRun = func(ctx context.Context, p spec.Partition) (spec.PartitionRun, error) {
		spec.AskedFrom(ctx).Logger.Info("asked for " + p.Key)
		if p.Key == "us" {
			return spec.PartitionRun{}, errors.New("no data of us")
		}
		return spec.PartitionRun{Config: []byte(`{"config":{}}`), Tags: tag.List{{Key: "region", Value: p.Key}}}, nil
	}
	return []*spec.Repository{{
		Name: "tests", Jobs: []*spec.Job{&parted, job},
		Schedules: []*spec.Schedule{
			{Name: "fixed", Job: job, Crons: []string{"@daily"}},
			{Name: "panics", Job: job, Crons: []string{"@daily"}, Evaluate: func(context.Context, time.Time) (spec.Evaluation, error) { panic("boom") }},
			{Name: "tick", Job: job, Crons: []string{"@daily"}, Evaluate: func(ctx context.Context, at time.Time) (spec.Evaluation, error) {
				spec.AskedFrom(ctx).Logger.Info("ticking")
				return spec.Evaluation{Requests: []spec.RunRequest{
					{RunKey: at.Format(time.RFC3339), Config: []byte("{}"), Tags: tag.List{{Key: "a", Value: "b"}}, OpSelection: "op"}, {Job: &parted, Partition: "eu"},
				}}, nil
			}},
			{Name: "waits", Job: job, Crons: []string{"@daily"}, Evaluate: func(ctx context.Context, _ time.Time) (spec.Evaluation, error) {
				<-ctx.Done()
				return spec.Evaluation{}, ctx.Err()
			}},
		},
		Sensors: []*spec.Sensor{
			{Name: "look", Jobs: []*spec.Job{job}, Evaluate: func(_ context.Context, look spec.Look) (spec.Evaluation, error) {
				if look.Cursor == "keep" {
					return spec.Evaluation{}, skip{}
				}
				return spec.Evaluation{
					Cursor: look.Cursor + " " + look.Last.Format(time.TimeOnly), PartitionKeys: []spec.PartitionKeysChange{{Dimension: "d", Add: []string{"a"}, Remove: []string{"b"}}},
				}, nil
			}},
			{Name: "status", RunStatus: &spec.RunStatus{}, Evaluate: func(_ context.Context, look spec.Look) (spec.Evaluation, error) {
				r, team := look.Ended, ""
				if value, ok := r.Tags.Get("team"); ok {
					team = value
				}
				return spec.Evaluation{Cursor: strings.Join([]string{r.ID, r.Location, r.Repository, r.Job, r.Status, r.StatusReason, team, r.EndedAt.Format(time.TimeOnly)}, " ")}, nil
			}},
		},
	}}
}

type skip struct{}

func (skip) Error() string { return "nothing new" }
func (skip) Unwrap() error { return spec.ErrSkip }

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestEvaluateSchedule(t *testing.T) {
	s := serve(t, automated(), Options{})
	ask := func(ctx context.Context, name string) (*usercodev1.Evaluation, error) {
		r, err := s.client.EvaluateSchedule(ctx, &usercodev1.EvaluateScheduleRequest{Repository: "tests", Schedule: name, ScheduledAt: timestamppb.New(noon)})
		if err == nil && r.GetServerId() != s.ID() {
			t.Errorf("server id %q", r.GetServerId())
		}
		return r.GetEvaluation(), err
	}
	t.Run("OK", func(t *testing.T) {
		e, err := ask(t.Context(), "tick")
		if err != nil || len(e.GetRunRequests()) != 2 || e.GetLogLines()[0] != "INFO ticking" {
			t.Fatalf("got %v, %v", e, err)
		}
		first, second := e.GetRunRequests()[0], e.GetRunRequests()[1]
		if first.GetRunKey() != "2026-11-23T12:00:00Z" || first.GetJob() != "" || first.GetConfigYaml() != "{}" || first.GetTags()[0].GetKey() != "a" || first.GetOpSelection() != "op" {
			t.Errorf("got %v", first)
		}
		if second.GetJob() != "parted" || second.GetPartition() != "eu" {
			t.Errorf("got %v", second)
		}
	})
	t.Run("Panic", func(t *testing.T) {
		e, err := ask(t.Context(), "panics")
		if err != nil || e.GetError() != "it panicked: boom" || !strings.Contains(strings.Join(e.GetLogLines(), "\n"), "evaluate_test.go") {
			t.Errorf("got %v, %v", e, err)
		}
	})
	t.Run("AnswersBeforeTheCallersDeadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		e, err := ask(ctx, "waits")
		if err != nil || !strings.Contains(e.GetError(), "it did not end within") {
			t.Errorf("got %v, %v", e, err)
		}
	})
	for name, test := range map[string]struct {
		r    *usercodev1.EvaluateScheduleRequest
		code codes.Code
		want string
	}{
		"ErrNoSchedule":   {&usercodev1.EvaluateScheduleRequest{Repository: "tests", Schedule: "nope", ScheduledAt: timestamppb.New(noon)}, codes.NotFound, `no schedule "nope" in a repository "tests"`},
		"ErrNoRepository": {&usercodev1.EvaluateScheduleRequest{Repository: "nope", Schedule: "tick", ScheduledAt: timestamppb.New(noon)}, codes.NotFound, `in a repository "nope"`},
		"ErrFixed":        {&usercodev1.EvaluateScheduleRequest{Repository: "tests", Schedule: "fixed", ScheduledAt: timestamppb.New(noon)}, codes.FailedPrecondition, "has no function to ask"},
		"ErrNoInstant":    {&usercodev1.EvaluateScheduleRequest{Repository: "tests", Schedule: "tick"}, codes.InvalidArgument, "scheduled_at"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.client.EvaluateSchedule(t.Context(), test.r)
			wantStatus(t, err, test.code, test.want)
		})
	}
}

func wantStatus(t *testing.T, err error, code codes.Code, text string) {
	t.Helper()
	if got := status.Convert(err); got.Code() != code || !strings.Contains(got.Message(), text) {
		t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

func TestEvaluateSensor(t *testing.T) {
	s := serve(t, automated(), Options{})
	t.Run("OK", func(t *testing.T) {
		r, err := s.client.EvaluateSensor(t.Context(), &usercodev1.EvaluateSensorRequest{Repository: "tests", Sensor: "look", Cursor: "c", LastEvaluatedAt: timestamppb.New(noon)})
		if err != nil || r.GetCursor() != "c 12:00:00" || r.GetServerId() != s.ID() {
			t.Fatalf("got %v, %v", r, err)
		}
		if k := r.GetEvaluation().GetPartitionKeys(); len(k) != 1 || k[0].GetDimension() != "d" || k[0].GetAdd()[0] != "a" || k[0].GetRemove()[0] != "b" {
			t.Errorf("got %v", k)
		}
	})
	t.Run("SkipKeepsTheCursor", func(t *testing.T) {
		r, err := s.client.EvaluateSensor(t.Context(), &usercodev1.EvaluateSensorRequest{Repository: "tests", Sensor: "look", Cursor: "keep"})
		if err != nil || r.Cursor != nil || r.GetEvaluation().GetSkipReason() != "nothing new" || r.GetEvaluation().GetError() != "" {
			t.Errorf("got %v, %v", r, err)
		}
	})
	t.Run("RunStatus", func(t *testing.T) {
		r, err := s.client.EvaluateSensor(t.Context(), &usercodev1.EvaluateSensorRequest{Repository: "tests", Sensor: "status", EndedRun: &usercodev1.EndedRun{
			RunId: "01", Location: "l", Repository: "r", Job: "j", Status: "failure", StatusReason: "why", Tags: []*tagv1.Tag{{Key: "team", Value: "etl"}}, EndedAt: timestamppb.New(noon),
		}})
		if err != nil || r.GetCursor() != "01 l r j failure why etl 12:00:00" {
			t.Errorf("got %v, %v", r, err)
		}
	})
	for name, test := range map[string]struct {
		r    *usercodev1.EvaluateSensorRequest
		code codes.Code
		want string
	}{
		"ErrNoSensor":   {&usercodev1.EvaluateSensorRequest{Repository: "tests", Sensor: "tick"}, codes.NotFound, `no sensor "tick"`},
		"ErrNoRun":      {&usercodev1.EvaluateSensorRequest{Repository: "tests", Sensor: "status"}, codes.InvalidArgument, "a run that ended goes to a run-status sensor"},
		"ErrRunForNone": {&usercodev1.EvaluateSensorRequest{Repository: "tests", Sensor: "look", EndedRun: &usercodev1.EndedRun{}}, codes.InvalidArgument, "a run that ended goes to a run-status sensor"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.client.EvaluateSensor(t.Context(), test.r)
			wantStatus(t, err, test.code, test.want)
		})
	}
}

func TestGetPartitionRuns(t *testing.T) {
	var log bytes.Buffer
	s := serve(t, automated(), Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	r, err := s.client.GetPartitionRuns(t.Context(), &usercodev1.GetPartitionRunsRequest{Repository: "tests", Job: "parted", Keys: []string{"us", "eu", "mars"}})
	if err != nil || len(r.GetRuns()) != 3 {
		t.Fatalf("got %v, %v", r, err)
	}
	us, eu, mars := r.GetRuns()[0], r.GetRuns()[1], r.GetRuns()[2]
	if us.GetError() != "no data of us" || eu.GetError() != "" || eu.GetConfigYaml() != `{"config":{}}` || eu.GetTags()[0].GetValue() != "eu" || !strings.Contains(mars.GetError(), `"mars": there is no such key`) {
		t.Errorf("got %v", r)
	}
	for name, test := range map[string]struct {
		r    *usercodev1.GetPartitionRunsRequest
		code codes.Code
		want string
	}{
		"ErrNoJob":        {&usercodev1.GetPartitionRunsRequest{Repository: "tests", Job: "nope"}, codes.NotFound, `no job "nope"`},
		"ErrNoPartitions": {&usercodev1.GetPartitionRunsRequest{Repository: "tests", Job: "quick"}, codes.FailedPrecondition, "has no partitions"},
		"ErrTooMany":      {&usercodev1.GetPartitionRunsRequest{Repository: "tests", Job: "parted", Keys: make([]string, 101)}, codes.InvalidArgument, "the request names 101 partitions; the limit is 100"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.client.GetPartitionRuns(t.Context(), test.r)
			wantStatus(t, err, test.code, test.want)
		})
	}
	s.stop()
	if !strings.Contains(log.String(), "partitions: INFO asked for eu") {
		t.Errorf("the log lacks what user code logged: %s", log.String())
	}
}

// TestEvaluatesWhileItDrains asks a server that is stopping and has a worker left.
func TestEvaluatesWhileItDrains(t *testing.T) {
	h := startHost(t)
	all := append(automated(), repositories()...)
	all[0].Name = "automated"
	s := serve(t, all, Options{Drain: time.Minute, Halt: t.Context().Done()})
	r, err := s.client.StartRun(t.Context(), h.startRequest("run", "polite"))
	if err != nil || r.GetAccepted() == nil {
		t.Fatalf("start: got %v, %v", r, err)
	}
	<-h.attach
	s.begin()
	eventually(t, "the server drains", func() bool {
		info, err := s.client.GetServerInfo(t.Context(), &usercodev1.GetServerInfoRequest{})
		return err == nil && info.GetServer().GetDraining()
	})
	e, err := s.client.EvaluateSchedule(t.Context(), &usercodev1.EvaluateScheduleRequest{Repository: "automated", Schedule: "tick", ScheduledAt: timestamppb.New(noon)})
	if err != nil || len(e.GetEvaluation().GetRunRequests()) != 2 {
		t.Errorf("got %v, %v", e, err)
	}
	if _, err := s.client.CancelRun(t.Context(), &usercodev1.CancelRunRequest{RunId: "run", Attempt: 1, Force: true}); err != nil {
		t.Error(err)
	}
}
