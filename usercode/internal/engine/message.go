package engine

import (
	"fmt"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// attemptOf says which of its attempts an op makes; of an op that has one only, there is nothing to say.
func attemptOf(step *step) string {
	if step.op.Retry == nil {
		return ""
	}
	return fmt.Sprintf("attempt %d of %d", step.attempt, 1+step.op.Retry.Max)
}

func startedMessage(step *step) string {
	if which := attemptOf(step); which != "" {
		return "Started " + which
	}
	return "Started"
}

// opMessage is how an attempt of an op ended, and what comes next, in a few words.
func opMessage(step *step, f *workerv1.OpFinished) string {
	why := clean(f.GetFailure().GetMessage(), maxSummaryBytes)
	switch f.GetOutcome() {
	case workerv1.Outcome_OUTCOME_SUCCESS:
		message := "Ended well after " + f.GetDuration().AsDuration().Round(time.Microsecond).String()
		if step.attempt > 1 {
			message += ", in " + attemptOf(step)
		}
		return message
	case workerv1.Outcome_OUTCOME_REUSED:
		return "Not run: what it would make is stored already"
	case workerv1.Outcome_OUTCOME_SKIPPED:
		return why
	case workerv1.Outcome_OUTCOME_CANCELED:
		return "Canceled: " + why
	default:
		return failedMessage(step, f, why)
	}
}

func failedMessage(step *step, f *workerv1.OpFinished, why string) string {
	which, wait := attemptOf(step), f.GetRetryAfter().AsDuration()
	switch {
	case which == "":
		return "Failed: " + why
	case f.RetryAfter == nil && step.attempt > step.op.Retry.Max:
		return "Failed in " + which + ": " + why
	case f.RetryAfter == nil:
		return "Failed in " + which + ", not tried again: " + why
	case wait == 0:
		return "Failed in " + which + ", the next starts at once: " + why
	case wait > time.Second:
		wait = wait.Round(100 * time.Millisecond)
	}
	return "Failed in " + which + ", the next starts in " + wait.String() + ": " + why
}
