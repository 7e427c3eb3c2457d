package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReexecuteFromFailure: one instance of a mapped op fails; with another config the run is taken up where it stopped, by
// other processes, with what the others have stored.
func TestReexecuteFromFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	trace := filepath.Join(w.dir, "witness")
	config := func(bad string) string {
		return writeConfig(t, w, fmt.Sprintf("config: {pieces: {witness: %s, bad: %q}}", trace, bad))
	}
	// ran are the lines since the last look, sorted: instances run side by side.
	ran := func() []string {
		t.Helper()
		b, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(trace); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(b)), "\n")
		slices.Sort(lines)
		return lines
	}
	demand := func(what string, want ...string) {
		t.Helper()
		if got := ran(); !slices.Equal(got, want) {
			t.Errorf("%s: user code ran as %q, want %q", what, got, want)
		}
	}
	first := w.launch("pieces", "--config", config("b"), "--tag", "team=etl")
	w.awaitStatus(first, "FAILURE")
	demand("the first run", "list", "weigh a", "weigh c")

	dry := w.want(0, "run", "reexecute", first, "--config", config(""), "--dry-run").out
	for _, want := range []string{"Ops:    3", "weigh[b]", "Outputs that are taken", "list      " + first, "weigh[a]  " + first, "weigh[c]  " + first} {
		if !strings.Contains(dry, want) {
			t.Errorf("--dry-run lacks %q:\n%s", want, dry)
		}
	}
	second := w.jsonOf("run", "reexecute", first, "--config", config(""), "--tag", "fixed=yes", "--json")
	id := fmt.Sprint(second["id"])
	w.awaitStatus(id, "SUCCESS")
	demand("the rest of it", "add [1 20 300]", "tell 321", "weigh b")
	if second["parent_run"] != first || second["op_selection"] != "add, tell, weigh[b]" {
		t.Errorf("the child: %v", second)
	}
	shown := w.want(0, "run", "show", id).out
	for _, want := range []string{"executes run " + first + " again", "inherited", "penstock/resume"} {
		if !strings.Contains(shown, want) {
			t.Errorf("run show lacks %q:\n%s", want, shown)
		}
	}
	if !strings.Contains(w.want(0, "run", "show", first).out, "Executed again by\n  "+id) {
		t.Errorf("run show of the first does not name %s", id)
	}
	if out := w.want(6, "run", "reexecute", id).errOut; !strings.Contains(out, "nothing failed: every op that run "+id) {
		t.Errorf("nothing failed: %s", out)
	}

	// What is selected takes the newest of each: an instance of the child, the others of its parent.
	third := fmt.Sprint(w.jsonOf("run", "reexecute", id, "--ops", "add", "--json")["id"])
	w.awaitStatus(third, "SUCCESS")
	demand("one op", "add [1 20 300]")

	// A run of its own takes outputs and values that are given.
	launched := w.launch("pieces", "--op-selection", "weigh,add", "--inputs-from", first, "--config", config(""))
	w.awaitStatus(launched, "SUCCESS")
	demand("with the list of another", "add [1 20 300]", "weigh a", "weigh b", "weigh c")
	given := writeConfig(t, w, fmt.Sprintf("config: {pieces: {witness: %s}}\ninputs: {tell: {sum: 7}}", trace))
	refused := w.want(6, "launch", "pieces", "--op-selection", "tell", "--config", given).errOut
	if !strings.Contains(refused, `op tell has no input "sum" that another op feeds; it has `) {
		t.Errorf("an input of another name: %s", refused)
	}
	_, name, _ := strings.Cut(refused, "it has ")
	name, _, _ = strings.Cut(name, "\n")
	given = writeConfig(t, w, fmt.Sprintf("config: {pieces: {witness: %s}}\ninputs: {tell: {%s: 7}}", trace, name))
	w.awaitStatus(w.launch("pieces", "--op-selection", "tell", "--config", given), "SUCCESS")
	demand("with a given value", "tell 7")

	// Without the run that has them the outputs are gone, and so what they stand for is executed again.
	w.want(0, "run", "delete", first)
	refused = w.want(6, "run", "reexecute", third, "--ops", "weigh[b]").errOut
	if !strings.Contains(refused, "the items that op weigh[b] is mapped over come from list, which is not selected and has no stored output that run "+third) {
		t.Errorf("with the first run deleted: %s", refused)
	}
}
