package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// How the test of faults is asked to do more: PENSTOCK_FAULT_ROUNDS=200 for the long form, PENSTOCK_FAULT_SEED to make
// the same choices again. When things happen is the machine's choice.
const (
	roundsVariable = "PENSTOCK_FAULT_ROUNDS"
	seedVariable   = "PENSTOCK_FAULT_SEED"
	shortRounds    = 8
)

// TestFaults puts load on real processes, and ends them, stops them and cuts their connections meanwhile. Whatever
// happens: user code starts at most once for each attempt, what was stored stays and stays in order, no run that was
// launched is lost, and none is stuck once the faults are over.
func TestFaults(t *testing.T) {
	t.Parallel()
	rounds, seed := number(t, roundsVariable, shortRounds), number(t, seedVariable, int(time.Now().UnixNano()&0xffffff))
	t.Logf("%s=%d %s=%d", seedVariable, seed, roundsVariable, rounds)
	f := newFaultWorld(t)
	for round := range rounds {
		f.random = rand.New(rand.NewPCG(uint64(seed), uint64(round))) //nolint:gosec // chooses faults
		var did []string
		if !t.Run(fmt.Sprintf("Round%d", round), func(t *testing.T) { did = f.round(round) }) || t.Failed() {
			t.Fatalf("seed %d, round %d, after: %s", seed, round, strings.Join(did, ", "))
		}
	}
}

func number(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		t.Fatalf("%s is %q; it is a number from 0", variable, text)
	}
	return n
}

// round launches runs, does some faults to them, repairs everything and looks at what has become of them.
func (f *faultWorld) round(round int) (did []string) {
	f.t.Helper()
	clear(f.runs)
	clear(f.excused)
	flood := f.random.IntN(8) == 0
	launches := 3 + f.random.IntN(6)
	for i := range launches {
		r := &faultRun{lines: 10 + f.random.IntN(60), fails: f.random.IntN(8) == 0, cancels: f.random.IntN(8) == 0}
		length := f.random.IntN(300)
		if flood && i == 0 {
			r.lines, length = 2500, 4<<10 // 40 MB in all: more than a worker keeps in memory
		}
		config, err := json.Marshal(map[string]any{"config": map[string]any{"faulty": map[string]any{
			"witness": f.witness, "lines": r.lines, "bytes": length, "pause": fmt.Sprintf("%dms", f.random.IntN(40)), "fail": r.fails,
		}}})
		if err != nil {
			f.t.Fatal(err)
		}
		if i == launches/2 { // faults come while runs are launched, queued and executed
			did = append(did, f.faults(2)...)
		}
		f.launchFaulty(fmt.Sprintf("fault-%s-%04d-%02d", filepath.Base(f.dir), round, i), r, string(config))
	}
	did = append(did, f.faults(1+f.random.IntN(5))...)
	f.repair()
	f.settle()
	f.check()
	return did
}

// fault is something that happens to the world. It answers what it did, for people; empty when there was nothing to do it to.
type fault func(*faultWorld) string

var faults = []fault{
	func(f *faultWorld) string { f.server.kill(); f.pause(time.Second); f.startHost(); return "host killed" },
	func(f *faultWorld) string {
		if code := f.server.stop(); code != 0 {
			f.t.Errorf("the host was asked to stop and ended with %d", code)
		}
		f.startHost()
		return "host stopped"
	},
	func(f *faultWorld) string {
		f.code.kill()
		f.pause(time.Second)
		f.startCode()
		return "user code killed"
	},
	func(f *faultWorld) string { f.code.stop(); f.startCode(); return "user code stopped" },
	func(f *faultWorld) string {
		pid, id := f.worker()
		if pid == 0 {
			return ""
		}
		f.excused[id] = true
		_ = syscall.Kill(pid, syscall.SIGKILL)
		return "worker killed"
	},
	func(f *faultWorld) string {
		pid, _ := f.worker()
		if pid == 0 {
			return ""
		}
		return f.still("worker", pid)
	},
	func(f *faultWorld) string { return f.still("host", f.server.cmd.Process.Pid) },
	func(f *faultWorld) string { return f.still("user code", f.code.cmd.Process.Pid) },
	func(f *faultWorld) string { f.toHost.cut(); return "connections of workers cut" },
	func(f *faultWorld) string { f.toCode.cut(); return "connections of the host cut" },
	func(f *faultWorld) string {
		f.toHost.freeze()
		f.pause(2 * time.Second)
		if f.random.IntN(2) == 0 {
			f.toHost.cut()
		}
		f.toHost.thaw()
		return "connections of workers frozen"
	},
	func(f *faultWorld) string {
		f.toCode.freeze()
		f.pause(2 * time.Second)
		f.toCode.thaw()
		return "connections of the host frozen"
	},
}

// still lets a process stand still for a while.
func (f *faultWorld) still(what string, pid int) string {
	f.stand(pid)
	f.pause(2 * time.Second)
	f.thaw()
	return what + " stood still"
}

func (f *faultWorld) faults(n int) (did []string) {
	f.t.Helper()
	for range n {
		f.pause(300 * time.Millisecond)
		for _, r := range f.live() {
			if r.cancels && f.random.IntN(2) == 0 {
				_, _ = f.call("RunService/CancelRun", fmt.Sprintf(`{"id": %q, "force": %t}`, r.id, f.random.IntN(4) == 0)) // it may have ended
			}
		}
		if live := f.live(); len(live) > 0 {
			f.look(live[f.random.IntN(len(live))])
		}
		if what := faults[f.random.IntN(len(faults))](f); what != "" {
			did = append(did, what)
		}
	}
	return did
}
