package attempt_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// poolWorker is a worker that takes slots, as the one of usercode does.
type poolWorker struct {
	f       *fixture
	id      host.RunID
	session *attempt.Session
	granted bool // the attempt was
	slots   []*workerv1.Slots_Slot
	events  uint64
}

func (f *fixture) poolWorker() *poolWorker {
	f.t.Helper()
	w := &poolWorker{f: f, id: f.starting()}
	w.attach()
	return w
}

// attach opens a stream, and says what it has.
func (w *poolWorker) attach() {
	w.f.t.Helper()
	h := hello(w.id, "worker of "+string(w.id)[:30])
	h.WantGrant, h.Slots = !w.granted, &workerv1.Slots{Slots: w.slots}
	session, err := w.f.sessions.Attach(w.f.t.Context(), token, h)
	if err != nil {
		w.f.t.Fatal(err)
	}
	w.session, w.granted = session, true
	w.listen()
}

// listen takes the slots that it is granted, and answers whether it took any.
func (w *poolWorker) listen() {
	if w.session == nil {
		return
	}
	took := false
	out, _ := w.session.Take()
	for _, m := range out {
		for _, g := range m.GetSlotGrants().GetGrants() {
			for _, s := range w.slots {
				if s.GetOpPath() == g.GetOpPath() && s.GetOpAttempt() == g.GetOpAttempt() && !s.GetHeld() {
					s.Held, took = true, true
				}
			}
		}
	}
	if took {
		w.say()
	}
}

// say tells the host its slots.
func (w *poolWorker) say() {
	w.f.t.Helper()
	if w.session == nil {
		return
	}
	said := &workerv1.Slots{}
	for _, s := range w.slots {
		said.Slots = append(said.Slots, &workerv1.Slots_Slot{OpPath: s.GetOpPath(), OpAttempt: s.GetOpAttempt(), Pool: s.GetPool(), Held: s.GetHeld()})
	}
	if err := w.session.Receive(w.f.t.Context(), &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Slots{Slots: said}}); err != nil {
		w.f.t.Fatal(err)
	}
	w.listen()
}

func (w *poolWorker) want(op, pool string) {
	w.f.t.Helper()
	w.slots = append(w.slots, &workerv1.Slots_Slot{OpPath: op, OpAttempt: 1, Pool: pool})
	w.say()
}

func (w *poolWorker) release(op string) {
	w.f.t.Helper()
	w.slots = slices.DeleteFunc(w.slots, func(s *workerv1.Slots_Slot) bool { return s.GetOpPath() == op })
	w.say()
}

// has are the slots that it has of a pool.
func (w *poolWorker) has(pool string) (n int) {
	for _, s := range w.slots {
		if s.GetPool() == pool && s.GetHeld() {
			n++
		}
	}
	return n
}

// end reports the end of the run, at which its ops have ended.
func (w *poolWorker) end() {
	w.f.t.Helper()
	w.slots = nil
	if err := w.session.Receive(w.f.t.Context(), events(w.events+1, ended(workerv1.Outcome_OUTCOME_SUCCESS, "", ""))); err != nil {
		w.f.t.Fatal(err)
	}
}

func wantHas(t *testing.T, w *poolWorker, pool string, want int) {
	t.Helper()
	w.listen()
	if got := w.has(pool); got != want {
		t.Errorf("%s has %d slots of pool %s, want %d", w.id, got, pool, want)
	}
}

func TestSlotsArePassedOn(t *testing.T) {
	f := newFixture(t)
	f.sessions.SetPools([]host.Pool{{Name: "db", Slots: 1}})
	a, b := f.poolWorker(), f.poolWorker()
	a.want("load", "db")
	b.want("load", "db")
	b.want("other", "unlimited")
	wantHas(t, a, "db", 1)
	wantHas(t, b, "db", 0)
	wantHas(t, b, "unlimited", 1)

	a.release("load")
	wantHas(t, b, "db", 1)
	a.want("again", "db")
	b.end() // without a word of its slot
	wantHas(t, a, "db", 1)

	c := f.poolWorker()
	c.want("first", "db")
	c.want("second", "db")
	f.sessions.SetPools([]host.Pool{{Name: "db", Slots: 3}})
	wantHas(t, c, "db", 2)
	f.sessions.SetPools([]host.Pool{{Name: "db", Slots: 0}})
	wantHas(t, c, "db", 2) // what it has it keeps
	if got := f.sessions.Pools(); len(got) != 1 || got[0].Taken != 3 || got[0].Waiting != 0 || got[0].Slots != 0 || !got[0].Configured {
		t.Errorf("pools: got %+v", got)
	}
}

