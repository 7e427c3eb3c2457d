package queue_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Variables of the host that TestSlotsSurviveKilledHosts kills: the directory of its store, and which one it is.
const (
	crashStore = "PENSTOCK_QUEUE_TEST_STORE"
	crashRound = "PENSTOCK_QUEUE_TEST_ROUND"
)

const (
	crashMost, crashProd = 6, 3
	// crashRuns is how many runs each host adds.
	crashRuns = 40
)

// crashLimits are those of the hosts of the test.
func crashLimits(t testing.TB) []host.Limit {
	t.Helper()
	prod, problems := host.NewLimit("prod", "env=prod", "", crashProd)
	each, more := host.NewLimit("each", "", "customer", 1)
	if len(problems)+len(more) > 0 {
		t.Fatal(problems, more)
	}
	return []host.Limit{prod, each}
}

// newCrashed is a queue over the store of killed hosts.
func newCrashed(t testing.TB, path string, short *shortRuns) *fixture {
	t.Helper()
	f := newFixture(t, crashMost)
	f.close()
	f.path, f.workers = path, short
	f.open()
	short.store = f.store
	f.queue.SetLimits(crashLimits(t))
	return f
}

// TestCrashedHost is a host that others kill: it adds runs, starts what it can, and ends runs of the hosts before it, as
// their workers would.
func TestCrashedHost(t *testing.T) {
	path := os.Getenv(crashStore)
	if path == "" {
		t.Skip("it is started by TestSlotsSurviveKilledHosts")
	}
	work := func(host.RunID) { <-time.After(10 * time.Millisecond) } // what a worker takes, so that slots are scarce
	short := &shortRuns{asked: func(host.RunID) {}, ended: work}
	f := newCrashed(t, path, short)
	before, err := f.store.OpenRuns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.start()
	fmt.Fprintln(os.Stdout, "ready")
	short.workers.Go(func() {
		for i := range before {
			switch run := &before[i]; {
			case run.Status == host.Starting && short.become(run.ID, host.Started) != nil, !run.Status.InProgress():
			default:
				_ = short.become(run.ID, host.Success) // another end came first
			}
		}
	})
	submit := func(i int) {
		tags := []tag.Tag{{Key: "customer", Value: strconv.Itoa(i % 9)}}
		if i%3 == 0 {
			tags = append(tags, tag.Tag{Key: "env", Value: "prod"})
		}
		if _, err := f.queue.Submit(t.Context(), launch.Request{
			RequestID: fmt.Sprintf("request-of-the-test-%s-%d", os.Getenv(crashRound), i), Job: "my_job_with_tags", Tags: tags,
		}); err != nil {
			t.Error(err)
		}
	}
	for first := range 8 {
		short.workers.Go(func() {
			for i := first; i < crashRuns; i += 8 {
				submit(i)
			}
		})
	}
	<-t.Context().Done()
}

// TestSlotsSurviveKilledHosts kills hosts at random points while runs come, start and end. Whenever one is dead, no more runs
// are in progress than each limit allows, and a queue that starts over the store gives its slots to just these. In the
// end all runs have ended, and nobody has a slot.
func TestSlotsSurviveKilledHosts(t *testing.T) {
	const hosts = 8
	path := t.TempDir() + "/data"
	random := rand.New(rand.NewPCG(6, uint64(time.Now().UnixNano())))
	for round := range hosts {
		after := time.Duration(random.Int64N(int64(250 * time.Millisecond)))
		killCrashed(t, path, round, after)
		checkSlots(t, path, fmt.Sprintf("host %d, killed after %s", round, after))
	}
	short := &shortRuns{asked: func(host.RunID) {}, ended: func(host.RunID) {}}
	f := newCrashed(t, path, short)
	open, err := f.store.OpenRuns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(open) == 0 {
		t.Log("all runs had ended already")
	}
	f.start()
	for i := range open {
		if run := &open[i]; run.Status.InProgress() {
			if run.Status == host.Starting {
				_ = short.become(run.ID, host.Started)
			}
			_ = short.become(run.ID, host.Success)
		}
	}
	for i := range open {
		f.awaitRun(open[i].ID, func(r *host.Run) bool { return r.Status.Final() })
	}
	short.workers.Wait()
	f.queue.Stop()
	checkFixture(t, f, "the end", 0)
}

// killCrashed starts a host, and kills it so long after it was ready.
func killCrashed(t *testing.T, path string, round int, after time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashedHost$")
	cmd.Env = append(os.Environ(), crashStore+"="+path, crashRound+"="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	first := make([]byte, len("ready\n"))
	_, err = out.Read(first)
	if string(first) == "ready\n" {
		<-time.After(after) // the moment is random, nothing is waited for
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if err != nil || string(first) != "ready\n" {
		t.Fatalf("the host says %q, %v", first, err)
	}
}

// checkSlots looks at what a killed host left.
func checkSlots(t *testing.T, path, what string) {
	t.Helper()
	t.Run("Check", func(t *testing.T) {
		f := newCrashed(t, path, &shortRuns{asked: func(host.RunID) {}, ended: func(host.RunID) {}})
		f.queue.SetMaxInProgress(0) // so that nothing is started meanwhile
		f.start()
		checkFixture(t, f, what, crashMost)
	})
}

// checkFixture compares slots with the runs in progress, and both with the limits.
func checkFixture(t *testing.T, f *fixture, what string, most int) {
	t.Helper()
	open, err := f.store.OpenRuns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]int{}
	for i := range open {
		run := &open[i]
		if !run.Status.InProgress() {
			continue
		}
		taken["all"]++
		if env, _ := run.Tag("env"); env == "prod" {
			taken["prod"]++
		}
		customer, _ := run.Tag("customer")
		if taken[customer]++; taken[customer] > 1 {
			t.Errorf("%s: %d runs of customer %s are in progress", what, taken[customer], customer)
		}
	}
	if taken["all"] > most || taken["prod"] > crashProd {
		t.Errorf("%s: %d runs are in progress, %d of env=prod; at most %d and %d", what, taken["all"], taken["prod"], most, crashProd)
	}
	if got := f.queue.Status().InProgress; got != taken["all"] {
		t.Errorf("%s: the queue has given %d slots, and %d runs are in progress", what, got, taken["all"])
	}
	for _, l := range f.queue.Limits() {
		want := taken["prod"]
		if l.Name == "each" {
			want = taken["all"]
		}
		if l.InProgress != want {
			t.Errorf("%s: of limit %s %d slots are taken, and %d of its runs are in progress", what, l.Name, l.InProgress, want)
		}
		for _, v := range l.Values {
			if v.InProgress != taken[v.Value] {
				t.Errorf("%s: of customer %s %d slots are taken, and %d of its runs are in progress", what, v.Value, v.InProgress, taken[v.Value])
			}
		}
	}
	t.Logf("%s: %d runs are open, %d in progress", what, len(open), taken["all"])
}
