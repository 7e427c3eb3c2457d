package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// ops are the paths of all of the job's ops.
func (r *faultRun) ops() []string {
	list := []string{"first", "flaky", "beside", "last"}
	for i := range r.items {
		list = append(list, fmt.Sprintf("weigh[%c]", 'a'+i))
	}
	return list
}

// faultEvent is an event with what is known of outputs.
type faultEvent struct {
	event

	Reported struct {
		Output struct {
			Address   string `json:"address"`
			NotStored string `json:"not_stored"`
		} `json:"output"`
	} `json:"reported"`
}

// stores tells that the event is of an output that is safe.
func (e faultEvent) stores() bool { return e.Kind == "output" && e.Reported.Output.Address != "" }

// read takes in the run's events as they were shown last. They have to be there each once, in order.
func (f *faultWorld) read(r *faultRun) {
	f.t.Helper()
	r.events = make([]faultEvent, len(r.seen))
	next := 1
	for i, line := range r.seen {
		if err := json.Unmarshal([]byte(line), &r.events[i]); err != nil {
			f.t.Fatalf("event %q: %v", line, err)
		}
		next = r.events[i].follows(f.t, next)
	}
}

// executeAgain executes what failed again from where it failed, with nothing that fails it any more. It is to succeed, and
// not to start what had succeeded and is stored.
func (f *faultWorld) executeAgain() {
	f.t.Helper()
	for _, r := range f.live() {
		if r.status != "FAILURE" {
			continue
		}
		again := r.child("")
		again.lines, again.fails = 5, ""
		err := f.launch(again, map[string]any{
			"configYaml":  f.configOf(again),
			"reexecution": map[string]any{"runId": r.id, "strategy": "REEXECUTION_STRATEGY_FROM_FAILURE", "keepTags": true},
		})
		switch well, _ := f.done(r); {
		case err == nil:
			f.happened("executed again from failure")
		case strings.Contains(err.Error(), "NOTHING_FAILED") && len(well) == len(r.ops()): // its worker was killed after that
		default:
			f.t.Errorf("run %s cannot be executed again from failure: %v; what has ended well: %v", r.id, err, well)
		}
	}
	f.settle()
	f.check()
}

// done are the ops that ended well, in the run itself or where it took them from, and those of them whose outputs are stored.
func (f *faultWorld) done(r *faultRun) (well, stored map[string]bool) {
	f.t.Helper()
	before, storedBefore := map[string]bool{}, map[string]bool{}
	if r.parent != nil {
		before, storedBefore = f.done(r.parent)
	}
	well, stored = map[string]bool{}, map[string]bool{}
	started := map[string]bool{}
	for _, e := range r.events {
		switch {
		case e.Kind == "op_started":
			started[e.Op] = true
		case e.Kind == "op_finished" && e.Outcome == "SUCCESS":
			well[e.Op] = true
		case e.stores():
			stored[e.Op] = true
		}
	}
	for _, op := range r.ops() {
		if !started[op] && before[op] {
			well[op], stored[op] = true, storedBefore[op]
		}
	}
	maps.DeleteFunc(stored, func(op string, is bool) bool { return !is || !well[op] })
	return well, stored
}

// checkTaken is that a child started nothing that had succeeded and is stored, as was what it is made of.
func (f *faultWorld) checkTaken(r *faultRun, starts map[string]int) {
	f.t.Helper()
	if r.parent == nil {
		return
	}
	well, stored := f.done(r.parent)
	if len(well) == len(r.ops()) {
		return // it lost its worker after the last op, so that there was nothing to take up: a retry executes all
	}
	for _, op := range r.ops() {
		if starts[op+" 1"] > 0 && stored[op] && stored["first"] {
			f.t.Errorf("run %s executes run %s again from failure, and started op %s, which had succeeded and is stored", r.id, r.parent.id, op)
		}
	}
}
