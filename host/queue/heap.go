package queue

// runHeap, laneHeap and groupHeap are for container/heap: the first in order first. Runs and lanes know their place.
type (
	runHeap   []*entry
	laneHeap  []*lane
	groupHeap []*group
)

// Len is for container/heap, as are the other methods.
func (h runHeap) Len() int { return len(h) }

// Less is for container/heap.
func (h runHeap) Less(i, j int) bool { return inOrder(h[i], h[j]) < 0 }

// Swap is for container/heap.
func (h runHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is for container/heap.
func (h *runHeap) Push(x any) {
	e := x.(*entry) //nolint:forcetypeassert // only entries are pushed
	e.place = len(*h)
	*h = append(*h, e)
}

// Pop is for container/heap.
func (h *runHeap) Pop() any { return pop(h) }

// Len is for container/heap, as are the other methods.
func (h laneHeap) Len() int { return len(h) }

// Less is for container/heap.
func (h laneHeap) Less(i, j int) bool { return inOrder(h[i].runs[0], h[j].runs[0]) < 0 }

// Swap is for container/heap.
func (h laneHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is for container/heap.
func (h *laneHeap) Push(x any) {
	l := x.(*lane) //nolint:forcetypeassert // only lanes are pushed
	l.place = len(*h)
	*h = append(*h, l)
}

// Pop is for container/heap.
func (h *laneHeap) Pop() any { return pop(h) }

// Len is for container/heap, as are the other methods.
func (h groupHeap) Len() int { return len(h) }

// Less is for container/heap.
func (h groupHeap) Less(i, j int) bool {
	return inOrder(h[i].open[0].runs[0], h[j].open[0].runs[0]) < 0
}

// Swap is for container/heap.
func (h groupHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for container/heap; no group is added to those that there are.
func (h *groupHeap) Push(x any) { *h = append(*h, x.(*group)) } //nolint:forcetypeassert // only groups are pushed

// Pop is for container/heap.
func (h *groupHeap) Pop() any { return pop(h) }

// pop takes the last one off, and lets go of it.
func pop[H ~[]*E, E any](h *H) *E {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
