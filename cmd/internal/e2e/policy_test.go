package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestOpsRunAgain: attempts are events, waits are said before they begin, the last failure counts, and only what needs
// the failed op is skipped.
func TestOpsRunAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	shown := w.want(0, "job", "show", "retrying").out
	for _, want := range []string{"at most 2 at a time", "retries 3, first after 50ms, each wait 2 times the one before, up to 50 % less at random; priority 1", "retries 1; time-out 50ms"} {
		if !strings.Contains(shown, want) {
			t.Errorf("job show lacks %q:\n%s", want, shown)
		}
	}
	id := w.launch("retrying")
	if run := w.awaitStatus(id, "FAILURE"); !strings.Contains(fmt.Sprint(run["status_reason"]), "not done within its time-out of 50ms") {
		t.Errorf("the run: %v", run)
	}
	told := map[string][]string{} // by op, in order; ops run side by side
	for _, e := range w.events(id) {
		if strings.HasPrefix(e.Kind, "op_") {
			line := fmt.Sprintf("%d %s %s", e.OpAttempt, e.Kind, e.Outcome)
			if e.RetryAfter != nil {
				line += " again"
			}
			told[e.Op] = append(told[e.Op], strings.TrimSpace(line))
		}
		if e.Op == "flaky" && e.Kind == "op_finished" && e.OpAttempt < 3 && !strings.Contains(e.Message, fmt.Sprintf("Failed in attempt %d of 4, the next starts in ", e.OpAttempt)) {
			t.Errorf("message: %q", e.Message)
		}
	}
	for op, want := range map[string][]string{
		"flaky": {"1 op_started", "1 op_finished FAILURE again", "2 op_started", "2 op_finished FAILURE again", "3 op_started", "3 op_finished SUCCESS"},
		"count": {"1 op_started", "1 op_finished SUCCESS"},
		"slow":  {"1 op_started", "1 op_finished FAILURE again", "2 op_started", "2 op_finished FAILURE"},
		"never": {"1 op_finished SKIPPED"},
	} {
		if !slices.Equal(told[op], want) {
			t.Errorf("%s: got %q, want %q", op, told[op], want)
		}
	}
}

// TestCancelWhileAnOpWaits: a run that waits to try again is canceled at once, and what waits survives the host.
func TestCancelWhileAnOpWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id := w.launch("patient")
	eventually(t, "the op waits for its second attempt", func() bool {
		return strings.Contains(w.want(0, "run", "events", id).out, "Failed in attempt 1 of 2, the next starts in 1h0m0s: not now")
	})
	w.server.kill()
	w.startHost()
	w.want(0, "run", "cancel", id)
	w.awaitStatus(id, "CANCELED")
	list := w.events(id)
	last := slices.IndexFunc(list, func(e event) bool { return e.Kind == "op_finished" && e.Outcome == "CANCELED" })
	if last < 0 || list[last].OpAttempt != 2 {
		t.Errorf("events: %+v", list)
	}
}
