package launch

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Reexecution makes the run of a Request a child of another run.
type Reexecution struct {
	// Parent has to be final.
	Parent host.RunID
	// Strategy says which ops. With [reexecution.Selected] they are those of the request's OpSelection, which has to be
	// empty with the others.
	Strategy reexecution.Strategy
	// KeepConfig takes the parent's config; the request's ConfigYAML has to be empty then.
	KeepConfig bool
	// KeepTags inherits the parent's tags, as far as tags are inherited. Those of the request replace them.
	KeepTags bool
	// WithoutTags are keys that are not inherited, with KeepTags.
	WithoutTags []string
	// RetryNumber is 1, 2, … for an automatic retry; 0 when a person asked.
	RetryNumber int
}

// RetryOf is the request of the automatic retry of a run that failed: its config and tags, and the ops that its tag
// penstock/retry_strategy says. It has one request id for each run, so that a run is retried once however often its
// retry is submitted. number is 1 for the first retry of a chain.
func RetryOf(failed *host.Run, number int) Request {
	strategy := reexecution.FromFailure
	if tag.RetriesAllOps(failed.Tags) {
		strategy = reexecution.All
	}
	return Request{
		RequestID: fmt.Sprintf("retry-%s", failed.ID),
		Job:       failed.Job.String(),
		Reexecution: &Reexecution{
			Parent: failed.ID, Strategy: strategy, KeepConfig: true, KeepTags: true, RetryNumber: number,
		},
	}
}
