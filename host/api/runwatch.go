package api

import (
	"context"
	"hash/fnv"
	"io"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/usercode/tag"
)

// WatchRuns sends each run that is new or changed, the newest state of each, from the first message on.
func (r runService) WatchRuns(ctx context.Context, req *hostv1.WatchRunsRequest, stream hostv1connect.RunServiceWatchRunsServerStream) error {
	filter, err := r.filterFrom(ctx, req.GetFilter())
	if err != nil {
		return err
	}
	return r.s.watch(ctx, hostv1connect.RunServiceWatchRunsProcedure, func(ctx context.Context) error {
		sub := r.s.o.Feed.Subscribe(r.s.streams.pending)
		defer sub.Close()
		if err := stream.Send(&hostv1.WatchRunsResponse{}); err != nil {
			return err
		}
		seen := map[host.RunID]runLook{}
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-r.s.stopping:
				return stopping()
			case <-sub.Ready():
			}
			changes, lost := sub.Take()
			if lost {
				clear(seen) // the client lists again, and may learn of something that it was not told here
				if err := stream.Send(&hostv1.WatchRunsResponse{Resync: true}); err != nil {
					return err
				}
			}
			for i := range changes {
				if err := r.sendChange(ctx, &changes[i], &filter, seen, stream); err != nil {
					return err
				}
			}
		}
	})
}

// runLook is what a listing shows of a run that can change, so that events alone send nothing.
type runLook struct {
	status  host.RunStatus
	reason  string
	attempt uint32
	tags    uint64
	job     host.JobName
	waiting time.Time
	retry   bool
}

func lookOf(r *host.Run) runLook {
	return runLook{status: r.Status, reason: r.StatusReason, attempt: r.Attempt, tags: tagsLook(r.Tags), job: r.Job, waiting: r.WaitingSince, retry: r.RetryDue}
}

// tagsLook is another number for other tags.
func tagsLook(tags []tag.Tag) uint64 {
	h := fnv.New64a()
	for _, t := range tags {
		for _, text := range []string{t.Key, t.Value, string(t.Origin), t.EditedBy, t.EditedAt.UTC().Format(time.RFC3339Nano)} {
			_, _ = io.WriteString(h, text+"\x00") // a hash takes everything
		}
	}
	return h.Sum64()
}

func (r runService) sendChange(ctx context.Context, c *host.Change, filter *runFilter, seen map[host.RunID]runLook,
	stream hostv1connect.RunServiceWatchRunsServerStream,
) error {
	// One of another job was never of interest, unless it was re-pointed to it.
	if !filter.job.Covers(c.Run.Job) && c.Run.LaunchedAs == (host.JobName{}) {
		return nil
	}
	if c.Deleted {
		delete(seen, c.Run.ID)
		return stream.Send(&hostv1.WatchRunsResponse{Run: &hostv1.Run{Id: string(c.Run.ID)}, Deleted: true})
	}
	look := lookOf(&c.Run)
	if seen[c.Run.ID] == look {
		return nil
	}
	seen[c.Run.ID] = look
	if c.Run.Status.Final() {
		delete(seen, c.Run.ID)
	}
	row, err := r.rowToWire(ctx, &c.Run)
	if err != nil {
		return err
	}
	matches, err := r.matches(ctx, filter, &c.Run)
	if err != nil {
		return err
	}
	return stream.Send(&hostv1.WatchRunsResponse{Run: row, Matches: matches})
}

// matches says whether a filter selects a run now.
func (r runService) matches(ctx context.Context, filter *runFilter, run *host.Run) (bool, error) {
	source := host.RunSource{Run: run}
	if filter.metadata {
		var err error
		if source, err = r.s.texts.source(ctx, run); err != nil {
			return false, err
		}
	}
	return filter.at(r.s.o.Clock.Now()).Matches(source), nil
}

const (
	// eventsAtOnce and eventsPayload bound one message of events.
	eventsAtOnce  = 256
	eventsPayload = 3 << 20
)

