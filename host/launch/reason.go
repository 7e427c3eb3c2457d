package launch

import (
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/usercode/tag"
)

// incompatibleError refuses a launch at a location that this host cannot work with.
func incompatibleError(job string, l workspace.Location) error {
	e := &host.Error{
		Code:    host.Refused,
		Reason:  "LOCATION_INCOMPATIBLE",
		Message: fmt.Sprintf("job %.200q cannot be launched: code location %s and this host cannot work together", job, l.Name),
	}
	if l.Fault != nil {
		e.Reason, e.Remedy = l.Fault.Code, l.Fault.Remedy
		e.Message += ": " + l.Fault.Message
	}
	return e
}

// waitError says why no run of a location can be started now.
func waitError(l workspace.Location) error {
	e := &host.Error{
		Code:    host.Unavailable,
		Reason:  "LOCATION_LOADING",
		Message: fmt.Sprintf("code location %s is still loading", l.Name),
		Remedy:  "The run starts by itself once the location has answered.",
	}
	if l.Fault != nil {
		e.Reason, e.Remedy = l.Fault.Code, l.Fault.Remedy
		e.Message = fmt.Sprintf("code location %s cannot be used now: %s", l.Name, l.Fault.Message)
	}
	return e
}

// waitNote tells whoever launches from definitions that are not current that the run will wait.
func waitNote(l workspace.Location) string {
	note := fmt.Sprintf("The run will wait for its code: code location %s does not answer now, and its last known definitions are used.", l.Name)
	if l.Fault != nil {
		note += " " + l.Fault.Message
	}
	return note
}

// idleTags are steering tags that are checked and stored, and that no part of this host acts on.
var idleTags = []string{tag.KeyMaxRetries, tag.KeyMaxRuntime, tag.KeyMemoize, tag.KeyRetryStrategy}

// idleNotes keep a steering tag from promising what this host does not do.
func idleNotes(tags []tag.Tag) (notes []string) {
	for _, key := range idleTags {
		if _, set := tag.List(tags).Get(key); set {
			notes = append(notes, fmt.Sprintf("The tag %s is stored, and this version of the host does not act on it.", key))
		}
	}
	return notes
}

// problemsOf are the problems of an error, or the error as one of a field.
func problemsOf(err error, field string) []host.Problem {
	var e *host.Error
	if errors.As(err, &e) && len(e.Problems) > 0 {
		return e.Problems
	}
	return []host.Problem{{Field: field, Message: err.Error()}}
}

func counted(problems []host.Problem) string {
	if len(problems) == 1 {
		return "1 problem"
	}
	return fmt.Sprintf("%d problems", len(problems))
}
