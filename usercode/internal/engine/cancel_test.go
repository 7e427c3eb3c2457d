package engine

import (
	"context"
	"errors"
	"strings"
	"testing"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func TestCancelReachesOpsAndReportsTheRest(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reported := make(chan struct{}) // what waits is
	a := attempt(
		place("done", constant(1)),
		place("running", func(ctx context.Context, _ []any) (any, error) {
			cancel(errors.New("canceled by ada"))
			<-ctx.Done()
			<-reported
			return nil, errors.New("signal: killed")
		}, "done"),
		place("waiting", constant(1), "running"),
	)
	r := &recorder{}
	finished := Run(ctx, a, func(ev *workerv1.Event) {
		if r.sink(ev); ev.GetOpPath() == "waiting" {
			close(reported)
		}
	}, Options{Limit: 1})
	r.check(t)
	wantStory(t, r, "run_started", "done op_started", "done op_finished SUCCESS", "running op_started",
		"waiting op_finished CANCELED", "running op_finished CANCELED", "run_finished CANCELED")
	if f := finished.GetFailure(); f.GetReason() != "canceled" || f.GetMessage() != "canceled by ada" {
		t.Errorf("failure of the run: got %v", f)
	}
	if f := r.finishedOf(t, "running").GetFailure(); len(f.GetCauses()) == 0 || f.GetCauses()[0] != "signal: killed" {
		t.Errorf("failure of the op: got %v", f)
	}
}

func TestCancelBeforeTheStartStartsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := execute(t, ctx, attempt(place("a", constant(1)), place("b", constant(1), "a")), Options{})
	wantStory(t, r, "run_started", "a op_finished CANCELED", "b op_finished CANCELED", "run_finished CANCELED")
}

// TestCancelWhileAStartIsReportedStartsNoUserCode cancels while events wait for room.
func TestCancelWhileAStartIsReportedStartsNoUserCode(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	a := attempt(place("op", func(context.Context, []any) (any, error) {
		t.Error("user code was started")
		return nil, nil
	}))
	r := &recorder{}
	Run(ctx, a, func(ev *workerv1.Event) {
		if r.sink(ev); ev.GetOpStarted() != nil {
			cancel(errors.New("fenced"))
		}
	}, Options{})
	wantStory(t, r, "run_started", "op op_started", "op op_finished CANCELED", "run_finished CANCELED")
}

func TestCancelTooLateChangesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := attempt(place("last", func(context.Context, []any) (any, error) { cancel(); return 1, nil }))
	if _, finished := execute(t, ctx, a, Options{}); finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
		t.Errorf("every op ended well, got %v", finished)
	}
}

func TestAbandonLeavesADeafOpBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	abandon, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	a := attempt(place("deaf", func(context.Context, []any) (any, error) {
		defer close(ended)
		cancel()
		close(abandon)
		<-release
		return 1, nil
	}))
	r, _ := execute(t, ctx, a, Options{Abandon: abandon})
	wantStory(t, r, "run_started", "deaf op_started", "deaf op_finished CANCELED", "run_finished CANCELED")
	if got := r.finishedOf(t, "deaf").GetFailure().GetMessage(); !strings.HasPrefix(got, "Did not end in the time it was given.") {
		t.Errorf("message: got %q", got)
	}
	close(release)
	<-ended
}

func TestAbandonAloneEndsNothing(t *testing.T) {
	abandon := make(chan struct{})
	close(abandon)
	if _, finished := execute(t, t.Context(), attempt(place("op", constant(1))), Options{Abandon: abandon}); finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
		t.Errorf("got %v", finished)
	}
}

func TestContextOfAnOpEndsWithIt(t *testing.T) {
	var left context.Context
	a := attempt(place("op", func(ctx context.Context, _ []any) (any, error) { left = ctx; return 1, nil })) //nolint:fatcontext // what is left behind is the point
	execute(t, t.Context(), a, Options{})
	if left.Err() == nil {
		t.Error("what the op left behind is not told that the op is over")
	}
}
