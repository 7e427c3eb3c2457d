package queue

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
)

// waitForCode parks a run whose code cannot run it now, with the reason.
func (q *Queue) waitForCode(ctx context.Context, e *entry, run *host.Run, why error) error {
	reason, ok := errors.AsType[*host.Error](why)
	if !ok {
		return why
	}
	checked, isNew := run.Job, q.isNewCause(e, reason)
	return q.change(ctx, run.ID, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.Queued || run.Job != checked {
			return nil, nil
		}
		now := q.o.Clock.Now()
		return waitingNotes(reason, isNew, now), run.Become(host.WaitingForCode, reason.Error(), now)
	})
}

// found is what came of looking at a run that waits.
type found struct {
	e   *entry
	job host.JobName // that it was looked at as a run of
	why *host.Error  // why it goes on waiting; nil when its code is there
}

// stillWaits makes the reason of a run that waits what it is now.
func (q *Queue) stillWaits(ctx context.Context, f found) error {
	isNew := q.isNewCause(f.e, f.why)
	return q.change(ctx, f.e.id, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.WaitingForCode || run.Job != f.job {
			return nil, nil
		}
		run.Explain(f.why.Error())
		return waitingNotes(f.why, isNew, q.o.Clock.Now()), nil
	})
}

// isNews tells that the run has another reason to wait than it says. A location that was not heard of yet is no better
// reason than any before.
func isNews(run *host.Run, why *host.Error) bool {
	if why.Reason == launch.ReasonLoading {
		return false
	}
	now := *run
	now.Explain(why.Error())
	return now.StatusReason != run.StatusReason
}

// change is UpdateRun of a run that may be deleted by now.
func (q *Queue) change(ctx context.Context, id host.RunID, f func(*host.Run) ([][]byte, error)) error {
	_, err := q.o.Store.UpdateRun(ctx, id, f)
	if host.CodeOf(err) == host.NotFound {
		return nil
	}
	return err
}

// maxCauses is how many notes of why it waits a run gets, and again after a restart of the host. Its status has the
// reason of the moment in any case.
const maxCauses = 20

// codeIsThere is the cause of the note that a run's code has come.
const codeIsThere = "code is there"

// isNewCause tells, once for each cause, that it is worth a note: a location that flaps must not fill a run's events.
// Of a location's faults the code counts and not the words; each way not to fit is one of its own.
func (q *Queue) isNewCause(e *entry, why *host.Error) bool {
	if why.Reason == launch.ReasonMisfit {
		return q.once(e, why.Error())
	}
	return q.once(e, why.Reason)
}

func (q *Queue) once(e *entry, cause string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e.causes[cause] || len(e.causes) >= maxCauses {
		return false
	}
	if e.causes == nil {
		e.causes = map[string]bool{}
	}
	e.causes[cause] = true
	return true
}

func waitingNotes(why *host.Error, isNew bool, now time.Time) [][]byte {
	if !isNew {
		return nil
	}
	text := why.Error()
	if why.Remedy != "" {
		text += "\n" + why.Remedy
	}
	return [][]byte{launch.Note(launch.NoteWaiting, text, now)}
}

// recheckEvery is how often runs that wait for code are looked at without a sign.
const recheckEvery = 15 * time.Second

// After a look at many runs that wait the next one is not before a second for each lookedAtPerSecond of them, at most
// maxRest: a location that changes all the time must not keep the host busy with them.
const (
	lookedAtPerSecond = 2000
	maxRest           = 5 * time.Second
)

// maxExplaining is how many reasons are stored side by side, so that they share commits.
const maxExplaining = 64

// recheckWaiting queues the runs again whose code has come: one after the other
// and in order, so that the first one is the first to be started. The caller holds mu.
func (q *Queue) recheckWaiting(ctx context.Context, now time.Time) {
	if q.rechecking || !q.recheck && now.Sub(q.checked) < recheckEvery || now.Before(q.restUntil) {
		return
	}
	q.recheck, q.checked = false, now
	var waiting []*entry
	for _, e := range q.open {
		if e.status == host.WaitingForCode {
			waiting = append(waiting, e)
		}
	}
	if len(waiting) == 0 {
		return
	}
	slices.SortFunc(waiting, inOrder)
	q.rechecking = true
	q.starts.Go(func() {
		q.requeue(ctx, waiting)
		rest := min(time.Duration(len(waiting)/lookedAtPerSecond)*time.Second, maxRest)
		q.mu.Lock()
		q.rechecking, q.restUntil = false, q.o.Clock.Now().Add(rest)
		q.mu.Unlock()
		q.wake()
	})
}

// requeue queues those of the runs again whose code is there, and sees to the reasons of the others. It looks at all
// before it queues the first, so that code which comes meanwhile does not put the last one in front.
func (q *Queue) requeue(ctx context.Context, waiting []*entry) {
	var came, stay []found
	failed := func(e *entry, err error) {
		if err != nil && ctx.Err() == nil && host.ReasonOf(err) != host.ReasonFull {
			q.o.Logger.Error("queue", "run", e.id, "error", err)
		}
	}
	for _, e := range waiting {
		run, why, err := q.waiting(ctx, e)
		switch {
		case err != nil || run == nil:
			failed(e, err)
		case why == nil:
			came = append(came, found{e: e, job: run.Job})
		case isNews(run, why):
			stay = append(stay, found{e, run.Job, why})
		}
	}
	for _, f := range came {
		failed(f.e, q.codeCame(ctx, f))
	}
	var explaining sync.WaitGroup
	places := make(chan struct{}, maxExplaining)
	for _, f := range stay {
		places <- struct{}{}
		explaining.Go(func() {
			failed(f.e, q.stillWaits(ctx, f))
			<-places
		})
	}
	explaining.Wait()
}

// waiting is a run with why it goes on waiting; nil when it does not wait any more.
func (q *Queue) waiting(ctx context.Context, e *entry) (run *host.Run, why *host.Error, err error) {
	r, err := q.o.Store.Run(ctx, e.id)
	if err != nil || r.Status != host.WaitingForCode {
		if host.CodeOf(err) == host.NotFound {
			return nil, nil, nil
		}
		return nil, nil, err
	}
	if _, err = q.o.Planner.Recheck(ctx, &r); err != nil && !errors.As(err, &why) {
		return nil, nil, err
	}
	return &r, why, nil
}

// codeCame queues a run again.
func (q *Queue) codeCame(ctx context.Context, f found) error {
	isNew := q.once(f.e, codeIsThere)
	return q.change(ctx, f.e.id, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.WaitingForCode || run.Job != f.job {
			return nil, nil
		}
		now := q.o.Clock.Now()
		var notes [][]byte
		if isNew {
			notes = [][]byte{launch.Note(launch.NoteRequeued, "its code is there", now)}
		}
		return notes, run.Become(host.Queued, "", now)
	})
}
