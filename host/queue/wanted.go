package queue

import (
	"slices"
	"time"
)

// waitingForSlots are runs that are due and that nothing but full slots holds, so many of each kind.
type waitingForSlots map[*waitingKind]int

// waitingKind is runs of one location that wait for the same slots.
type waitingKind struct {
	location string
	full     []*slot
}

// waitingForSlots finds the runs that wait for slots. The caller holds mu.
func (q *Queue) waitingForSlots(now time.Time, held func(string) bool) waitingForSlots {
	kinds := waitingForSlots{}
	for key, g := range q.ready {
		if held(key.location) || len(q.starting[key.location]) >= q.startsAtOnce(key.location, now) {
			continue
		}
		common := &waitingKind{location: key.location, full: q.full(g.slots)}
		for _, l := range g.lanes {
			kind := common
			if of := full(l.slots); len(of) > 0 {
				kind = &waitingKind{location: key.location, full: append(of, common.full...)}
			}
			for _, e := range l.runs {
				if len(kind.full) > 0 && !e.busy && !now.Before(e.notBefore) {
					kinds[kind]++
				}
			}
		}
	}
	for kind := range kinds {
		if slices.ContainsFunc(kind.full, func(s *slot) bool { return s.limit.AtMost == 0 }) {
			delete(kinds, kind) // who gives its slot back makes no room
		}
	}
	return kinds
}

// take finds a run of another location that the slots of an entry are enough for, and counts it as served.
func (w waitingForSlots) take(e *entry) bool {
	for kind, n := range w {
		if n > 0 && kind.location != e.job.Location && e.holdsAll(kind.full) {
			w[kind]--
			return true
		}
	}
	return false
}

func (e *entry) holdsAll(slots []*slot) bool {
	for _, s := range slots {
		if _, ok := s.holders[e]; !ok {
			return false
		}
	}
	return true
}

// full are those of the slots that let no other run start, that of all runs included.
func (q *Queue) full(slots []*slot) []*slot {
	of := full(slots)
	if q.total.full() {
		of = append(of, q.total)
	}
	return of
}

func full(slots []*slot) (of []*slot) {
	for _, s := range slots {
		if s.full() {
			of = append(of, s)
		}
	}
	return of
}
