package explain

import (
	"cmp"
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// canceling says who wanted the run to end, and until when it may take.
func (x *Explainer) canceling(ctx context.Context, e *Explanation) error {
	run := &e.Run
	asked := cmp.Or(run.StatusReason, "it was asked to end")
	live, known := x.o.Sessions.Liveness(run.ID)
	grace := Reason{Code: CodeGrace, Blocks: true, Since: run.Current.CancelingAt, Until: live.KillAt}
	switch {
	case !known:
		grace.Message = "the run is about to become final"
	case live.Forced || run.Current.Forced:
		grace.Message = "its worker is being killed; user code gets no more time"
	case !live.KillAt.IsZero() && x.o.Clock.Now().After(live.KillAt):
		grace.Message = "user code did not end in the time that it was given; its worker is being killed"
	case !live.Attached:
		grace.Message = fmt.Sprintf("its worker is not connected and hears of it when it comes back; it is killed if it has not ended within %s", host.SpanText(live.CancelGrace))
	default:
		grace.Message = fmt.Sprintf("user code was told to end and has %s for it; then its worker is killed", host.SpanText(live.CancelGrace))
	}
	if known && !live.Forced && !run.Current.Forced {
		grace.Remedy = fmt.Sprintf("penstock run cancel --force %s kills it at once.", run.ID)
	}
	e.add(Reason{Code: CodeCancel, Since: run.Current.CancelingAt, Message: "asked to end: " + asked})
	e.add(grace)
	if known {
		e.add(x.worker(run, live))
	}
	ops, err := x.ops(ctx, run)
	if err != nil {
		return err
	}
	for _, r := range ops.active(x.o.Clock.Now()) {
		r.Blocks = false
		e.add(r)
	}
	e.Summary = "asked to end (" + asked + "): " + grace.Message
	return nil
}
