package workspace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// Jobs are all jobs of the definitions in use, sorted by location, repository
// and name. Jobs whose definition cannot be used are among them.
func (w *Workspace) Jobs() []*Job {
	var all []*Job
	for _, l := range w.all() {
		if d := l.current(); d != nil {
			all = append(all, d.jobs...)
		}
	}
	return all
}

// FindJob finds a job by "location/repository/job" or the shortest unambiguous
// end of it. NotFound names jobs with similar names; Invalid with the reason
// AMBIGUOUS has each candidate as a problem; Unavailable when the job's
// location has no definitions now.
func (w *Workspace) FindJob(name string) (*Job, error) {
	wanted, ok := host.ParseJobName(name)
	if !ok {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "JOB_NAME",
			Message: fmt.Sprintf("%.200q is not the name of a job", name),
			Remedy:  "Write it as location/repository/job, or as the end of that: repository/job, or job.",
		}
	}
	var found []*Job
	for _, l := range w.all() {
		if wanted.Location != "" && wanted.Location != l.name {
			continue
		}
		d := l.current()
		if d == nil {
			continue
		}
		for _, j := range d.byName[wanted.Job] {
			if wanted.Repository == "" || wanted.Repository == j.Name.Repository {
				found = append(found, j)
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, w.jobNotFound(name, wanted)
	}
	return nil, ambiguous(name, found)
}

// Job finds the job of just that name, at no cost that depends on how many jobs
// or locations there are. NotFound when its location or the job is not there;
// Unavailable when its location has no definitions now.
func (w *Workspace) Job(name host.JobName) (*Job, error) {
	l, err := w.location(name.Location)
	if err != nil {
		return nil, err
	}
	d := l.current()
	if d == nil {
		l.mu.RLock()
		defer l.mu.RUnlock()
		return nil, l.unavailable()
	}
	for _, j := range d.byName[name.Job] {
		if j.Name == name {
			return j, nil
		}
	}
	return nil, &host.Error{
		Code: host.NotFound, Reason: "JOB_NOT_FOUND",
		Message: fmt.Sprintf("there is no job %.200q", name.String()),
		Remedy:  "List the jobs to see their names.",
	}
}

func ambiguous(name string, found []*Job) error {
	const most = 20
	e := &host.Error{
		Code: host.Invalid, Reason: "AMBIGUOUS",
		Message: fmt.Sprintf("%d jobs are called %.200q", len(found), name),
		Remedy:  "Write more of the name, from the end: repository/job or location/repository/job.",
	}
	for _, j := range found[:min(len(found), most)] {
		e.Problems = append(e.Problems, host.Problem{Field: "job", Path: j.Name.String(), Message: "is one of them"})
	}
	return e
}

// jobNotFound says why a name finds nothing: a location that has sent nothing
// yet may well have the job.
func (w *Workspace) jobNotFound(name string, wanted host.JobName) error {
	var silent []string
	for _, l := range w.all() {
		l.mu.RLock()
		if l.definitions == nil {
			if wanted.Location == l.name {
				defer l.mu.RUnlock()
				return l.unavailable()
			}
			silent = append(silent, l.name)
		}
		l.mu.RUnlock()
	}
	e := &host.Error{
		Code: host.NotFound, Reason: "JOB_NOT_FOUND",
		Message: fmt.Sprintf("there is no job %.200q", name),
		Remedy:  "List the jobs to see their names.",
	}
	if near := w.nearest(name, wanted); len(near) > 0 {
		e.Remedy = "Did you mean " + strings.Join(near, " or ") + "?"
	}
	if len(silent) > 0 {
		e.Message += "; the jobs of " + strings.Join(silent[:min(len(silent), 5)], ", ") + " are not known now (the list of locations says why)"
	}
	return e
}

// nearest are up to three names that are like the wanted one.
func (w *Workspace) nearest(name string, wanted host.JobName) []string {
	const most = 3
	type near struct {
		name     string
		distance int
	}
	var all []near
	tolerance := max(2, len(wanted.Job)/3)
	for _, j := range w.Jobs() {
		full := j.Name.String()
		d := distance(strings.ToLower(wanted.Job), strings.ToLower(j.Name.Job), tolerance)
		if d > tolerance && len(wanted.Job) >= 3 && strings.Contains(strings.ToLower(full), strings.ToLower(name)) {
			d = tolerance
		}
		if d <= tolerance {
			all = append(all, near{full, d})
		}
	}
	slices.SortStableFunc(all, func(a, b near) int { return a.distance - b.distance })
	var names []string
	for _, n := range all[:min(len(all), most)] {
		names = append(names, n.name)
	}
	return names
}

// distance is how many letters to add, drop or change to get from a to b;
// anything above most once it is certain to be more.
func distance(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		least := row[0]
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, corner+1)
			least = min(least, row[j+1])
		}
		if least > most {
			return most + 1
		}
	}
	return row[len(b)]
}
