package api

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/runtag"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

const (
	// backfillPace is how long a watch of backfills lets pass between two messages of all that changed.
	backfillPace = 200 * time.Millisecond
	// defaultBackfillPage and maxBackfillPage are how many partitions of a backfill a page has.
	defaultBackfillPage = 500
	maxBackfillPage     = 10_000
)

// backfillService serves BackfillService.
type backfillService struct{ s *Server }

var _ hostv1connect.BackfillServiceHandler = backfillService{}

// PreviewBackfill says what a backfill would do.
func (b backfillService) PreviewBackfill(ctx context.Context, req *hostv1.PreviewBackfillRequest) (*hostv1.PreviewBackfillResponse, error) {
	request, err := backfillRequestFrom(req.GetBackfill())
	if err != nil {
		return nil, err
	}
	p, err := b.s.o.Backfills.Preview(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &hostv1.PreviewBackfillResponse{
		Job: valid(p.Job.String()), Partitions: uint64(p.Partitions), Sample: p.Sample,
		Counts: partitionCounts(p.Standing.None, p.Standing.Counts), Tags: tagsToWire(p.Tags),
	}
	for _, problem := range p.Problems {
		out.Problems = append(out.Problems, problemToWire(problem))
	}
	return out, nil
}

// StartBackfill begins a backfill and answers when it is on disk.
func (b backfillService) StartBackfill(ctx context.Context, req *hostv1.StartBackfillRequest) (*hostv1.StartBackfillResponse, error) {
	request, err := backfillRequestFrom(req.GetBackfill())
	if err != nil {
		return nil, err
	}
	request.ID = req.GetRequestId()
	if request.By, err = runtag.CleanBy(req.GetBy()); err != nil {
		return nil, err
	}
	if request.Asked, request.AskedDigest, err = backfillAsked(req); err != nil {
		return nil, err
	}
	made, err := b.s.o.Backfills.Begin(ctx, request)
	if err != nil {
		return nil, err
	}
	wire, err := b.toWire(ctx, made)
	return &hostv1.StartBackfillResponse{Backfill: wire}, err
}

// toWire is a backfill that was read from the store, as it is now.
func (b backfillService) toWire(ctx context.Context, stored host.Backfill) (*hostv1.Backfill, error) {
	now, progress, err := b.s.o.Backfills.Progress(ctx, stored)
	if err != nil {
		return nil, err
	}
	return backfillToWire(&now, &progress), nil
}

// GetBackfill returns a backfill.
func (b backfillService) GetBackfill(ctx context.Context, req *hostv1.GetBackfillRequest) (*hostv1.GetBackfillResponse, error) {
	wire, err := b.get(ctx, req.GetId())
	return &hostv1.GetBackfillResponse{Backfill: wire}, err
}

func (b backfillService) get(ctx context.Context, prefix string) (*hostv1.Backfill, error) {
	id, err := b.find(ctx, prefix)
	if err != nil {
		return nil, err
	}
	stored, err := b.s.o.Store.Backfill(ctx, id)
	if err != nil {
		return nil, err
	}
	return b.toWire(ctx, stored)
}

// find returns the id that begins with prefix.
func (b backfillService) find(ctx context.Context, prefix string) (string, error) {
	none := &host.Error{
		Code: host.NotFound, Reason: "BACKFILL_NOT_FOUND", Message: fmt.Sprintf("there is no backfill %.64q", prefix),
		Remedy: "list the backfills for their ids",
	}
	prefix = strings.ToLower(prefix)
	if !idText.MatchString(prefix) {
		return "", none
	}
	if len(prefix) == idLength {
		return prefix, nil
	}
	const shown = 10
	ids, err := b.s.o.Store.FindBackfills(ctx, prefix, shown+1)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", none
	case len(ids) == 1:
		return ids[0], nil
	}
	e := &host.Error{
		Code: host.Invalid, Reason: "BACKFILL_AMBIGUOUS",
		Message: fmt.Sprintf("more than one backfill has an id that begins with %q", prefix), Remedy: "give more characters of the id",
	}
	for i, id := range ids {
		if i == shown {
			id = "and more"
		}
		e.Problems = append(e.Problems, host.Problem{Field: "backfill", Message: id})
	}
	return "", e
}

// ListBackfills lists backfills, newest first.
func (b backfillService) ListBackfills(ctx context.Context, req *hostv1.ListBackfillsRequest) (*hostv1.ListBackfillsResponse, error) {
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	before, cursor := "", req.GetPageCursor()
	if cursor != "" {
		var ok bool
		if before, ok = parsePageCursor("backfills", cursor); !ok {
			return nil, cursorError(cursor)
		}
	}
	var job host.JobName
	if req.GetJob() != "" {
		if job, err = b.job(req.GetJob()); err != nil {
			return nil, err
		}
	}
	page, next, err := b.s.o.Store.Backfills(ctx, job, before, size)
	damage, err := host.DamageIn(err)
	if err != nil {
		return nil, err
	}
	if damage != nil {
		b.s.o.Logger.ErrorContext(ctx, "backfills cannot be read; they are left out", "backfills", len(damage), "error", damage)
	}
	out, payload := &hostv1.ListBackfillsResponse{}, 0
	for i := range page {
		row, err := b.toWire(ctx, page[i])
		if err != nil {
			return nil, err
		}
		if payload += proto.Size(row); payload > maxPagePayload && i > 0 {
			next = page[i-1].ID
			break
		}
		out.Backfills = append(out.Backfills, row)
	}
	if next != "" {
		out.NextCursor = pageCursor("backfills", next)
	}
	return out, nil
}

