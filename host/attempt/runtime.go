package attempt

import (
	"context"
	"fmt"
	"maps"
	"slices"
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

// feedLimit is how many changed runs may wait between two looks before those that are live are read instead.
const feedLimit = 4096

// heedEdits takes in that tags which limit the time of live runs were edited.
func (s *Sessions) heedEdits(ctx context.Context, now time.Time) {
	if s.edits == nil {
		return
	}
	changes, lost := s.edits.Take()
	for i := range changes {
		if !changes[i].Deleted {
			s.heedEdit(&changes[i].Run, now)
		}
	}
	if !lost {
		return
	}
	s.mu.Lock()
	ids := slices.Collect(maps.Keys(s.live))
	s.mu.Unlock()
	for _, id := range ids {
		run, err := s.o.Store.Run(ctx, id)
		if err == nil {
			s.heedEdit(&run, now)
		} else if host.CodeOf(err) != host.NotFound && ctx.Err() == nil {
			s.o.Logger.Error("look whether the tags of a run were edited", "run", id, "error", err)
		}
	}
}

// heedEdit takes in the limit of one run, if it is live.
func (s *Sessions) heedEdit(run *host.Run, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.live[run.ID]; l != nil && l.attempt == run.Attempt && l.runtime != tag.RuntimeLimit(run.Tags) {
		l.limit(run, now)
	}
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
		if run.Status != host.Started || run.Attempt != x.attempt || tag.RuntimeLimit(run.Tags) != x.allowed {
			return nil, nil
		}
		now := s.o.Clock.Now()
		why := fmt.Sprintf("it took longer than %s, which its tag %s allows", host.SpanText(x.allowed), tag.KeyMaxRuntime)
		run.Current.OverRuntime = true
		return [][]byte{launch.Note(launch.NoteCanceling, why, now)}, run.Become(host.Canceling, why, now)
	})
	if host.CodeOf(err) == host.NotFound {
		return nil // deleted, so it had ended
	}
	if err != nil {
		return err
	}
	s.heedEdit(&run, s.o.Clock.Now())
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
