package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// settlePatience is above the host's longest time-out, the start lease of 180 seconds.
const settlePatience = 4 * time.Minute

// repair ends all faults.
func (f *faultWorld) repair() {
	f.t.Helper()
	f.thaw()
	f.awaitState("READY")
}

// settle waits until every run has ended.
func (f *faultWorld) settle() {
	f.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(settlePatience); ; {
		open := map[string]string{}
		for id := range f.runs {
			if status, reason := f.statusOf(id); !slices.Contains([]string{"SUCCESS", "FAILURE", "CANCELED"}, status) {
				open[id] = status + " " + reason
			}
		}
		if len(open) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			f.t.Fatalf("%s after the faults were over, runs have not ended: %v", settlePatience, open)
		}
	}
}

// check holds what has become of the runs against what must be true whatever happened.
func (f *faultWorld) check() {
	f.t.Helper()
	times := map[start]int{}
	for _, s := range f.starts() {
		s.pid = 0
		if times[s]++; times[s] == 2 {
			f.t.Errorf("user code of run %s, attempt %s, op %s, op attempt %s was started again", s.run, s.attempt, s.op, s.opAttempt)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.runs)) {
		f.checkRun(f.runs[id])
	}
}

func (f *faultWorld) checkRun(r *faultRun) {
	f.t.Helper()
	a := f.want(0, "run", "events", r.id, "--json", "--host", f.host)
	f.compare(r, a.out)
	list := f.events(r.id) // each once, in order
	status, reason := f.statusOf(r.id)
	switch ok := map[string]bool{
		"SUCCESS":  !r.fails,
		"FAILURE":  r.fails || f.excused[r.id],
		"CANCELED": r.cancels,
	}; {
	case !ok[status]:
		f.t.Errorf("run %s is %s (%s); it fails: %t, is canceled: %t, lost its worker: %t", r.id, status, reason, r.fails, r.cancels, f.excused[r.id])
	case status == "SUCCESS":
		f.checkLines(r)
	}
	if n := count(list, "run_finished", ""); n > 1 || status == "SUCCESS" && n != 1 {
		f.t.Errorf("run %s is %s and finished %d times", r.id, status, n)
	}
}

// checkLines is that each op's lines are all there, in order.
func (f *faultWorld) checkLines(r *faultRun) {
	f.t.Helper()
	next := map[string]int{}
	for _, line := range r.seen {
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			f.t.Fatalf("event %q: %v", line, err)
		}
		if e.Kind != "log" || !strings.HasPrefix(e.Message, "line ") {
			continue
		}
		op := fmt.Sprintf("%s %d", e.Op, e.OpAttempt)
		if want := fmt.Sprintf("line %d", next[op]); e.Message != want {
			f.t.Errorf("run %s, op %s: %q, want %q", r.id, op, e.Message, want)
			return
		}
		next[op]++
	}
	want := map[string]int{"first 1": r.lines, "flaky 1": r.lines, "flaky 2": r.lines, "beside 1": r.lines, "last 1": r.lines}
	if !maps.Equal(next, want) {
		f.t.Errorf("run %s has lines %v, want %v", r.id, next, want)
	}
}
