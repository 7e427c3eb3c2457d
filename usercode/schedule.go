package usercode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Schedule makes runs at times. Make it with [NewSchedule], [NewPartitionSchedule] or [NewScheduleFunc], and put it into
// the [Repository] that has its job:
//
//	var nightly = usercode.NewSchedule("nightly", loadOrders, usercode.Cron("0 6 * * mon-fri"), usercode.Zone("Europe/Berlin"))
//
// A host that serves the repository makes the runs, once people have switched the schedule on, or with [DefaultOn].
type Schedule struct {
	automation

	job      *Job
	config   RunConfig
	schedule spec.Schedule
	evaluate func(ctx context.Context, tick Tick) ([]RunRequest, error)
}

// Tick is one of the instants of a schedule.
type Tick struct {
	// At is the instant, in the zone of the schedule: not the time at which it is evaluated, which is later.
	At time.Time
}

// NewSchedule runs the job at the instants of each [Cron], the same each time; see [RunConfig].
func NewSchedule(name string, job *Job, opts ...ScheduleOption) *Schedule {
	s := newSchedule(name, job)
	for _, o := range opts {
		if o != nil {
			o.applySchedule(s)
		}
	}
	return s
}

// NewPartitionSchedule makes a run of each of the job's partitions that has ended since the tick before; the job has to
// have partitions of time. With pairs it is a run for each key of the other dimension. When there is no [Cron], it ticks
// when a partition ends, in the zone of the partitions.
func NewPartitionSchedule(name string, job *Job, opts ...PartitionScheduleOption) *Schedule {
	s := newSchedule(name, job)
	s.schedule.Partitions = true
	for _, o := range opts {
		if o != nil {
			o.applyPartitionSchedule(s)
		}
	}
	return s
}

// NewScheduleFunc asks f at each instant which runs to make: any number up to 1,000, or none, see [Skip].
//
// F is called in the user-code server, perhaps several times for a tick, and for ticks that people only look at: it may
// look at the world, and must not change it. What it answered first for a tick counts. It has 60 seconds, or its
// [Timeout]. [Log] has a logger for what people should know of the tick, and [Config.From] the defaults of a config. An
// error or a panic fails the tick, which is not tried again.
func NewScheduleFunc(name string, job *Job, f func(ctx context.Context, tick Tick) ([]RunRequest, error), opts ...ScheduleFuncOption) *Schedule {
	s := newSchedule(name, job)
	if s.evaluate = f; f == nil {
		s.faultf("its function is nil")
	}
	for _, o := range opts {
		if o != nil {
			o.applyScheduleFunc(s)
		}
	}
	return s
}

func newSchedule(name string, job *Job) *Schedule {
	return &Schedule{automation: newAutomation("schedule", name), job: job}
}

func (s *Schedule) applyRepository(r *Repository) { r.schedules = append(r.schedules, s) }

func (s *Schedule) compile(jobs compiledJobs) (*spec.Schedule, []fault) {
	a, faults := s.automation.compile()
	plain := s.schedule
	plain.Name, plain.Description, plain.DefaultOn, plain.Tags, plain.Timeout, plain.Origin = a.name, a.description, a.defaultOn, a.tags, a.timeout, a.origin
	fail := func(format string, args ...any) { faults = append(faults, s.fault(format, args...)) }

	switch plain.Job = jobs(s.job); {
	case s.job == nil:
		fail("its job is nil; variables that init() or main() sets are nil when package variables are made")
	case plain.Job == nil:
		fail("its job %q is not in the repository; add it", s.job.name)
	}
	plain.Crons = slices.Clone(s.schedule.Crons)
	if plain.Partitions && plain.Job != nil {
		if wrong := followPartitions(&plain); wrong != "" {
			fail("%s", wrong)
			return &plain, faults
		}
	}
	if ticks, err := calendar.New(plain.Zone, plain.Crons...); err != nil {
		for _, err := range flatten([]error{err}) {
			fail("%v", err)
		}
	} else if _, ever := ticks.Next(longAgo); !ever {
		fail("it never ticks: no cron of %s has an instant", strings.Join(plain.Crons, ", "))
	}
	if plain.Job != nil && len(s.config) > 0 {
		var err error
		if plain.Config, err = s.config.of(plain.Job); err != nil {
			for _, err := range flatten([]error{err}) {
				fail("%v", err)
			}
		}
	}
	if s.evaluate != nil {
		plain.Evaluate = s.evaluation(&plain, jobs)
	}
	return &plain, faults
}

// followPartitions takes from the partitions what the author did not say.
func followPartitions(s *spec.Schedule) (wrong string) {
	if s.Job.Partitions == nil {
		return fmt.Sprintf("job %q has no partitions; add them to its options", s.Job.Name)
	}
	in := s.Job.Partitions.Time()
	switch {
	case in == nil:
		return fmt.Sprintf("the partitions %q of job %q are none of time, so none of them ever ends; use NewScheduleFunc", s.Job.Partitions.Name, s.Job.Name)
	case in.Spans == nil:
		return "the partitions of its job are wrong"
	}
	if len(s.Crons) == 0 {
		s.Crons = []string{in.Spans.Cron()}
	}
	if s.Zone == "" {
		s.Zone = in.Options.Zone
	}
	return ""
}

// evaluation calls the author's function.
func (s *Schedule) evaluation(plain *spec.Schedule, jobs compiledJobs) func(context.Context, time.Time) (spec.Evaluation, error) {
	mayRun := func(j *Job) (*spec.Job, error) {
		if job := jobs(j); job != nil {
			return job, nil
		}
		return nil, fmt.Errorf("job %q is not in the repository of the schedule", j.name)
	}
	return func(ctx context.Context, at time.Time) (spec.Evaluation, error) {
		zone, err := time.LoadLocation(plain.Zone)
		if err != nil {
			return spec.Evaluation{}, err // it was there when the definitions were checked
		}
		asked, err := s.evaluate(ctx, Tick{At: at.In(zone)})
		if err != nil {
			return spec.Evaluation{}, skipped(err, len(asked))
		}
		plainRequests, err := requests(asked, plain.Job, mayRun)
		return spec.Evaluation{Requests: plainRequests}, err
	}
}

// longAgo is before every tick that matters, to see whether there is any.
var longAgo = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// skipped refuses a skip that asks for runs all the same.
func skipped(err error, asked int) error {
	if errors.Is(err, spec.ErrSkip) && asked > 0 {
		return fmt.Errorf("it asked for %s, and to be skipped: %q; answer one of them", plural(asked, "run"), err.Error())
	}
	return err
}
