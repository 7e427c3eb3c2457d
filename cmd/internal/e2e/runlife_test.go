package e2e

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// childOf is the child of a run, empty when it has none.
func (w *world) childOf(id string) (child string) {
	w.t.Helper()
	var page struct {
		Runs []map[string]any `json:"runs"`
	}
	if err := json.Unmarshal([]byte(w.want(0, "run", "list", "--json").out), &page); err != nil {
		w.t.Fatal(err)
	}
	for _, run := range page.Runs {
		if run["parent_run"] == id {
			child, _ = run["id"].(string)
		}
	}
	return child
}

// tagsOf are the tags of a run as `run show --json` has it.
func tagsOf(run map[string]any) map[string]string {
	tags := map[string]string{}
	list, _ := run["tags"].([]any)
	for _, t := range list {
		if t, ok := t.(map[string]any); ok {
			tags[fmt.Sprint(t["key"])] = fmt.Sprint(t["value"])
		}
	}
	return tags
}

// TestFailedRunIsRetriedFromWhereItFailed: twice, by runs of their own, while the host is killed in between; ops that ended
// well run once. Then the outputs of all of them are removed with the runs.
func TestFailedRunIsRetriedFromWhereItFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	trace := filepath.Join(w.dir, "witness")
	config := writeConfig(t, w, fmt.Sprintf("config: {pieces: {witness: %s, bad: b}}", trace))
	first := w.launch("pieces", "--config", config, "--tag", "penstock/max_retries=2", "--tag", "team=etl")
	w.server.kill()
	w.startHost()
	w.awaitState("READY")
	chain := []string{first}
	for number := 1; number <= 2; number++ {
		last := chain[len(chain)-1]
		w.awaitStatus(last, "FAILURE")
		eventually(t, "run "+last+" is retried", func() bool { return w.childOf(last) != "" })
		child := w.childOf(last)
		run := w.awaitStatus(child, "FAILURE")
		tags := tagsOf(run)
		for key, want := range map[string]string{
			"penstock/retry_number": fmt.Sprint(number), "penstock/parent_run": last, "penstock/root_run": first,
			"penstock/resume": "from_failure", "penstock/failure_reason": "op_failure", "team": "etl",
		} {
			if tags[key] != want {
				t.Errorf("retry %d has the tag %s = %q, want %q", number, key, tags[key], want)
			}
		}
		if n := count(w.events(last), "run_retried", "retried as run "+child); n != 1 {
			t.Errorf("run %s tells %d times of its retry", last, n)
		}
		chain = append(chain, child)
	}
	if child := w.childOf(chain[2]); child != "" {
		t.Errorf("after two retries there is a third one, %s", child)
	}
	b, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	ran := strings.Split(strings.TrimSpace(string(b)), "\n")
	slices.Sort(ran)
	if want := []string{"list", "weigh a", "weigh c"}; !slices.Equal(ran, want) {
		t.Errorf("in all three runs user code ran as %q, want %q", ran, want)
	}
	if n := storedFiles(t, first); n == 0 {
		t.Error("nothing was stored of the first run")
	}
	for _, id := range chain {
		w.want(0, "run", "delete", id)
	}
	for _, id := range chain {
		eventually(t, "outputs of run "+id+" are removed", func() bool { return storedFiles(t, id) == 0 })
	}
}

// storedFiles is how many files the output store has of a run.
func storedFiles(t *testing.T, id string) (n int) {
	t.Helper()
	err := filepath.WalkDir(os.Getenv("PENSTOCK_OUTPUTS"), func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // removed while we look
		}
		if err == nil && !d.IsDir() && strings.Contains(path, id) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRunThatTakesTooLong: its user code is told to end, also when the host was killed meanwhile, and it fails.
func TestRunThatTakesTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	never := filepath.Join(w.dir, "never")
	started := filepath.Join(w.dir, "started")
	config := writeConfig(t, w, fmt.Sprintf("config: {gate: {started: %s, open: %s}}", started, never))
	id := w.launch("gated", "--config", config, "--tag", "penstock/max_runtime=2s")
	eventually(t, "user code runs", func() bool { _, err := os.Stat(started); return err == nil })
	w.server.kill()
	w.startHost()
	run := w.awaitStatus(id, "FAILURE")
	if reason := tagsOf(run)["penstock/failure_reason"]; reason != "max_runtime" || !strings.Contains(fmt.Sprint(run["status_reason"]), "longer than 2s") {
		t.Errorf("it failed for %q: %v", reason, run["status_reason"])
	}
	if why := w.want(0, "run", "show", id).out; !strings.Contains(why, "penstock/max_runtime") {
		t.Errorf("run show does not tell of the limit:\n%s", why)
	}
}
