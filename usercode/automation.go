package usercode

import (
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
	maxSensorInterval    = 24 * time.Hour
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
func (r *Repository) compileAutomation(plain *spec.Repository, jobs map[*Job]*spec.Job) []fault {
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
