package queue

import "container/heap"

// readyRuns are the runs that are QUEUED, in order and apart by location: those
// of a location that starts nothing now cost nothing, however many they are.
// Its methods need the queue's mu.
type readyRuns map[string]*readyHeap

// put adds a run, or moves it to where its location and priority belong now.
func (r readyRuns) put(e *entry) {
	at := e.job.Location
	if e.lane != nil && e.lane == r[at] {
		heap.Fix(e.lane, e.place)
		return
	}
	r.drop(e)
	if r[at] == nil {
		r[at] = &readyHeap{location: at}
	}
	heap.Push(r[at], e)
}

// drop takes a run out, if it is in.
func (r readyRuns) drop(e *entry) {
	lane := e.lane
	if lane == nil {
		return
	}
	heap.Remove(lane, e.place)
	if lane.Len() == 0 {
		delete(r, lane.location)
	}
}

// lanes are the locations that have runs, the one with the first run of all first.
func (r readyRuns) lanes() *readyLanes {
	l := make(readyLanes, 0, len(r))
	for _, lane := range r {
		l = append(l, lane)
	}
	heap.Init(&l)
	return &l
}

// readyHeap is the runs of one location, the first in order first. Each knows its place.
type readyHeap struct {
	location string
	runs     []*entry
}

// Len is for container/heap, as are the other methods.
func (h *readyHeap) Len() int { return len(h.runs) }

// Less is for container/heap.
func (h *readyHeap) Less(i, j int) bool { return inOrder(h.runs[i], h.runs[j]) < 0 }

// Swap is for container/heap.
func (h *readyHeap) Swap(i, j int) {
	h.runs[i], h.runs[j] = h.runs[j], h.runs[i]
	h.runs[i].place, h.runs[j].place = i, j
}

// Push is for container/heap.
func (h *readyHeap) Push(x any) {
	e := x.(*entry) //nolint:forcetypeassert // only entries are pushed
	e.lane, e.place = h, len(h.runs)
	h.runs = append(h.runs, e)
}

// Pop is for container/heap.
func (h *readyHeap) Pop() any {
	e := h.runs[len(h.runs)-1]
	h.runs[len(h.runs)-1] = nil
	h.runs = h.runs[:len(h.runs)-1]
	e.lane = nil
	return e
}

// readyLanes are locations that have runs, in the order of the first of each.
type readyLanes []*readyHeap

// Len is for container/heap, as are the other methods.
func (l readyLanes) Len() int { return len(l) }

// Less is for container/heap.
func (l readyLanes) Less(i, j int) bool { return inOrder(l[i].runs[0], l[j].runs[0]) < 0 }

// Swap is for container/heap.
func (l readyLanes) Swap(i, j int) { l[i], l[j] = l[j], l[i] }

// Push is for container/heap; no location is added to those that there are.
func (l *readyLanes) Push(x any) { *l = append(*l, x.(*readyHeap)) } //nolint:forcetypeassert // only lanes are pushed

// Pop is for container/heap.
func (l *readyLanes) Pop() any {
	old := *l
	lane := old[len(old)-1]
	*l = old[:len(old)-1]
	return lane
}
