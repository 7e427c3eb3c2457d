package usercode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Sensor makes runs when something has happened. Make it with [NewSensor] or [NewRunStatusSensor], and put it into the
// [Repository] that has its jobs.
type Sensor struct {
	automation

	jobs     []*Job
	interval time.Duration
	status   *spec.RunStatus
	evaluate func(ctx context.Context, look spec.Look) (SensorResult, error)
}

// SensorState is what a sensor knows of the time before.
type SensorState struct {
	// Cursor is what it answered last; empty at first, and after people have reset it.
	Cursor string
	// LastEvaluated is when it was evaluated last; zero at first.
	LastEvaluated time.Time
}

// SensorResult is what a sensor has found. With none of it, the tick is skipped.
type SensorResult struct {
	// Requests are the runs to make; at most 1,000.
	Requests []RunRequest
	// Cursor says how far it has looked, for the next time; at most 64 KiB. Empty keeps the one before. It is kept together
	// with the runs: either both are, or neither.
	Cursor string
	// PartitionKeys are made before the runs, see [DynamicPartitions.Add]; at most 1,000 keys in all.
	PartitionKeys []PartitionKeysChange
}

// EndedRun is a run that ended, of whichever job of whichever location.
type EndedRun struct {
	ID                        string
	Location, Repository, Job string
	Status                    string            // "success", "failure" or "canceled"
	StatusReason              string            // why, for people
	Tags                      map[string]string // all of the run's; the caller's to change
	EndedAt                   time.Time
}

// NewSensor asks f again and again, see [Every], whether there is something to run. The jobs that it may run are options:
//
//	var newFiles = usercode.NewSensor("new_files", lookForFiles, loadFile, usercode.Every(time.Minute))
//
// F gets the cursor that it answered last, and answers another one: what is behind it is not found again. A
// [RunRequest.RunKey] keeps even what is found twice from running twice. F is called in the user-code server, also when
// people only look what it would do, so it may look at the world and must not change it. It has 60 seconds, or its
// [Timeout]; a slow one delays no other. [Log] has a logger for what people should know, and [Config.From] the defaults of
// a config. After an error or a panic it is asked again with the cursor of before.
func NewSensor(name string, f func(ctx context.Context, last SensorState) (SensorResult, error), opts ...SensorOption) *Sensor {
	s := &Sensor{automation: newAutomation("sensor", name)}
	if f == nil {
		s.faultf("its function is nil")
	} else {
		s.evaluate = func(ctx context.Context, look spec.Look) (SensorResult, error) {
			return f(ctx, SensorState{Cursor: look.Cursor, LastEvaluated: look.Last})
		}
	}
	for _, o := range opts {
		if o != nil {
			o.applySensor(s)
		}
	}
	return s
}

// NewRunStatusSensor asks f for each run that ended and that where selects, once: "status=failure and team=etl". Where is
// a selector, as people write it to find runs; empty selects all. Otherwise it is as a sensor of [NewSensor].
func NewRunStatusSensor(name, where string, f func(ctx context.Context, run EndedRun) ([]RunRequest, error), opts ...RunStatusSensorOption) *Sensor {
	s := &Sensor{automation: newAutomation("sensor", name), status: &spec.RunStatus{Where: where}}
	switch {
	case len(where) > maxWhereBytes:
		s.faultf("its selector has %d bytes; the limit is %d", len(where), maxWhereBytes)
	case !utf8.ValidString(where):
		s.faultf("its selector is not valid UTF-8")
	}
	if f == nil {
		s.faultf("its function is nil")
	} else {
		s.evaluate = func(ctx context.Context, look spec.Look) (SensorResult, error) {
			if look.Ended == nil {
				return SensorResult{}, errors.New("the sensor looks at runs that ended, and was given none")
			}
			asked, err := f(ctx, endedRun(look.Ended))
			return SensorResult{Requests: asked}, err
		}
	}
	for _, o := range opts {
		if o != nil {
			o.applyRunStatusSensor(s)
		}
	}
	return s
}

const maxWhereBytes = 8 << 10

func endedRun(e *spec.EndedRun) EndedRun {
	run := EndedRun{
		ID: e.ID, Location: e.Location, Repository: e.Repository, Job: e.Job, Status: e.Status, StatusReason: e.StatusReason,
		Tags: make(map[string]string, len(e.Tags)), EndedAt: e.EndedAt,
	}
	for _, t := range e.Tags {
		run.Tags[t.Key] = t.Value
	}
	return run
}

func (s *Sensor) applyRepository(r *Repository) { r.sensors = append(r.sensors, s) }

func (s *Sensor) compile(jobs compiledJobs) (*spec.Sensor, []fault) {
	a, faults := s.automation.compile()
	plain := &spec.Sensor{
		Name: a.name, Description: a.description, Interval: s.interval, DefaultOn: a.defaultOn, Tags: a.tags,
		RunStatus: s.status, Timeout: a.timeout, Origin: a.origin,
	}
	fail := func(format string, args ...any) { faults = append(faults, s.fault(format, args...)) }
	for i, j := range s.jobs {
		switch job := jobs(j); {
		case j == nil:
			fail("job %d of it is nil; variables that init() or main() sets are nil when package variables are made", i+1)
		case job == nil:
			fail("its job %q is not in the repository; add it", j.name)
		case slices.Contains(s.jobs[:i], j):
			fail("its job %q is given twice; keep one", j.name)
		default:
			plain.Jobs = append(plain.Jobs, job)
		}
	}
	if len(s.jobs) > maxSensorJobs {
		fail("it has %d jobs; the limit is %d", len(s.jobs), maxSensorJobs)
	}
	if s.evaluate != nil {
		plain.Evaluate = s.evaluation(plain, jobs)
	}
	return plain, faults
}

// evaluation calls the author's function.
func (s *Sensor) evaluation(plain *spec.Sensor, jobs compiledJobs) func(context.Context, spec.Look) (spec.Evaluation, error) {
	mayRun := func(j *Job) (*spec.Job, error) {
		if slices.Contains(s.jobs, j) {
			return jobs(j), nil
		}
		return nil, fmt.Errorf("job %q is not one that the sensor may run (%s); add it to the options of the sensor", j.name, namesOf(plain.Jobs))
	}
	return func(ctx context.Context, look spec.Look) (spec.Evaluation, error) {
		result, err := s.evaluate(ctx, look)
		if err = skipped(err, len(result.Requests)); err != nil && !errors.Is(err, spec.ErrSkip) {
			return spec.Evaluation{}, err
		}
		plainResult := spec.Evaluation{Cursor: result.Cursor}
		for _, c := range result.PartitionKeys {
			plainResult.PartitionKeys = append(plainResult.PartitionKeys, c.change)
		}
		var main *spec.Job
		if len(plain.Jobs) > 0 {
			main = plain.Jobs[0]
		}
		var wrong error
		if plainResult.Requests, wrong = requests(result.Requests, main, mayRun); wrong != nil {
			return spec.Evaluation{}, wrong
		}
		return plainResult, err
	}
}

func namesOf(jobs []*spec.Job) string {
	if len(jobs) == 0 {
		return "it has none"
	}
	names := make([]string, len(jobs))
	for i, j := range jobs {
		names[i] = j.Name
	}
	return strings.Join(names, ", ")
}
