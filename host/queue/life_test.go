package queue_test

import (
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/retry"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
)

var (
	lifeRounds = flag.Int("life.rounds", 12, "rounds of TestRunsKeepToTheTable")
	lifeSteps  = flag.Int("life.steps", 120, "steps of each of its rounds")
	lifeSeed   = flag.Uint64("life.seed", 0, "seed of its first round, those of the others follow; 0 draws one")
)

// TestRunsKeepToTheTable runs a whole host but for its network: queue, sessions, retries and a real store, in time that
// passes when nothing moves. Launchers that accept, refuse, lose replies and hang, processes that ask for grants, report,
// repeat themselves and die, people who cancel and delete, tags that retry and limit, and crashes of the host between any
// two calls to the store come in any order. Whatever happens:
//
//   - a run's status moves only along the table, final is final, and an attempt that was granted is the last;
//   - user code starts at most once for an attempt;
//   - what was acknowledged is stored, once and in order;
//   - a run that fails is retried as often as its tags say, by one child for each, unless a person says no;
//   - once the faults stop, every run becomes final.
//
// The name of a round is its seed.
func TestRunsKeepToTheTable(t *testing.T) {
	seed := *lifeSeed
	if seed == 0 {
		seed = rand.Uint64N(1 << 32)
	}
	code := lifeWorkspace(t)
	for i := range uint64(*lifeRounds) {
		t.Run(fmt.Sprintf("seed=%d", seed+i), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "data")
			synctest.Test(t, func(t *testing.T) {
				w := &life{
					t: t, path: path, code: code, chance: rand.New(rand.NewPCG(seed+i, 0)),
					table: newTable(),
				}
				w.open()
				defer func() { w.close() }()
				for range *lifeSteps {
					w.step()
					w.check()
				}
				w.settle()
			})
		})
	}
}

