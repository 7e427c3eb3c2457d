package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/selector"
)

// Request asks for an action.
type Request struct {
	// ID makes it repeatable; 16–64 characters. Previews do not look at it.
	ID string
	// Asked is a digest of everything that is asked for: an ID that comes again with another is a Conflict.
	Asked host.Digest
	// Action says what to do. Its Runs and Where are not looked at, but IDs and Where of this.
	Action host.BulkAction
	// IDs are the runs; none means those that Where selects, which has no relative times. A nil Where selects all runs.
	IDs   []host.RunID
	Where *selector.Expr
	// By is who asks, as their client says.
	By string
}

// named are the runs that the request names, newest first, each once, as they are now. What is wrong with the names are
// problems.
func (r *Request) named(ctx context.Context, store host.Store) (runs []host.Run, problems []host.Problem, err error) {
	if len(r.IDs) > host.MaxBulkRuns {
		return nil, []host.Problem{{
			Field:   "run_ids",
			Message: fmt.Sprintf("%d runs are named; at most %d are allowed: select them instead, or name them in several actions", len(r.IDs), host.MaxBulkRuns),
		}}, nil
	}
	known := map[host.RunID]bool{}
	for _, id := range r.IDs {
		if known[id] {
			continue
		}
		known[id] = true
		run, err := store.Run(ctx, id)
		switch {
		case host.CodeOf(err) == host.NotFound:
			problems = append(problems, host.Problem{Field: "run_ids", Message: err.Error()})
		case err != nil:
			return nil, nil, err
		default:
			runs = append(runs, run)
		}
	}
	slices.SortFunc(runs, func(a, b host.Run) int { return cmp.Compare(b.Seq, a.Seq) })
	return runs, problems, nil
}

// maxReason is how many bytes the reason of a cancel may have: every run that is canceled keeps it.
const maxReason = 2 << 10

// problemsOf is what is wrong with the action itself, whichever runs it is for.
func problemsOf(a *host.BulkAction) []host.Problem {
	wrong := func(format string, args ...any) []host.Problem {
		return []host.Problem{{Field: "action", Message: fmt.Sprintf(format, args...)}}
	}
	switch a.Kind {
	case host.BulkCancel:
		if len(a.Reason) > maxReason {
			return wrong("the reason has %d bytes; at most %d are allowed", len(a.Reason), maxReason)
		}
		return nil
	case host.BulkDelete:
		return nil
	case host.BulkTag:
		e, _ := errors.AsType[*host.Error](edit(a).Check())
		if e == nil {
			return nil
		}
		return e.Problems
	case host.BulkReexecute:
		if s := reexecution.Strategy(a.Strategy); s != reexecution.All && s != reexecution.FromFailure {
			return wrong("the strategy %.64q does not fit many runs; use %s or %s", a.Strategy, reexecution.All, reexecution.FromFailure)
		}
		return nil
	default:
		return wrong("it is not said what to do: cancel, reexecute, tag or delete")
	}
}

// refused is the error of a request with problems, nil when there are none.
func refused(problems []host.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &host.Error{
		Code: host.Invalid, Reason: "BULK_INVALID",
		Message:  "this cannot be done with any run",
		Remedy:   "Correct what is listed and ask again; nothing was changed.",
		Problems: problems,
	}
}
