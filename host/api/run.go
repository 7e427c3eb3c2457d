package api

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/usercode/tag"
)

// runService serves RunService. Its streams are in runwatch.go, filters in runfilter.go, and re-pointing is in repoint.go,
// why a run is where it is in explain.go.
type runService struct{ s *Server }

var _ hostv1connect.RunServiceHandler = runService{}

// LaunchRun queues a run and answers when it is on disk.
func (r runService) LaunchRun(ctx context.Context, req *hostv1.LaunchRunRequest) (*hostv1.LaunchRunResponse, error) {
	request, err := r.launchFrom(ctx, req)
	if err != nil {
		return nil, err
	}
	run, err := r.s.o.Queue.Submit(ctx, request)
	if err != nil {
		return nil, err
	}
	out, err := r.toWire(ctx, &run)
	return &hostv1.LaunchRunResponse{Run: out, Notes: r.never(&run)}, err
}

// never says why a run that waits cannot start as the limits are now.
func (r runService) never(run *host.Run) (notes []string) {
	if run.Status != host.Queued {
		return nil
	}
	for _, why := range r.s.o.Queue.Never(run) {
		notes = append(notes, valid(why))
	}
	return notes
}

// ListRuns lists runs, newest first.
func (r runService) ListRuns(ctx context.Context, req *hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	filter, err := r.filterFrom(ctx, req.GetFilter())
	if err != nil {
		return nil, err
	}
	before, err := runPlace(req.GetPageCursor())
	if err != nil {
		return nil, err
	}
	page, err := r.s.o.Store.Runs(ctx, filter.where, before, size)
	damage, err := host.DamageIn(err)
	if err != nil {
		return nil, err
	}
	if len(damage) > 0 {
		r.s.o.Logger.Error("runs that cannot be read are left out of a list", slog.Any("error", damage))
	}
	out, payload := &hostv1.ListRunsResponse{}, 0
	for i := range page.Runs {
		row, err := r.rowToWire(ctx, &page.Runs[i])
		if err != nil {
			return nil, err
		}
		if payload += proto.Size(row); payload > maxPagePayload && i > 0 {
			page.Next = page.Runs[i-1].Seq
			break
		}
		out.Runs = append(out.Runs, row)
	}
	if page.Next > 0 {
		out.NextCursor = pageCursor("runs", strconv.FormatUint(page.Next, 10))
	}
	return out, nil
}

// runPlace is the seq below which a page starts.
func runPlace(cursor string) (uint64, error) {
	if cursor == "" {
		return 0, nil
	}
	place, ok := parsePageCursor("runs", cursor)
	seq, err := strconv.ParseUint(place, 10, 64)
	if !ok || err != nil || seq == 0 {
		return 0, cursorError(cursor)
	}
	return seq, nil
}

// GetRun returns the run of an id, or of a beginning that only one id has.
func (r runService) GetRun(ctx context.Context, req *hostv1.GetRunRequest) (*hostv1.GetRunResponse, error) {
	id, err := r.find(ctx, req.GetId())
	if err != nil {
		return nil, err
	}
	run, err := r.run(ctx, id)
	if err != nil {
		return nil, err
	}
	out, err := r.toWire(ctx, &run)
	return &hostv1.GetRunResponse{Run: out}, err
}

// idText is a run id or the beginning of one.
var idText = regexp.MustCompile(`^[0-9a-f-]{1,36}$`)

const idLength = 36

// find resolves a beginning of an id.
func (r runService) find(ctx context.Context, prefix string) (host.RunID, error) {
	prefix = strings.ToLower(prefix)
	if !idText.MatchString(prefix) {
		return "", noRun(prefix)
	}
	if len(prefix) == idLength {
		return host.RunID(prefix), nil
	}
	const shown = 10
	ids, err := r.s.o.Store.FindRuns(ctx, prefix, shown+1)
	switch {
	case err != nil:
		return "", err
	case len(ids) == 0:
		return "", noRun(prefix)
	case len(ids) == 1:
		return ids[0], nil
	}
	e := &host.Error{
		Code: host.Invalid, Reason: "RUN_AMBIGUOUS",
		Message: fmt.Sprintf("more than one run has an id that begins with %q", prefix),
		Remedy:  "give more characters of the id",
	}
	for i, id := range ids {
		if i == shown {
			e.Problems = append(e.Problems, host.Problem{Field: "run", Message: "and more"})
			break
		}
		e.Problems = append(e.Problems, host.Problem{Field: "run", Message: string(id)})
	}
	return "", e
}

const (
	reasonNoRun = "RUN_NOT_FOUND"
	noRunRemedy = "list the runs for their ids; a run that was deleted is gone"
)

func noRun(id string) error {
	return &host.Error{Code: host.NotFound, Reason: reasonNoRun, Message: fmt.Sprintf("there is no run %.64q", id), Remedy: noRunRemedy}
}

// run reads the run of a whole id.
func (r runService) run(ctx context.Context, id host.RunID) (run host.Run, err error) {
	if err = wholeID(id); err == nil {
		run, err = r.s.o.Store.Run(ctx, id)
	}
	return run, ofRun(id, err)
}

