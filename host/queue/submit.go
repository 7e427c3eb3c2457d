package queue

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Submit checks a request and queues its run. It answers once the run is on
// disk. A RequestID that was used before answers the run that it made.
func (q *Queue) Submit(ctx context.Context, r launch.Request) (host.Run, error) {
	if err := host.CheckRequestID(r.RequestID, "launch"); err != nil {
		return host.Run{}, err
	}
	run, err := q.o.Store.RunOfRequest(ctx, r.RequestID)
	if err == nil {
		return askedFor(&run, &r)
	}
	if host.CodeOf(err) != host.NotFound {
		return host.Run{}, err
	}
	n, err := q.Prepare(ctx, r)
	if err != nil {
		return host.Run{}, err
	}
	run, created, err := q.o.Store.CreateRun(ctx, n)
	if err == nil && !created { // another call with this id was faster
		return askedFor(&run, &r)
	}
	return run, err
}

// Prepare checks a request and makes the run that would be queued, without storing it: for who stores several at once, or
// with something else. Errors are those of [launch.Planner.Plan].
func (q *Queue) Prepare(ctx context.Context, r launch.Request) (host.NewRun, error) {
	plan, err := q.o.Planner.Plan(ctx, r)
	if err != nil {
		return host.NewRun{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return host.NewRun{}, fmt.Errorf("make a run id: %w", err)
	}
	now := q.o.Clock.Now()
	n := host.NewRun{
		RequestID: r.RequestID,
		Run: host.Run{
			ID:           host.RunID(id.String()),
			Job:          plan.Job,
			Status:       host.Queued,
			Tags:         plan.Tags,
			ConfigYAML:   plan.ConfigTyped,
			ConfigJSON:   plan.ConfigJSON,
			OpSelection:  plan.OpSelection,
			OpPaths:      plan.OpPaths,
			Subset:       plan.Subset,
			Launched:     plan.Snapshot,
			CreatedAt:    now,
			Parent:       plan.Parent,
			Root:         plan.Root,
			TakenOutputs: plan.TakenOutputs,
		},
		Bodies: plan.Bodies,
		Events: queuedNotes(plan, now),
	}
	for _, why := range q.Never(&n.Run) {
		n.Events = append(n.Events, launch.Note(launch.NoteQueued, why, now))
	}
	return n, nil
}

// askedFor answers a run that the request's id made. The error is that it is not what the request asks for, as far as the
// run still tells: it may be re-pointed and its tags may be edited since.
func askedFor(run *host.Run, r *launch.Request) (host.Run, error) {
	made := func(format string, args ...any) (host.Run, error) {
		return host.Run{}, host.RequestUsed(r.RequestID, fmt.Sprintf("made run %s", run.ID)+fmt.Sprintf(format, args...))
	}
	asked := run.LaunchedJob()
	job, ok := host.ParseJobName(r.Job)
	again := r.Reexecution
	partition, _ := run.Tag(tag.KeyPartition)
	byCode := r.Partition != "" && r.ConfigYAML == "" // by the job's code
	switch {
	case ok && !job.Covers(asked):
		return made(" of job %s, not of job %.200q", asked, r.Job)
	case again != nil && run.Parent != again.Parent:
		return made(", which does not execute run %.64s again", again.Parent)
	case again == nil && run.Parent != "":
		return made(", which executes run %s again", run.Parent)
	case again == nil && partition != r.Partition:
		return made(" of partition %.120q, not of %.120q", partition, r.Partition)
	case again == nil && run.ConfigYAML != r.ConfigYAML && !byCode:
		return made(" with another config")
	default:
		return *run, nil
	}
}

// queuedNotes say what a run is made of, and of a child how the job differs from what its parent ran.
func queuedNotes(plan *launch.Plan, now time.Time) [][]byte {
	text := fmt.Sprintf("queued: %s, ops to execute: %d", plan.Job, len(plan.OpPaths))
	if plan.Partition != "" {
		text += fmt.Sprintf("; partition %s", plan.Partition)
	}
	if plan.Parent != "" {
		text += fmt.Sprintf("; it executes run %s again", plan.Parent)
	}
	if n := len(plan.Outputs); n > 0 {
		text += fmt.Sprintf("; outputs taken from earlier runs: %d", n)
	}
	notes := [][]byte{launch.Note(launch.NoteQueued, text, now)}
	if len(plan.DefinitionChanges) > 0 {
		text := fmt.Sprintf("the job differs from what run %s executed:\n%s", plan.Parent, strings.Join(plan.DefinitionChanges, "\n"))
		notes = append(notes, launch.Note(launch.NoteDefinitionChanged, text, now))
	}
	return notes
}
