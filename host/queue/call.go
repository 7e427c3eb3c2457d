package queue

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
)

// A location that hangs must not keep the runs of others from starting. A run
// whose start was not answered holds a slot, rightly: its worker may be on its
// way. So when somebody else waits for the slot, the attempt is taken back. That
// is safe at any time, see resolve, and only then the slot is free: never are
// more runs in progress than the limit says.

const (
	// patience is how long a start may go without an answer while others wait for its slot. A server takes up to 2 s to
	// find out that it cannot reach this host, which is an answer. It doubles with each failure in a row, up to
	// maxPatience: a location that is merely slow gets its turn.
	patience    = 3 * time.Second
	maxPatience = 12 * time.Second
	// firstPause is how long a location that did not answer is left alone, doubling up to maxPause.
	firstPause = time.Second
	maxPause   = 10 * time.Second
)

// call is a question to the launcher about a run.
type call struct {
	// since is when its worker was asked for, as long as that has no answer; else zero.
	since time.Time
	// stop ends the call under way; nil when there is none.
	stop context.CancelFunc
	// wanted tells that somebody else waits for the run's slot.
	wanted bool
}

// pause is how a location that starts nothing is left alone: until a time, and
// then it gets one start at a time until it answers one.
type pause struct {
	until time.Time
	times int
	// full tells that it answers, and has as many workers as it may have.
	full bool
}

// ask begins a question to the launcher, which ends early when somebody else waits for the slot. start tells that it is
// the start itself. The caller calls answered.
func (q *Queue) ask(ctx context.Context, e *entry, start bool) context.Context {
	ctx, stop := context.WithCancel(ctx)
	q.mu.Lock()
	defer q.mu.Unlock()
	e.call.stop = stop
	if start {
		e.call.since, e.call.wanted = q.o.Clock.Now(), false
	}
	if e.call.wanted {
		stop()
	}
	return ctx
}

// answered ends a question, and tells whether somebody else waits for the run's slot.
func (q *Queue) answered(e *entry, ok bool) (wanted bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e.call.stop()
	e.call.stop = nil
	if ok {
		e.call.since = time.Time{}
		if p := q.pauses[e.job.Location]; p != nil && !p.full {
			delete(q.pauses, e.job.Location)
		}
	}
	return e.call.wanted
}

// giveBack takes the attempt of a start that has no answer back, and so frees its slot.
func (q *Queue) giveBack(ctx context.Context, e *entry, run *host.Run) error {
	q.pauseLocation(run.Job.Location, false)
	q.hold(e)
	return q.leaveStarting(ctx, run, host.Queued, "",
		fmt.Sprintf("%s did not answer attempt %d, and other runs wait for its slot; it is given up", run.Job.Location, run.Attempt))
}

// pauseLocation leaves a location alone for a while: one that does not answer,
// or is full.
func (q *Queue) pauseLocation(location string, full bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := q.pauses[location]
	if p == nil {
		p = &pause{}
		q.pauses[location] = p
	}
	now := q.o.Clock.Now()
	if now.Before(p.until) {
		return // others of its runs failed at the same time
	}
	p.until = now.Add(min(firstPause<<min(p.times, 10), maxPause))
	p.times++
	p.full = full
}

// resume ends the pause of a location that started something.
func (q *Queue) resume(location string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.pauses, location)
}

// startsAtOnce is how many starts may be under way at a location. The caller holds mu.
func (q *Queue) startsAtOnce(location string, now time.Time) int {
	p := q.pauses[location]
	switch {
	case p == nil:
		return maxStarting
	case now.Before(p.until):
		return 0
	default:
		return 1
	}
}

// takeBack frees slots of starts that have no answer for runs of other locations
// that nothing else holds. The caller holds mu.
func (q *Queue) takeBack(ctx context.Context, now time.Time, held func(string) bool) {
	var late []*entry
	for e := range q.total.holders {
		if e.status == host.Starting && !e.call.since.IsZero() && !e.call.wanted &&
			now.Sub(e.call.since) > min(patience<<min(e.failures, 10), maxPatience) {
			late = append(late, e)
		}
	}
	if len(late) == 0 {
		return
	}
	waiting := q.waitingForSlots(now, held)
	slices.SortFunc(late, func(a, b *entry) int { return a.call.since.Compare(b.call.since) })
	for _, e := range late {
		if !waiting.take(e) {
			continue
		}
		e.call.wanted = true
		switch {
		case e.call.stop != nil:
			e.call.stop() // who asks gives it back
		case !e.busy:
			n := e.attempt
			q.work(e, func() error { return q.resolve(ctx, e, n, false) })
		}
	}
}
