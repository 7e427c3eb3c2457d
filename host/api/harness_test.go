package api_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/bulk"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/retention"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/versioncheck"
)

// clock is the time package.
type clock struct{}

func (clock) Now() time.Time                         { return time.Now() }
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// fixture is a whole host, from the store to the port, and clients of it.
type fixture struct {
	t         *testing.T
	server    *api.Server
	store     *boltstore.Store
	feed      *host.Feed
	workspace *workspace.Workspace
	sessions  *attempt.Sessions
	queue     *queue.Queue
	bulk      *bulk.Runner
	url       string
	log       *logBuffer
	stop      func()

	runs      hostv1connect.RunServiceClient
	bulks     hostv1connect.BulkServiceClient
	storage   hostv1connect.StorageServiceClient
	jobs      hostv1connect.JobServiceClient
	search    hostv1connect.SearchServiceClient
	locations hostv1connect.LocationServiceClient
	host      hostv1connect.HostServiceClient
	alerts    hostv1connect.AlertServiceClient
}

// settings change what newFixture makes.
type settings struct {
	options   func(*api.Options)
	locations []host.LocationConfig
	// idle keeps queued runs in the queue.
	idle bool
}

func newFixture(t *testing.T, s settings) *fixture {
	t.Helper()
	f := &fixture{t: t, log: &logBuffer{}, feed: &host.Feed{}}
	log := slog.New(slog.NewTextHandler(f.log, nil))
	registry := prometheus.NewRegistry()
	metrics := must(api.NewRunMetrics(registry))(t)
	f.store = must(boltstore.Open(filepath.Join(t.TempDir(), "data"), &boltstore.Options{
		Clock: clock{}, Logger: log, MetadataTexts: workspace.MetadataTexts,
		OnChange: func(c host.Change) { metrics.Observe(c); f.feed.Publish(c) },
	}))(t)
	f.workspace = must(workspace.New(workspace.Options{Locations: s.locations, Clock: clock{}, Logger: log, ProbeInterval: 20 * time.Millisecond}))(t)
	listener := must(api.Listen(t.Context(), "127.0.0.1:0"))(t)
	f.url = "http://" + listener.Addr().String()
	planner := launch.NewPlanner(f.workspace, f.store, partition.NewSource(f.store, clock{}, log))
	launcher := launch.NewLocal(f.workspace, f.url)
	f.sessions = attempt.New(attempt.Options{Store: f.store, Launcher: launcher, Clock: clock{}, Logger: log})
	changes := f.workspace.Watch()
	limit := -1
	if s.idle {
		limit = 0
	}
	f.queue = queue.New(queue.Options{
		Store: f.store, Feed: f.feed, Planner: planner, Launcher: launcher, Sessions: f.sessions,
		CodeChanged: changes.Ready(), Clock: clock{}, Logger: log, MaxInProgress: limit,
	})
	f.bulk = bulk.New(bulk.Options{Store: f.store, Cancel: f.queue.CancelRuns, Submit: f.queue.Submit, Clock: clock{}, Logger: log})
	o := api.Options{
		Listener: listener, Store: f.store, Feed: f.feed, Workspace: f.workspace, Planner: planner, Queue: f.queue,
		Sessions: f.sessions, Bulk: f.bulk, Clock: clock{}, Logger: log, Metrics: registry,
		Keeper:   retention.New(retention.Options{Store: f.store, Clock: clock{}, Logger: log}),
		UI:       http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "the UI") }),
		Identity: api.Identity{Version: "1.2.3", Commit: "abc", Protocol: versioncheck.Protocol, Advertised: f.url},
	}
	if s.options != nil {
		s.options(&o)
	}
	f.server = must(api.New(o))(t)
	for _, start := range []func(context.Context) error{f.workspace.Start, f.sessions.Start, f.queue.Start, f.bulk.Start, f.server.Start} {
		if err := start(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	f.stop = sync.OnceFunc(func() {
		f.bulk.Stop()
		f.queue.Stop()
		f.sessions.Stop()
		f.server.Stop()
		f.workspace.Stop()
		changes.Close()
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(f.stop)
	f.dial(&http.Client{Transport: &http.Transport{}})
	return f
}

// dial makes the clients of the fixture anew.
func (f *fixture) dial(c *http.Client, options ...connecthttp.Option) {
	f.t.Cleanup(c.CloseIdleConnections)
	client := connect.NewClient(connecthttp.NewTransport(c, f.url, options...))
	f.runs = hostv1connect.NewRunServiceClient(client)
	f.bulks = hostv1connect.NewBulkServiceClient(client)
	f.storage = hostv1connect.NewStorageServiceClient(client)
	f.jobs = hostv1connect.NewJobServiceClient(client)
	f.search = hostv1connect.NewSearchServiceClient(client)
	f.locations = hostv1connect.NewLocationServiceClient(client)
	f.host = hostv1connect.NewHostServiceClient(client)
	f.alerts = hostv1connect.NewAlertServiceClient(client)
}

// withPeer is a fixture whose location "code" is a peer, loaded.
func withPeer(t *testing.T, s settings, b hosttest.Behavior) (*fixture, *hosttest.Peer) {
	t.Helper()
	peer := hosttest.Start(t, b)
	s.locations = append(s.locations, host.LocationConfig{Name: "code", Address: peer.Address()})
	f := newFixture(t, s)
	f.awaitLocation("code", hostv1.LocationState_LOCATION_STATE_READY)
	return f, peer
}

// awaitLocation waits until the location is in the state.
func (f *fixture) awaitLocation(name string, state hostv1.LocationState) *hostv1.Location {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	stream, err := f.locations.WatchLocations(ctx, &hostv1.WatchLocationsRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	defer stream.Close()
	for {
		m, err := stream.Receive()
		if err != nil {
			f.t.Fatalf("wait for location %s to be %s: %v", name, state, err)
		}
		if l := m.GetLocation(); l.GetName() == name && l.GetState() == state {
			return l
		}
	}
}

// launch queues a run of a job.
func (f *fixture) launch(req *hostv1.LaunchRunRequest) *hostv1.Run {
	f.t.Helper()
	if req.GetRequestId() == "" {
		req.RequestId = uuid.NewString()
	}
	res, err := f.runs.LaunchRun(f.t.Context(), req)
	if err != nil {
		f.t.Fatalf("launch %s: %v", req.GetJob(), err)
	}
	return res.GetRun()
}

// follow reads the events of a run until its stream ends, and returns them with the run as told last.
func (f *fixture) follow(id string) (events []*hostv1.StoredEvent, run *hostv1.Run) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	stream, err := f.runs.WatchRunEvents(ctx, &hostv1.WatchRunEventsRequest{RunId: id})
	if err != nil {
		f.t.Fatal(err)
	}
	defer stream.Close()
	for {
		m, err := stream.Receive()
		if isEOF(err) {
			return events, run
		}
		if err != nil {
			f.t.Fatalf("follow run %s: %v", id, err)
		}
		events = append(events, m.GetEvents()...)
		if m.GetRun() != nil {
			run = m.GetRun()
		}
	}
}

// logBuffer is a log that a test reads.
type logBuffer struct {
	mu   sync.Mutex
	text []byte
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(b.text, p...)
	return len(p), nil
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}

// must takes a value that cannot be missing.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func freshRegistry() *prometheus.Registry { return prometheus.NewRegistry() }

func itoa(n int) string { return strconv.Itoa(n) }
