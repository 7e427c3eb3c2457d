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
	runs, err := q.meant(ctx, r)
	if err != nil {
		return Repointing{}, err
	}
	out := Repointing{To: target.Job}
	var fit, rest []RepointedRun
	slices.SortFunc(runs, runsInOrder)
	for i := range runs {
		if len(fit) == MaxRepoint {
			break
		}
		run := RepointedRun{ID: runs[i].ID, seq: runs[i].Seq}
		if run.Err = r.allows(&runs[i], target.Job); run.Err == nil {
			run.Err = target.Check(ctx, &runs[i])
		}
		if run.Err == nil && !r.DryRun {
			run.Err = q.repoint(ctx, r, runs[i].ID, target.Job)
		}
		if run.Err == nil {
			fit = append(fit, run)
			continue
		}
		if e := ctx.Err(); e != nil {
			return Repointing{}, e
		}
		rest = append(rest, run)
	}
	out.Runs = slices.Concat(fit, rest[:min(len(rest), MaxRepoint-len(fit))])
	out.Left = len(runs) - len(out.Runs)
	slices.SortFunc(out.Runs, func(a, b RepointedRun) int { return cmp.Compare(a.seq, b.seq) })
	return out, nil
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

// meant are the runs of the request, each once.
func (q *Queue) meant(ctx context.Context, r RepointRequest) (runs []host.Run, err error) {
	if len(r.IDs) == 0 {
		open, err := q.o.Store.OpenRuns(ctx)
		_, err = host.DamageIn(err)
		return slices.DeleteFunc(open, func(run host.Run) bool {
			return run.Job != r.From || run.Status != host.WaitingForCode
		}), err
	}
	known := map[host.RunID]bool{}
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

// repoint re-points one run, which was found to fit.
func (q *Queue) repoint(ctx context.Context, r RepointRequest, id host.RunID, to host.JobName) error {
	_, err := q.o.Store.UpdateRun(ctx, id, func(run *host.Run) ([][]byte, error) {
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
	return err
}

// repointedMeanwhile keeps a start from going on with what was checked for another job.
func repointedMeanwhile(run *host.Run) error {
	return &host.Error{Code: host.Conflict, Reason: "REPOINTED", Message: fmt.Sprintf("run %s was re-pointed to job %s meanwhile", run.ID, run.Job)}
}