func TestARunOfHigherPriorityGetsItsSlotFirst(t *testing.T) {
	f := newFixture(t)
	f.sessions.SetPools([]host.Pool{{Name: "db", Slots: 1}})
	first := f.poolWorker()
	first.want("load", "db")
	low := f.poolWorker()
	low.want("load", "db")
	high := &poolWorker{f: f, id: f.starting()}
	f.setTag(high.id, "penstock/priority", "5")
	high.attach()
	high.want("load", "db")
	first.release("load")
	wantHas(t, high, "db", 1)
	wantHas(t, low, "db", 0)
}

func TestNoSlotIsGrantedTwiceAcrossARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		pools := []host.Pool{{Name: "db", Slots: 1}}
		f.sessions.SetPools(pools)
		a, quiet := f.poolWorker(), f.poolWorker()
		a.want("load", "db")
		wantHas(t, a, "db", 1)

		f.restart()
		f.sessions.SetPools(pools)
		a.session, quiet.session = nil, nil
		b := f.poolWorker()
		b.want("load", "db")
		wantHas(t, b, "db", 0) // a and the other have not said what they have
		if got := f.sessions.Pools(); len(got) != 1 || got[0].Unheard != 2 || got[0].Waiting != 1 {
			t.Errorf("pools: got %+v", got)
		}
		a.attach()
		wantHas(t, b, "db", 0)
		a.release("load")
		wantHas(t, b, "db", 0) // one run is silent still
		f.launcher.state = host.WorkerState{Phase: host.WorkerRunning}
		for range 70 { // both that have a stream speak
			pass(time.Second)
			for _, w := range []*poolWorker{a, b} {
				if err := w.session.Receive(t.Context(), &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Heartbeat{}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		if run := f.run(quiet.id); run.Status != host.Failure {
			t.Fatalf("the silent run is %s", run.Status)
		}
		wantHas(t, b, "db", 1)
	})
}

// TestSlotsAreNeverTakenTwice lets workers want, take and give back slots, lose their streams, end, and hosts crash, in any
// order: the slots that workers have are never more than there are, and what is given back is granted.
func TestSlotsAreNeverTakenTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t)
		most := map[string]int{"a": rapid.IntRange(0, 2).Draw(rt, "a"), "b": rapid.IntRange(1, 3).Draw(rt, "b")}
		pools := []host.Pool{{Name: "a", Slots: most["a"]}, {Name: "b", Slots: most["b"]}}
		f.sessions.SetPools(pools)
		var workers []*poolWorker
		ops := 0
		check := func() {
			for pool, n := range most {
				has := 0
				for _, w := range workers {
					has += w.has(pool)
				}
				if has > n {
					rt.Fatalf("workers have %d slots of pool %s, which has %d", has, pool, n)
				}
			}
		}
		pick := func() *poolWorker {
			if len(workers) == 0 {
				return nil
			}
			return workers[rapid.IntRange(0, len(workers)-1).Draw(rt, "worker")]
		}
		for range 40 {
			w := pick()
			switch what := rapid.IntRange(0, 6).Draw(rt, "step"); {
			case w == nil || what == 0 && len(workers) < 5:
				workers = append(workers, f.poolWorker())
			case what == 1 || what == 2:
				ops++
				w.want(fmt.Sprint("op", ops), rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "pool"))
			case what == 3 && len(w.slots) > 0:
				w.release(w.slots[rapid.IntRange(0, len(w.slots)-1).Draw(rt, "slot")].GetOpPath())
			case what == 4 && w.session != nil: // the stream breaks; what is on its way is lost or not
				if rapid.Bool().Draw(rt, "heard") {
					w.listen()
				}
				w.session.Close()
				w.session = nil
			case what == 5 && w.session == nil:
				w.attach()
			case what == 6 && rapid.IntRange(0, 3).Draw(rt, "crash") == 0:
				f.restart()
				f.sessions.SetPools(pools)
				for _, w := range workers {
					w.session = nil
				}
			case what == 6 && w.session != nil:
				w.end()
				workers = slices.DeleteFunc(workers, func(x *poolWorker) bool { return x == w })
			}
			for _, w := range workers {
				if rapid.Bool().Draw(rt, "hears") {
					w.listen()
				}
			}
			check()
		}
		// Once all have come back and heard, no slot is free that somebody waits for.
		for range 2 {
			for _, w := range workers {
				if w.session == nil {
					w.attach()
				}
				w.listen()
			}
		}
		check()
		for _, p := range f.sessions.Pools() {
			has, waits := 0, 0
			for _, w := range workers {
				has += w.has(p.Name)
				for _, s := range w.slots {
					if s.GetPool() == p.Name && !s.GetHeld() {
						waits++
					}
				}
			}
			if has != p.Taken || waits != p.Waiting || waits > 0 && has < p.Slots {
				rt.Fatalf("workers have %d slots of pool %s and wait for %d; the host says %+v", has, p.Name, waits, p)
			}
		}
		f.close()
	})
}
