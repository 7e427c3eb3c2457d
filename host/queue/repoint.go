package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// MaxRepoint is how many runs one Repoint looks after.
const MaxRepoint = 1000

// RepointRequest says which runs become runs of which job.
type RepointRequest struct {
	// From is the job whose runs are meant; it may be gone. It may be zero when there are IDs.
	From host.JobName
	// IDs are the runs; none means all of From that are WAITING_FOR_CODE.
	IDs []host.RunID
	// To is the job that they become runs of: "location/repository/job" or the shortest unambiguous end of it.
	To string
	// DryRun only says what would happen.
	DryRun bool
	// Request makes it repeatable; the zero one does not.
	Request host.Request
}

// Repointing says what became of each run.
type Repointing struct {
	// To is the job that was meant.
	To host.JobName
	// Runs are oldest first.
	Runs []RepointedRun
	// Left is how many more there are.
	Left int
}

// RepointedRun is one run of a Repointing.
type RepointedRun struct {
	ID host.RunID
	// Err says why it stays as it was; nil when it was, or would be, re-pointed.
	Err error

	seq uint64
}

// Repoint makes runs that wait for their code runs of another job, which they
// must fit. Runs that are QUEUED are re-pointed when they are named. Each goes
// back to the queue in its old place, and its waiting begins anew. What was
// recorded at launch stays: snapshot, tags, config as typed.
//
// A Request that comes again answers what was re-pointed by it. Of all of From it re-points no other run then; of IDs
// those that refused before.
//
// Errors: those of Planner.Target; Invalid when it is not said which runs are
// meant, or too many are; NotFound for an id that no run has. Nothing was
// changed then. When ctx ends, runs may have been re-pointed: repeat it.
func (q *Queue) Repoint(ctx context.Context, r RepointRequest) (Repointing, error) {
	if err := r.check(); err != nil {
		return Repointing{}, err
	}
	target, err := q.o.Planner.Target(r.To)
	if err != nil {
		return Repointing{}, err
	}
	if len(r.IDs) == 0 && r.From == target.Job {
		return Repointing{}, repointInvalid(fmt.Sprintf("job %s is the one that its runs are of already", target.Job), "name another job")
	}
	done, err := q.repointed(ctx, r)
	if err != nil {
		return Repointing{}, err
	}
	runs, err := q.meant(ctx, r, done)
	if err != nil {
		return Repointing{}, err
	}
	room := MaxRepoint - len(done)
	if len(done) > 0 && len(r.IDs) == 0 {
		room = 0 // the first call has left them
	}
	fit, rest, err := q.fitting(ctx, r, target, runs, room)
	if err == nil && !r.DryRun {
		fit, rest, err = q.repoint(ctx, r, target.Job, fit, rest)
	}
	if err != nil {
		return Repointing{}, err
	}
	out := Repointing{To: target.Job, Runs: slices.Concat(done, fit)}
	out.Runs = append(out.Runs, rest[:min(len(rest), MaxRepoint-len(out.Runs))]...)
	out.Left = len(done) + len(runs) - len(out.Runs)
	slices.SortFunc(out.Runs, func(a, b RepointedRun) int { return cmp.Compare(a.seq, b.seq) })
	return out, nil
}

// repointed are the runs that the request re-pointed before.
func (q *Queue) repointed(ctx context.Context, r RepointRequest) (done []RepointedRun, err error) {
	ids, err := q.o.Store.RunsOfRequest(ctx, r.Request)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		run, err := q.o.Store.Run(ctx, id)
		if err != nil && host.CodeOf(err) != host.NotFound { // it may be deleted since
			return nil, err
		}
		done = append(done, RepointedRun{ID: id, seq: run.Seq})
	}
	return done, nil
}

