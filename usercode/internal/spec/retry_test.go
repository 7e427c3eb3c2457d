package spec_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

func TestWait(t *testing.T) {
	for name, c := range map[string]struct {
		retry  spec.Retry
		random float64
		want   []time.Duration // by attempt that failed
	}{
		"None":     {spec.Retry{}, 0.5, []time.Duration{0, 0}},
		"Constant": {spec.Retry{Delay: time.Second}, 0.5, []time.Duration{time.Second, time.Second}},
		"Backoff":  {spec.Retry{Delay: time.Second, Backoff: 1500}, 0, []time.Duration{time.Second, 1500 * time.Millisecond, 2250 * time.Millisecond}},
		"Longest":  {spec.Retry{Delay: time.Second, Backoff: 3000, MaxDelay: 5 * time.Second}, 0, []time.Duration{time.Second, 3 * time.Second, 5 * time.Second, 5 * time.Second}},
		"Jitter":   {spec.Retry{Delay: time.Second, Jitter: 200}, 0.5, []time.Duration{900 * time.Millisecond}},
		"All":      {spec.Retry{Delay: time.Second, Jitter: 1000}, math.Nextafter(1, 0), []time.Duration{0}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []time.Duration
			for i := range c.want {
				got = append(got, c.retry.Wait(i+1, c.random))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	forever := spec.Retry{Delay: time.Hour, Backoff: 100_000}
	if got := forever.Wait(1000, 0); got != spec.MaxRetryDelay {
		t.Errorf("far beyond what a number holds: got %v", got)
	}
}
