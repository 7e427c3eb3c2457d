package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// workerOf is the process that executes a run.
func (w *world) workerOf(id string) (pid int) {
	w.t.Helper()
	handle := fmt.Sprint(w.jsonOf("run", "show", id)["worker"])
	pid, err := strconv.Atoi(strings.Fields(strings.TrimPrefix(handle, "pid ") + " ")[0])
	if err != nil || !isWorker(pid) {
		w.t.Fatalf("handle %q names no worker: %v", handle, err)
	}
	return pid
}

// TestRestoredHostDeniesWorkersOfBefore restores a backup while workers go on: of a run that had been started when it was
// taken, of one that was started since, and of one that was launched since. None of them reports anything to the restored
// host, and all end; what was queued then is executed anew, and is whole.
func TestRestoredHostDeniesWorkersOfBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--max-in-progress", "1")
	w.serve(testcode)
	started, open, _ := w.gated(10, false)
	config := filepath.Join(w.dir, "config.yaml")
	queued := w.launch("gated", "--config", config)
	file := filepath.Join(w.dir, "backup.tar")
	w.want(0, "backup", "--out", file)

	again := func(most string) {
		w.hostArgs = []string{"--max-in-progress", most}
		w.startHost()
	}
	w.server.kill()
	again("3")
	later := w.launch("gated", "--config", config)
	pids := map[string]int{}
	for _, id := range []string{started, queued, later} {
		w.awaitStatus(id, "STARTED")
		pids[id] = w.workerOf(id)
	}
	w.server.kill()
	data := filepath.Join(w.dir, "data")
	if err := os.Rename(data, filepath.Join(w.dir, "lost")); err != nil {
		t.Fatal(err)
	}
	if a := w.want(0, "restore", file, "--data", data); !strings.Contains(a.out, "2 runs, of which 1 are queued and 1 had been started and have failed") {
		t.Errorf("restore said %s", a.out)
	}
	again("0")
	for id, pid := range pids {
		eventually(t, "the worker of run "+id+" has ended", func() bool { return !isWorker(pid) })
	}
	if run := w.jsonOf("run", "show", started); run["status"] != "FAILURE" || !strings.Contains(fmt.Sprint(run["status_reason"]), "restored from a backup") {
		t.Errorf("the run that had been started is %v: %v", run["status"], run["status_reason"])
	}
	if s := w.status(queued); s != "QUEUED" {
		t.Errorf("the run that was queued is %s", s)
	}
	if n := count(w.events(queued), "log", ""); n != 0 {
		t.Errorf("the run that is queued has %d lines of the worker of before", n)
	}
	w.want(3, "run", "show", later)

	w.server.kill()
	open()
	again("1")
	w.awaitStatus(queued, "SUCCESS")
	if list := w.events(queued); count(list, "log", "before") != 10 || count(list, "log", "after") != 10 || count(list, "run_finished", "") != 1 {
		t.Errorf("the run that was queued has %d and %d lines and finished %d times, want 10, 10 and once",
			count(list, "log", "before"), count(list, "log", "after"), count(list, "run_finished", ""))
	}
}
