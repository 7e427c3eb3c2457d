package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestReportsOfOpsArrive follows what an op reports to the host, and to who asks the host.
func TestReportsOfOpsArrive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(testcode)
	id := w.launch("reporting")
	run := w.awaitStatus(id, "SUCCESS")
	if tags := fmt.Sprint(run["tags"]); !strings.Contains(tags, "map[key:region origin:run value:eu]") {
		t.Errorf("the run has tags %s", tags)
	}
	log := w.want(0, "run", "logs", id).out
	for _, want := range []string{
		"OUT    load  said by Go\n", "ERR    load  said by a child\n", "OUT    command  said by a command\n",
		`NOTE   load  Two rows were rejected why="*too old*"`,
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	events := w.want(0, "run", "events", id).out
	for _, want := range []string{"load  1000 of 1000 rows (100%)\n", "load  region=eu\n", " rows=1000\n"} {
		if strings.Count(events, want) != 1 {
			t.Errorf("the events lack %q:\n%s", want, events)
		}
	}
	kinds := map[string]int{}
	for _, e := range w.events(id) {
		kinds[e.Kind]++
	}
	if kinds["progress"] < 2 || kinds["progress"] > 10 || kinds["output"] != 2 || kinds["captured"] != 3 {
		t.Errorf("events by kind: %v", kinds)
	}
}
