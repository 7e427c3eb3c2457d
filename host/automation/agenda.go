package automation

import (
	"container/heap"
	"time"

	"github.com/penstock-run/penstock/host"
)

// Agenda orders schedules or sensors by when each is to be looked at. Make one with NewAgenda. Who uses it keeps others
// from it meanwhile.
type Agenda struct {
	queue appointments
	of    map[host.AutomationName]*appointment
}

// appointment is one to be looked at, place its place in the heap.
type appointment struct {
	name  host.AutomationName
	at    time.Time
	place int
}

// NewAgenda returns one with nothing in it.
func NewAgenda() *Agenda { return &Agenda{of: map[host.AutomationName]*appointment{}} }

// Set says when name is to be looked at, instead of when it was to be.
func (a *Agenda) Set(name host.AutomationName, at time.Time) {
	if p := a.of[name]; p != nil {
		p.at = at
		heap.Fix(&a.queue, p.place)
		return
	}
	p := &appointment{name: name, at: at}
	a.of[name] = p
	heap.Push(&a.queue, p)
}

// Drop has name not looked at.
func (a *Agenda) Drop(name host.AutomationName) {
	if p := a.of[name]; p != nil {
		heap.Remove(&a.queue, p.place)
		delete(a.of, name)
	}
}

// At is when name is to be looked at.
func (a *Agenda) At(name host.AutomationName) (at time.Time, some bool) {
	if p := a.of[name]; p != nil {
		return p.at, true
	}
	return time.Time{}, false
}

// First is when the first one is to be looked at.
func (a *Agenda) First() (at time.Time, some bool) {
	if len(a.queue) == 0 {
		return time.Time{}, false
	}
	return a.queue[0].at, true
}

// Due takes out the first one whose time has come.
func (a *Agenda) Due(now time.Time) (name host.AutomationName, some bool) {
	if at, some := a.First(); !some || at.After(now) {
		return host.AutomationName{}, false
	}
	name = a.queue[0].name
	a.Drop(name)
	return name, true
}

// appointments is a heap.Interface.
type appointments []*appointment

func (h appointments) Len() int           { return len(h) }
func (h appointments) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h appointments) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push adds one.
func (h *appointments) Push(x any) {
	p := x.(*appointment) //nolint:forcetypeassert // Agenda pushes nothing else
	p.place = len(*h)
	*h = append(*h, p)
}

// Pop takes the last one.
func (h *appointments) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last], *h = nil, (*h)[:last]
	return p
}
