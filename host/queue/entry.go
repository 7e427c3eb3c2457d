package queue

import (
	"cmp"
	"container/heap"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// entry is an open run as the queue sees it.
type entry struct {
	id       host.RunID
	seq      uint64
	priority int32
	job      host.JobName
	status   host.RunStatus
	attempt  uint32
	// busy is set while a goroutine of the queue works on the run, starting while it starts it.
	busy, starting bool
	// since is when the queue learned of its STARTING; asked is when its launcher was last asked.
	since, asked time.Time
	// notBefore holds back a run whose start failed for now; failures counts those in a row.
	notBefore time.Time
	failures  int
	// queued tells that it is in the heap.
	queued bool
	// waitingSince and waited are those of the run; causes are what it waited for and has a note of.
	waitingSince time.Time
	waited       time.Duration
	causes       map[string]bool
	// call is how its launcher is asked.
	call call
}

// absorb takes a run as committed into the picture. The caller holds mu.
func (q *Queue) absorb(run *host.Run, deleted bool, now time.Time) {
	e := q.open[run.ID]
	if deleted || run.Status.Final() {
		delete(q.open, run.ID)
		return
	}
	if e == nil {
		e = &entry{id: run.ID, seq: run.Seq}
		q.open[run.ID] = e
	}
	if e.job != run.Job { // new, or re-pointed
		e.job, e.causes = run.Job, nil
	}
	if e.status != run.Status || e.attempt != run.Attempt {
		e.since, e.asked = now, now
	}
	if run.Status == host.Started {
		e.failures = 0
	}
	if run.Status == host.WaitingForCode && e.status != run.Status {
		q.recheck = true // its code may have come before the queue learned that it waits
	}
	e.status, e.attempt = run.Status, run.Attempt
	e.waitingSince, e.waited = run.WaitingSince, run.Waited
	if p := tag.Priority(run.Tags); p != e.priority {
		e.priority = p
		if e.queued {
			heap.Init(&q.ready)
		}
	}
	if e.status == host.Queued && !e.queued {
		e.queued = true
		heap.Push(&q.ready, e)
	}
}

// backOff holds the run back for a time that doubles with each failure in a row.
func (e *entry) backOff(now time.Time) {
	const first, most = 500 * time.Millisecond, 10 * time.Second
	delay := first << min(e.failures, 10)
	e.failures++
	e.notBefore = now.Add(min(delay, most))
}

// inOrder compares entries: highest priority first, then first in.
func inOrder(a, b *entry) int {
	return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.seq, b.seq))
}

// readyHeap holds runs that may start, in order.
// An entry may be in it that is no longer QUEUED; whoever pops it looks.
type readyHeap []*entry

func (h readyHeap) Len() int           { return len(h) }
func (h readyHeap) Less(i, j int) bool { return inOrder(h[i], h[j]) < 0 }
func (h readyHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *readyHeap) Push(x any) { *h = append(*h, x.(*entry)) } //nolint:forcetypeassert // only entries are pushed

// Pop is for container/heap.
func (h *readyHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
