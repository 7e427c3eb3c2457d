package queue

import "github.com/penstock-run/penstock/host"

// SetMaxInProgress replaces Options.MaxInProgress from now on. A lower limit
// ends no run: nothing more starts until enough have ended.
func (q *Queue) SetMaxInProgress(most int) {
	q.mu.Lock()
	q.total.limit.AtMost = most
	q.mu.Unlock()
	q.wake()
}

// SetLimits replaces Options.Limits from now on. Lower limits end no run.
func (q *Queue) SetLimits(limits []host.Limit) {
	q.mu.Lock()
	for _, e := range q.open {
		q.uncount(e)
	}
	q.slots = slots{limits: limits, used: map[slotKey]*slot{}}
	q.stale = true // which of them count a run its tags tell, and those are in the store
	q.mu.Unlock()
	q.wake()
}
