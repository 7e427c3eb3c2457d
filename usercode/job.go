package usercode

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Job is what can be launched: a graph with what people want to know about it and the tags of its runs. Make it with
// [NewJob] or [GraphOp.Job] and put it into a [Repository].
type Job struct {
	name        string
	origin      string
	description string
	metadata    metadataOf
	tags        tag.List
	tagErrs     []error
	graph       *graphDef
	faults      []fault

	maxConcurrent int // 0 when it is not given

	partitions      *partitionsDef // nil when it has none
	partitionConfig PartitionConfig
	partitionTags   PartitionTags

	// Guarded by compiling.
	compiled bool
	job      *spec.Job
	problems []Problem
}

// NewJob makes a job of a body that places ops. The body runs once per process, when definitions are validated,
// served or executed, never here; what is wrong is reported then.
func NewJob(name string, body func(g *Graph), opts ...JobOption) *Job {
	def := newBody(name, body == nil, nil, nil, func(g *Graph, _ []wire) (wire, bool) {
		body(g)
		return wire{}, false
	})
	def.ofJob = true
	return newJob(name, def, opts)
}

// Job makes a job of the graph. The options are the job's: the graph may become several jobs with different ones.
func (op GraphOp) Job(name string, opts ...JobOption) *Job {
	var def *graphDef
	if op != nil {
		op(&Graph{probe: &def})
	}
	return newJob(name, def, opts)
}

func newJob(name string, def *graphDef, opts []JobOption) *Job {
	j := &Job{name: name, origin: authorLine(), graph: def}
	if err := tag.CheckName(name); err != nil {
		j.faultf("%v", err)
	}
	if def == nil {
		j.faultf("its graph is nil, or was not made by NewGraph; make it before the job")
	}
	for _, o := range opts {
		if o != nil {
			o.applyJob(j)
		}
	}
	return j
}

func (j *Job) faultf(format string, args ...any) {
	j.faults = append(j.faults, fault{origin: j.origin, message: fmt.Sprintf(format, args...)})
}

func (j *Job) describe(text string) {
	if err := checkDescription(text); err != nil {
		j.faultf("%v", err)
		return
	}
	j.description = text
}

func (j *Job) applyRepository(r *Repository) { r.jobs = append(r.jobs, j) }

// compiling is held while bodies run: a graph is built once, whoever comes first.
var compiling sync.Mutex

// compile runs the bodies, the first time. Its result is shared and must not be changed.
func (j *Job) compile() (*spec.Job, []Problem) {
	compiling.Lock()
	defer compiling.Unlock()
	if !j.compiled {
		j.job, j.problems = j.build()
		j.compiled = true
	}
	return j.job, j.problems
}

func (j *Job) build() (*spec.Job, []Problem) {
	faults := slices.Clone(j.faults)
	for _, err := range j.metadata.problems() {
		faults = append(faults, fault{origin: j.origin, message: err.Error()})
	}
	for _, err := range flatten(append(j.tagErrs, tag.Validate(j.tags))) {
		faults = append(faults, fault{origin: j.origin, message: err.Error()})
	}
	job := &spec.Job{Name: j.name, Description: j.description, Metadata: j.metadata.list, Tags: slices.Clone(j.tags), MaxConcurrent: j.maxConcurrent, Origin: j.origin}
	slices.SortFunc(job.Tags, func(a, b tag.Tag) int { return strings.Compare(a.Key, b.Key) })
	if j.graph != nil {
		j.graph.build(nil)
		job.Graph = j.graph.graph
		parts := partsOf(j.graph)
		faults = append(faults, parts.faults()...)
		job.Configs = parts.configs()
		job.ConfigSchema = runConfigSchema(parts.config)
		job.Resources = parts.used()
	}
	faults = append(faults, j.compilePartitions(job)...)
	if len(faults) == 0 {
		if err := checkSize(job); err != nil {
			faults = append(faults, fault{origin: j.origin, message: err.Error()})
		}
	}
	problems := make([]Problem, 0, len(faults))
	for _, f := range faults {
		problems = append(problems, Problem{Job: j.name, Origin: f.origin, Message: f.message})
	}
	return job, problems
}

func init() { //nolint:gochecknoinits // the way in for usertest, which must not be one for authors
	spec.SetCompileJob(func(job any) (*spec.Job, error) {
		j, ok := job.(*Job)
		if !ok || j == nil {
			return nil, fmt.Errorf("a %T is not a job", job)
		}
		compiled, problems := j.compile()
		if len(problems) > 0 {
			return nil, Problems(problems)
		}
		return compiled, nil
	})
	spec.SetInternals(spec.Internals{
		Resource: func(resource any) *spec.Resource {
			if r, ok := resource.(interface{ described() *spec.Resource }); ok {
				return r.described()
			}
			return nil
		},
		Schedule: func(schedule any) (*spec.Schedule, error) {
			s, _ := schedule.(*Schedule)
			return compileSchedule(s)
		},
		Sensor: func(sensor any) (*spec.Sensor, error) {
			s, _ := sensor.(*Sensor)
			return compileSensor(s)
		},
		Secret: func(variable, value string) any {
			return Secret{&secretRef{variable: variable, reveal: func() string { return value }}}
		},
	})
}
