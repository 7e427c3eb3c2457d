package queue

import (
	"cmp"
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
	// serverGone is since when the server that may have started its worker is out of reach while others answer.
	serverGone time.Time
	// startingAt is when it took its slot, by the run.
	startingAt time.Time
	// notBefore holds back a run whose start failed for now; failures counts those in a row.
	notBefore time.Time
	failures  int
	// lane and place are where it is among the ready ones; lane is nil while it is not.
	lane  *lane
	place int
	// slots are those that count it: of all runs, then shared, then single; the texts name the latter two.
	slots, shared, single  []*slot
	sharedText, singleText string
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
		q.leave(e)
		return
	}
	if e == nil {
		e = &entry{id: run.ID, seq: run.Seq}
		q.open[run.ID] = e
	}
	if e.job != run.Job { // new, or re-pointed
		q.uncount(e)
		e.job, e.causes = run.Job, nil
	}
	if e.status != run.Status || e.attempt != run.Attempt {
		e.since, e.asked, e.serverGone = now, now, time.Time{}
	}
	if run.Status == host.Started {
		e.failures = 0
	}
	if run.Status == host.WaitingForCode && e.status != run.Status {
		q.recheck = true // its code may have come before the queue learned that it waits
	}
	e.status, e.attempt = run.Status, run.Attempt
	e.waitingSince, e.waited = run.WaitingSince, run.Waited
	e.startingAt = run.Current.StartingAt
	e.priority = tag.Priority(run.Tags)
	q.count(e, run)
	q.judge(e)
	if e.status == host.Queued {
		q.ready.put(e)
	} else {
		q.ready.drop(e)
	}
}

// leave takes an entry, which may be nil, out of the picture. The caller holds mu.
func (q *Queue) leave(e *entry) {
	if e != nil {
		delete(q.open, e.id)
		q.uncount(e)
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
