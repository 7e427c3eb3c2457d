package compat

import (
	"context"
	"errors"
	"io"
	"net/http"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// Host is what the kit's checks look at: what a host shows, as it is shown. The real one asks the API; broken ones stand
// between and prove that the checks see it.
type Host interface {
	// Location is a location, Jobs the jobs of one that match a search, Job one of them in full.
	Location(ctx context.Context, name string) (*hostv1.Location, error)
	Jobs(ctx context.Context, location, search string) ([]*hostv1.JobSummary, error)
	Job(ctx context.Context, name string) (*hostv1.Job, error)
	// History is what a job was, Diff what changed between two of its snapshots.
	History(ctx context.Context, job string) ([]*hostv1.JobSnapshot, error)
	Diff(ctx context.Context, r *hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error)
	// Automation is all schedules and sensors, and why some are not shown.
	Automation(ctx context.Context) (*hostv1.ListAutomationResponse, error)
	// Launch queues a run of a job, Cancel asks for its end.
	Launch(ctx context.Context, r *hostv1.LaunchRunRequest) (*hostv1.Run, error)
	Cancel(ctx context.Context, id string) (*hostv1.Run, error)
	// Follow returns everything of a run once it has ended.
	Follow(ctx context.Context, id string) (*hostv1.Run, []*hostv1.StoredEvent, error)
	// Begun returns once a run has begun.
	Begun(ctx context.Context, id string) error
	// Snapshot is the run's job as of launch.
	Snapshot(ctx context.Context, id string) (*hostv1.GetRunSnapshotResponse, error)
	// Traces are everything else that gets out: logs and metrics.
	Traces(ctx context.Context) (string, error)
}

// apiHost is a Host by its API.
type apiHost struct {
	url       string
	http      *http.Client
	log       *Log
	jobs      hostv1connect.JobServiceClient
	locations hostv1connect.LocationServiceClient
	runs      hostv1connect.RunServiceClient
	history   hostv1connect.HistoryServiceClient
	automated hostv1connect.AutomationServiceClient
}

// Location is a location.
func (h apiHost) Location(ctx context.Context, name string) (*hostv1.Location, error) {
	r, err := h.locations.GetLocation(ctx, &hostv1.GetLocationRequest{Name: name})
	return r.GetLocation(), err
}

// Jobs are the jobs of a location that match a search.
func (h apiHost) Jobs(ctx context.Context, location, search string) ([]*hostv1.JobSummary, error) {
	r, err := h.jobs.ListJobs(ctx, &hostv1.ListJobsRequest{Location: location, Search: search, PageSize: 1_000})
	return r.GetJobs(), err
}

// Job is one job.
func (h apiHost) Job(ctx context.Context, name string) (*hostv1.Job, error) {
	r, err := h.jobs.GetJob(ctx, &hostv1.GetJobRequest{Name: name})
	return r.GetJob(), err
}

// History is what a job was.
func (h apiHost) History(ctx context.Context, job string) ([]*hostv1.JobSnapshot, error) {
	r, err := h.history.ListJobSnapshots(ctx, &hostv1.ListJobSnapshotsRequest{Job: job, PageSize: 100})
	return r.GetSnapshots(), err
}

// Diff is what changed between two snapshots.
func (h apiHost) Diff(ctx context.Context, r *hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error) {
	return h.history.DiffJob(ctx, r)
}

// Automation is all schedules and sensors.
func (h apiHost) Automation(ctx context.Context) (*hostv1.ListAutomationResponse, error) {
	return h.automated.ListAutomation(ctx, &hostv1.ListAutomationRequest{})
}

// Launch queues a run.
func (h apiHost) Launch(ctx context.Context, r *hostv1.LaunchRunRequest) (*hostv1.Run, error) {
	reply, err := h.runs.LaunchRun(ctx, r)
	return reply.GetRun(), err
}

// Cancel asks for the end of a run.
func (h apiHost) Cancel(ctx context.Context, id string) (*hostv1.Run, error) {
	r, err := h.runs.CancelRun(ctx, &hostv1.CancelRunRequest{Id: id, Reason: "the kit asks for it"})
	return r.GetRun(), err
}

// Follow returns everything of a run once it has ended.
func (h apiHost) Follow(ctx context.Context, id string) (run *hostv1.Run, events []*hostv1.StoredEvent, err error) {
	err = h.watch(ctx, id, func(m *hostv1.WatchRunEventsResponse) bool {
		events = append(events, m.GetEvents()...)
		if m.GetRun() != nil {
			run = m.GetRun()
		}
		return true
	})
	return run, events, err
}

// Begun returns once a run has begun.
func (h apiHost) Begun(ctx context.Context, id string) error {
	begun := false
	err := h.watch(ctx, id, func(m *hostv1.WatchRunEventsResponse) bool {
		for _, e := range m.GetEvents() {
			begun = begun || e.GetEvent().GetKind() == "op_started"
		}
		return !begun
	})
	if err == nil && !begun {
		err = errors.New("the run ended before an op began")
	}
	return err
}

// watch passes what is told of a run to each until that answers false or all is told.
func (h apiHost) watch(ctx context.Context, id string, each func(*hostv1.WatchRunEventsResponse) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := h.runs.WatchRunEvents(ctx, &hostv1.WatchRunEventsRequest{RunId: id})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	for {
		m, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || !each(m) {
			return err
		}
	}
}

// Snapshot is the run's job as of launch.
func (h apiHost) Snapshot(ctx context.Context, id string) (*hostv1.GetRunSnapshotResponse, error) {
	return h.runs.GetRunSnapshot(ctx, &hostv1.GetRunSnapshotRequest{Id: id})
}

// Traces are logs and metrics.
func (h apiHost) Traces(ctx context.Context) (string, error) {
	metrics, err := read(ctx, h.http, h.url+"/metrics")
	return h.log.String() + metrics, err
}
