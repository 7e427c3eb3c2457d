package launch

import (
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
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