// wholeID refuses what can be the id of no run.
func wholeID(id host.RunID) error {
	if len(id) != idLength || !idText.MatchString(string(id)) {
		return noRun(string(id))
	}
	return nil
}

// ofRun is the error of what was done with one run: one that is not there is told in the words of this package.
func ofRun(id host.RunID, err error) error {
	if err != nil && host.CodeOf(err) == host.NotFound {
		return noRun(string(id))
	}
	return err
}

// GetRunSnapshot returns the job as it was at launch. Whether its metadata may be shown is decided again now.
func (r runService) GetRunSnapshot(ctx context.Context, req *hostv1.GetRunSnapshotRequest) (*hostv1.GetRunSnapshotResponse, error) {
	run, err := r.run(ctx, host.RunID(req.GetId()))
	if err != nil {
		return nil, err
	}
	body, err := r.s.o.Store.Body(ctx, run.Launched.Definition)
	if err != nil {
		return nil, fmt.Errorf("definition of run %s: %w", run.ID, asInternal(err))
	}
	definition, err := workspace.DecodeDefinition(body)
	if err != nil {
		return nil, fmt.Errorf("definition of run %s: %w", run.ID, asInternal(err))
	}
	var metadata []byte
	if !run.Launched.Metadata.IsZero() {
		if metadata, err = r.s.o.Store.Body(ctx, run.Launched.Metadata); err != nil {
			return nil, fmt.Errorf("metadata of run %s: %w", run.ID, asInternal(err))
		}
	}
	view := workspace.ViewMetadata(run.LaunchedJob().Location, run.Launched, metadata, r.s.o.Identity.Protocol)
	return &hostv1.GetRunSnapshotResponse{Definition: definition, Metadata: metadataToWire(view)}, nil
}

// asInternal makes a fault of the host's own of what an error says about something that the client did not name.
func asInternal(err error) error {
	return fmt.Errorf("%w", &host.Error{Message: err.Error(), Err: err})
}

// CancelRun asks a run to end.
func (r runService) CancelRun(ctx context.Context, req *hostv1.CancelRunRequest) (*hostv1.CancelRunResponse, error) {
	run, err := r.run(ctx, host.RunID(req.GetId()))
	if err != nil {
		return nil, err
	}
	const maxReason = 1 << 10
	if len(req.GetReason()) > maxReason {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "CANCEL_REASON",
			Message: fmt.Sprintf("the reason has %d bytes; at most %d are allowed", len(req.GetReason()), maxReason),
		}
	}
	reason := tag.System("", req.GetReason()).Value // one line, without control characters
	request, err := host.NewRequest(req.GetRequestId(), "cancellation", run.ID, reason, req.GetForce())
	if err != nil {
		return nil, err
	}
	run, err = r.s.o.Queue.Cancel(ctx, request, run.ID, reason, 0, req.GetForce())
	if err != nil {
		return nil, ofRun(host.RunID(req.GetId()), err)
	}
	out, err := r.toWire(ctx, &run)
	return &hostv1.CancelRunResponse{Run: out}, err
}

// DeleteRun deletes a run that is final.
func (r runService) DeleteRun(ctx context.Context, req *hostv1.DeleteRunRequest) (*hostv1.DeleteRunResponse, error) {
	id := host.RunID(req.GetId())
	if err := wholeID(id); err != nil {
		return nil, err
	}
	request, err := host.NewRequest(req.GetRequestId(), "deletion", id)
	if err != nil {
		return nil, err
	}
	return &hostv1.DeleteRunResponse{}, ofRun(id, r.s.o.Queue.Delete(ctx, request, id))
}

func (r runService) toWire(ctx context.Context, run *host.Run) (*hostv1.Run, error) {
	last, err := r.lastSeq(ctx, run)
	return r.explain(runToWire(run, last), run), err
}

func (r runService) rowToWire(ctx context.Context, run *host.Run) (*hostv1.Run, error) {
	last, err := r.lastSeq(ctx, run)
	return r.explain(runRowToWire(run, last), run), err
}

// explain adds what is not of the run itself but of its location: why it stays queued, and until when it may wait.
func (r runService) explain(out *hostv1.Run, run *host.Run) *hostv1.Run {
	switch run.Status {
	case host.Queued:
		if why := r.s.o.Queue.Held(run.Job.Location); why != "" {
			out.StatusReason = valid(why)
		}
	case host.WaitingForCode:
		out.WaitsUntil = timeToWire(r.s.o.Queue.WaitsUntil(run))
	default:
	}
	return out
}

// lastSeq is the seq of the last event of the run's current attempt, 0 for a run that was deleted meanwhile.
func (r runService) lastSeq(ctx context.Context, run *host.Run) (uint64, error) {
	last, err := r.s.o.Store.LastSeq(ctx, run.ID, run.Attempt)
	if host.CodeOf(err) == host.NotFound {
		return 0, nil
	}
	return last, err
}
