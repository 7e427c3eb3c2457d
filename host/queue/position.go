package queue

import (
	"container/heap"
	"time"

	"github.com/penstock-run/penstock/host"
)

// MaxPosition is how many runs before a run are counted at most: behind more, its place is not told.
const MaxPosition = 10_000

// position finds the runs that come before an entry which is QUEUED, among those that nothing but the limit of all runs
// holds: how many they are, at most MaxPosition+1, and the first few. among is how many such runs there are, the entry
// included. It looks at the runs before the entry and no others, so that it costs the same however long the queue is. The
// caller holds mu.
func (q *Queue) position(e *entry, now time.Time) (before int, first []host.RunID, among int) {
	held := q.held()
	var next frontier
	among = 1
	for key, g := range q.ready {
		if at := key.location; held(at) || len(q.starting[at]) >= q.startsAtOnce(at, now) || firstFull(g.slots) != nil {
			continue
		}
		for _, l := range g.lanes {
			if firstFull(l.slots) != nil {
				continue
			}
			among += len(l.runs)
			if l == e.lane {
				among-- // it is counted already
			}
			if inOrder(l.runs[0], e) < 0 {
				next = append(next, place{l, 0})
			}
		}
	}
	heap.Init(&next)
	for len(next) > 0 && before <= MaxPosition {
		p := heap.Pop(&next).(place) //nolint:forcetypeassert // nothing else is in it
		if other := p.run(); !other.busy && !now.Before(other.notBefore) {
			if before++; before <= maxNamed {
				first = append(first, other.id)
			}
		} else {
			among--
		}
		for _, below := range []int{2*p.at + 1, 2*p.at + 2} {
			if below < len(p.lane.runs) && inOrder(p.lane.runs[below], e) < 0 {
				heap.Push(&next, place{p.lane, below})
			}
		}
	}
	return before, first, max(among, before+1)
}

// place is one of a lane's runs, which are a heap.
type place struct {
	lane *lane
	at   int
}

func (p place) run() *entry { return p.lane.runs[p.at] }

// frontier is a heap of places, the first in order first: below each of them are the runs that come after it.
type frontier []place

// Len, Less, Swap, Push and Pop are for container/heap.
func (f frontier) Len() int           { return len(f) }
func (f frontier) Less(i, j int) bool { return inOrder(f[i].run(), f[j].run()) < 0 }
func (f frontier) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)        { *f = append(*f, x.(place)) } //nolint:forcetypeassert // as above
func (f *frontier) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}
