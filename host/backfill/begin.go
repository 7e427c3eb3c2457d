package backfill

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// maxUnfinished is how many backfills may go on.
	maxUnfinished = 100
	// maxTitle is how many bytes a title has at most.
	maxTitle = 200
	// sampleSize is how many partitions a preview names.
	sampleSize = 100
)

// Request asks for a backfill.
type Request struct {
	// ID makes it repeatable; 16–64 characters. Previews do not look at it.
	ID string
	// Asked is what is asked for, encoded as host.v1.BackfillRequest, AskedDigest that of everything that belongs to it: an
	// ID that comes again with another is a Conflict.
	Asked       []byte
	AskedDigest host.Digest
	// Job is "location/repository/job", or the shortest unambiguous end of it.
	Job string
	// Selection says which partitions. FailedOnly leaves those of it whose newest run failed or was canceled, MissingOnly
	// those without a run that ended well.
	Selection               partition.Selection
	FailedOnly, MissingOnly bool
	NewestFirst             bool
	// Tags, config and op selection are those of each run, see launch.Request.
	Tags        []tag.Tag
	ConfigYAML  string
	OpSelection string
	// MaxOpenRuns is how many of its runs are not final at a time, at most; 0 means host.DefaultBackfillOpenRuns.
	MaxOpenRuns int
	// Title and By, who asks, are for people. By is clean.
	Title, By string
}

// Preview says what a backfill would do.
type Preview struct {
	Job host.JobName
	// Partitions is how many are selected, Sample the first of them.
	Partitions int
	Sample     []string
	// Standing is how they stand now.
	Standing Standing
	// Problems is all that is wrong, with the first run as an example: Begin would be refused when there is any.
	Problems []host.Problem
	// Tags are those that the first run would get.
	Tags []tag.Tag
}

// Preview looks at what a backfill would do, and changes nothing. Errors: NotFound or Invalid when the job's name means none
// or several; Refused when the gate refuses its partitions; Unavailable when its code has to be asked and does not answer.
func (r *Runner) Preview(ctx context.Context, q Request) (Preview, error) {
	p, _, err := r.plan(ctx, &q)
	return p, err
}

// Begin begins a backfill and answers when it is on disk. A request that was used before answers the one that it began, as
// it is now.
//
// Errors: those of Preview; Invalid with all problems; Conflict when the request was used for something else, or too many
// backfills go on.
func (r *Runner) Begin(ctx context.Context, q Request) (host.Backfill, error) {
	if err := host.CheckRequestID(q.ID, "backfill"); err != nil {
		return host.Backfill{}, err
	}
	known, err := r.o.Store.BackfillOfRequest(ctx, q.ID)
	if err == nil && known.AskedDigest == q.AskedDigest {
		return known, nil
	}
	if err != nil && host.CodeOf(err) != host.NotFound {
		return host.Backfill{}, err
	}
	p, b, err := r.plan(ctx, &q)
	if err != nil {
		return host.Backfill{}, err
	}
	if len(p.Problems) > 0 {
		return host.Backfill{}, &host.Error{
			Code: host.Invalid, Reason: "BACKFILL_INVALID",
			Message:  fmt.Sprintf("job %s cannot be backfilled like this", p.Job),
			Remedy:   "Correct what is listed and ask again; nothing was launched.",
			Problems: p.Problems,
		}
	}
	if err := r.room(); err != nil {
		return host.Backfill{}, err
	}
	b, created, err := r.o.Store.CreateBackfill(ctx, q.ID, b)
	if err != nil {
		return host.Backfill{}, err
	}
	if created {
		r.o.Logger.Info("a backfill begins", "backfill", b.ID, "job", b.Job, "partitions", len(b.Partitions), "by", b.By)
		r.goOn(b) //nolint:contextcheck // it goes on, whoever asked for it
		r.watchers.tell(b.ID)
	}
	return b, nil
}

