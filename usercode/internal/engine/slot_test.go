package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// heldSlots grants slots as the test says, and knows who has one.
type heldSlots struct {
	mu      sync.Mutex
	free    map[string]int // slots of each pool that are free; one that is not in it refuses
	waiting []wantedSlot
	held    map[Slot]bool
	most    map[string]int
	// released counts slots that were given back.
	released int
}

type wantedSlot struct {
	Slot

	granted func(error)
}

func newHeldSlots(free map[string]int) *heldSlots {
	return &heldSlots{free: free, held: map[Slot]bool{}, most: map[string]int{}}
}

func (h *heldSlots) Want(slot Slot, granted func(error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.free[slot.Pool]; !ok {
		granted(errors.New("no such pool"))
		return
	}
	h.waiting = append(h.waiting, wantedSlot{slot, granted})
	h.deal()
}

func (h *heldSlots) Release(slot Slot) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting = slices.DeleteFunc(h.waiting, func(w wantedSlot) bool { return w.Slot == slot })
	if h.held[slot] {
		delete(h.held, slot)
		h.free[slot.Pool]++
		h.released++
	}
	h.deal()
}

func (h *heldSlots) deal() {
	var rest []wantedSlot
	for _, w := range h.waiting {
		if h.free[w.Pool] == 0 {
			rest = append(rest, w)
			continue
		}
		h.free[w.Pool]--
		h.held[w.Slot] = true
		n := 0
		for s := range h.held {
			if s.Pool == w.Pool {
				n++
			}
		}
		h.most[w.Pool] = max(h.most[w.Pool], n)
		w.granted(nil)
	}
	h.waiting = rest
}

// add makes slots free.
func (h *heldSlots) add(pool string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free[pool] += n
	h.deal()
}

func (h *heldSlots) wantNoneHeld(t rapid.TB) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.held) != 0 || len(h.waiting) != 0 {
		t.Errorf("at the end of the run: held %v, %d wait", h.held, len(h.waiting))
	}
}

func pooled(n *spec.Node, pool string) *spec.Node {
	n.Op.Pool = pool
	return n
}

func TestAnOpWaitsForItsSlotAndHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slots := newHeldSlots(map[string]int{"db": 0, "free": 9})
		a := attempt(
			pooled(place("one", constant(1)), "db"), pooled(place("two", constant(1)), "db"),
			pooled(place("other", constant(1)), "free"), place("none", constant(1)),
		)
		a.Job.MaxConcurrent = 1
		time.AfterFunc(5*time.Second, func() { slots.add("db", 1) })
		r, finished := execute(t, t.Context(), a, Options{Slots: slots})
		if finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS {
			t.Fatalf("ended with %v", finished)
		}
		story := r.story()
		at := func(line string) int {
			i := slices.Index(story, line)
			if i < 0 {
				t.Fatalf("no %q in %q", line, story)
			}
			return i
		}
		if at("none op_finished SUCCESS") > at("one op_started") || at("other op_finished SUCCESS") > at("one op_started") {
			t.Errorf("ops that wait for a slot hold up others: %q", story)
		}
		if at("one op_waiting") > at("one op_started") {
			t.Errorf("it is not told in time that it waits: %q", story)
		}
		if slots.most["db"] != 1 || at("one op_finished SUCCESS") > at("two op_started") {
			t.Errorf("two ops had one slot: %q", story)
		}
		slots.wantNoneHeld(t)
	})
}

