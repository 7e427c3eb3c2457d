package sensor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/workspace"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// pageSize is how many runs that ended are looked at between two looks at the store.
	pageSize = 200
	// keepAfter and keepEvery say when it is stored up to where a sensor looked that selected nothing: after so many runs,
	// or so much time.
	keepAfter = 500
	keepEvery = 10 * time.Second
	// rounds is how often runs that ended are looked for though nothing told of one.
	rounds = time.Minute
)

// endedRun is a run for which a sensor is evaluated, with its place in the order of those that ended.
type endedRun struct {
	pos uint64
	run host.Run
}

// follow evaluates a run-status sensor for each run that ended and that it selects, in the order in which they did.
func (w *Watcher) follow(ctx context.Context, seen *sight) error {
	if seen.kept.IsZero() {
		seen.kept = w.o.Clock.Now()
	}
	for {
		entries, err := w.o.Store.EndedRuns(ctx, seen.ended, pageSize)
		damage, err := host.DamageIn(err)
		if err != nil {
			return err
		}
		if damage != nil {
			w.o.Logger.Error("entries of runs that ended cannot be read; sensors pass them over", "entries", len(damage), "error", damage)
		}
		if len(entries) == 0 {
			break
		}
		for _, entry := range entries {
			run, selected, err := w.selects(ctx, seen, entry)
			if err != nil {
				return err
			}
			if selected {
				if err := w.evaluate(ctx, seen, &endedRun{pos: entry.Pos, run: run}); err != nil {
					return err
				}
			}
			seen.ended = entry.Pos
		}
		if seen.ended-seen.automation.Ended >= keepAfter {
			if err := w.keep(ctx, seen, seen.ended); err != nil {
				return err
			}
		}
	}
	if w.o.Clock.Now().Sub(seen.kept) >= keepEvery {
		return w.keep(ctx, seen, seen.ended)
	}
	return nil
}

// selects tells whether a sensor is evaluated for an entry, and returns its run.
func (w *Watcher) selects(ctx context.Context, seen *sight, entry host.EndedRun) (run host.Run, selected bool, err error) {
	// A run whose retry was due comes twice. Who waits for the last retry takes it the second time, if it has none then.
	if last := seen.definition.Definition.GetRunStatus().GetLastRetryOnly(); last && entry.RetryDue || !last && entry.Settled {
		return run, false, nil
	}
	run, err = w.o.Store.Run(ctx, entry.Run)
	switch {
	case host.CodeOf(err) == host.NotFound: // it was deleted
		return run, false, nil
	case host.ReasonOf(err) == host.ReasonDamaged:
		w.o.Logger.Error("a run that ended cannot be read; sensors pass it over", "run", entry.Run, "error", err)
		return run, false, nil
	case err != nil:
		return run, false, err
	}
	if own, err := w.own(ctx, seen.automation.Name, &run); own || err != nil {
		return run, false, err
	}
	if entry.Settled {
		if retried, err := w.retried(ctx, run.ID); retried || err != nil {
			return run, false, err
		}
	}
	source, err := w.source(ctx, seen.where, &run)
	return run, err == nil && seen.where.Matches(source), err
}

// own tells that the sensor launched the run, or the first one of its chain of re-executions: it would launch without end.
func (w *Watcher) own(ctx context.Context, name host.AutomationName, run *host.Run) (bool, error) {
	if launchedBy(name, run) || run.Root == "" || run.Root == run.ID {
		return launchedBy(name, run), nil
	}
	root, err := w.o.Store.Run(ctx, run.Root)
	if err != nil && host.CodeOf(err) != host.NotFound && host.ReasonOf(err) != host.ReasonDamaged {
		return false, err
	}
	return err == nil && launchedBy(name, &root), nil
}

// launchedBy tells that a run was launched by the sensor of that name.
func launchedBy(name host.AutomationName, run *host.Run) bool {
	job := run.LaunchedJob()
	if job.Location != name.Location || job.Repository != name.Repository {
		return false
	}
	for _, t := range run.Tags {
		if t.Key == tag.KeySensor && t.Origin == tag.OriginSystem {
			return t.Value == name.Name
		}
	}
	return false
}

// retried tells that a run that failed has an automatic retry.
func (w *Watcher) retried(ctx context.Context, id host.RunID) (bool, error) {
	page, err := w.o.Store.SelectRuns(ctx, selector.All(
		selector.TagIs(tag.KeyParentRun, string(id)), &selector.Expr{Op: selector.Exists, On: selector.Tag, Name: tag.KeyRetryNumber},
	), 0, 1)
	_, err = host.DamageIn(err)
	return len(page.Runs) > 0, err
}

// source is a run as a selector sees it.
func (w *Watcher) source(ctx context.Context, where *selector.Expr, run *host.Run) (host.RunSource, error) {
	s := host.RunSource{Run: run}
	if where == nil || run.Launched.Metadata.IsZero() {
		return s, nil
	}
	for term := range where.Terms() {
		if term.On != selector.Metadata {
			continue
		}
		body, err := w.o.Store.Body(ctx, run.Launched.Metadata)
		if err == nil {
			s.Texts, err = workspace.MetadataTexts(body)
		}
		if ctx.Err() != nil {
			return s, ctx.Err()
		}
		if err != nil { // what cannot be read is not selected by, as in searches
			w.o.Logger.Warn("metadata of a run that ended cannot be read; no sensor selects by it", "run", run.ID, "error", err)
		}
		break
	}
	return s, nil
}

// message is the run as user code gets it.
func (r *endedRun) message() *usercodev1.EndedRun {
	m := &usercodev1.EndedRun{
		RunId: string(r.run.ID), Location: r.run.Job.Location, Repository: r.run.Job.Repository, Job: r.run.Job.Job,
		Status: strings.ToLower(string(r.run.Status)), StatusReason: r.run.StatusReason, EndedAt: stamp(r.run.EndedAt),
	}
	for _, t := range r.run.Tags {
		m.Tags = append(m.Tags, &tagv1.Tag{Key: t.Key, Value: t.Value})
	}
	return m
}

// keys gives the requests that have no run key one of the run, so that nothing is launched for it twice, whatever happens.
func (r *endedRun) keys(o *usercodev1.Evaluation) {
	for i, q := range o.GetRunRequests() {
		if q.GetRunKey() == "" {
			q.RunKey = fmt.Sprintf("%s %s %d", r.run.ID, strings.ToLower(string(r.run.Status)), i+1)
		}
	}
}

// stamp is an instant as it is sent; unset when there is none.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
