package worker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func TestCancelIsHeardByUserCode(t *testing.T) {
	h := newHost(t, "polite").listen()
	p := start(t, h.assignment())
	eventually(t, "user code", func() bool { return h.marker() != "" })
	h.cancel(10*time.Second, false)
	p.wantExit(t, ExitDelivered)
	if end := h.wantEnd(canceled); end.GetFailure().GetMessage() != "canceled by ada" {
		t.Errorf("got %v", end)
	}
	if !strings.Contains(h.marker(), "canceled: canceled by ada") {
		t.Errorf("user code saw %q", h.marker())
	}
}

// children waits for the processes that the deaf job started.
func children(t *testing.T, h *fakeHost) []int {
	t.Helper()
	var a, b int
	eventually(t, "the children of user code", func() bool {
		_, list, ok := strings.Cut(h.marker(), "children ")
		n, _ := fmt.Sscanf(list, "%d %d\n", &a, &b)
		return ok && n == 2
	})
	eventually(t, "the children run", func() bool { return alive(a) && alive(b) })
	return []int{a, b}
}

func wantGone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		eventually(t, fmt.Sprintf("process %d is gone", pid), func() bool { return !alive(pid) })
	}
}

func TestDeafUserCodeIsKilledWithItsChildren(t *testing.T) {
	h := newHost(t, "deaf").listen()
	p := start(t, h.assignment())
	pids := children(t, h)
	h.cancel(200*time.Millisecond, false)
	h.cancel(time.Hour, false) // a later, longer grace changes nothing
	p.wantExit(t, ExitKilled)
	wantGone(t, pids)
	h.wantEnd(canceled)
	for _, ev := range h.decoded() {
		if f := ev.GetOpFinished(); f != nil && !strings.Contains(f.GetFailure().GetMessage(), "Did not end in the time it was given") {
			t.Errorf("the op's end: got %v", f)
		}
	}
}

func TestForceKillsAtOnce(t *testing.T) {
	h := newHost(t, "deaf").listen()
	p := start(t, h.assignment())
	pids := children(t, h)
	h.cancel(0, true)
	p.wantExit(t, ExitKilled)
	wantGone(t, pids)
}

func TestFencedWorkerCancelsUserCodeAndEnds(t *testing.T) {
	for name, job := range map[string]string{"Polite": "polite", "Deaf": "deaf"} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, job).listen()
			p := start(t, h.assignment())
			h.wait("the op", func() bool { return len(h.events) >= 2 })
			var pids []int
			if job == "deaf" {
				pids = children(t, h)
			}
			h.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Denied{Denied: &workerv1.Denied{
				Reason: workerv1.DenialReason_DENIAL_REASON_FENCED, Message: "restored from a backup",
			}}})
			p.wantExit(t, ExitDenied)
			wantGone(t, pids)
			if job == "polite" && !strings.Contains(h.marker(), "canceled: "+errUnwanted.Error()) {
				t.Errorf("user code saw %q", h.marker())
			}
			if events := h.decoded(); events[len(events)-1].GetRunFinished() != nil {
				t.Error("the worker reported although nothing more is wanted")
			}
		})
	}
}
