package host

import (
	"slices"
	"strconv"
	"time"

	"github.com/penstock-run/penstock/usercode/tag"
)

// Why a run failed, as its tag tag.KeyFailureReason says. A worker may report others.
const (
	// FailureOp is a failed op.
	FailureOp = "op_failure"
	// FailureWorkerLost is a worker that ended without a result, or was silent for too long.
	FailureWorkerLost = "worker_lost"
	// FailureNoResult is a worker that had nothing more to report, and had reported no end.
	FailureNoResult = "no_result"
	// FailureInterrupted is a worker that was told to end by somebody else than the host.
	FailureInterrupted = "interrupted"
	// FailureStartTimeout is a start that no worker answered, too many times.
	FailureStartTimeout = "start_timeout"
	// FailureMaxRuntime is a run that took longer than its tag tag.KeyMaxRuntime allows.
	FailureMaxRuntime = "max_runtime"
	// FailureRejected is a start that was refused for a reason that trying again does not mend.
	FailureRejected = "rejected"
	// FailureRestored is a run that had been started when the backup was taken from which the store was restored.
	FailureRestored = "restored"
	// FailureWaitExpired is code that did not come in time.
	FailureWaitExpired = "wait_expired"
)

// notRetried are reasons that the same run would meet again, or that have waited for long enough: no user code ran, and a
// person has to do something. All others are retried, also those that a newer worker reports.
var notRetried = []string{FailureRejected, FailureWaitExpired, "config", "op_selection", "grant"}

// Retried reports whether runs that fail for the reason are retried, if their tags ask for it.
func Retried(reason string) bool { return !slices.Contains(notRetried, reason) }

// Fail makes the run FAILURE at now for a reason of those above, or another one that a worker reports, with a message for
// people. In the same change it notes whether an automatic retry is due: its tags ask for one more than there were, the
// reason is one that is retried, and nobody asked the run to end. It is the one way to FAILURE; a change that the table
// does not allow is a Conflict.
func (r *Run) Fail(reason, message string, now time.Time) error {
	canceled := r.Status == Canceling && !r.Current.OverRuntime
	if err := r.Become(Failure, message, now); err != nil {
		return err
	}
	r.Tags = tag.Merge(r.Tags, tag.List{tag.System(tag.KeyFailureReason, reason)})
	r.RetryDue = !canceled && Retried(reason) && r.RetryNumber() < tag.RetryLimit(r.Tags)
	return nil
}

// RetryNumber is which automatic retry the run is: 1, 2, …, and 0 for one that is none.
func (r *Run) RetryNumber() int {
	for _, t := range r.Tags {
		if t.Key == tag.KeyRetryNumber && t.Origin == tag.OriginSystem {
			n, _ := strconv.Atoi(t.Value)
			return max(n, 0)
		}
	}
	return 0
}
