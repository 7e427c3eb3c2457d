package launch

import (
	"fmt"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
)

// Reasons why runs of a location cannot be started now.
const (
	// ReasonLoading means that the location was not heard of yet since the host's start.
	ReasonLoading = "LOCATION_LOADING"
	// ReasonStale means that it does not answer, and that its policy is to refuse launches then.
	ReasonStale = "LOCATION_STALE"
	// ReasonDraining is the same of a location whose servers all drain.
	ReasonDraining = "LOCATION_DRAINING"
	// ReasonLocationGone means that it was removed from the configuration; nobody will ever answer for it.
	ReasonLocationGone = "LOCATION_NOT_FOUND"
	// ReasonServerUnreachable means that of several servers of a location the one that has a worker cannot be asked for it.
	ReasonServerUnreachable = "SERVER_UNREACHABLE"
	// ReasonJobGone means that its definitions do not have the job.
	ReasonJobGone = "JOB_NOT_FOUND"
	// ReasonMisfit means that the run does not fit its job as it is now.
	ReasonMisfit = "RUN_DOES_NOT_FIT"
)

// Hold says why runs of a location stay in the queue without being tried: it
// was not heard of yet, or all its servers drain. It is empty when they may
// start, and when there is no such location: then they wait for their code.
func (p *Planner) Hold(location string) string {
	l, err := p.workspace.Location(location)
	switch {
	case err != nil:
		return ""
	case l.State == host.LocationLoading:
		return fmt.Sprintf("code location %s has not answered yet since this host started", l.Name)
	case l.Draining:
		return fmt.Sprintf("every server of code location %s drains, so it starts nothing; the run starts once another server answers", l.Name)
	default:
		return ""
	}
}

// WaitForCode is how long a run of a location may wait for its code; 0 means
// for ever, also when there is no such location, since nobody says how long then.
func (p *Planner) WaitForCode(location string) time.Duration {
	l, err := p.workspace.Location(location)
	if err != nil {
		return 0
	}
	return l.WaitForCode
}

// startsNow tells that a run of the location can be started now.
func startsNow(l workspace.Location) bool { return l.State == host.LocationReady && !l.Draining }

// waitError says why no run of a location can be started now.
func waitError(l workspace.Location) error {
	e := &host.Error{
		Code:    host.Unavailable,
		Reason:  ReasonLoading,
		Message: fmt.Sprintf("code location %s is still loading", l.Name),
		Remedy:  "The run starts by itself once the location has answered.",
	}
	if l.Fault != nil {
		e.Reason, e.Remedy = l.Fault.Code, l.Fault.Remedy
		e.Message = fmt.Sprintf("code location %s cannot be used now: %s", l.Name, l.Fault.Message)
	}
	return e
}

// unready says what a location that starts nothing now lacks.
func unready(l workspace.Location) string {
	switch {
	case l.Draining:
		return fmt.Sprintf("every server of code location %s drains", l.Name)
	case l.Fault != nil && l.AnsweredAt.IsZero():
		return fmt.Sprintf("code location %s does not answer: %s", l.Name, l.Fault.Message)
	case l.Fault != nil:
		return fmt.Sprintf("code location %s has not given a usable answer for %s: %s", l.Name, ageText(l.Age), l.Fault.Message)
	case l.AnsweredAt.IsZero():
		return fmt.Sprintf("code location %s has not answered yet", l.Name)
	default:
		return fmt.Sprintf("code location %s has not answered yet since this host started; its last answer is %s old", l.Name, ageText(l.Age))
	}
}

// ageText is a length of time for people: to the second, from an hour on to the minute.
func ageText(d time.Duration) string {
	if d >= time.Hour {
		return host.SpanText(d.Round(time.Minute))
	}
	return max(d.Round(time.Second), 0).String()
}

// refusedNow refuses a launch by the policy of a location that starts nothing now.
func refusedNow(job host.JobName, l workspace.Location) *host.Error {
	e := &host.Error{
		Code:    host.Unavailable,
		Reason:  ReasonStale,
		Message: fmt.Sprintf("job %s cannot be launched now: %s", job, unready(l)),
		Remedy:  "Launch it again once the location answers. It is configured to refuse launches until then (stale_launches: refuse); without that the run would be queued and wait.",
	}
	if l.Draining {
		e.Reason = ReasonDraining
	}
	return e
}

// waitNote tells whoever launches at a location that starts nothing now that the run will wait.
func waitNote(l workspace.Location) string {
	if l.Draining {
		return fmt.Sprintf("The run will stay queued: %s. It starts once another server answers.", unready(l))
	}
	note := fmt.Sprintf("The run will wait for its code: %s", unready(l))
	note = strings.TrimSuffix(note, ".") + ". Its last known definitions are used until then."
	if l.WaitForCode > 0 {
		note += fmt.Sprintf(" A run of this location that has waited for %s fails.", host.SpanText(l.WaitForCode))
	}
	return note
}

// goneError says that a run's job is not there any more. Similar names, and what other locations lack, do not matter to
// it: its reason stays the same while they come and go.
func goneError(job host.JobName, err error) error {
	if host.ReasonOf(err) != ReasonJobGone {
		return err
	}
	return &host.Error{
		Code: host.NotFound, Reason: ReasonJobGone,
		Message: fmt.Sprintf("code location %s has no job %s/%s now", job.Location, job.Repository, job.Job),
		Remedy:  "Deploy code that has it, or re-point its runs to the job that takes its place, or cancel them.",
	}
}

// misfitError says that a run does not fit a job, and why.
func misfitError(what string, problems []host.Problem) error {
	return &host.Error{
		Code: host.Invalid, Reason: ReasonMisfit,
		Message:  what + ": " + counted(problems),
		Remedy:   "Deploy code that the run fits, re-point it to a job that it fits, or cancel it and launch it again.",
		Problems: problems,
	}
}
