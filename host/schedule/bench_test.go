package schedule_test

import (
	"fmt"
	"testing"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// BenchmarkTwoHundredDue has 200 schedules that are due in the same minute, of which half ask user code. It reports how
// long it takes until all their runs are stored.
func BenchmarkTwoHundredDue(b *testing.B) {
	f := newFixture(b)
	f.code.evaluate = func(_ string, at time.Time) (*usercodev1.Evaluation, error) {
		return &usercodev1.Evaluation{RunRequests: []*usercodev1.RunRequest{{RunKey: at.String()}}}, nil
	}
	for i := range 100 {
		f.code.deploy(b, fmt.Sprintf("fixed%d", i), fixed("* * * * *"))
		f.code.deploy(b, fmt.Sprintf("evaluated%d", i), evaluated("* * * * *"))
	}
	f.begun().round()
	b.ResetTimer()
	for range b.N {
		f.clock.Advance(time.Minute)
		f.scheduler.RunOnce(b.Context())
	}
	b.StopTimer()
	if n := len(f.ticks("fixed7")); n != b.N {
		b.Errorf("there are %d ticks, want %d", n, b.N)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/minute")
}
