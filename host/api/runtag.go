package api

import (
	"context"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/runtag"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// runTagService serves RunTagService.
type runTagService struct {
	s    *Server
	runs runService
}

var _ hostv1connect.RunTagServiceHandler = runTagService{}

// EditRunTags changes tags of a run in whatever state.
func (t runTagService) EditRunTags(ctx context.Context, req *hostv1.EditRunTagsRequest) (*hostv1.EditRunTagsResponse, error) {
	if err := host.CheckRequestID(req.GetRequestId(), "change of tags"); err != nil {
		return nil, err
	}
	id := host.RunID(req.GetRunId())
	if err := wholeID(id); err != nil {
		return nil, err
	}
	editor := runtag.Editor{Store: t.s.o.Store, Clock: t.s.o.Clock}
	run, err := editor.Edit(ctx, req.GetRequestId(), id, tagEditFrom(req.GetEdit()), req.GetBy())
	if err != nil {
		return nil, ofRun(id, err)
	}
	out, err := t.runs.toWire(ctx, &run)
	return &hostv1.EditRunTagsResponse{Run: out}, err
}

func tagEditFrom(e *hostv1.TagEdit) runtag.Edit {
	return runtag.Edit{Set: tagsFrom(e.GetSet()), Remove: e.GetRemove()}
}

// ListRunTagChanges is the history of a run's tags.
func (t runTagService) ListRunTagChanges(ctx context.Context, req *hostv1.ListRunTagChangesRequest) (*hostv1.ListRunTagChangesResponse, error) {
	id := host.RunID(req.GetRunId())
	if err := wholeID(id); err != nil {
		return nil, err
	}
	changes, err := runtag.History(ctx, t.s.o.Store, id, req.GetKey())
	if err != nil {
		return nil, ofRun(id, err)
	}
	out := &hostv1.ListRunTagChangesResponse{}
	payload := 0
	for _, c := range changes {
		row := tagChangeToWire(c)
		payload += proto.Size(row)
		out.Changes = append(out.Changes, row)
	}
	for ; payload > maxPagePayload; out.Cut = true { // the newest are what people look for
		payload -= proto.Size(out.GetChanges()[0])
		out.Changes = out.GetChanges()[1:]
	}
	return out, nil
}

func tagChangeToWire(c runtag.Change) *hostv1.RunTagChange {
	return &hostv1.RunTagChange{
		Tag: launch.TagToWire(c.Tag), Removed: c.Removed, Time: timeToWire(c.Time), By: valid(c.By), BulkId: valid(c.Bulk),
	}
}
