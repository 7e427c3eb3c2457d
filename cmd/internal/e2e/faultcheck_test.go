package e2e

import (
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

// settle waits until every run has ended, and every retry of one.
func (f *faultWorld) settle() {
	f.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(settlePatience); ; {
		open := map[string]string{}
		for _, r := range f.live() {
			if r.known {
				continue
			}
			now, err := f.get(r.id)
			if err == nil && now.ended() {
				err = f.findChildren(r)
			}
			if !r.known {
				open[r.id] = fmt.Sprintf("%s %s (%v)", now.Status, now.StatusReason, err)
			}
		}
		if len(open) == 0 && !slices.ContainsFunc(f.live(), func(r *faultRun) bool { return !r.known }) {
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
	starts := map[string]map[string]int{} // by run, op and op attempt
	times := map[start]int{}
	for _, s := range f.starts() {
		attempt := s.attempt
		s.pid, s.attempt = 0, "" // there is another attempt only where none before was granted, so not even that excuses it
		if times[s]++; times[s] == 2 {
			f.t.Errorf("user code of run %s, op %s, op attempt %s was started again, in attempt %s", s.run, s.op, s.opAttempt, attempt)
		}
		if f.runs[s.run] != nil {
			if starts[s.run] == nil {
				starts[s.run] = map[string]int{}
			}
			starts[s.run][s.op+" "+s.opAttempt]++
		}
	}
	for _, r := range f.live() {
		if !r.checked {
			r.checked = true
			f.checkRun(r, starts[r.id])
		}
	}
}

func (f *faultWorld) checkRun(r *faultRun, starts map[string]int) {
	f.t.Helper()
	f.compare(r, f.want(0, "run", "events", r.id, "--json", "--host", f.host).out)
	f.read(r)
	now, err := f.get(r.id)
	if err != nil {
		f.t.Fatal(err)
	}
	r.status = now.Status
	why := now.tag("penstock/failure_reason")
	switch ok := map[string]bool{
		"SUCCESS":  r.fails == "",
		"FAILURE":  r.fails != "" && why == "op_failure" || r.killed && why == "worker_lost",
		"CANCELED": r.cancels,
	}; {
	case !ok[now.Status]:
		f.t.Errorf("run %s is %s %s (%s); op that fails: %q, is canceled: %t, lost its worker: %t", r.id, now.Status, why, now.StatusReason, r.fails, r.cancels, r.killed)
	case now.Status == "SUCCESS":
		f.checkSuccess(r, starts)
	}
	finished := 0
	for _, e := range r.events {
		if e.Kind == "run_finished" {
			finished++
		}
	}
	if finished > 1 || now.Status == "SUCCESS" && finished != 1 {
		f.t.Errorf("run %s is %s and finished %d times", r.id, now.Status, finished)
	}
	least, most := 0, 0
	if r.retried && now.Status == "FAILURE" {
		most = 1
		if !r.cancels {
			least = 1
		}
	}
	if n := len(r.children); n < least || n > most {
		f.t.Errorf("run %s is %s (%s), asks for a retry: %t, and has %d children", r.id, now.Status, why, r.retried, n)
	}
	f.checkTaken(r, starts)
}

// checkSuccess is that all user code ran, and each op's lines are all there, in order, and its output.
func (f *faultWorld) checkSuccess(r *faultRun, starts map[string]int) {
	f.t.Helper()
	next, stored := map[string]int{}, map[string]int{}
	for _, e := range r.events {
		op := fmt.Sprintf("%s %d", e.Op, e.OpAttempt)
		switch {
		case e.stores():
			stored[op]++
		case e.Kind == "output":
			f.t.Errorf("run %s, the output of op %s is not stored: %s", r.id, op, e.Reported.Output.NotStored)
		case e.Kind != "log" || !strings.HasPrefix(e.Message, "line "):
		default:
			if want := fmt.Sprintf("line %d", next[op]); e.Message != want {
				f.t.Errorf("run %s, op %s: %q, want %q", r.id, op, e.Message, want)
				return
			}
			next[op]++
		}
	}
	want := map[string]int{"meter.open 0": 1, "meter.close 0": 1}
	for _, op := range r.ops() {
		want[op+" 1"] = 1
		if op == "flaky" || op == "weigh[b]" { // the first attempt fails
			want[op+" 2"] = 1
		}
	}
	for op := range want {
		name, attempt, _ := strings.Cut(op, " ")
		if r.parent != nil && starts[op] == 0 {
			delete(want, op) // was taken
			continue
		}
		if attempt == "0" {
			continue
		}
		if next[op] != r.lines {
			f.t.Errorf("run %s, op %s has %d lines, want %d", r.id, op, next[op], r.lines)
		}
		if yields := name != "last" && want[name+" 2"] == 0 || attempt == "2"; yields && stored[op] != 1 {
			f.t.Errorf("run %s, op %s has %d stored outputs", r.id, op, stored[op])
		}
	}
	if !maps.Equal(starts, want) {
		f.t.Errorf("run %s started user code %v, want %v", r.id, starts, want)
	}
}