// lifeWorkspace has the jobs of a real peer. It is outside of the time of the test, and stands still.
func lifeWorkspace(t *testing.T) *workspace.Workspace {
	t.Helper()
	peer := hosttest.Start(t, hosttest.Current())
	w, err := workspace.New(workspace.Options{
		Locations: []host.LocationConfig{{Name: "etl", Address: peer.Address()}},
		Clock:     hosttest.NewClock(), ProbeInterval: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	changes := w.Watch()
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { changes.Close(); w.Stop() })
	for {
		if l, err := w.Location("etl"); err != nil || l.State == host.LocationReady {
			return w
		}
		select {
		case <-changes.Ready():
			changes.Take()
		case <-time.After(20 * time.Second):
			t.Fatal("the location is not ready after 20 s")
		}
	}
}

// life is a host, and what is around it.
type life struct {
	t    *testing.T
	path string
	code *workspace.Workspace

	store    *crashingStore
	feed     *host.Feed
	sessions *attempt.Sessions
	queue    *queue.Queue
	retrier  *retry.Retrier

	// mu guards what launchers and people share. quiet ends all mishaps.
	mu        sync.Mutex
	chance    *rand.Rand
	quiet     bool
	processes []*process
	// runs were launched by people, with their request ids.
	runs     []launchedRun
	launched int

	table *table
}

type launchedRun struct {
	id      host.RunID
	request launch.Request
}

// oneIn is true once in n times, by chance, and never when all is quiet.
func (w *life) oneIn(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.quiet && w.chance.IntN(n) == 0
}

func (w *life) intN(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chance.IntN(n)
}

// open starts a host, again when it crashes with that.
func (w *life) open() {
	w.t.Helper()
	for err := w.tryOpen(); err != nil; err = w.tryOpen() {
		crashed := w.store.down()
		w.close()
		if !crashed {
			w.t.Fatal(err)
		}
	}
}

func (w *life) tryOpen() error {
	w.t.Helper()
	log := slog.New(slog.DiscardHandler)
	w.feed = &host.Feed{}
	inner, err := boltstore.Open(w.path, &boltstore.Options{Clock: realClock{}, Logger: log, OnChange: func(c host.Change) {
		w.table.observe(c)
		w.feed.Publish(c)
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = &crashingStore{Store: inner, w: w}
	planner := launch.NewPlanner(w.code, w.store, partition.NewSource(w.store, realClock{}, log))
	w.sessions = attempt.New(attempt.Options{Store: w.store, Launcher: w, Clock: realClock{}, Logger: log})
	w.queue = queue.New(queue.Options{
		Store: w.store, Feed: w.feed, Planner: planner, Launcher: w, Sessions: w.sessions, CodeChanged: make(chan struct{}),
		Clock: realClock{}, Logger: log, MaxInProgress: 4,
	})
	w.retrier = retry.New(retry.Options{
		Store: w.store, Feed: w.feed, Submit: w.queue.Submit, Clock: realClock{}, Logger: log,
		WaitForCode: func(string) time.Duration { return 0 },
	})
	for _, start := range []func() error{
		func() error { return w.sessions.Start(w.t.Context()) },
		func() error { return w.queue.Start(w.t.Context()) },
		func() error { return w.retrier.Start(w.t.Context()) },
	} {
		if err := start(); err != nil {
			return err
		}
	}
	return nil
}

func (w *life) close() {
	w.retrier.Stop()
	w.queue.Stop()
	w.sessions.Stop()
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
}

// restart ends the host and starts it again. Streams do not survive.
func (w *life) restart() {
	w.close()
	for _, p := range w.everybody() {
		p.streams = nil
	}
	w.open()
}

// check compares what is stored with what was promised.
func (w *life) check() {
	w.t.Helper()
	if w.store.down() {
		w.restart()
	}
	for _, fault := range w.table.takeFaults() {
		w.t.Fatal(fault)
	}
	for _, p := range w.everybody() {
		if p.acked == 0 || w.table.deleted(p.run) {
			continue
		}
		stored := map[uint64]string{}
		list, err := w.store.Events(w.t.Context(), p.run, host.Cursor{}, 1<<20)
		if host.CodeOf(err) == host.NotFound {
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		last := uint64(0)
		for _, e := range list {
			if e.Cursor.Note > 0 || e.Cursor.Attempt != p.attempt {
				continue
			}
			if last++; e.Cursor.Seq != last {
				w.t.Fatalf("run %s has event %d in place %d", p.run, e.Cursor.Seq, last)
			}
			stored[e.Cursor.Seq] = string(e.Data)
		}
		for seq := uint64(1); seq <= p.acked; seq++ {
			if stored[seq] != string(p.made[seq-1]) {
				w.t.Fatalf("event %d of %s was acknowledged and is stored as %q", seq, p.id, stored[seq])
			}
		}
	}
}

// settle ends all mishaps and gives everybody the time to come to an end.
func (w *life) settle() {
	w.t.Helper()
	w.mu.Lock()
	w.quiet = true
	w.mu.Unlock()
	w.restart()
	for range 60 {
		for _, p := range w.live() {
			w.bringHome(p)
		}
		time.Sleep(30 * time.Second) //nolint:forbidigo // time of the bubble, which passes when nothing moves
		synctest.Wait()
		w.check()
		if open, err := w.store.OpenRuns(w.t.Context()); err != nil || len(open) == 0 && !w.retriesDue() {
			if err != nil {
				w.t.Fatal(err)
			}
			w.table.checkRetries(w.t)
			return
		}
	}
	open, _ := w.store.OpenRuns(w.t.Context())
	for i := range open {
		w.t.Errorf("run %s is %s attempt %d for ever: %q", open[i].ID, open[i].Status, open[i].Attempt, open[i].StatusReason)
	}
	if w.retriesDue() {
		w.t.Error("retries are due for ever")
	}
}

func (w *life) retriesDue() bool {
	due, err := w.store.RunsToRetry(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return len(due) > 0
}