// job is the name that is asked for, in full: also of a job that is gone when it is given in full.
func (b backfillService) job(name string) (host.JobName, error) {
	job, err := b.s.o.Workspace.FindJob(name)
	if err == nil {
		return job.Name, nil
	}
	if full, ok := host.ParseJobName(name); ok && full.Location != "" && full.Repository != "" {
		return full, nil
	}
	return host.JobName{}, err
}

// ListBackfillPartitions pages through the partitions of a backfill.
func (b backfillService) ListBackfillPartitions(ctx context.Context, req *hostv1.ListBackfillPartitionsRequest) (*hostv1.ListBackfillPartitionsResponse, error) {
	size, err := sizeUpTo(req.GetPageSize(), defaultBackfillPage, maxBackfillPage)
	if err != nil {
		return nil, err
	}
	id, err := b.find(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	from, kind := 0, "backfill "+id
	if cursor := req.GetPageCursor(); cursor != "" {
		place, ok := parsePageCursor(kind, cursor)
		if from, err = strconv.Atoi(place); !ok || err != nil || from < 0 {
			return nil, cursorError(cursor)
		}
	}
	page, more, err := b.s.o.Backfills.Partitions(ctx, id, from, size)
	if err != nil {
		return nil, err
	}
	out, payload := &hostv1.ListBackfillPartitionsResponse{}, 0
	for i := range page {
		p := &page[i]
		row := &hostv1.BackfillPartition{Key: p.Key, Error: valid(p.Refused)}
		if p.Run != nil {
			row.RunId, row.Status = string(p.Run.ID), runStatusToWire(p.Run.Status)
		}
		if payload += proto.Size(row); payload > maxPagePayload && i > 0 {
			more = true
			break
		}
		out.Partitions = append(out.Partitions, row)
	}
	if more {
		out.NextCursor = pageCursor(kind, strconv.Itoa(from+len(out.GetPartitions())))
	}
	return out, nil
}

// WatchBackfills sends backfills that change, as they are then.
func (b backfillService) WatchBackfills(ctx context.Context, req *hostv1.WatchBackfillsRequest, stream hostv1connect.BackfillServiceWatchBackfillsServerStream) error {
	id := req.GetId()
	if id != "" {
		var err error
		if id, err = b.find(ctx, id); err != nil {
			return err
		}
		if _, err := b.s.o.Store.Backfill(ctx, id); err != nil {
			return err
		}
	}
	return b.s.watch(ctx, hostv1connect.BackfillServiceWatchBackfillsProcedure, func(ctx context.Context) error {
		changes := b.s.o.Backfills.Watch(id)
		defer changes.Close()
		if err := stream.Send(&hostv1.WatchBackfillsResponse{}); err != nil {
			return err
		}
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-b.s.stopping:
				return stopping()
			case <-changes.Ready():
			}
			for _, id := range changes.Take() {
				now, err := b.get(ctx, id)
				if host.CodeOf(err) == host.NotFound {
					continue
				}
				if err == nil {
					err = stream.Send(&hostv1.WatchBackfillsResponse{Backfill: now})
				}
				if err != nil {
					return err
				}
			}
			// One goes on a few dozen times a second, and nobody reads as fast.
			select {
			case <-ctx.Done():
			case <-b.s.stopping:
			case <-b.s.o.Clock.After(backfillPace):
			}
		}
	})
}

// CancelBackfill launches nothing more and cancels the runs of a backfill.
func (b backfillService) CancelBackfill(ctx context.Context, req *hostv1.CancelBackfillRequest) (*hostv1.CancelBackfillResponse, error) {
	by, err := runtag.CleanBy(req.GetBy())
	if err != nil {
		return nil, err
	}
	id, err := b.find(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	canceled, err := b.s.o.Backfills.Cancel(ctx, id, req.GetForce(), by)
	if err != nil {
		return nil, err
	}
	wire, err := b.toWire(ctx, canceled)
	return &hostv1.CancelBackfillResponse{Backfill: wire}, err
}

// RetryBackfill launches again what failed.
func (b backfillService) RetryBackfill(ctx context.Context, req *hostv1.RetryBackfillRequest) (*hostv1.RetryBackfillResponse, error) {
	by, err := runtag.CleanBy(req.GetBy())
	if err != nil {
		return nil, err
	}
	id, err := b.find(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	retried, places, err := b.s.o.Backfills.Retry(ctx, req.GetRequestId(), id, by)
	if err != nil {
		return nil, err
	}
	wire, err := b.toWire(ctx, retried)
	return &hostv1.RetryBackfillResponse{Backfill: wire, Retried: uint64(places)}, err
}