func TestSlotsAreGivenBack(t *testing.T) {
	deaf := func(done <-chan struct{}) runFunc {
		return func(context.Context, []any) (any, error) { <-done; return nil, nil }
	}
	for name, c := range map[string]func(t *testing.T, slots *heldSlots){
		"BetweenTheAttemptsOfARetry": func(t *testing.T, slots *heldSlots) {
			a := attempt(
				retried(pooled(place("flaky", failing(2, 7)), "db"), spec.Retry{Max: 3, Delay: 10 * time.Second}),
				pooled(place("other", func(ctx context.Context, _ []any) (any, error) {
					time.Sleep(time.Second) //nolint:forbidigo // in a bubble
					return 1, ctx.Err()
				}), "db"),
			)
			_, finished := execute(t, t.Context(), a, Options{Slots: slots, Limit: 4})
			if finished.GetOutcome() != workerv1.Outcome_OUTCOME_SUCCESS || slots.released != 4 {
				t.Errorf("ended with %v, %d slots were given back; want 4", finished.GetOutcome(), slots.released)
			}
		},
		"OfACanceledRun": func(t *testing.T, slots *heldSlots) {
			ctx, cancel := context.WithCancel(t.Context())
			a := attempt(pooled(place("runs", func(ctx context.Context, _ []any) (any, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			}), "db"), pooled(place("waits", constant(1)), "db"))
			time.AfterFunc(time.Minute, cancel)
			_, finished := execute(t, ctx, a, Options{Slots: slots, Limit: 4})
			if finished.GetOutcome() != workerv1.Outcome_OUTCOME_CANCELED {
				t.Errorf("ended with %v", finished.GetOutcome())
			}
		},
		"ByAFunctionThatWasLeftBehindWhenItReturns": func(t *testing.T, slots *heldSlots) {
			done := make(chan struct{})
			var second time.Duration
			began := time.Now()
			a := attempt(
				limited(pooled(place("deaf", deaf(done)), "db"), time.Second),
				pooled(place("second", func(context.Context, []any) (any, error) { second = time.Since(began); return 1, nil }), "db"),
			)
			time.AfterFunc(time.Minute, func() { close(done) })
			_, finished := execute(t, t.Context(), a, Options{Slots: slots, Limit: 4})
			if finished.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE || second != time.Minute {
				t.Errorf("ended with %v, the second op started after %v", finished.GetOutcome(), second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				slots := newHeldSlots(map[string]int{"db": 1})
				c(t, slots)
				slots.wantNoneHeld(t)
			})
		})
	}
}

func TestAnOpWhoseSlotIsRefusedFails(t *testing.T) {
	slots := newHeldSlots(nil)
	r, finished := execute(t, t.Context(), attempt(pooled(place("op", constant(1)), "db"), place("after", constant(1), "op")), Options{Slots: slots})
	if got := r.finishedOf(t, "op").GetFailure(); got.GetReason() != "pool" || got.GetMessage() != "no such pool" {
		t.Errorf("failure: got %v", got)
	}
	if got := outcome(r.finishedOf(t, "after").GetOutcome()); got != "SKIPPED" || finished.GetOutcome() != workerv1.Outcome_OUTCOME_FAILURE {
		t.Errorf("what needs it is %s, the run %v", got, finished.GetOutcome())
	}
}

// TestSlotsOfAnyRun lets ops of several pools run, fail and be tried again, and runs be canceled: a pool is never over its
// slots, and in the end every slot is back.
func TestSlotsOfAnyRun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		free := map[string]int{"a": rapid.IntRange(1, 3).Draw(rt, "slots of a"), "b": rapid.IntRange(1, 3).Draw(rt, "slots of b")}
		most := map[string]int{"a": free["a"], "b": free["b"]}
		slots := newHeldSlots(free)
		var nodes []*spec.Node
		for i := range rapid.IntRange(1, 12).Draw(rt, "ops") {
			n := place(fmt.Sprint("op", i), failing(rapid.IntRange(0, 2).Draw(rt, "failures"), i))
			if rapid.Bool().Draw(rt, "retried") {
				retried(n, spec.Retry{Max: 1})
			}
			nodes = append(nodes, pooled(n, rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "pool")))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		a := attempt(nodes...)
		r := &recorder{}
		events, stop := 0, rapid.IntRange(1, 40).Draw(rt, "canceled at")
		Run(ctx, a, func(ev *workerv1.Event) {
			r.sink(ev)
			if events++; events == stop {
				cancel()
			}
		}, Options{Slots: slots, Limit: rapid.IntRange(1, 4).Draw(rt, "limit")})
		r.check(rt)
		slots.wantNoneHeld(rt)
		for pool, n := range slots.most {
			if n > most[pool] {
				rt.Errorf("%d ops had slots of pool %s, which has %d", n, pool, most[pool])
			}
		}
	})
}

// A turn with many thousands of a map that wait does not look at each again.
func TestATurnIsAsCheapWhenManyWaitForASlot(t *testing.T) {
	cost := func(waiting int) float64 {
		s := &schedule{opts: Options{Limit: 1, Slots: newHeldSlots(map[string]int{"db": 0})}}
		s.slots.asked = map[string]int{"db": 1}
		for i := range waiting {
			s.slots.push(&step{path: fmt.Sprint(i), op: &spec.Op{Pool: "db"}, place: &placement{index: i}, frame: &frame{}})
		}
		return testing.AllocsPerRun(10, func() { s.askForSlots(t.Context()) })
	}
	if one, many := cost(1), cost(5000); many > one {
		t.Errorf("a turn costs %v allocations when one op waits, and %v when 5,000 do", one, many)
	}
}
