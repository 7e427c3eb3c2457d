package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/bulk"
	"github.com/penstock-run/penstock/host/diagnose"
	"github.com/penstock-run/penstock/host/explain"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/retention"
	"github.com/penstock-run/penstock/host/schedule"
	"github.com/penstock-run/penstock/host/sensor"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/proto/gen/penstock/worker/v1/workerv1connect"
)

// Routes of the mux beside those of the services.
const (
	uiRoute      = "/"
	metricsRoute = "GET /metrics"
)

// Options of a Server. What names no default is required.
type Options struct {
	// Listener accepts the connections, see Listen. The Server closes it.
	Listener net.Listener
	// TLS makes the server speak TLS alone; nil means without.
	TLS *tls.Config
	// Token is what clients must show; empty means nothing. Workers have their own.
	Token string
	// AllowedHosts are further names that requests may come to.
	AllowedHosts []string
	// Reflection serves gRPC reflection.
	Reflection bool
	// UI serves all paths that are not of a service.
	UI http.Handler

	Store     host.Store
	Feed      *host.Feed
	Workspace *workspace.Workspace
	Planner   *launch.Planner
	Queue     *queue.Queue
	Sessions  *attempt.Sessions
	Bulk      *bulk.Runner
	Backfills *backfill.Runner
	// Partitions makes sets of the partitions of jobs.
	Partitions *partition.Source
	// Schedules and Sensors run those, AutomationFeed tells what changes of them.
	Schedules      *schedule.Scheduler
	Sensors        *sensor.Watcher
	AutomationFeed *automation.Feed
	// Keeper deletes runs whose time is over.
	Keeper *retention.Keeper
	// Alerts tell people of runs.
	Alerts *alert.Alerter
	// Launcher is asked what became of a worker when a run is explained; nil means that nobody is.
	Launcher host.Launcher
	Clock    host.Clock
	Logger   *slog.Logger
	// Metrics gets the server's own and is served at /metrics.
	Metrics *prometheus.Registry
	// Identity is what the host tells of itself.
	Identity Identity
	// Config tells how the configuration file stands, false when there is none. Default: there is none.
	Config func() (ConfigFile, bool)
	// StoreFacts asks the store for what it says of itself, Space measures the file system of a directory: for Diagnose,
	// which leaves out what it cannot ask. Default: not asked.
	StoreFacts func() (diagnose.StoreFacts, error)
	Space      func(directory string) (diagnose.Space, error)
}

// Identity is what a host is.
type Identity struct {
	// Version of the binary, and the revision it was built from.
	Version, Commit string
	// Protocol is the version that it speaks with user code.
	Protocol string
	// Advertised is the address that workers are told to reach it at.
	Advertised string
	// DataDirectory holds its store.
	DataDirectory string
}

// ConfigFile is how a configuration file stands.
type ConfigFile struct {
	Path string
	// LoadedAt is when the configuration in use was read.
	LoadedAt time.Time
	// Error says why the file as it is now is not in use, a problem on each line; empty when it is.
	Error string
	// ErrorSince is when that began; zero when there is no error.
	ErrorSince time.Time
}

// Server is the host's one port.
type Server struct {
	o        Options
	http     *http.Server
	mux      *http.ServeMux
	hosts    hostList
	services map[string]bool
	streams  *streams
	metrics  *metrics
	// explainer says why runs are where they are.
	explainer *explain.Explainer
	doctor    *diagnose.Doctor
	// texts are those of metadata of runs.
	texts *metadataTexts
	// last are the last runs of jobs.
	last *lastRuns
	// grid is how ops of runs of partitions went.
	grid *gridOps
	// workers counts attached streams.
	workers atomic.Int64
	started time.Time

	stopOnce sync.Once
	stopping chan struct{}
	cancel   context.CancelFunc
	failed   chan error
	done     sync.WaitGroup
}

// Listen opens the host's port. One that is taken is a Conflict that says what to do.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &host.Error{
			Code: host.Conflict, Reason: "PORT_IN_USE", Err: err,
			Message: fmt.Sprintf("listen on %s: another process has this port", address),
			Remedy:  "stop that process (perhaps another penstock), or choose another port with --listen",
		}
	default:
		return nil, &host.Error{
			Code: host.Invalid, Reason: "LISTEN", Err: err,
			Message: fmt.Sprintf("listen on %s: %s", address, err),
			Remedy:  "--listen takes host:port of an address of this machine, for example 127.0.0.1:3000",
		}
	}
}

