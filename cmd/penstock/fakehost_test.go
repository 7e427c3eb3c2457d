package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/protobuf/types/known/timestamppb"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // tables show local time
	for _, name := range []string{"PENSTOCK_HOST", "PENSTOCK_TOKEN", "HTTP_PROXY", "http_proxy"} {
		os.Unsetenv(name)
	}
	os.Exit(m.Run())
}

// fakeHost answers host.v1 as a test tells it to. A method that the test did not give is unimplemented.
type fakeHost struct {
	hostv1connect.UnimplementedHostServiceHandler
	hostv1connect.UnimplementedLocationServiceHandler
	hostv1connect.UnimplementedJobServiceHandler
	hostv1connect.UnimplementedHistoryServiceHandler
	hostv1connect.UnimplementedRunServiceHandler
	hostv1connect.UnimplementedRunTagServiceHandler
	hostv1connect.UnimplementedSearchServiceHandler
	hostv1connect.UnimplementedAlertServiceHandler

	getHost   func() (*hostv1.Host, error)
	locations func() ([]*hostv1.Location, error)
	location  func(name string) (*hostv1.Location, error)
	reload    func(name string) (*hostv1.Location, error)
	listJobs  func(*hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error)
	job       func(name string) (*hostv1.Job, error)
	snapshots func(*hostv1.ListJobSnapshotsRequest) (*hostv1.ListJobSnapshotsResponse, error)
	diffJob   func(*hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error)
	launchRun func(*hostv1.LaunchRunRequest) (*hostv1.Run, error)
	preview   func(*hostv1.LaunchRunRequest) (*hostv1.PreviewRunResponse, error)
	listRuns  func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error)
	countRuns func(*hostv1.CountRunsRequest) (*hostv1.CountRunsResponse, error)
	complete  func(*hostv1.CompleteSelectorRequest) *hostv1.CompleteSelectorResponse
	run       func(id string) (*hostv1.Run, error)
	cancelRun func(*hostv1.CancelRunRequest) (*hostv1.Run, error)
	deleteRun func(id string) error
	repoint   func(*hostv1.RepointRunsRequest) (*hostv1.RepointRunsResponse, error)
	editTags  func(*hostv1.EditRunTagsRequest) (*hostv1.Run, error)
	tagsOf    func(*hostv1.ListRunTagChangesRequest) (*hostv1.ListRunTagChangesResponse, error)
	explain   func(id string) (*hostv1.ExplainRunResponse, error)
	diagnose  func() (*hostv1.DiagnoseResponse, error)
	alerts    func() (*hostv1.ListAlertsResponse, error)
	testAlert func(name string) (*hostv1.TestAlertResponse, error)
	watchRun  func(context.Context, *hostv1.WatchRunEventsRequest, func(*hostv1.WatchRunEventsResponse) error) error
}

// serve starts the host and returns its URL. wrap may look at requests first.
func (f *fakeHost) serve(t *testing.T, wrap func(http.Handler) http.Handler) string {
	t.Helper()
	server := httptest.NewServer(f.handler(wrap))
	t.Cleanup(server.Close)
	return server.URL
}

func (f *fakeHost) handler(wrap func(http.Handler) http.Handler) http.Handler {
	rpc := connect.NewServer()
	hostv1connect.RegisterHostServiceHandler(rpc, f)
	hostv1connect.RegisterLocationServiceHandler(rpc, f)
	hostv1connect.RegisterJobServiceHandler(rpc, f)
	hostv1connect.RegisterHistoryServiceHandler(rpc, f)
	hostv1connect.RegisterRunServiceHandler(rpc, f)
	hostv1connect.RegisterRunTagServiceHandler(rpc, f)
	hostv1connect.RegisterSearchServiceHandler(rpc, f)
	hostv1connect.RegisterAlertServiceHandler(rpc, f)
	mux := http.NewServeMux()
	connecthttp.Mount(mux, rpc)
	if wrap == nil {
		return mux
	}
	return wrap(mux)
}

