package usercode

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Limits of automation.
const (
	maxSchedules         = 1000
	maxSensors           = 1000
	maxSensorJobs        = 100
	maxMissedTicks       = 100
	maxEvaluationTimeout = 10 * time.Minute
	minSensorInterval    = time.Second

	defaultSensorInterval = 30 * time.Second
	maxSensorInterval     = 24 * time.Hour
)

// automation is what schedules and sensors have in common.
type automation struct {
	kind        string // "schedule" or "sensor"
	name        string
	origin      string
	description string
	defaultOn   bool
	tags        tag.List
	tagErrs     []error
	timeout     time.Duration // 0 when it is not given
	faults      []fault
}

func newAutomation(kind, name string) automation {
	a := automation{kind: kind, name: name, origin: authorLine()}
	if err := tag.CheckName(name); err != nil {
		a.faultf("%v", err)
	}
	return a
}

func (a *automation) fault(format string, args ...any) fault {
	return fault{origin: a.origin, message: fmt.Sprintf("%s %q: %s", a.kind, a.name, fmt.Sprintf(format, args...))}
}

func (a *automation) faultf(format string, args ...any) {
	a.faults = append(a.faults, a.fault(format, args...))
}

func (a *automation) describe(text string) {
	if err := checkDescription(text); err != nil {
		a.faultf("%v", err)
		return
	}
	a.description = text
}

func (a *automation) addTags(t Tags) {
	list, err := tag.FromAny(t)
	if err != nil {
		a.tagErrs = append(a.tagErrs, err)
		return
	}
	a.tags = append(a.tags, list...)
}

func (a *automation) limit(t Timeout) {
	if d := time.Duration(t); d <= 0 || d > maxEvaluationTimeout {
		a.faultf("Timeout is %v; of an evaluation it is more than 0 and at most %v", d, maxEvaluationTimeout)
		return
	}
	a.timeout = time.Duration(t)
}

// compiledJobs finds the job that an author's was compiled to; nil when it is not in the repository.
type compiledJobs func(j *Job) *spec.Job

// compile sorts the tags and says what is wrong so far. It may be called again.
func (a *automation) compile() (automation, []fault) {
	compiled, faults := *a, slices.Clone(a.faults)
	for _, err := range flatten(append(slices.Clone(a.tagErrs), tag.Validate(a.tags))) {
		faults = append(faults, a.fault("%v", err))
	}
	compiled.tags = slices.Clone(a.tags)
	slices.SortFunc(compiled.tags, func(x, y tag.Tag) int { return strings.Compare(x.Key, y.Key) })
	return compiled, faults
}

// compileAutomation makes the plain schedules and sensors of a repository whose jobs are compiled.
func (r *Repository) compileAutomation(plain *spec.Repository, jobs compiledJobs) []fault {
	var faults []fault
	first := map[string]*automation{}
	known := func(a *automation) bool {
		twin := first[a.name]
		if twin == nil {
			first[a.name] = a
			return false
		}
		faults = append(faults, a.fault("there is a %s of this name in the repository, made at %s; rename one", twin.kind, twin.origin))
		return true
	}
	for i, s := range r.schedules {
		if s == nil {
			faults = append(faults, r.nilItem("schedule", i))
		} else if !known(&s.automation) {
			schedule, wrong := s.compile(jobs)
			faults, plain.Schedules = append(faults, wrong...), append(plain.Schedules, schedule)
		}
	}
	for i, s := range r.sensors {
		if s == nil {
			faults = append(faults, r.nilItem("sensor", i))
		} else if !known(&s.automation) {
			sensor, wrong := s.compile(jobs)
			faults, plain.Sensors = append(faults, wrong...), append(plain.Sensors, sensor)
		}
	}
	if n := len(r.schedules); n > maxSchedules {
		faults = append(faults, fault{r.origin, fmt.Sprintf("it has %d schedules; the limit is %d", n, maxSchedules)})
	}
	if n := len(r.sensors); n > maxSensors {
		faults = append(faults, fault{r.origin, fmt.Sprintf("it has %d sensors; the limit is %d", n, maxSensors)})
	}
	slices.SortFunc(plain.Schedules, func(a, b *spec.Schedule) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(plain.Sensors, func(a, b *spec.Sensor) int { return strings.Compare(a.Name, b.Name) })
	return faults
}

func (r *Repository) nilItem(kind string, i int) fault {
	return fault{r.origin, fmt.Sprintf("%s %d of it is nil; variables that init() or main() sets are nil when package variables are made", kind, i+1)}
}

// samePartitions reports partitions that have the name of others.
func (r *Repository) samePartitions() []fault {
	var faults []fault
	first := map[string]*partitionsDef{}
	for _, j := range r.jobs {
		if j == nil || j.partitions == nil {
			continue
		}
		name := j.partitions.partitions.Name
		twin, known := first[name]
		if !known {
			first[name] = j.partitions
		} else if twin != j.partitions {
			faults = append(faults, fault{j.partitions.partitions.Origin, fmt.Sprintf("partitions %q of job %q: there are others of this name in the repository, made at %s; use these, or rename one", name, j.name, twin.partitions.Origin)})
		}
	}
	return faults
}

// alone are the jobs of a schedule or sensor that is compiled without its repository: all that are sound.
func alone(j *Job) *spec.Job {
	if j == nil {
		return nil
	}
	if job, problems := j.compile(); len(problems) == 0 {
		return job
	}
	return nil
}

// compileSchedule is for tests of schedules that are in no repository yet.
func compileSchedule(s *Schedule) (*spec.Schedule, error) {
	if s == nil {
		return nil, errors.New("the schedule is nil")
	}
	plain, faults := s.compile(alone)
	return plain, problemsOf(s.job, faults)
}

func compileSensor(s *Sensor) (*spec.Sensor, error) {
	if s == nil {
		return nil, errors.New("the sensor is nil")
	}
	plain, faults := s.compile(alone)
	for _, j := range s.jobs {
		if err := problemsOf(j, nil); err != nil {
			return nil, err
		}
	}
	return plain, problemsOf(nil, faults)
}

// problemsOf is those of the job, or else the faults; nil when there are none.
func problemsOf(j *Job, faults []fault) error {
	if j != nil {
		if _, problems := j.compile(); len(problems) > 0 {
			return Problems(problems)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	problems := make(Problems, 0, len(faults))
	for _, f := range faults {
		problems = append(problems, Problem{Origin: f.origin, Message: f.message})
	}
	return problems
}
