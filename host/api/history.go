package api

import (
	"context"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/jobdiff"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// historyService serves HistoryService. How snapshots are named is in snapshot.go.
type historyService struct{ s *Server }

// ListJobSnapshots lists the snapshots of a job, newest first.
func (h historyService) ListJobSnapshots(ctx context.Context, req *hostv1.ListJobSnapshotsRequest) (*hostv1.ListJobSnapshotsResponse, error) {
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	before, err := snapshotPlace(req.GetPageCursor())
	if err != nil {
		return nil, err
	}
	job, err := h.job(ctx, req.GetJob())
	if err != nil {
		return nil, err
	}
	out, payload := &hostv1.ListJobSnapshotsResponse{Job: jobNameToWire(job)}, 0
	page, err := h.s.o.Store.JobHistory(ctx, job, before, size)
	if host.CodeOf(err) == host.NotFound {
		return out, nil // it came a moment ago, and is not in the store yet
	}
	if err != nil {
		return nil, err
	}
	for i := range page.Periods {
		row := h.snapshotToWire(&page.Periods[i])
		if payload += proto.Size(row); payload > maxPagePayload && i > 0 {
			page.Next = page.Periods[i-1].Seq
			break
		}
		out.Snapshots = append(out.Snapshots, row)
	}
	if page.Next > 0 {
		out.NextCursor = pageCursor("snapshots", strconv.FormatUint(page.Next, 10))
	}
	return out, nil
}

// snapshotPlace is the seq below which a page starts.
func snapshotPlace(cursor string) (uint64, error) {
	if cursor == "" {
		return 0, nil
	}
	place, ok := parsePageCursor("snapshots", cursor)
	seq, err := strconv.ParseUint(place, 10, 64)
	if !ok || err != nil || seq == 0 {
		return 0, cursorError(cursor)
	}
	return seq, nil
}

// DiffJob says what changed between two snapshots of a job. Whether metadata may be shown is decided again now, for each
// by its own report; metadata that is refused is not compared, so that it never looks removed.
func (h historyService) DiffJob(ctx context.Context, req *hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error) {
	job, err := h.job(ctx, req.GetJob())
	if err != nil {
		return nil, err
	}
	from, to, err := h.pair(ctx, job, req.GetFrom(), req.GetTo())
	if err != nil {
		return nil, err
	}
	before, refusedBefore, err := h.side(ctx, job, from)
	if err != nil {
		return nil, err
	}
	after, refusedAfter, err := h.side(ctx, job, to)
	if err != nil {
		return nil, err
	}
	diff := jobdiff.Compare(before, after)
	out := &hostv1.DiffJobResponse{
		Job: jobNameToWire(job), From: h.snapshotToWire(from), To: h.snapshotToWire(to), More: uint32(diff.More),
	}
	for _, c := range diff.Changes {
		out.Changes = append(out.Changes, &hostv1.JobChange{
			Section: sectionWire[c.Section], Path: valid(c.Path), Kind: kindWire[c.Kind], Before: valid(c.Before), After: valid(c.After),
		})
	}
	if out.MetadataRefusal = refusalToWire(refusedAfter); refusedAfter == nil {
		out.MetadataRefusal = refusalToWire(refusedBefore)
	}
	return out, nil
}

// side is a job as it was in a period, and why its metadata is not part of that.
func (h historyService) side(ctx context.Context, job host.JobName, p *host.JobPeriod) (jobdiff.Job, *workspace.Refusal, error) {
	id := p.Last.ID()
	body, err := h.s.o.Store.Body(ctx, p.Last.Definition)
	if err != nil {
		return jobdiff.Job{}, nil, fmt.Errorf("definition of snapshot %s of job %s: %w", id, job, asInternal(err))
	}
	definition, err := workspace.DecodeDefinition(body)
	if err == nil {
		_, err = workspace.JobDefinitionOf(definition)
	}
	if err != nil {
		return jobdiff.Job{}, nil, &host.Error{
			Code: host.Invalid, Reason: "SNAPSHOT_UNREADABLE",
			Message: fmt.Sprintf("the definition of snapshot %s cannot be used: %v", id, err),
			Remedy:  "compare other snapshots of the job",
		}
	}
	var metadata []byte
	if !p.Last.Metadata.IsZero() {
		if metadata, err = h.s.o.Store.Body(ctx, p.Last.Metadata); err != nil {
			return jobdiff.Job{}, nil, fmt.Errorf("metadata of snapshot %s of job %s: %w", id, job, asInternal(err))
		}
		if metadata == nil {
			metadata = []byte{} // it is held, and has no entries
		}
	}
	view := workspace.ViewMetadata(job.Location, p.Last, metadata, h.s.o.Identity.Protocol)
	if view.Refusal != nil {
		return jobdiff.Job{Definition: definition}, snapshotRefusal(p, view.Refusal), nil
	}
	entries := &jobdiff.Entries{Unreadable: int(view.Unreadable)}
	for _, e := range view.Entries {
		entries.List = append(entries.List, workspace.EntryOf(e))
	}
	return jobdiff.Job{Definition: definition, Entries: entries}, nil, nil
}

// snapshotRefusal says which of two snapshots a refusal is about. That of one that is past cannot be helped any more.
func snapshotRefusal(p *host.JobPeriod, r *workspace.Refusal) *workspace.Refusal {
	id := p.Last.ID()
	if r.State == versioncheck.StateUnavailable {
		r.Message = fmt.Sprintf("Of snapshot %s the host of that time could not take the metadata.", id)
	} else {
		r.Message = fmt.Sprintf("Snapshot %s: %s", id, r.Message)
	}
	if !p.Current {
		r.Remedy = "Compare snapshots whose metadata is shown; what was refused at that time was not fetched."
	}
	return r
}
