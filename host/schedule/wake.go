package schedule

import "time"

// wakes orders schedules by when each is to be looked at. It is a heap.Interface.
type wakes []*entry

func (w wakes) Len() int           { return len(w) }
func (w wakes) Less(i, j int) bool { return w[i].wake.Before(w[j].wake) }

func (w wakes) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].place, w[j].place = i, j
}

// Push adds an entry.
func (w *wakes) Push(x any) {
	e := x.(*entry) //nolint:forcetypeassert // heap.Push is called with nothing else
	e.place = len(*w)
	*w = append(*w, e)
}

// Pop takes the last entry.
func (w *wakes) Pop() any {
	last := len(*w) - 1
	e := (*w)[last]
	(*w)[last], *w = nil, (*w)[:last]
	e.place = -1
	return e
}

// next is when the first one is to be looked at.
func (w wakes) next() (at time.Time, some bool) {
	if len(w) == 0 {
		return time.Time{}, false
	}
	return w[0].wake, true
}