func (f *fakeHost) GetHost(ctx context.Context, r *hostv1.GetHostRequest) (*hostv1.GetHostResponse, error) {
	if f.getHost == nil {
		return f.UnimplementedHostServiceHandler.GetHost(ctx, r)
	}
	h, err := f.getHost()
	return &hostv1.GetHostResponse{Host: h}, err
}

func (f *fakeHost) ListAlerts(context.Context, *hostv1.ListAlertsRequest) (*hostv1.ListAlertsResponse, error) {
	return f.alerts()
}

func (f *fakeHost) TestAlert(_ context.Context, r *hostv1.TestAlertRequest) (*hostv1.TestAlertResponse, error) {
	return f.testAlert(r.GetName())
}

func (f *fakeHost) ListLocations(context.Context, *hostv1.ListLocationsRequest) (*hostv1.ListLocationsResponse, error) {
	l, err := f.locations()
	return &hostv1.ListLocationsResponse{Locations: l}, err
}

func (f *fakeHost) GetLocation(_ context.Context, r *hostv1.GetLocationRequest) (*hostv1.GetLocationResponse, error) {
	l, err := f.location(r.GetName())
	return &hostv1.GetLocationResponse{Location: l}, err
}

func (f *fakeHost) ReloadLocation(_ context.Context, r *hostv1.ReloadLocationRequest) (*hostv1.ReloadLocationResponse, error) {
	l, err := f.reload(r.GetName())
	return &hostv1.ReloadLocationResponse{Location: l}, err
}

func (f *fakeHost) ListJobs(_ context.Context, r *hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error) {
	return f.listJobs(r)
}

func (f *fakeHost) GetJob(_ context.Context, r *hostv1.GetJobRequest) (*hostv1.GetJobResponse, error) {
	j, err := f.job(r.GetName())
	return &hostv1.GetJobResponse{Job: j}, err
}

func (f *fakeHost) ListJobSnapshots(_ context.Context, r *hostv1.ListJobSnapshotsRequest) (*hostv1.ListJobSnapshotsResponse, error) {
	return f.snapshots(r)
}

func (f *fakeHost) DiffJob(_ context.Context, r *hostv1.DiffJobRequest) (*hostv1.DiffJobResponse, error) {
	return f.diffJob(r)
}

func (f *fakeHost) LaunchRun(_ context.Context, r *hostv1.LaunchRunRequest) (*hostv1.LaunchRunResponse, error) {
	run, err := f.launchRun(r)
	return &hostv1.LaunchRunResponse{Run: run}, err
}

func (f *fakeHost) PreviewRun(_ context.Context, r *hostv1.PreviewRunRequest) (*hostv1.PreviewRunResponse, error) {
	return f.preview(r.GetLaunch())
}

func (f *fakeHost) ListRuns(ctx context.Context, r *hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
	if f.listRuns == nil {
		return f.UnimplementedRunServiceHandler.ListRuns(ctx, r)
	}
	return f.listRuns(r)
}

func (f *fakeHost) CountRuns(_ context.Context, r *hostv1.CountRunsRequest) (*hostv1.CountRunsResponse, error) {
	return f.countRuns(r)
}

func (f *fakeHost) CompleteSelector(ctx context.Context, r *hostv1.CompleteSelectorRequest) (*hostv1.CompleteSelectorResponse, error) {
	if f.complete == nil {
		return f.UnimplementedSearchServiceHandler.CompleteSelector(ctx, r)
	}
	return f.complete(r), nil
}

func (f *fakeHost) EditRunTags(_ context.Context, r *hostv1.EditRunTagsRequest) (*hostv1.EditRunTagsResponse, error) {
	run, err := f.editTags(r)
	return &hostv1.EditRunTagsResponse{Run: run}, err
}

func (f *fakeHost) ListRunTagChanges(_ context.Context, r *hostv1.ListRunTagChangesRequest) (*hostv1.ListRunTagChangesResponse, error) {
	return f.tagsOf(r)
}

