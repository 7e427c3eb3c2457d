package api

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/bulk"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// bulkPace is how long a watch of an action lets pass between two messages.
const bulkPace = 200 * time.Millisecond

// bulkService serves BulkService.
type bulkService struct {
	s    *Server
	runs runService
}

var _ hostv1connect.BulkServiceHandler = bulkService{}

// PreviewBulk says what an action would do.
func (b bulkService) PreviewBulk(ctx context.Context, req *hostv1.PreviewBulkRequest) (*hostv1.PreviewBulkResponse, error) {
	request, err := b.requestFrom(ctx, req.GetAction())
	if e, ok := errors.AsType[*host.Error](err); ok && e.Code == host.Invalid {
		return previewRefused(e), nil
	}
	if err != nil {
		return nil, err
	}
	p, err := b.s.o.Bulk.Preview(ctx, request)
	if err != nil {
		return nil, err
	}
	out := &hostv1.PreviewBulkResponse{Selected: p.Selected, PassedOver: p.PassedOver}
	for i := range p.Sample {
		row, err := b.runs.rowToWire(ctx, &p.Sample[i])
		if err != nil {
			return nil, err
		}
		out.Sample = append(out.Sample, row)
	}
	for _, problem := range p.Problems {
		out.Problems = append(out.Problems, problemToWire(problem))
	}
	return out, nil
}

// previewRefused is the preview of an action that cannot be read.
func previewRefused(e *host.Error) *hostv1.PreviewBulkResponse {
	out := &hostv1.PreviewBulkResponse{}
	for _, p := range e.Problems {
		out.Problems = append(out.Problems, problemToWire(p))
	}
	if len(e.Problems) == 0 {
		out.Problems = []*hostv1.Problem{{Field: "action", Message: valid(e.Message + "\n" + e.Advice())}}
	}
	return out
}

// StartBulk begins an action and answers when it is on disk.
func (b bulkService) StartBulk(ctx context.Context, req *hostv1.StartBulkRequest) (*hostv1.StartBulkResponse, error) {
	request, err := b.requestFrom(ctx, req.GetAction())
	if err != nil {
		return nil, err
	}
	request.ID, request.By = req.GetRequestId(), req.GetBy()
	if request.Asked, err = askedFor(req); err != nil {
		return nil, err
	}
	made, err := b.s.o.Bulk.Begin(ctx, request)
	if err != nil {
		return nil, err
	}
	return &hostv1.StartBulkResponse{Bulk: bulkToWire(&made)}, nil
}

// GetBulk returns an action.
func (b bulkService) GetBulk(ctx context.Context, req *hostv1.GetBulkRequest) (*hostv1.GetBulkResponse, error) {
	found, err := b.s.o.Store.Bulk(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	return &hostv1.GetBulkResponse{Bulk: bulkToWire(&found)}, nil
}

// ListBulks lists actions, newest first.
func (b bulkService) ListBulks(ctx context.Context, req *hostv1.ListBulksRequest) (*hostv1.ListBulksResponse, error) {
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	before, cursor := "", req.GetPageCursor()
	if cursor != "" {
		var ok bool
		if before, ok = parsePageCursor("bulks", cursor); !ok {
			return nil, cursorError(cursor)
		}
	}
	page, next, err := b.s.o.Store.Bulks(ctx, before, size)
	damage, err := host.DamageIn(err)
	if err != nil {
		return nil, err
	}
	if damage != nil {
		b.s.o.Logger.ErrorContext(ctx, "actions on many runs cannot be read; they are left out", "actions", len(damage), "error", damage)
	}
	out, payload := &hostv1.ListBulksResponse{}, 0
	for i := range page {
		row := bulkToWire(&page[i])
		if payload += proto.Size(row); payload > maxPagePayload && i > 0 {
			next = page[i-1].ID
			break
		}
		out.Bulks = append(out.Bulks, row)
	}
	if next != "" {
		out.NextCursor = pageCursor("bulks", next)
	}
	return out, nil
}

// WatchBulk sends an action as it is, then as it goes on, until it has ended.
func (b bulkService) WatchBulk(ctx context.Context, req *hostv1.WatchBulkRequest, stream hostv1connect.BulkServiceWatchBulkServerStream) error {
	return b.s.watch(ctx, hostv1connect.BulkServiceWatchBulkProcedure, func(ctx context.Context) error {
		for {
			changed := b.s.o.Bulk.Changed(req.GetId())
			now, err := b.s.o.Store.Bulk(ctx, req.GetId())
			if err != nil {
				return err
			}
			if err := stream.Send(&hostv1.WatchBulkResponse{Bulk: bulkToWire(&now)}); err != nil || now.Ended() {
				return err
			}
			// An action goes on a few dozen times a second, and nobody reads as fast.
			paced := b.s.o.Clock.After(bulkPace)
			for changed != nil || paced != nil {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-b.s.stopping:
					return stopping()
				case <-changed:
					changed = nil
				case <-paced:
					paced = nil
				}
			}
		}
	})
}

// StopBulk ends an action before its end.
func (b bulkService) StopBulk(ctx context.Context, req *hostv1.StopBulkRequest) (*hostv1.StopBulkResponse, error) {
	stopped, err := b.s.o.Bulk.End(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	return &hostv1.StopBulkResponse{Bulk: bulkToWire(&stopped)}, nil
}

// requestFrom reads an action.
func (b bulkService) requestFrom(ctx context.Context, w *hostv1.BulkAction) (q bulk.Request, err error) {
	if w != nil && hasUnknown(w.ProtoReflect()) { // it may be what says that fewer runs are meant
		return q, bulkInvalid("the action says something that this host does not know", "update the host, or ask with a client of its version")
	}
	q.Action = bulkActionFrom(w)
	for _, id := range w.GetRunIds() {
		q.IDs = append(q.IDs, host.RunID(id))
	}
	switch named := len(q.IDs) > 0; {
	case w.GetFilter() == nil && !named:
		return q, bulkInvalid("it is not said which runs are meant", "give a filter, an empty one for all runs, or the ids of runs")
	case w.GetFilter() != nil && named:
		return q, bulkInvalid("both a filter and ids of runs are given", "give one of them")
	case named:
		return q, nil
	}
	filter, err := b.runs.filterFrom(ctx, w.GetFilter())
	q.Where = filter.where
	return q, err
}

func bulkInvalid(message, remedy string) error {
	return &host.Error{Code: host.Invalid, Reason: "BULK_INVALID", Message: message, Remedy: remedy}
}
