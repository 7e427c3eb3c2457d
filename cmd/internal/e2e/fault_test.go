package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// TestFaults puts load on real processes, and ends them, stops them, cuts their connections and fills their disk meanwhile.
// Whatever happens: user code starts at most once for each attempt, what was stored stays and stays in order, no run that
// was launched is lost, and none is stuck once the faults are over. What failed is retried once if that was asked for, and
// can be executed again from where it failed, with what is stored.
func TestFaults(t *testing.T) {
	t.Parallel()
	rounds, seed := number(t, roundsVariable, shortRounds), number(t, seedVariable, int(time.Now().UnixNano()&0xffffff))
	t.Logf("%s=%d %s=%d", seedVariable, seed, roundsVariable, rounds)
	f := newFaultWorld(t)
	f.short = rounds <= shortRounds
	round, total := 0, map[string]int{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d, round %d, after: %s", seed, round, strings.Join(f.did, ", "))
		}
	})
	for ; round < rounds; round++ {
		f.random = rand.New(rand.NewPCG(uint64(seed), uint64(round)))
		f.did, f.ends = nil, ""
		begun := time.Now()
		if f.round(round); t.Failed() {
			return
		}
		t.Logf("round %d, %d runs in %s: %s", round, len(f.runs), time.Since(begun).Round(time.Millisecond), strings.Join(f.did, ", "))
		for _, what := range f.did {
			total[what]++
		}
	}
	t.Logf("%d rounds of seed %d: %v", rounds, seed, total)
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

// round launches runs, does some faults to them, repairs everything, looks at what has become of them, and executes again
// what failed. Each of the kinds that need more than a fault comes once in eight rounds at least.
func (f *faultWorld) round(round int) {
	f.t.Helper()
	clear(f.runs)
	f.prefix = fmt.Sprintf("fault-%s-%04d", filepath.Base(f.dir), round)
	kind := round % shortRounds
	if kind%2 == 0 && !f.short {
		kind = f.random.IntN(2 * shortRounds)
	}
	switch kind {
	case 1:
		f.fillSpool()
	case 3:
		f.cutStarts()
	case 5:
		f.killRetried()
	}
	launches := 3 + f.random.IntN(4)
	for i := range launches {
		if i == launches/2 { // faults come while runs are launched, queued and executed
			f.faults(2)
		}
		f.launchFaulty(f.someRun())
	}
	f.faults(1 + f.random.IntN(4))
	f.repair()
	f.settle()
	f.check()
	f.executeAgain()
}
