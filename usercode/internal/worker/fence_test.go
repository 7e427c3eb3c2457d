package worker

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// flooders are jobs whose first op reports until it is told to stop; none of them waits for anything else.
func flooders() []*spec.Job {
	flood := func(report func(e *spec.Execution)) func(context.Context, *spec.Execution) error {
		return func(ctx context.Context, e *spec.Execution) error {
			for ctx.Err() == nil {
				report(e)
			}
			mark(e, "canceled: "+context.Cause(ctx).Error())
			return ctx.Err()
		}
	}
	next := func(context.Context, *spec.Execution) error { return nil }
	line := strings.Repeat("x", 10_000)
	return []*spec.Job{
		testJob("logs", testOp("flood", flood(func(e *spec.Execution) { e.Logger.Info(line) })), testOp("next", next, "flood")),
		testJob("floods", testOp("flood", flood(func(*spec.Execution) { fmt.Fprintln(os.Stdout, line) })), testOp("next", next, "flood")),
	}
}

// fullWorker is a worker that has no room left, at a host that takes nothing.
func fullWorker(t *testing.T, job string) (*fakeHost, *workerProcess) {
	t.Helper()
	h := newHost(t, job)
	h.batch = func(int, *hostStream, *workerv1.EventBatch) action { return ignore }
	p := start(t, h.listen().assignment())
	eventually(t, "a full spool", func() bool { return strings.Contains(p.stderr.String(), "there is no room for more events") })
	return h, p
}

// attached waits for a stream of which the host knows and which lasts, so that what is sent on it arrives.
func (h *fakeHost) attached() {
	h.t.Helper()
	h.mu.Lock()
	n := h.streams
	h.mu.Unlock()
	h.wait("the next stream", func() bool { return h.streams > n }) // without acks the worker opens one after another
}

func TestFencedWorkerThatIsFullEnds(t *testing.T) {
	for _, job := range []string{"logs", "floods"} {
		t.Run(job, func(t *testing.T) {
			h, p := fullWorker(t, job)
			h.attached()
			h.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Denied{Denied: &workerv1.Denied{
				Reason: workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER, Message: "lost",
			}}})
			p.wantExit(t, ExitDenied)
			if got := h.marker(); !strings.Contains(got, "canceled: "+errUnwanted.Error()) || strings.Contains(got, "started next") {
				t.Errorf("user code did %q", got)
			}
		})
	}
}

// TestCancelOfAFullWorker cannot be heard by an op that waits for room, so the worker ends without it.
func TestCancelOfAFullWorker(t *testing.T) {
	h, p := fullWorker(t, "logs")
	h.attached()
	h.cancel(200*time.Millisecond, false)
	p.wantExit(t, ExitKilled)
	if got := h.marker(); strings.Contains(got, "started next") {
		t.Errorf("user code did %q", got)
	}
}

func TestForceEndsAFullWorker(t *testing.T) {
	h, p := fullWorker(t, "floods")
	h.attached()
	h.cancel(0, true)
	p.wantExit(t, ExitKilled)
}

// TestStoppedWorkerIsFencedWhenItGoesOn has a host that has given the attempt up while its worker did not run.
func TestStoppedWorkerIsFencedWhenItGoesOn(t *testing.T) {
	h := newHost(t, "polite")
	h.attach = func(n int, s *hostStream) (bool, error) {
		if n == 1 {
			return false, nil
		}
		return true, s.deny(workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER)
	}
	p := start(t, h.listen().assignment())
	eventually(t, "user code", func() bool { return h.marker() != "" })
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	h.stop() // the connection is cut
	h.listen()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.wantExit(t, ExitDenied)
	if !strings.Contains(h.marker(), "canceled: "+errUnwanted.Error()) {
		t.Errorf("user code saw %q", h.marker())
	}
	for _, ev := range h.decoded() {
		if ev.GetRunFinished() != nil || ev.GetOpFinished() != nil {
			t.Errorf("the worker reported %v although nothing more is wanted", ev)
		}
	}
}
