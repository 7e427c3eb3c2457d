package engine

import (
	"container/heap"
	"context"
	"maps"
	"slices"
	"time"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Slots gives attempts of ops slots of pools, which ops of other runs take, too. Its methods may be called from any
// goroutine and do not block.
type Slots interface {
	// Want asks for a slot. granted is called at most once, on any goroutine and perhaps before Want returns, and never
	// after Release: with nil when the attempt has it, or with why it never will.
	Want(slot Slot, granted func(error))
	// Release gives a slot back, or does not want it any more.
	Release(slot Slot)
}

// Slot is what an attempt of an op has or wants of a pool.
type Slot struct {
	OpPath  string
	Attempt int
	Pool    string
}

// slotState is what an attempt has of its slot.
type slotState int

const (
	slotNone  slotState = iota
	slotAsked           // it waits for the answer
	slotHeld
)

const (
	// maxSlots is how many slots a run has and asks for at a time, of all pools.
	maxSlots = 5000
	// slotPatience is how long an op waits for its slot until it is told that it does.
	slotPatience = time.Second
)

// slotQueue is the ops that could start if they had a slot.
type slotQueue struct {
	// waiting have not asked, of each pool, by the order of ready.
	waiting map[string]*ready
	// asked counts those of each pool that have asked or have a slot and do not run yet; all has all that asked or have one.
	asked map[string]int
	all   int
}

func (q *slotQueue) push(step *step) {
	if q.waiting == nil {
		q.waiting = map[string]*ready{}
	}
	waiting := q.waiting[step.op.Pool]
	if waiting == nil {
		waiting = &ready{}
		q.waiting[step.op.Pool] = waiting
	}
	heap.Push(waiting, step)
}

// needsSlot tells whether an op cannot start because it has no slot.
func (s *schedule) needsSlot(step *step) bool {
	return s.opts.Slots != nil && step.op.Pool != "" && step.slot != slotHeld
}

// askForSlots asks for those that wait, as many of each pool as there may be ops at a time: one that is not to be had
// does not hold up another, and none is held for long by an op that has no place. Those that cannot ask are not looked
// at: it is called at each turn, and may have many thousands of a map before it.
func (s *schedule) askForSlots(ctx context.Context) {
	for _, pool := range slices.Sorted(maps.Keys(s.slots.waiting)) {
		waiting := s.slots.waiting[pool]
		for len(*waiting) > 0 && s.slots.all < maxSlots && s.slots.asked[pool] < s.opts.Limit {
			if step := heap.Pop(waiting).(*step); !step.reported { //nolint:forcetypeassert // nothing else is in it
				s.ask(ctx, step)
			}
		}
		if len(*waiting) == 0 {
			delete(s.slots.waiting, pool)
		}
	}
}

// ask asks for the slot of an attempt.
func (s *schedule) ask(ctx context.Context, step *step) {
	if s.slots.asked == nil {
		s.slots.asked = map[string]int{}
	}
	s.slots.asked[step.op.Pool]++
	s.slots.all++
	step.slot = slotAsked
	attempt := step.attempt
	still := func() bool { return step.slot == slotAsked && step.attempt == attempt && !step.reported }
	step.timer = time.AfterFunc(slotPatience, func() {
		s.send(func() {
			if still() && ctx.Err() == nil {
				s.emit.op(step.path, attempt, &workerv1.Event{Kind: "op_waiting", Message: "Waits for a slot of pool " + step.op.Pool})
			}
		})
	})
	answer := func(err error) {
		if !still() {
			return
		}
		step.timer.Stop()
		step.timer = nil
		if err != nil {
			s.fail(step, 0, &workerv1.Failure{Reason: "pool", Message: clean(err.Error(), maxMessageBytes)})
			s.release(&step.vertex)
			return
		}
		step.slot = slotHeld
		s.makeReady(step)
	}
	s.opts.Slots.Want(slotOf(step), func(err error) { go s.send(func() { answer(err) }) })
}

// freeSlot gives the slot of an attempt back, if it has or wants one.
func (s *schedule) freeSlot(step *step) {
	if step.slot == slotNone {
		return
	}
	if !step.placed {
		s.slots.asked[step.op.Pool]--
	}
	s.slots.all--
	step.slot, step.placed = slotNone, false
	s.opts.Slots.Release(slotOf(step))
}

// placeSlot notes that an op which has its slot has a place, too.
func (s *schedule) placeSlot(step *step) {
	if step.slot == slotHeld && !step.placed {
		step.placed = true
		s.slots.asked[step.op.Pool]--
	}
}

func slotOf(step *step) Slot {
	return Slot{OpPath: step.path, Attempt: step.attempt, Pool: step.op.Pool}
}