// fitting parts the runs into those that can be re-pointed, in the order of the queue and at most so many, and those that
// cannot, each with why. The search ends where there is no more room.
func (q *Queue) fitting(ctx context.Context, r RepointRequest, target *launch.Target, runs []host.Run, room int) (fit, rest []RepointedRun, err error) {
	slices.SortFunc(runs, runsInOrder)
	for i := range runs {
		if len(fit) >= room {
			break
		}
		run := RepointedRun{ID: runs[i].ID, seq: runs[i].Seq}
		if run.Err = r.allows(&runs[i], target.Job); run.Err == nil {
			run.Err = target.Check(ctx, &runs[i])
		}
		if run.Err == nil {
			fit = append(fit, run)
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		rest = append(rest, run)
	}
	return fit, rest, nil
}

// runsInOrder is inOrder of runs: those that come first in the queue are back in it first.
func runsInOrder(a, b host.Run) int {
	return cmp.Or(cmp.Compare(tag.Priority(b.Tags), tag.Priority(a.Tags)), cmp.Compare(a.Seq, b.Seq))
}

func (r *RepointRequest) check() error {
	switch {
	case len(r.IDs) == 0 && r.From == (host.JobName{}):
		return repointInvalid("it is not said which runs are meant", "name the job whose runs wait for their code, or the runs")
	case len(r.IDs) > MaxRepoint:
		return repointInvalid(fmt.Sprintf("%d runs are named; at most %d are re-pointed at a time", len(r.IDs), MaxRepoint), "name fewer, and repeat it for the others")
	}
	return nil
}

func repointInvalid(message, remedy string) error {
	return &host.Error{Code: host.Invalid, Reason: "REPOINT", Message: message, Remedy: remedy}
}

// meant are the runs of the request, each once, without those that are done.
func (q *Queue) meant(ctx context.Context, r RepointRequest, done []RepointedRun) (runs []host.Run, err error) {
	known := map[host.RunID]bool{}
	for _, run := range done {
		known[run.ID] = true
	}
	if len(r.IDs) == 0 {
		open, err := q.o.Store.OpenRuns(ctx)
		_, err = host.DamageIn(err)
		return slices.DeleteFunc(open, func(run host.Run) bool {
			return run.Job != r.From || run.Status != host.WaitingForCode || known[run.ID]
		}), err
	}
	for _, id := range r.IDs {
		if known[id] {
			continue
		}
		known[id] = true
		run, err := q.o.Store.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

// allows says why a run cannot be re-pointed as it is now; nil when it can.
func (r *RepointRequest) allows(run *host.Run, to host.JobName) error {
	conflict := func(format string, args ...any) error {
		return &host.Error{Code: host.Conflict, Reason: "REPOINT", Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case run.Job == to:
		return conflict("it is a run of job %s already", to)
	case r.From != (host.JobName{}) && run.Job != r.From:
		return conflict("it is a run of job %s, not of %s", run.Job, r.From)
	case run.Status == host.WaitingForCode, run.Status == host.Queued && len(r.IDs) > 0:
		return nil
	case run.Status == host.Queued:
		return conflict("it does not wait for its code any more")
	default:
		return conflict("it is %s; only a run that has not begun to start can be re-pointed", run.Status)
	}
}

// repoint re-points the runs that were found to fit, and adds to the rest those that do not any more.
func (q *Queue) repoint(ctx context.Context, r RepointRequest, to host.JobName, fit, rest []RepointedRun) (_, _ []RepointedRun, err error) {
	ids := make([]host.RunID, len(fit))
	for i, run := range fit {
		ids[i] = run.ID
	}
	results, err := q.o.Store.UpdateRuns(ctx, r.Request, ids, func(run *host.Run) ([][]byte, error) {
		if err := r.allows(run, to); err != nil {
			return nil, err
		}
		now := q.o.Clock.Now()
		note := launch.Note(launch.NoteRepointed, fmt.Sprintf("re-pointed from job %s to job %s", run.Job, to), now)
		if run.Status == host.WaitingForCode {
			if err := run.Become(host.Queued, "", now); err != nil {
				return nil, err
			}
		}
		run.Explain("")
		run.Job, run.Waited, run.StartTimeouts = to, 0, 0
		return [][]byte{note}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	var changed []RepointedRun
	for i, run := range fit {
		if run.Err = results[i].Err; run.Err == nil {
			changed = append(changed, run)
		} else {
			rest = append(rest, run)
		}
	}
	return changed, rest, nil
}

// repointedMeanwhile keeps a start from going on with what was checked for another job.
func repointedMeanwhile(run *host.Run) error {
	return &host.Error{Code: host.Conflict, Reason: "REPOINTED", Message: fmt.Sprintf("run %s was re-pointed to job %s meanwhile", run.ID, run.Job)}
}
