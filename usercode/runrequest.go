package usercode

import (
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// RunRequest asks for a run. The zero value is a run of the job of the [Schedule], or of the first one of the [Sensor].
type RunRequest struct {
	// RunKey is what the run is for, such as the name of a file: a schedule or sensor never gets a second run of the same
	// key, however often it asks. Empty means that nothing is compared. At most 1 KiB.
	RunKey string
	// Job is the one to run, in place of that of the schedule or the first of the sensor. A sensor has to have it as an
	// option; a schedule may run any job of its repository.
	Job *Job
	// Config is the run config. Without it the run has that of its partition, or the defaults.
	Config RunConfig
	// Tags are those of this run, which are added to those of the job and of the schedule or sensor, and replace them.
	Tags Tags
	// Partition is the key of one of the job's partitions. Empty means none.
	Partition string
	// Ops is an op selection, as people write it. Empty means all.
	Ops string
}

// skipError has the reason as its text.
type skipError struct{ reason string }

func (e *skipError) Error() string { return e.reason }
func (e *skipError) Unwrap() error { return spec.ErrSkip }

// Skip is the error of a function of a schedule or sensor that has nothing to run, and says to people why:
//
//	return nil, usercode.Skip("no new files since %s", last)
//
// The tick is skipped, which is no failure. What a sensor answers beside it is kept: its cursor, and changes of partition
// keys.
func Skip(format string, args ...any) error { return &skipError{fmt.Sprintf(format, args...)} }

// requests makes the plain form of what an author's function asked for. Main is the job of requests that name none. The
// error is about the first that is wrong.
func requests(asked []RunRequest, main *spec.Job, mayRun func(j *Job) (*spec.Job, error)) ([]spec.RunRequest, error) {
	plain := make([]spec.RunRequest, 0, len(asked))
	for i, r := range asked {
		p, err := r.plain(main, mayRun)
		if err != nil {
			return nil, fmt.Errorf("run request %d: %w", i+1, err)
		}
		plain = append(plain, p)
	}
	return plain, nil
}

func (r RunRequest) plain(main *spec.Job, mayRun func(j *Job) (*spec.Job, error)) (spec.RunRequest, error) {
	p := spec.RunRequest{RunKey: r.RunKey, Partition: r.Partition, OpSelection: r.Ops}
	job := main
	if r.Job != nil {
		var err error
		if job, err = mayRun(r.Job); err != nil {
			return p, err
		}
		p.Job = job
	}
	if job == nil {
		return p, errors.New("it names no job, and the sensor has none; add one to the options of NewSensor")
	}
	var err error
	if p.Config, err = r.Config.of(job); err != nil {
		return p, fmt.Errorf("job %q: %w", job.Name, err)
	}
	if p.Tags, err = tag.FromAny(r.Tags); err != nil {
		return p, err
	}
	switch {
	case r.Partition == "":
	case job.Partitions == nil:
		return p, fmt.Errorf("job %q has no partitions, and partition %q is asked for", job.Name, r.Partition)
	default:
		if _, err := job.Partitions.At(r.Partition); err != nil {
			return p, fmt.Errorf("job %q: %w", job.Name, err)
		}
	}
	return p, nil
}
