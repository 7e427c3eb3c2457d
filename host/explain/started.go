package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// started says what runs, what waits for what, and whether the worker is there.
func (x *Explainer) started(ctx context.Context, e *Explanation) error {
	run, now := &e.Run, x.o.Clock.Now()
	live, known := x.o.Sessions.Liveness(run.ID)
	if known {
		e.add(x.worker(run, live))
	}
	ops, err := x.ops(ctx, run)
	if err != nil {
		return err
	}
	for _, r := range ops.active(now) {
		e.add(r)
	}
	pools, pooled := x.poolReasons(run.ID)
	for _, r := range pools {
		e.add(r)
	}
	plan, err := x.plan(ctx, run)
	if err != nil {
		return err
	}
	left := slices.DeleteFunc(ops.left(plan), func(r Reason) bool { return r.Code == CodeOpReady && pooled[r.OpPath] })
	for _, r := range left {
		e.add(r)
	}
	active := ops.activeCount()
	switch {
	case active == 0 && len(left) == 0 && len(ops.ops) > 0:
		e.add(Reason{
			Code: CodeOpsDone, Blocks: true,
			Message: "all ops have ended; their outputs are being stored, or the worker's last report is on its way",
		})
	case active == 0 && len(pools) > 0:
	case active == 0 && len(ops.ops) == 0:
		e.add(Reason{Code: CodeOpRunning, Blocks: true, Since: run.StartedAt, Message: "no op has started yet; the worker has just been let in"})
	}
	maxRuntime(e)
	if last := ops.last; last != nil {
		e.add(Reason{
			Code: CodeLastEvent, Since: last.GetTime().AsTime(), OpPath: last.GetOpPath(),
			Message: fmt.Sprintf("the worker reported last, %s ago: %s", x.ago(last.GetTime().AsTime()), eventText(last)),
		})
	}
	e.Summary = ops.summary()
	if active == 0 && len(pools) > 0 {
		e.Summary = pools[0].Message
	}
	if known && !live.Attached {
		e.Summary = x.worker(run, live).Message + "; " + e.Summary
	}
	return nil
}

// worker says whether the run's worker is connected, and what comes of it when it is not.
func (x *Explainer) worker(run *host.Run, live attempt.Liveness) Reason {
	handle := run.Current.Handle
	if live.Attached {
		return Reason{
			Code: CodeWorker, Since: live.HeardAt,
			Message: fmt.Sprintf("its worker (%s) is connected; it was heard of %s ago", handle, x.ago(live.HeardAt)),
		}
	}
	return Reason{
		Code: CodeWorker, Blocks: true, Since: live.HeardAt, Until: live.LostAt,
		Message: fmt.Sprintf("its worker (%s) is not connected and has not been heard of for %s; user code may go on meanwhile", handle, x.ago(live.HeardAt)),
		Remedy: fmt.Sprintf("It connects again by itself if it is there and can reach this host. If it is silent until then, the run fails with worker_lost. "+
			"Look at the machine and the log of code location %s.", run.Job.Location),
	}
}

// eventText is an event in a few words.
func eventText(e *workerv1.Event) string {
	text := e.GetKind()
	if e.GetOpPath() != "" {
		text += " of op " + e.GetOpPath()
	}
	if line, _, _ := strings.Cut(strings.TrimSpace(e.GetMessage()), "\n"); line != "" {
		text += ": " + clip(line)
	}
	return text
}

// maxText is how much of a text of user code a message repeats, in bytes.
const maxText = 300

func clip(text string) string {
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return text
}
