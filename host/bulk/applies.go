package bulk

import (
	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/tag"
)

// applies reports whether an action would change a run as it is now.
func applies(a *host.BulkAction, run *host.Run) bool {
	if run.Status == host.Canceling && a.Kind == host.BulkCancel {
		return run.Current.OverRuntime || a.Force && !run.Current.Forced
	}
	return reaches(a).Matches(host.RunSource{Run: run})
}

// reaches selects the runs that an action may change, for the walk: those that it applies to, and all that are CANCELING
// when it cancels. nil selects all.
func reaches(a *host.BulkAction) *selector.Expr {
	switch a.Kind {
	case host.BulkCancel:
		return host.StatusIn(host.Queued, host.WaitingForCode, host.Starting, host.Started, host.Canceling)
	case host.BulkReexecute:
		if reexecution.Strategy(a.Strategy) == reexecution.FromFailure {
			return host.StatusIn(host.Failure, host.Canceled)
		}
		return host.StatusIn(host.Success, host.Failure, host.Canceled)
	case host.BulkDelete:
		return host.StatusIn(host.Success, host.Failure, host.Canceled)
	default:
		return lacks(a.Set, a.Remove)
	}
}

// lacks selects the runs that a change of tags changes.
func lacks(set []tag.Tag, remove []string) *selector.Expr {
	var lacking []*selector.Expr
	for _, t := range set {
		lacking = append(lacking, selector.None(selector.TagIs(t.Key, t.Value)))
	}
	for _, key := range remove {
		lacking = append(lacking, &selector.Expr{Op: selector.Exists, On: selector.Tag, Name: key})
	}
	return selector.Any(lacking...)
}
