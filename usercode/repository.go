package usercode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Repository is a named set of jobs, schedules and sensors that a team serves together. One binary may serve several.
type Repository struct {
	name        string
	origin      string
	description string
	metadata    metadataOf
	jobs        []*Job
	schedules   []*Schedule
	sensors     []*Sensor
	faults      []fault
}

// NewRepository makes a repository of jobs, schedules, sensors, a [Description], [Metadata]. Its name has letters, digits, _, - and dots,
// at most 63.
func NewRepository(name string, items ...RepositoryItem) *Repository {
	r := &Repository{name: name, origin: authorLine()}
	if err := tag.CheckLocationName(name); err != nil {
		r.faultf(r.origin, "%v", err)
	}
	for _, item := range items {
		if item != nil {
			item.applyRepository(r)
		}
	}
	return r
}

func (r *Repository) faultf(at, format string, args ...any) {
	r.faults = append(r.faults, fault{origin: at, message: fmt.Sprintf(format, args...)})
}

func (r *Repository) describe(text string) {
	if err := checkDescription(text); err != nil {
		r.faultf(r.origin, "%v", err)
		return
	}
	r.description = text
}

func (r *Repository) compile() (*spec.Repository, []Problem) {
	plain := &spec.Repository{Name: r.name, Description: r.description, Metadata: r.metadata.list}
	var problems []Problem
	add := func(job, at, message string) {
		problems = append(problems, Problem{Repository: r.name, Job: job, Origin: at, Message: message})
	}
	for _, f := range r.faults {
		add("", f.origin, f.message)
	}
	for _, err := range r.metadata.problems() {
		add("", r.origin, err.Error())
	}
	first := map[string]*Job{}
	compiled := map[*Job]*spec.Job{}
	for i, j := range r.jobs {
		if j == nil {
			add("", r.origin, fmt.Sprintf("job %d of it is nil; variables that init() or main() sets are nil when package variables are made", i+1))
			continue
		}
		switch twin := first[j.name]; {
		case twin == j:
			add(j.name, j.origin, "it is in the repository twice; list it once")
			continue
		case twin != nil:
			add(j.name, j.origin, fmt.Sprintf("there is another job of this name in the repository, made at %s; rename one", twin.origin))
		default:
			first[j.name] = j
		}
		job, wrong := j.compile()
		for _, p := range wrong {
			p.Repository = r.name
			problems = append(problems, p)
		}
		plain.Jobs = append(plain.Jobs, job)
		compiled[j] = job
	}
	for _, f := range r.samePartitions() {
		add("", f.origin, f.message)
	}
	for _, f := range r.compileAutomation(plain, func(j *Job) *spec.Job { return compiled[j] }) {
		add("", f.origin, f.message)
	}
	slices.SortFunc(plain.Jobs, func(a, b *spec.Job) int { return strings.Compare(a.Name, b.Name) })
	return plain, problems
}
