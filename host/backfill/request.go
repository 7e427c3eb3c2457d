package backfill

import (
	"context"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// requestOf is the request of the run that a place gets in a round.
func requestOf(id string, round, place int) string {
	return fmt.Sprintf("backfill-%s-%d-%d", id, round, place)
}

// launchOf is the launch of a place.
func launchOf(b *host.Backfill, place int, made *host.PartitionRun) launch.Request {
	return launch.Request{
		RequestID:    requestOf(b.ID, b.Round, place),
		Job:          b.Job.String(),
		ConfigYAML:   b.ConfigYAML,
		Tags:         b.Tags,
		OpSelection:  b.OpSelection,
		Partition:    b.Partitions[place],
		PartitionRun: made,
		Source:       &launch.Source{Backfill: b.ID},
	}
}

// ours tells that a run is of a backfill, and was not launched by somebody with the id of its request.
func ours(b *host.Backfill, run *host.Run) bool {
	id, _ := run.Tag(tag.KeyBackfill)
	return id == b.ID
}

// newestOf is the newest run that a place has, automatic retries included, with the round that launched it; nil when there
// is none that can be read.
func (r *Runner) newestOf(ctx context.Context, b *host.Backfill, place int) (newest *host.Run, round int, err error) {
	for round = b.Round; round >= 0; round-- {
		run, err := r.o.Store.RunOfRequest(ctx, requestOf(b.ID, round, place))
		switch {
		case gone(err):
			continue
		case err != nil:
			return nil, 0, err
		case !ours(b, &run):
			continue
		}
		if err := r.follow(ctx, &run); err != nil {
			return nil, 0, err
		}
		return &run, round, nil
	}
	return nil, 0, nil
}

// follow makes a run the last of its automatic retries.
func (r *Runner) follow(ctx context.Context, run *host.Run) error {
	for run.Status == host.Failure {
		child, err := r.o.Store.RunOfRequest(ctx, launch.RetryOf(run, run.RetryNumber()+1).RequestID)
		switch {
		case gone(err):
			return nil
		case err != nil:
			return err
		case child.Parent != run.ID:
			return nil // somebody else launched it, with the id of the retry's request
		}
		*run = child
	}
	return nil
}

// gone tells that there is no such run, or none that can be read.
func gone(err error) bool {
	return host.CodeOf(err) == host.NotFound || host.ReasonOf(err) == host.ReasonDamaged
}

// unsettled tells that more may become of a run: it is not final, or a retry of it is due.
func unsettled(run *host.Run) bool { return !run.Status.Final() || run.RetryDue }