// room is the error that too many backfills go on, if that is so.
func (r *Runner) room() error {
	if n := r.unfinished(); n >= maxUnfinished {
		return &host.Error{
			Code: host.Conflict, Reason: "TOO_MANY_BACKFILLS",
			Message: fmt.Sprintf("%d backfills go on; there may be %d", n, maxUnfinished),
			Remedy:  "Wait until some of them have ended, or cancel them.",
		}
	}
	return nil
}

// plan makes the backfill that a request asks for, unless it has problems.
func (r *Runner) plan(ctx context.Context, q *Request) (p Preview, b host.Backfill, err error) {
	job, partitions, set, err := r.o.Find(q.Job)
	if err != nil {
		return p, b, err
	}
	p.Job, p.Problems = job, q.problems()
	keys, err := set.Select(ctx, q.Selection)
	if e, ok := errors.AsType[*host.Error](err); ok && e.Code == host.Invalid {
		p.Problems = append(p.Problems, problemsOf(e, "partitions")...)
		return p, b, nil
	}
	if err != nil {
		return p, b, err
	}
	if keys, p.Standing, err = r.sift(ctx, p.Job, keys, q.FailedOnly, q.MissingOnly); err != nil {
		return p, b, err
	}
	if q.NewestFirst {
		slices.Reverse(keys)
	}
	p.Partitions, p.Sample = len(keys), keys[:min(len(keys), sampleSize)]
	if len(keys) == 0 {
		p.Problems = append(p.Problems, host.Problem{Field: "partitions", Message: q.nothing()})
		return p, b, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return p, b, fmt.Errorf("make the id of a backfill: %w", err)
	}
	b = host.Backfill{
		ID: id.String(), Job: p.Job, PartitionSet: partitions.Name, Partitions: keys,
		Tags: q.Tags, ConfigYAML: q.ConfigYAML, OpSelection: q.OpSelection,
		MaxOpenRuns: q.MaxOpenRuns, Title: tag.System("", q.Title).Value,
		Asked: q.Asked, AskedDigest: q.AskedDigest, By: q.By, CreatedAt: r.o.Clock.Now(), State: host.BackfillRunning,
	}
	if b.MaxOpenRuns == 0 {
		b.MaxOpenRuns = host.DefaultBackfillOpenRuns
	}
	first, err := r.o.Preview(ctx, launchOf(&b, 0, nil))
	if e, ok := errors.AsType[*host.Error](err); ok && e.Code == host.Invalid {
		p.Problems = append(p.Problems, problemsOf(e, "job")...)
		return p, b, nil
	}
	if err != nil {
		return p, b, err
	}
	p.Tags = first.Tags
	p.Problems = append(p.Problems, first.Problems...)
	return p, b, nil
}

// problems are those of the request itself, whatever the job.
func (q *Request) problems() (problems []host.Problem) {
	if q.MaxOpenRuns < 0 || q.MaxOpenRuns > host.MaxBackfillOpenRuns {
		problems = append(problems, host.Problem{
			Field:   "max_open_runs",
			Message: fmt.Sprintf("%d runs are to be open at a time; 1 to %d are allowed", q.MaxOpenRuns, host.MaxBackfillOpenRuns),
		})
	}
	if n := len(q.Title); n > maxTitle {
		problems = append(problems, host.Problem{
			Field: "title", Message: fmt.Sprintf("the title has %d bytes; at most %d are allowed", n, maxTitle),
		})
	}
	return problems
}

// nothing says that no partition is selected.
func (q *Request) nothing() string {
	switch {
	case q.FailedOnly && q.MissingOnly:
		return "none of the selected partitions has failed last and never ended well"
	case q.FailedOnly:
		return "of none of the selected partitions has the newest run failed or been canceled"
	default:
		return "every selected partition has a run that ended well"
	}
}

// problemsOf are the problems of an error, or the error as one of a field.
func problemsOf(e *host.Error, field string) []host.Problem {
	if len(e.Problems) > 0 {
		return e.Problems
	}
	return []host.Problem{{Field: field, Message: e.Message}}
}