// WatchRunEvents sends events after a cursor, and the run whenever it changed, until the run is final.
func (r runService) WatchRunEvents(ctx context.Context, req *hostv1.WatchRunEventsRequest, stream hostv1connect.RunServiceWatchRunEventsServerStream) error {
	after, err := host.ParseCursor(req.GetAfter())
	if err != nil {
		return err
	}
	filter, err := eventFilterFrom(req)
	if err != nil {
		return err
	}
	run, err := r.run(ctx, host.RunID(req.GetRunId()))
	if err != nil {
		return err
	}
	return r.s.watch(ctx, hostv1connect.RunServiceWatchRunEventsProcedure, func(ctx context.Context) error {
		sub := r.s.o.Feed.SubscribeRun(run.ID)
		defer sub.Close()
		w := eventWatch{r: r, id: run.ID, after: after, told: after, filter: filter, once: req.GetNoFollow(), stream: stream}
		for {
			final, err := w.runOnce(ctx)
			if err != nil || final || w.once {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-r.s.stopping:
				return stopping()
			case <-sub.Ready():
				sub.Take()
			}
		}
	})
}

// eventWatch is one client's place in the events of a run.
type eventWatch struct {
	r  runService
	id host.RunID
	// after is what was looked at, told what the client knows of that: events that it does not want come between.
	after, told host.Cursor
	filter      eventFilter
	// skipped counts events that the client did not want since it was told a place.
	skipped int
	// once is set when nothing is sent after the first look.
	once   bool
	stream hostv1connect.RunServiceWatchRunEventsServerStream
	sent   bool
	look   runLook
}

// runOnce sends everything that is stored after the cursor and wanted. The run is read before its events: they are stored first,
// so all are there of one that is final. The first message shows the run; later, what its events say comes before it.
func (w *eventWatch) runOnce(ctx context.Context) (final bool, err error) {
	run, err := w.r.run(ctx, w.id)
	if err != nil {
		return false, err
	}
	var changed *hostv1.Run
	look := lookOf(&run)
	if look != w.look {
		w.look = look
		if changed, err = w.r.toWire(ctx, &run); err != nil {
			return false, err
		}
	}
	if !w.sent {
		w.sent = true
		if err := w.send(nil, changed); err != nil {
			return false, err
		}
		changed = nil
	}
	for {
		events, err := w.r.s.o.Store.Events(ctx, w.id, w.after, eventsAtOnce)
		if err != nil {
			return false, err
		}
		last := len(events) < eventsAtOnce
		if len(events) > 0 {
			w.after = events[len(events)-1].Cursor
		}
		w.skipped += len(events)
		events = slices.DeleteFunc(events, func(e host.StoredEvent) bool { return !w.filter.passes(e.Data) })
		w.skipped -= len(events)
		for len(events) > 0 {
			n := fitting(events)
			w.told = events[n-1].Cursor
			if n == len(events) {
				w.told = w.after
			}
			if err := w.send(events[:n], nil); err != nil {
				return false, err
			}
			events = events[n:]
		}
		if last {
			break
		}
	}
	// A place alone is worth a message where the client would have much to pass over again if it came back to the one before.
	if final = run.Status.Final(); changed == nil && (w.told == w.after || w.skipped < eventsAtOnce && !final && !w.once) {
		return final, nil
	}
	w.told = w.after
	return final, w.send(nil, changed)
}

// fitting is how many of the events go into one message, at least one.
func fitting(events []host.StoredEvent) int {
	size := 0
	for i, e := range events {
		if size += len(e.Data); size > eventsPayload && i > 0 {
			return i
		}
	}
	return len(events)
}

// send sends events and the place up to which the client knows what it wants of the run.
func (w *eventWatch) send(events []host.StoredEvent, run *hostv1.Run) error {
	if w.told == w.after {
		w.skipped = 0
	}
	m := &hostv1.WatchRunEventsResponse{Run: run}
	for _, e := range events {
		m.Events = append(m.Events, eventToWire(e))
	}
	m.Cursor = w.told.String()
	return w.stream.Send(m)
}
