package spec

import (
	"math"
	"time"
)

// MaxRetryDelay is the longest wait before an op runs again.
const MaxRetryDelay = 24 * time.Hour

// Retry says when a failed attempt of an op is followed by another.
type Retry struct {
	Max      int           // further attempts after the first; at least 1
	Delay    time.Duration // wait after the first failure
	MaxDelay time.Duration // longest wait; 0 means MaxRetryDelay
	Backoff  int           // factor from one wait to the next, in thousandths; 0 means 1000
	Jitter   int           // part of each wait, in thousandths, of which a random share is left out
	// When says whether an error is worth another attempt; nil means that each is. It is the author's, so it may panic.
	When func(error) bool
}

// Wait is the time from a failure to the next attempt. Failed is the number of the attempt that failed, from 1; random
// is at least 0 and less than 1.
func (r *Retry) Wait(failed int, random float64) time.Duration {
	factor := 1.0
	if r.Backoff > 0 {
		factor = float64(r.Backoff) / 1000
	}
	longest := r.MaxDelay
	if longest == 0 {
		longest = MaxRetryDelay
	}
	wait := min(float64(r.Delay)*math.Pow(factor, float64(failed-1)), float64(longest)) // an overflow is infinite, not wrong
	return time.Duration(wait * (1 - random*float64(r.Jitter)/1000))
}
