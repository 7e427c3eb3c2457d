package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// gated launches the job that waits, and returns its run once user code has
// started, with what opens the gate.
func (w *world) gated(lines int, deaf bool) (id string, open func(), starts func() int) {
	w.t.Helper()
	started, gate := filepath.Join(w.dir, "started"), filepath.Join(w.dir, "gate")
	config := filepath.Join(w.dir, "config.yaml")
	text := fmt.Sprintf("config: {gate: {started: %s, open: %s, lines: %d, deaf: %t}}", started, gate, lines, deaf)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	id = w.launch("gated", "--config", config)
	starts = func() int {
		data, _ := os.ReadFile(started)
		return strings.Count(string(data), id)
	}
	eventually(w.t, "user code starts", func() bool { return starts() > 0 })
	return id, func() {
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}, starts
}

func TestRunSurvivesAKilledHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	const lines = 3000
	id, open, starts := w.gated(lines, false)
	w.server.kill()
	open() // the run goes on and ends without a host
	w.startHost()
	w.awaitStatus(id, "SUCCESS")
	list := w.events(id)
	if before, after := count(list, "log", "before"), count(list, "log", "after"); before != lines || after != lines {
		t.Errorf("%d lines from before and %d from after the wait are stored, want %d each", before, after, lines)
	}
	if n := count(list, "run_finished", ""); n != 1 || starts() != 1 {
		t.Errorf("the run finished %d times and its user code started %d times, want once each", n, starts())
	}
}

func TestRunSurvivesManyKilledHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id, open, starts := w.gated(500, false)
	for range 5 {
		w.server.kill()
		w.startHost()
	}
	if s := w.status(id); s != "STARTED" {
		t.Errorf("the run is %s, want STARTED", s)
	}
	open()
	w.awaitStatus(id, "SUCCESS")
	if list := w.events(id); count(list, "log", "") != 1001 || starts() != 1 {
		t.Errorf("%d log lines, user code started %d times; want 1001 and once", count(list, "log", ""), starts())
	}
}

func TestQueuedRunsSurviveAKilledHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--max-in-progress", "0")
	w.serve(testcode)
	low := w.launch("failing", "--priority", "-1")
	high := w.launch("failing", "--priority", "7")
	w.server.kill()
	w.hostArgs = []string{"--max-in-progress", "1"}
	w.startHost()
	first, second := w.awaitStatus(high, "FAILURE"), w.awaitStatus(low, "FAILURE")
	if a, b := fmt.Sprint(first["started_at"]), fmt.Sprint(second["started_at"]); a > b {
		t.Errorf("the run of priority 7 started at %s, after that of priority -1 at %s", a, b)
	}
}

func TestRunSurvivesItsKilledCodeServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(testcode)
	id, open, _ := w.gated(10, false)
	server.kill()
	w.awaitState("STALE")
	waiting := w.launch("failing") // its code is away: it waits, and is not lost
	w.awaitStatus(waiting, "WAITING_FOR_CODE")
	open()
	w.awaitStatus(id, "SUCCESS")
	w.serve(testcode)
	w.awaitStatus(waiting, "FAILURE")
}

func TestKilledWorkerIsNoticed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id, _, _ := w.gated(10, false)
	handle := fmt.Sprint(w.jsonOf("run", "show", id)["worker"])
	pid, err := strconv.Atoi(strings.Fields(strings.TrimPrefix(handle, "pid "))[0])
	if err != nil {
		t.Fatalf("handle %q names no process: %v", handle, err)
	}
	worker, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := worker.Kill(); err != nil {
		t.Fatal(err)
	}
	run := w.awaitStatus(id, "FAILURE")
	if reason := fmt.Sprint(run["status_reason"]); !strings.Contains(reason, "signal 9") {
		t.Errorf("the reason is %q, want the signal", reason)
	}
}

func TestWorkerThatExitsIsAFailureWithItsLastWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id := w.launch("dying")
	run := w.awaitStatus(id, "FAILURE")
	if reason := fmt.Sprint(run["status_reason"]); !strings.Contains(reason, "exit status 3") || !strings.Contains(reason, "last words") {
		t.Errorf("the reason is %q, want the exit status and what it wrote", reason)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id, _, _ := w.gated(1, false)
	w.want(0, "run", "cancel", id)
	w.awaitStatus(id, "CANCELED")
	w.want(6, "run", "cancel", id)
	w.want(0, "run", "delete", id)
	w.want(3, "run", "show", id)
}

func TestForcedCancelOfDeafUserCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id, _, _ := w.gated(1, true)
	w.want(0, "run", "cancel", id)
	w.awaitStatus(id, "CANCELING")
	w.want(0, "run", "cancel", id, "--force")
	w.awaitStatus(id, "CANCELED")
}