func (f *fakeHost) GetRun(_ context.Context, r *hostv1.GetRunRequest) (*hostv1.GetRunResponse, error) {
	run, err := f.run(r.GetId())
	return &hostv1.GetRunResponse{Run: run}, err
}

func (f *fakeHost) CancelRun(_ context.Context, r *hostv1.CancelRunRequest) (*hostv1.CancelRunResponse, error) {
	run, err := f.cancelRun(r)
	return &hostv1.CancelRunResponse{Run: run}, err
}

func (f *fakeHost) DeleteRun(_ context.Context, r *hostv1.DeleteRunRequest) (*hostv1.DeleteRunResponse, error) {
	return &hostv1.DeleteRunResponse{}, f.deleteRun(r.GetId())
}

func (f *fakeHost) RepointRuns(_ context.Context, r *hostv1.RepointRunsRequest) (*hostv1.RepointRunsResponse, error) {
	return f.repoint(r)
}

func (f *fakeHost) ExplainRun(_ context.Context, r *hostv1.ExplainRunRequest) (*hostv1.ExplainRunResponse, error) {
	return f.explain(r.GetId())
}

func (f *fakeHost) Diagnose(context.Context, *hostv1.DiagnoseRequest) (*hostv1.DiagnoseResponse, error) {
	return f.diagnose()
}

func (f *fakeHost) WatchRunEvents(ctx context.Context, r *hostv1.WatchRunEventsRequest, s hostv1connect.RunServiceWatchRunEventsServerStream) error {
	return f.watchRun(ctx, r, s.Send)
}

// wireError is an error as the host sends it.
func wireError(code connect.Code, message string, d *hostv1.ErrorDetail) error {
	detail, err := connectproto.NewErrorDetail(d)
	if err != nil {
		panic(err)
	}
	return connect.NewError(code, message).WithDetail(detail)
}

// penstock runs a command line against the host at url and returns what it printed and its exit code.
func penstock(t *testing.T, url string, args ...string) result {
	t.Helper()
	return penstockIn(t.Context(), url, strings.NewReader(""), args...)
}

type result struct {
	out, err string
	code     int
}

func penstockIn(ctx context.Context, url string, stdin io.Reader, args ...string) result {
	var out, err syncBuffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&err)
	root.SetIn(stdin)
	if url != "" {
		args = append(args, "--host", url)
	}
	root.SetArgs(args)
	code := exitCode(&err, root.ExecuteContext(ctx))
	return result{out: out.String(), err: err.String(), code: code}
}

// syncBuffer is a buffer that several goroutines may write, and that tells when it holds a text.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
	more chan struct{}
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.more != nil {
		close(b.more)
		b.more = nil
	}
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// await returns when the buffer holds text, or fails the test when ctx ends.
func (b *syncBuffer) await(ctx context.Context, t *testing.T, text string) {
	t.Helper()
	b.awaitTimes(ctx, t, text, 1)
}

// awaitTimes is await for a text that has to come several times.
func (b *syncBuffer) awaitTimes(ctx context.Context, t *testing.T, text string, times int) {
	t.Helper()
	for {
		b.mu.Lock()
		if strings.Count(b.text.String(), text) >= times {
			b.mu.Unlock()
			return
		}
		if b.more == nil {
			b.more = make(chan struct{})
		}
		more := b.more
		b.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("%q did not come; there is:\n%s", text, b.String())
		}
	}
}

// want compares what a command did with what it should have done.
func (r result) want(t *testing.T, code int, inOut, inErr string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d", r.code, code)
	}
	if !strings.Contains(r.out, inOut) {
		t.Errorf("standard output lacks %q:\n%s", inOut, r.out)
	}
	if !strings.Contains(r.err, inErr) {
		t.Errorf("standard error lacks %q:\n%s", inErr, r.err)
	}
	if inErr == "" && r.err != "" {
		t.Errorf("standard error holds:\n%s", r.err)
	}
}

// at is a time of the tests' day.
func at(second int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 11, 3, 14, 2, second, 123456789, time.UTC))
}
