package jobdiff

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// What an op's policies are called.
const (
	aboutRetries  = "retries"
	aboutTimeout  = "time-out"
	aboutPriority = "priority"
	// aboutLimit is of the job.
	aboutLimit = "limit of ops at a time"
)

// PolicyText says for people when an op runs again, how long an attempt may take and what its priority is; empty for an
// op that has no such policy.
func PolicyText(op *usercodev1.OpDefinition) string {
	policies := policiesOf(op)
	var texts []string
	for _, key := range []string{aboutRetries, aboutTimeout, aboutPriority} {
		if policies[key] != "" {
			texts = append(texts, policies[key])
		}
	}
	return strings.Join(texts, "; ")
}

func policiesOf(op *usercodev1.OpDefinition) map[string]string {
	policies := map[string]string{}
	if op.GetRetry() != nil {
		policies[aboutRetries] = retryText(op.GetRetry())
	}
	if op.GetTimeout() != nil {
		policies[aboutTimeout] = "time-out " + host.SpanText(op.GetTimeout().AsDuration())
	}
	if op.GetPriority() != 0 {
		policies[aboutPriority] = fmt.Sprintf("priority %d", op.GetPriority())
	}
	return policies
}

func retryText(r *usercodev1.RetryPolicy) string {
	parts := []string{fmt.Sprintf("retries %d", r.GetMaxRetries())}
	if r.GetSomeErrors() {
		parts[0] += " after some errors"
	}
	if r.GetDelay() != nil {
		parts = append(parts, "first after "+host.SpanText(r.GetDelay().AsDuration()))
	}
	if n := r.GetBackoffMilli(); n != 0 {
		parts = append(parts, "each wait "+thousandths(n)+" times the one before")
	}
	if r.GetMaxDelay() != nil {
		parts = append(parts, "at most "+host.SpanText(r.GetMaxDelay().AsDuration()))
	}
	if n := r.GetJitterMilli(); n != 0 {
		parts = append(parts, "up to "+strconv.FormatFloat(float64(n)/10, 'f', -1, 64)+" % less at random")
	}
	return strings.Join(parts, ", ")
}

func thousandths(n uint32) string { return strconv.FormatFloat(float64(n)/1000, 'f', -1, 64) }
