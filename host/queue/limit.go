package queue

import (
	"cmp"
	"slices"

	"github.com/penstock-run/penstock/host"
)

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
		q.ready.drop(e)
		e.slots, e.shared, e.single, e.sharedText, e.singleText = e.slots[:1:1], nil, nil, "", "" // that of all runs stays
	}
	q.slots = slots{limits: limits, used: map[slotKey]*slot{}}
	q.stale = true // which of them count a run its tags tell, and those are in the store
	q.mu.Unlock()
	q.wake()
}

// LimitStatus is how a limit stands.
type LimitStatus struct {
	host.Limit

	// InProgress and Waiting count the open runs that it counts.
	InProgress, Waiting int
	// Values are those of Limit.Each that have the most open runs, at most 10 of ValueCount; the one with the most first.
	Values     []ValueStatus
	ValueCount int
}

// ValueStatus is how a limit stands for one value.
type ValueStatus struct {
	Value               string
	InProgress, Waiting int
}

// Limits returns how the limits stand, beside that of all runs.
func (q *Queue) Limits() []LimitStatus {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := make([]LimitStatus, len(q.slots.limits))
	for i, l := range q.slots.limits {
		out[i].Limit = l
	}
	for k, s := range q.slots.used {
		of := &out[k.limit]
		v := ValueStatus{Value: k.value, InProgress: len(s.holders), Waiting: len(s.users) - len(s.holders)}
		of.InProgress += v.InProgress
		of.Waiting += v.Waiting
		if s.limit.Each == "" {
			continue
		}
		of.ValueCount++
		at, _ := slices.BinarySearchFunc(of.Values, v, fullerFirst)
		if at < maxNamed {
			of.Values = slices.Insert(of.Values, at, v)
			of.Values = of.Values[:min(len(of.Values), maxNamed)]
		}
	}
	return out
}

// fullerFirst orders values: with more runs first, then by text.
func fullerFirst(a, b ValueStatus) int {
	return cmp.Or(cmp.Compare(b.InProgress+b.Waiting, a.InProgress+a.Waiting), cmp.Compare(a.Value, b.Value))
}
