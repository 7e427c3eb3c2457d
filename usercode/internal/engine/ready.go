package engine

import (
	"cmp"
	"container/heap"
)

// ready is a heap of ops that can start: by priority, then in the order placed.
type ready []*step

// makeReady lets a step start when there is a place for it, unless it was skipped or canceled meanwhile.
func (s *schedule) makeReady(step *step) {
	if !step.reported {
		heap.Push(&s.ready, step)
	}
}

// Len, Less, Swap, Push and Pop are those of [heap.Interface].
func (r ready) Len() int { return len(r) }

func (r ready) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(r[j].op.Priority, r[i].op.Priority), before(r[i], r[j])) < 0
}

func (r ready) Swap(i, j int) { r[i], r[j] = r[j], r[i] }

// Push takes a *step.
func (r *ready) Push(x any) { *r = append(*r, x.(*step)) } //nolint:forcetypeassert // nothing else is pushed

// Pop answers a *step.
func (r *ready) Pop() any {
	last := len(*r) - 1
	step := (*r)[last]
	(*r)[last] = nil
	*r = (*r)[:last]
	return step
}
