package queue

import (
	"container/heap"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// fullRest is how long nothing is started after the store refused to write because its disk is full.
const fullRest = 2 * time.Second

// maxStarting bounds the starts under way at one location, so that one that
// hangs holds up its own alone.
const maxStarting = 64

// dispatch begins to start what is due, in order, while slots are free. The caller holds mu.
func (q *Queue) dispatch(ctx context.Context, now time.Time) {
	if q.paused || now.Before(q.fullUntil) {
		return
	}
	held := q.held() // asked once per location, so that its runs keep their order
	q.begin(now, held, func(e *entry) {
		slots := q.counting(e)
		q.work(e, func() error { return q.start(ctx, e, slots) })
	})
	q.takeBack(ctx, now, held)
}

// begin passes the runs that are due to start, in order, as long as there are slots. start makes them busy. The caller
// holds mu.
//
// What is held is passed over by its group or its lane, not run by run, so that it costs the same however long the queue
// is.
func (q *Queue) begin(now time.Time, held func(location string) bool, start func(*entry)) {
	var later []*entry
	groups := q.ready.groups()
	for groups.Len() > 0 && !q.total.full() {
		g := (*groups)[0]
		at := g.key.location
		if held(at) || len(q.starting[at]) >= q.startsAtOnce(at, now) || firstFull(g.slots) != nil {
			heap.Pop(groups)
			continue
		}
		l := g.open[0]
		if s := firstFull(l.slots); s != nil {
			l.park(s)
		} else {
			e := l.runs[0]
			q.ready.drop(e)
			switch {
			case e.busy: // it comes back when that has ended
			case now.Before(e.notBefore):
				later = append(later, e)
			default:
				e.starting = true
				start(e)
			}
		}
		if len(g.open) > 0 {
			heap.Fix(groups, 0)
		} else {
			heap.Pop(groups)
		}
	}
	for _, e := range later {
		q.ready.put(e)
	}
}

// held tells of each location, always the same, whether its runs are held.
func (q *Queue) held() func(location string) bool {
	known := map[string]bool{}
	return func(location string) bool {
		held, asked := known[location]
		if !asked {
			held = q.o.Holds(location) != ""
			known[location] = held
		}
		return held
	}
}

// work runs f for the entry in a goroutine of its own. The caller holds mu. If
// the run is still QUEUED afterwards it is tried again after a while.
func (q *Queue) work(e *entry, f func() error) {
	e.busy = true
	q.judge(e)
	q.starts.Go(func() {
		err := f()
		full := host.ReasonOf(err) == host.ReasonFull
		if err != nil && !full { // the store tells of that
			q.o.Logger.Error("queue", "run", e.id, "error", err)
		}
		q.mu.Lock()
		e.busy, e.starting = false, false
		q.judge(e)
		if full {
			q.fullUntil = q.o.Clock.Now().Add(fullRest)
			e.notBefore = q.fullUntil
		} else if err != nil {
			e.backOff(q.o.Clock.Now())
		}
		// The picture may lag behind the store here: an entry that is QUEUED in
		// it only by that is held by its compare-and-set.
		if e.status == host.Queued && q.open[e.id] == e {
			q.ready.put(e)
		}
		q.mu.Unlock()
		q.wake()
	})
}

// start takes a run from QUEUED to STARTING and asks for its worker, if the limits that count it are still those that had a
// slot when its turn came.
func (q *Queue) start(ctx context.Context, e *entry, slots counting) error {
	run, err := q.o.Store.Run(ctx, e.id)
	if host.CodeOf(err) == host.NotFound || err == nil && run.Status != host.Queued {
		return nil
	}
	if err != nil {
		return err
	}
	now, err := q.o.Planner.Recheck(ctx, &run)
	if err != nil {
		return q.waitForCode(ctx, e, &run, err)
	}
	checked := run.Job
	if err := q.o.Store.PutBodies(ctx, now.Bodies); err != nil {
		return err
	}
	token := rand.Text()
	sum := sha256.Sum256([]byte(token))
	run, err = q.o.Store.UpdateRun(ctx, run.ID, func(run *host.Run) ([][]byte, error) {
		if run.Job != checked {
			return nil, repointedMeanwhile(run)
		}
		if !slots.same(run) {
			return nil, editedMeanwhile(run)
		}
		at := q.o.Clock.Now()
		if err := run.Become(host.Starting, "", at); err != nil {
			return nil, err
		}
		run.Attempt++
		run.Current = host.AttemptState{TokenSHA256: sum[:], StartingAt: at}
		run.StartedFrom, run.ConfigJSON = now.Snapshot, now.ConfigJSON
		run.OpPaths, run.Subset, run.TakenOutputs = now.OpPaths, now.Subset, now.TakenOutputs
		message := fmt.Sprintf("attempt %d: asking %s for a worker", run.Attempt, run.Job.Location)
		if now.Changed {
			message += "; the job's definition changed since launch and the run fits the new one"
		}
		return [][]byte{launch.Note(launch.NoteStarting, message, at)}, nil
	})
	if host.CodeOf(err) == host.Conflict || host.CodeOf(err) == host.NotFound {
		return nil // canceled, deleted, re-pointed or edited meanwhile
	}
	if err != nil {
		return err
	}
	asked := q.ask(ctx, e, true)
	outcome, err := q.o.Launcher.Start(asked, host.StartRequest{
		Run: run.ID, Attempt: run.Attempt, Job: run.Job, Definition: run.StartedFrom.Definition,
		Token: token, Lease: q.o.StartLease,
	})
	wanted := q.answered(e, err == nil)
	switch {
	case err != nil && wanted:
		return q.giveBack(ctx, e, &run)
	case err != nil:
		// Unknown outcome: the worker may be on its way. watchStarts finds out.
		q.o.Logger.Warn("start of a worker has an unknown outcome", "run", run.ID, "attempt", run.Attempt, "error", err)
		return q.noteServer(ctx, &run, outcome)
	case outcome.Refusal != nil:
		return q.refused(ctx, e, &run, outcome.Refusal)
	default:
		q.resume(run.Job.Location)
		return q.noteServer(ctx, &run, outcome)
	}
}

// refused handles a start that will never happen by this request.
//
// A server that is full, stopping or another one than meant did not start
// anything, and says nothing about the run: it is tried again for as long as it
// takes. One that does not reach this host, or cannot start a process, may do so
// a moment later; if not, somebody has to know, so it counts against the run, as
// does a worker that never says hello.
func (q *Queue) refused(ctx context.Context, e *entry, run *host.Run, r *host.StartRefusal) error {
	why := fmt.Sprintf("%s did not start attempt %d: %s", run.Job.Location, run.Attempt, r.Message)
	switch r.Reason {
	case "DRAINING":
		q.pauseLocation(run.Job.Location, false) // the workspace learns of it within that time
		fallthrough
	case "WRONG_SERVER", "DEFINITION_CHANGED":
		q.hold(e)
		return q.leaveStarting(ctx, run, host.Queued, "", why)
	case "OVERLOADED":
		// No other run of it would be started either. This one is the first again after the pause.
		q.pauseLocation(run.Job.Location, true)
		return q.leaveStarting(ctx, run, host.Queued, "", why)
	case "NOT_FOUND":
		// The location's definitions may still have it, and then it does not wait for long.
		q.hold(e)
		return q.leaveStarting(ctx, run, host.WaitingForCode, "", why)
	case "HOST_UNREACHABLE", "SPAWN_FAILED":
		q.rest(e, unableRest)
		return q.tryAgain(ctx, run, host.FailureRejected, why)
	default:
		return q.leaveStarting(ctx, run, host.Failure, host.FailureRejected, why)
	}
}

// unableRest is the time after which a server may be able to what it was not. With two of them a network may be away for
// 20 seconds before a run fails of it.
const unableRest = 10 * time.Second

// rest lets the run wait for so long before it is started again.
func (q *Queue) rest(e *entry, d time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e.notBefore = q.o.Clock.Now().Add(d)
}

// hold lets the run wait before it is started again.
func (q *Queue) hold(e *entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	e.backOff(q.o.Clock.Now())
}
