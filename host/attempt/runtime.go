package attempt

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// reportTime is how long a worker has, after the host was away or stood still, to report what it has done meanwhile,
// before its run counts as one that takes too long.
const reportTime = 10 * time.Second

// limit notes when the run will have taken as long as its tags allow. From here on that is a time that a jump of the
// clock does not move; what went by before is by the clock, since the grant may be of before this host's start.
func (l *liveRun) limit(run *host.Run, now time.Time) {
	if l.runtime = tag.RuntimeLimit(run.Tags); l.runtime == 0 {
		return
	}
	taken := min(max(now.Sub(run.StartedAt), 0), l.runtime)
	l.overAt = now.Add(l.runtime - taken)
}

// mayReport gives the worker the time to report.
func (l *liveRun) mayReport(now time.Time) {
	if until := now.Add(reportTime); l.runtime > 0 && l.overAt.Before(until) {
		l.overAt = until
	}
}

// over tells that the run takes longer than it may and was not asked to end.
func (l *liveRun) over(now time.Time) bool {
	return l.runtime > 0 && l.cancel == nil && now.After(l.overAt)
}

// endOverrun asks a run that takes too long to end.
func (s *Sessions) endOverrun(ctx context.Context, x suspect) error {
	run, err := s.o.Store.UpdateRun(ctx, x.id, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.Started || run.Attempt != x.attempt {
			return nil, nil
		}
		now := s.o.Clock.Now()
		why := fmt.Sprintf("it took longer than %s, which its tag %s allows", host.SpanText(x.runtime), tag.KeyMaxRuntime)
		run.Current.OverRuntime = true
		return [][]byte{launch.Note(launch.NoteCanceling, why, now)}, run.Become(host.Canceling, why, now)
	})
	if host.CodeOf(err) == host.NotFound {
		return nil // deleted, so it had ended
	}
	if err != nil {
		return err
	}
	if run.Status == host.Canceling {
		s.repeatCancel(&run)
	}
	return nil
}

// overran tells that a run was asked to end because it took too long, and for nothing else.
func overran(run *host.Run) bool { return run.Status == host.Canceling && run.Current.OverRuntime }

// overMessage is what a run that took too long ends with: why it was to end, and how it did.
func overMessage(run *host.Run, how string) string {
	if how == "" {
		return run.StatusReason
	}
	return run.StatusReason + "; " + how
}
