package usertest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/internal/evaluate"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Evaluation is what a schedule or sensor wants.
type Evaluation struct {
	// Requests are the runs.
	Requests []RunRequest
	// SkipReason is why there are none, as its function says.
	SkipReason string
	// Error is why its function failed; the rest, but for the logs, is empty then.
	Error string
	// Cursor is what a sensor answered; empty when it keeps the one that it was given.
	Cursor string
	// PartitionKeys are what a sensor wants to be changed.
	PartitionKeys []PartitionKeysChange
	// Logs are the lines of usercode.Log, as the tick shows them, and the stack of a panic.
	Logs []string
}

// RunRequest is one run.
type RunRequest struct {
	RunKey string
	Job    string
	// Config is what it is told, by name of the config, as encoding/json reads it: numbers are float64.
	Config map[string]map[string]any
	// Tags are those of the request, beside those of the job and of the schedule or sensor.
	Tags      map[string]string
	Partition string
	Ops       string
}

// PartitionKeysChange changes the keys of dynamic partitions.
type PartitionKeysChange struct {
	Name        string
	Add, Remove []string
}

// evaluator is that of a test's process, as a server has one. It knows the secrets of tests.
var evaluator = evaluate.New(evaluate.Options{LookupEnv: lookupEnv, Now: time.Now}) //nolint:forbidigo // who writes tests injects nothing here

// Schedule evaluates a schedule for the tick of an instant, which need not be one of its own, as a host would have it done:
// the run is that of [usercode.NewSchedule], one for each partition that has ended since the tick before, or what the
// function says. Nothing is launched. The error is about wrong definitions; that the function failed is in the Evaluation.
//
// Keys of dynamic partitions are known to hosts alone, so a schedule of pairs with them is an error.
func Schedule(ctx context.Context, schedule *usercode.Schedule, at time.Time) (*Evaluation, error) {
	s, err := spec.GetInternals().Schedule(schedule)
	if err != nil {
		return nil, err
	}
	if s.Evaluate != nil {
		answer, err := evaluator.Schedule(ctx, "test", s, at)
		if err != nil {
			return nil, fmt.Errorf("schedule %q: %w", s.Name, err)
		}
		return evaluation(answer, s.Job)
	}
	if s.Partitions {
		return ofPartitions(ctx, s, at)
	}
	config, err := configOf(s.Config)
	return &Evaluation{Requests: []RunRequest{{Job: s.Job.Name, Config: config, Tags: map[string]string{}}}}, err
}

// Ticks are the first n instants of a schedule after an instant, in its zone; fewer when there are no more.
func Ticks(schedule *usercode.Schedule, after time.Time, n int) ([]time.Time, error) {
	s, err := spec.GetInternals().Schedule(schedule)
	if err != nil {
		return nil, err
	}
	ticks, err := calendar.New(s.Zone, s.Crons...)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, err
	}
	var all []time.Time
	for len(all) < n {
		next, ok := ticks.Next(after)
		if !ok {
			break
		}
		all, after = append(all, next.In(zone)), next
	}
	return all, nil
}

// Sensor evaluates a sensor of [usercode.NewSensor]; as [Schedule].
func Sensor(ctx context.Context, sensor *usercode.Sensor, last usercode.SensorState) (*Evaluation, error) {
	return look(ctx, sensor, false, spec.Look{Cursor: last.Cursor, Last: last.LastEvaluated})
}

// RunStatusSensor evaluates a sensor of [usercode.NewRunStatusSensor] for a run that ended; as [Schedule]. Whether the
// sensor selects the run is for hosts to say.
func RunStatusSensor(ctx context.Context, sensor *usercode.Sensor, run usercode.EndedRun) (*Evaluation, error) {
	ended := &spec.EndedRun{
		ID: run.ID, Location: run.Location, Repository: run.Repository, Job: run.Job, Status: run.Status, StatusReason: run.StatusReason, EndedAt: run.EndedAt,
	}
	for key, value := range run.Tags {
		ended.Tags = append(ended.Tags, tag.Tag{Key: key, Value: value})
	}
	return look(ctx, sensor, true, spec.Look{Ended: ended})
}

func look(ctx context.Context, sensor *usercode.Sensor, status bool, at spec.Look) (*Evaluation, error) {
	s, err := spec.GetInternals().Sensor(sensor)
	if err != nil {
		return nil, err
	}
	if (s.RunStatus != nil) != status {
		return nil, fmt.Errorf("sensor %q: Sensor evaluates those of NewSensor, and RunStatusSensor those of NewRunStatusSensor", s.Name)
	}
	answer, err := evaluator.Sensor(ctx, "test", s, at)
	if err != nil {
		return nil, fmt.Errorf("sensor %q: %w", s.Name, err)
	}
	var first *spec.Job
	if len(s.Jobs) > 0 {
		first = s.Jobs[0]
	}
	return evaluation(answer, first)
}

// evaluation is an answer as tests read it. Main is the job of requests that name none.
func evaluation(a evaluate.Answer, main *spec.Job) (*Evaluation, error) {
	e := &Evaluation{SkipReason: a.SkipReason, Error: a.Error, Cursor: a.Cursor, Logs: a.Lines}
	for _, r := range a.Requests {
		config, err := configOf(r.Config)
		if err != nil {
			return nil, err
		}
		job := r.Job
		if job == nil {
			job = main
		}
		e.Requests = append(e.Requests, RunRequest{
			RunKey: r.RunKey, Job: job.Name, Config: config, Tags: tagsOf(r.Tags), Partition: r.Partition, Ops: r.OpSelection,
		})
	}
	for _, c := range a.PartitionKeys {
		e.PartitionKeys = append(e.PartitionKeys, PartitionKeysChange{Name: c.Dimension, Add: c.Add, Remove: c.Remove})
	}
	return e, nil
}

// configOf reads a run config; it is never nil, so that tests may look into it.
func configOf(text []byte) (map[string]map[string]any, error) {
	var sections struct {
		Config map[string]map[string]any `json:"config"`
	}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &sections); err != nil {
			return nil, fmt.Errorf("run config: %w", err)
		}
	}
	if sections.Config == nil {
		sections.Config = map[string]map[string]any{}
	}
	return sections.Config, nil
}

func tagsOf(list tag.List) map[string]string {
	tags := make(map[string]string, len(list))
	for _, t := range list {
		tags[t.Key] = t.Value
	}
	return tags
}
