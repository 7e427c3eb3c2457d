package attempt_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

// TestAnyInterleaving lets processes ask for grants, report, repeat themselves, lose replies and die, lets people cancel
// and hosts crash and come back, in any order, also between any two steps of one another. Whatever happens:
//
//   - a grant of an attempt reaches at most one process, the one that the run names;
//   - a run's status moves only along the table, final is final, and an attempt that was granted is the last;
//   - the worker events of an attempt that are stored are the first n that its process made, each once;
//   - what was acknowledged is stored, and a result that is stored has ended its run;
//   - a worker with a stream hears of a cancel and of the end;
//   - once everybody has had the time, no run is in progress.
func TestAnyInterleaving(t *testing.T) {
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		w := &world{
			t: rt, ctx: t.Context(), path: filepath.Join(t.TempDir(), fmt.Sprint(n)),
			clock:     &handClock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)},
			committed: committed{known: map[host.RunID]host.Run{}, grants: map[attemptOf]string{}},
		}
		w.open()
		defer w.close()
		w.launch()
		w.start()
		for range 60 {
			w.act(steps)
			if w.crashed {
				w.restart()
			}
			w.check()
		}
		w.settle()
	})
}

// world is a host with a real store, and the processes that its runs were given.
type world struct {
	t    *rapid.T
	ctx  context.Context
	path string

	clock    *handClock
	store    *boltstore.Store
	sessions *attempt.Sessions
	queue    *queue.Queue

	runs      []*simRun
	processes []*process

	// depth counts actions within actions. crashed is set from a crash to the restart. quiet ends all mishaps.
	depth          int
	crashed, quiet bool

	committed
}

// steps are what happens, with those that a run's life is made of more often. Each answers whether there was anything
// to do.
var steps = []func(*world) bool{
	(*world).launch, (*world).start, (*world).start, (*world).anotherProcess, (*world).takeBack,
	(*world).attach, (*world).attach, (*world).attach, (*world).take, (*world).take, (*world).breakStream,
	(*world).make, (*world).make, (*world).send, (*world).send, (*world).send, (*world).finish, (*world).die,
	(*world).cancel, (*world).pass, (*world).delete, (*world).stop,
}

// stepsBetween are what may happen between two steps of one of those. A stop waits for what is under way, so it is none.
var stepsBetween = []func(*world) bool{
	(*world).attach, (*world).attach, (*world).cancel, (*world).cancel, (*world).send, (*world).pass, (*world).finish,
	(*world).takeBack, (*world).take, (*world).breakStream, (*world).die, (*world).delete,
}

// act does one of the steps, the first from a place drawn at which there is anything to do.
func (w *world) act(steps []func(*world) bool) {
	from := rapid.IntRange(0, len(steps)-1).Draw(w.t, "step")
	for i := range steps {
		if steps[(from+i)%len(steps)](w) {
			return
		}
	}
}

// meanwhile may let something happen between two steps of what happens.
func (w *world) meanwhile() {
	if w.depth > 1 || w.crashed || w.quiet {
		return
	}
	switch n := rapid.IntRange(0, 9).Draw(w.t, "meanwhile"); {
	case n == 9:
		w.crashed = true
	case n > 5:
		w.depth++
		defer func() { w.depth-- }()
		w.act(stepsBetween)
	}
}

func (w *world) open() {
	var err error
	log := slog.New(slog.DiscardHandler)
	w.store, err = boltstore.Open(w.path, &boltstore.Options{Clock: w.clock, Logger: log, OnChange: w.observe})
	if err != nil {
		w.t.Fatal(err)
	}
	seam := &seam{Store: w.store, w: w}
	w.sessions = attempt.New(attempt.Options{Store: seam, Launcher: w, Clock: w.clock, Logger: log})
	// Nobody else is there yet, and a crash before the first answer is one before the start.
	quiet := w.quiet
	w.quiet = true
	if err := w.sessions.Start(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	w.quiet = quiet
	w.queue = queue.New(queue.Options{Store: seam, Launcher: w, Sessions: w.sessions, Clock: w.clock, Logger: log})
}

func (w *world) close() {
	w.sessions.Stop()
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
}

// stop is a restart by will.
func (w *world) stop() bool {
	w.restart()
	return true
}

// restart ends the host, if it has not crashed by itself, and starts it again. Streams do not survive.
func (w *world) restart() {
	w.close()
	for _, p := range w.processes {
		p.streams = nil
	}
	w.crashed = false
	w.open()
}

// check compares what is stored with what was promised.
func (w *world) check() {
	for _, fault := range w.takeFaults() {
		w.t.Fatal(fault)
	}
	for _, r := range w.runs {
		if r.deleted {
			continue
		}
		run, err := w.store.Run(w.ctx, r.id)
		if err != nil {
			w.t.Fatal(err)
		}
		w.checkEvents(r, &run)
		w.checkWorker(&run)
	}
}

// checkEvents looks at what is stored of each attempt's process.
func (w *world) checkEvents(r *simRun, run *host.Run) {
	list, err := w.store.Events(w.ctx, r.id, host.Cursor{}, 1<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	stored := map[uint32]uint64{}
	var last []byte
	for _, e := range list {
		if e.Cursor.Note > 0 {
			continue
		}
		p := w.process(w.grants[attemptOf{r.id, e.Cursor.Attempt}])
		if n := stored[e.Cursor.Attempt] + 1; p == nil || e.Cursor.Seq != n || uint64(len(p.made)) < n || string(e.Data) != string(p.made[n-1]) {
			w.t.Fatalf("run %s: event %s after %d is not what its process made", r.id, e.Cursor, n-1)
		}
		stored[e.Cursor.Attempt]++
		last = e.Data
	}
	for _, p := range w.processes {
		if n := stored[p.attempt]; p.run == r && p.acked > n {
			w.t.Fatalf("run %s: %s was told that %d events are stored, and %d are", r.id, p.id, p.acked, n)
		}
	}
	if end := resultOf(last); end != "" {
		reason, _ := run.Tag("penstock/failure_reason")
		fits := run.Status == end || run.Status == host.Canceled || reason == "worker_lost"
		if !run.Status.Final() || !fits || reason == "no_result" {
			w.t.Fatalf("run %s: its worker reported %s and that is stored, but it is %s %s", r.id, end, run.Status, reason)
		}
	}
}

// checkWorker looks at what the worker of a run that is to end, or has ended, was told.
func (w *world) checkWorker(run *host.Run) {
	p := w.process(run.Current.WorkerID)
	if p == nil || len(p.streams) == 0 || run.Status == host.Started {
		return
	}
	s := p.streams[len(p.streams)-1]
	w.deliver(p, s)
	switch {
	case s.ended:
	case run.Status == host.Canceling && !s.canceled:
		w.t.Fatalf("run %s is CANCELING, and its worker was not told", run.ID)
	case run.Status.Final() && !p.over:
		w.t.Fatalf("run %s is %s, and its worker was not told", run.ID, run.Status)
	}
}

// settle gives everybody the time to come to an end.
func (w *world) settle() {
	w.quiet = true
	w.restart()
	for _, p := range w.processes {
		w.bringHome(p)
	}
	for range 5 {
		w.clock.advance(time.Minute)
		w.sessions.Look(w.ctx)
	}
	w.check()
	open, err := w.store.OpenRuns(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range open {
		if s := open[i].Status; s == host.Started || s == host.Canceling {
			w.t.Fatalf("run %s is %s for ever", open[i].ID, s)
		}
	}
	if n := w.sessions.Live(); n != 0 {
		w.t.Fatalf("%d runs are followed for ever", n)
	}
}
