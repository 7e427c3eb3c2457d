package usercode

import (
	"fmt"
	"math"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Limits of a Retry.
const (
	maxRetries = 1000
	maxBackoff = 100
)

// Retry makes an op run again after an error, in the same run and the same process:
//
//	usercode.Retry{Max: 5, Delay: 10 * time.Second, Backoff: 2, MaxDelay: 5 * time.Minute, Jitter: 0.2}
//
// waits 10 s, 20 s, 40 s and so on, each up to a fifth shorter. While an op waits it takes none of the places of
// [MaxConcurrent]; what needs it waits too. Every attempt gets the same inputs, and has its own time-out. The failure
// that counts is that of the last attempt. A function that runs again has to bear it that an attempt before may have
// done a part of its work.
//
// A panic is a mistake in the code and is not tried again, nor is a canceled run. An attempt that its [Timeout] has
// ended is, unless its function has not returned: two attempts of an op never run at the same time.
type Retry struct {
	// Max is how many attempts may follow the first, from 1 to 1000.
	Max int
	// Delay is the wait after the first failure, at most 24 hours. Zero means that there is no wait.
	Delay time.Duration
	// Backoff is the factor from one wait to the next, from 1 to 100. Zero means 1: all waits are the same.
	Backoff float64
	// MaxDelay is the longest wait. Zero means 24 hours.
	MaxDelay time.Duration
	// Jitter is which part of each wait is random, from 0 to 1, so that ops that failed together do not come back
	// together: a wait is shortened by a random share of that part.
	Jitter float64
	// When says whether an error is worth another attempt. Nil means that each is. For an attempt that timed out, the
	// error is context.DeadlineExceeded, in the sense of errors.Is, and what the function returned. When is called in
	// the op's goroutine. If it panics, the op has failed.
	When func(err error) bool
}

func (r Retry) applyOp(def *opDef) {
	for _, problem := range r.problems() {
		def.faultf("Retry: %s", problem)
	}
	def.op.Retry = &spec.Retry{Max: r.Max, Delay: r.Delay, MaxDelay: r.MaxDelay, Backoff: thousandths(r.Backoff), Jitter: thousandths(r.Jitter), When: r.When}
}

func (r Retry) applyCommand(c *command) { c.opOptions = append(c.opOptions, r) }

func (r Retry) problems() (problems []string) {
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if r.Max < 1 || r.Max > maxRetries {
		problem("Max is %d; it is a number of further attempts from 1 to %d", r.Max, maxRetries)
	}
	if r.Delay < 0 || r.Delay > spec.MaxRetryDelay {
		problem("Delay is %v; it is a time from 0 to %v", r.Delay, spec.MaxRetryDelay)
	}
	if r.MaxDelay < 0 || r.MaxDelay > spec.MaxRetryDelay || r.MaxDelay > 0 && r.MaxDelay < r.Delay {
		problem("MaxDelay is %v; it is a time from Delay, which is %v, to %v", r.MaxDelay, r.Delay, spec.MaxRetryDelay)
	}
	if r.Backoff != 0 && !(r.Backoff >= 1 && r.Backoff <= maxBackoff) { // said like this, it refuses NaN too
		problem("Backoff is %v; it is a factor from 1 to %d", r.Backoff, maxBackoff)
	}
	if !(r.Jitter >= 0 && r.Jitter <= 1) {
		problem("Jitter is %v; it is a part of the wait, from 0 to 1", r.Jitter)
	}
	if r.Delay == 0 && (r.MaxDelay != 0 || r.Backoff != 0 || r.Jitter != 0) {
		problem("MaxDelay, Backoff and Jitter mean nothing without a Delay")
	}
	return problems
}

// thousandths is how numbers of a definition are kept, so that what runs is what is shown. What is out of range, or no
// number, has been reported.
func thousandths(x float64) int {
	if !(x >= 0 && x <= maxBackoff) {
		return 0
	}
	return int(math.Round(1000 * x))
}
