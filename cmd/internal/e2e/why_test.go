package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// reasons are the rules that `run why --json` tells of a run, by code; of several with one code the first that blocks.
func (w *world) reasons(id string) map[string]map[string]any {
	w.t.Helper()
	found := map[string]map[string]any{}
	list, _ := w.jsonOf("run", "why", id)["reasons"].([]any)
	for _, r := range list {
		reason, _ := r.(map[string]any)
		code, _ := reason["code"].(string)
		if before := found[code]; before == nil || before["blocks"] != true {
			found[code] = reason
		}
	}
	return found
}

// blocks waits until the rule holds the run, and returns it.
func (w *world) blocks(id, code string) map[string]any {
	w.t.Helper()
	eventually(w.t, code+" holds the run", func() bool { return w.reasons(id)[code]["blocks"] == true })
	return w.reasons(id)[code]
}

// TestWhy follows one run through what can hold it, and asks in each state.
func TestWhy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "--max-in-progress", "1")
	code := w.serve(testcode)
	open, started := filepath.Join(w.dir, "open"), filepath.Join(w.dir, "started")
	config := writeConfig(t, w, "config: {gate: {started: "+started+", open: "+open+", lines: 1}}")
	first := w.launch("gated", "--config", config)
	w.awaitStatus(first, "STARTED")
	if r := w.blocks(first, "OP_RUNNING"); r["op"] != "wait" || r["since"] == nil {
		t.Errorf("what runs is %v", r)
	}
	if r := w.reasons(first)["OP_UPSTREAM"]; r["op"] != "count" || !strings.Contains(r["message"].(string), "waits for wait") {
		t.Errorf("what waits is %v", r)
	}

	second := w.launch("gated", "--config", config)
	if r := w.blocks(second, "CONCURRENCY_LIMIT"); len(r["runs"].([]any)) != 1 || r["runs"].([]any)[0] != first {
		t.Errorf("the slot is held by %v, want %s", r["runs"], first)
	}
	code.kill()
	if r := w.reasons(first)["WORKER"]; !strings.Contains(r["message"].(string), "is connected") {
		t.Errorf("without its server the worker is %v", r)
	}
	w.awaitState("STALE")
	w.want(0, "run", "cancel", first, "--force")
	w.awaitStatus(first, "CANCELED")
	if a := w.want(0, "run", "why", first); !strings.Contains(a.out, "canceled with penstock run cancel") {
		t.Errorf("a canceled run is explained by\n%s", a.out)
	}
	w.awaitStatus(second, "WAITING_FOR_CODE")
	if r := w.blocks(second, "LOCATION_UNREACHABLE"); r["since"] == nil || !strings.Contains(r["remedy"].(string), "starts by itself") {
		t.Errorf("it waits for %v", r)
	}
	if a := w.want(1, "doctor"); !strings.Contains(a.out, "ERROR    locations code: STALE") || !strings.Contains(a.out, "LOCATION_UNREACHABLE") {
		t.Errorf("the doctor says\n%s%s", a.out, a.errOut)
	}

	w.serve(testcode)
	w.awaitStatus(second, "STARTED")
	w.want(0, "run", "cancel", second, "--force")
	failing := w.launch("failing")
	w.awaitStatus(failing, "FAILURE")
	if a := w.want(0, "run", "why", failing); !strings.Contains(a.out, "the run failed because op fail did (error): no luck") {
		t.Errorf("a failed run is explained by\n%s", a.out)
	}
	if a := w.want(0, "doctor"); !strings.Contains(a.out, "OK       address: http://"+w.host) {
		t.Errorf("the doctor says\n%s%s", a.out, a.errOut)
	}
}

// TestDoctorOffline: a directory is looked at when no host has it, and left as it is.
func TestDoctorOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	data := filepath.Join(w.dir, "data")
	if a := w.want(75, "doctor", "--data", data); !strings.Contains(a.errOut, "leave out --data") {
		t.Errorf("while the host runs: %s", a.errOut)
	}
	w.server.kill()
	if a := w.want(0, "doctor", "--data", data); !strings.Contains(a.out, "store: store ") {
		t.Errorf("without a host: %s%s", a.out, a.errOut)
	}
	w.startHost()
}