// New returns a Server that has not started.
func New(o Options) (*Server, error) {
	if o.Config == nil {
		o.Config = func() (ConfigFile, bool) { return ConfigFile{}, false }
	}
	s := &Server{
		o: o, mux: http.NewServeMux(), streams: newStreams(), services: map[string]bool{},
		hosts:    newHostList(o.Listener.Addr(), o.Identity.Advertised, o.AllowedHosts),
		stopping: make(chan struct{}), failed: make(chan error, 1),
		started: o.Clock.Now(),
		texts:   newMetadataTexts(o.Store, o.Logger),
		last:    newLastRuns(o.Store, o.Logger),
		grid:    newGridOps(o.Store),
	}
	s.explainer = explain.New(explain.Options{
		Store: o.Store, Queue: o.Queue, Sessions: o.Sessions, Planner: o.Planner, Launcher: o.Launcher, Clock: o.Clock,
	})
	s.doctor = s.newDoctor()
	var err error
	if s.metrics, err = newMetrics(s); err != nil {
		return nil, err
	}
	rpc := connect.NewServer(s.intercept)
	hostv1connect.RegisterRunServiceHandler(rpc, runService{s})
	hostv1connect.RegisterSearchServiceHandler(rpc, searchService{s})
	hostv1connect.RegisterBulkServiceHandler(rpc, bulkService{s, runService{s}})
	hostv1connect.RegisterPartitionServiceHandler(rpc, partitionService{s, runService{s}})
	hostv1connect.RegisterBackfillServiceHandler(rpc, backfillService{s})
	hostv1connect.RegisterRunTagServiceHandler(rpc, runTagService{s: s, runs: runService{s}})
	hostv1connect.RegisterJobServiceHandler(rpc, jobService{s})
	hostv1connect.RegisterHistoryServiceHandler(rpc, historyService{s})
	hostv1connect.RegisterLocationServiceHandler(rpc, locationService{s})
	hostv1connect.RegisterHostServiceHandler(rpc, hostService{s})
	hostv1connect.RegisterStorageServiceHandler(rpc, storageService{s: s})
	hostv1connect.RegisterAutomationServiceHandler(rpc, automationService{s: s, runs: runService{s}})
	hostv1connect.RegisterAlertServiceHandler(rpc, alertService{s})
	workerv1connect.RegisterWorkerServiceHandler(rpc, workerService{s})
	s.registerHealth(rpc)
	if o.Reflection {
		grpcreflect.Register(rpc)
	}
	for spec := range rpc.Specs() {
		service, _, _ := strings.Cut(strings.TrimPrefix(spec.Procedure, "/"), "/")
		s.services[service] = true
	}
	connecthttp.Mount(s.mux, rpc, connecthttp.WithCodecs(codecs()...), connecthttp.WithConditionalOptions(messageLimit), connecthttp.WithCompressMinBytes(1<<10))
	s.mux.Handle(metricsRoute, promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{ErrorLog: metricsLog{o.Logger}}))
	s.mux.Handle(uiRoute, unknownCalls(o.UI))
	return s, nil
}

// Start begins to serve. It may be called once.
func (s *Server) Start(ctx context.Context) error {
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	if s.o.TLS == nil {
		protocols.SetUnencryptedHTTP2(true)
	} else {
		protocols.SetHTTP2(true)
	}
	s.http = &http.Server{
		Handler:     withConn(s.secure(s.mux)),
		Protocols:   protocols,
		TLSConfig:   s.o.TLS,
		BaseContext: func(net.Listener) context.Context { return base },
		// No read or write timeout: they would cut streams. Peers that are gone are found by pings and by bytes
		// that nobody takes.
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       3 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 250,
			SendPingTimeout:      15 * time.Second,
			PingTimeout:          15 * time.Second,
			WriteByteTimeout:     30 * time.Second,
		},
		ErrorLog: slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug),
	}
	changes := s.o.Feed.Subscribe(maxPending)
	s.done.Go(func() { s.last.follow(changes, s.stopping) })
	s.done.Go(func() {
		err := s.serve()
		if !errors.Is(err, http.ErrServerClosed) {
			s.failed <- fmt.Errorf("serve %s: %w", s.Addr(), err)
		}
	})
	return nil
}

func (s *Server) serve() error {
	if s.o.TLS != nil {
		return s.http.ServeTLS(s.o.Listener, "", "")
	}
	return s.http.Serve(s.o.Listener)
}

// Addr is the bound address.
func (s *Server) Addr() net.Addr { return s.o.Listener.Addr() }

// Failed gets an error if serving ends though nobody stopped it.
func (s *Server) Failed() <-chan error { return s.failed }

func (s *Server) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

const (
	// farewell is how long streams have to end by themselves once they are told that the host stops.
	farewell = 500 * time.Millisecond
	// lastCalls is how long calls under way have to end after that.
	lastCalls = 3 * time.Second
)

// Stop tells streams that the host stops, lets calls under way end, and closes what is left; it takes a few seconds at
// most. It may be called twice and before Start. Stop Sessions first, so that workers are told to come back.
func (s *Server) Stop() {
	s.stopOnce.Do(func() {
		close(s.stopping)
		if s.http == nil {
			_ = s.o.Listener.Close()
			return
		}
		ctx, done := context.WithTimeout(context.Background(), lastCalls)
		defer done()
		// Shutdown waits for streams as for calls, so those that did not end have to be cut off meanwhile.
		cut := context.AfterFunc(ctx, s.cancel)
		defer cut()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := s.http.Shutdown(ctx); err != nil {
				_ = s.http.Close()
			}
		}()
		select {
		case <-ended:
		case <-s.o.Clock.After(farewell):
			s.cancel()
			<-ended
		}
		s.cancel()
	})
	s.done.Wait()
}
