package queue

import "container/heap"

// readyRuns are the runs that are QUEUED, in order, apart by what may hold them: their location and the limits that count
// them. What is held is passed over as a whole, so that it costs nothing however many runs it has. Its methods need the
// queue's mu.
type readyRuns map[groupKey]*group

// groupKey is a location, and the limits that count all runs of the group together.
type groupKey struct{ location, shared string }

// group is the runs of one location that the same limits count.
type group struct {
	key   groupKey
	slots []*slot
	// lanes are by the text of their slots; open are those that are not parked, the one with the first run first.
	lanes map[string]*lane
	open  laneHeap
}

// lane is the runs of a group that have the same values where a limit counts each apart, the first in order first.
type lane struct {
	group *group
	key   string
	slots []*slot
	runs  runHeap
	// place is where it is in group.open, -1 while it is parked at a slot.
	place  int
	parked *slot
}

// put adds a run, or moves it to where its location, limits and priority belong now.
func (r readyRuns) put(e *entry) {
	key := groupKey{e.job.Location, e.sharedText}
	if l := e.lane; l != nil && l.group.key == key && l.key == e.singleText {
		heap.Fix(&l.runs, e.place)
		l.moved()
		return
	}
	r.drop(e)
	g := r[key]
	if g == nil {
		g = &group{key: key, slots: e.shared, lanes: map[string]*lane{}}
		r[key] = g
	}
	l := g.lanes[e.singleText]
	if l == nil {
		l = &lane{group: g, key: e.singleText, slots: e.single}
		g.lanes[l.key] = l
		e.lane = l
		heap.Push(&l.runs, e)
		heap.Push(&g.open, l)
		return
	}
	e.lane = l
	heap.Push(&l.runs, e)
	l.moved()
}

// drop takes a run out, if it is in.
func (r readyRuns) drop(e *entry) {
	l := e.lane
	if l == nil {
		return
	}
	heap.Remove(&l.runs, e.place)
	e.lane = nil
	if len(l.runs) > 0 {
		l.moved()
		return
	}
	if l.parked != nil {
		delete(l.parked.parked, l)
	} else {
		heap.Remove(&l.group.open, l.place)
	}
	delete(l.group.lanes, l.key)
	if len(l.group.lanes) == 0 {
		delete(r, l.group.key)
	}
}

// moved puts a lane whose first run may be another where it belongs.
func (l *lane) moved() {
	if l.parked == nil {
		heap.Fix(&l.group.open, l.place)
	}
}

// park leaves a lane alone until a slot that it needs is given back.
func (l *lane) park(s *slot) {
	heap.Remove(&l.group.open, l.place)
	l.parked = s
	s.parked[l] = struct{}{}
}

// unpark lets lanes that wait for a slot be looked at again.
func (s *slot) unpark() {
	for l := range s.parked {
		delete(s.parked, l)
		l.parked = nil
		heap.Push(&l.group.open, l)
	}
}

// firstFull is the first of some slots that lets no other run start, nil when all do.
func firstFull(slots []*slot) *slot {
	for _, s := range slots {
		if s.full() {
			return s
		}
	}
	return nil
}

// groups are those that have a lane to look at, the one with the first run of all first.
func (r readyRuns) groups() *groupHeap {
	h := make(groupHeap, 0, len(r))
	for _, g := range r {
		if len(g.open) > 0 {
			h = append(h, g)
		}
	}
	heap.Init(&h)
	return &h
}
