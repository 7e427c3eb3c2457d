package compat

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
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
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/versioncheck"
)

// Options configure a Process.
type Options struct {
	// Directory is that of the store, and may have one from before.
	Directory string
	// Address to listen on. Default: one of its own.
	Address string
	// Protocol that this host says it speaks, and judges by. Default: that of this source tree.
	Protocol string
	// Locations are the peers.
	Locations []host.LocationConfig
	// Clock is required.
	Clock host.Clock
	// ProbeInterval is that of the workspace. Default: 20 ms.
	ProbeInterval time.Duration
	// MaxInProgress is the queue's limit. Default: none.
	MaxInProgress int
	// Log gets what the host logs; one log may serve several processes. Default: one of its own.
	Log *Log
}

// Process is a whole host, assembled as the command does it, with its API on a real port. It is a Host.
type Process struct {
	apiHost

	Workspace *workspace.Workspace
	Feed      *host.Feed
	Store     host.Store
	Address   string

	once sync.Once
	stop []func() error
}

// Start starts a host for the length of a test.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	p, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// Open starts a host. An error of the store, for example STORE_TOO_NEW, is among its errors.
func Open(o Options) (*Process, error) {
	if o.Log == nil {
		o.Log = &Log{}
	}
	if o.Address == "" {
		o.Address = hosttest.OwnAddress()
	}
	if o.ProbeInterval == 0 {
		o.ProbeInterval = 20 * time.Millisecond
	}
	if o.Protocol == "" {
		o.Protocol = versioncheck.Protocol
	}
	if o.MaxInProgress == 0 {
		o.MaxInProgress = -1
	}
	p := &Process{Feed: &host.Feed{}}
	if err := p.open(o); err != nil {
		_ = p.Stop() // what failed first is the answer
		return nil, err
	}
	return p, nil
}

func (p *Process) open(o Options) error {
	ctx, logger, registry := context.Background(), slog.New(slog.NewTextHandler(o.Log, nil)), prometheus.NewRegistry()
	listener, err := api.Listen(ctx, o.Address)
	if err != nil {
		return err
	}
	p.Address = listener.Addr().String()
	url := "http://" + p.Address
	runs, err := api.NewRunMetrics(registry)
	if err != nil {
		return err
	}
	located := workspace.NewMetrics()
	if err := located.Register(registry); err != nil {
		return err
	}
	store, err := boltstore.Open(o.Directory, &boltstore.Options{
		Clock: o.Clock, Logger: logger,
		OnChange: func(c host.Change) { runs.Observe(c); p.Feed.Publish(c) },
	})
	if err != nil {
		_ = listener.Close()
		return err
	}
	p.Store = store
	p.onStop(store.Close)
	p.Workspace, err = workspace.New(workspace.Options{
		Locations: o.Locations, Host: workspace.HostInfo{Version: "1.2.3", Protocol: o.Protocol},
		Clock: o.Clock, Logger: logger, Metrics: located, ProbeInterval: o.ProbeInterval,
	})
	if err != nil {
		_ = listener.Close()
		return err
	}
	p.Workspace.Keep(store)
	changes := p.Workspace.Watch()
	p.onStop(func() error { changes.Close(); p.Workspace.Stop(); return nil })
	partitions := partition.NewSource(store, o.Clock, logger)
	planner := launch.NewPlanner(p.Workspace, store, partitions)
	launcher := launch.NewLocal(p.Workspace, url)
	sessions := attempt.New(attempt.Options{Store: store, Launcher: launcher, Clock: o.Clock, Logger: logger})
	q := queue.New(queue.Options{
		Store: store, Feed: p.Feed, Planner: planner, Launcher: launcher, Sessions: sessions,
		CodeChanged: changes.Ready(), Clock: o.Clock, Logger: logger, MaxInProgress: o.MaxInProgress,
	})
	many := bulk.New(bulk.Options{Store: store, Cancel: q.CancelRuns, Submit: q.Submit, Clock: o.Clock, Logger: logger})
	schedules, sensors, told, err := p.newAutomation(o, q, partitions, registry, logger)
	if err != nil {
		_ = listener.Close()
		return err
	}
	server, err := api.New(api.Options{
		Listener: listener, Store: store, Feed: p.Feed, Workspace: p.Workspace, Planner: planner, Queue: q,
		Sessions: sessions, Bulk: many, Schedules: schedules, Sensors: sensors, AutomationFeed: told, Clock: o.Clock, Logger: logger, Metrics: registry, UI: http.NotFoundHandler(),
		Keeper:   retention.New(retention.Options{Store: store, Clock: o.Clock, Logger: logger}),
		Identity: api.Identity{Version: "1.2.3", Protocol: o.Protocol, Advertised: url},
	})
	if err != nil {
		_ = listener.Close()
		return err
	}
	for _, part := range []struct {
		start func(context.Context) error
		stop  func()
	}{{p.Workspace.Start, func() {}}, {server.Start, server.Stop}, {sessions.Start, sessions.Stop}, {q.Start, q.Stop}, {schedules.Start, schedules.Stop}, {sensors.Start, sensors.Stop}, {many.Start, many.Stop}} {
		p.onStop(func() error { part.stop(); return nil })
		if err := part.start(ctx); err != nil {
			return err
		}
	}
	p.dial(url, o.Log)
	return nil
}

func (p *Process) onStop(step func() error) { p.stop = append(p.stop, step) }

// Stop ends the host and answers how its store was closed. It may be called twice.
func (p *Process) Stop() (err error) {
	p.once.Do(func() {
		for i := len(p.stop) - 1; i >= 0 && err == nil; i-- {
			err = p.stop[i]()
		}
	})
	return err
}

func (p *Process) dial(url string, log *Log) {
	c := &http.Client{Transport: &http.Transport{}}
	p.onStop(func() error { c.CloseIdleConnections(); return nil })
	client := connect.NewClient(connecthttp.NewTransport(c, url))
	p.apiHost = apiHost{
		url: url, http: c, log: log,
		jobs: hostv1connect.NewJobServiceClient(client), locations: hostv1connect.NewLocationServiceClient(client),
		runs: hostv1connect.NewRunServiceClient(client), history: hostv1connect.NewHistoryServiceClient(client),
		automated: hostv1connect.NewAutomationServiceClient(client),
	}
}

// AwaitLocation returns once a location satisfies ok, with what it is then.
func (p *Process) AwaitLocation(ctx context.Context, name string, ok func(workspace.Location) bool) (workspace.Location, error) {
	changes := p.Workspace.Watch()
	defer changes.Close()
	for {
		l, err := p.Workspace.Location(name)
		if err != nil || ok(l) {
			return l, err
		}
		select {
		case <-changes.Ready():
			changes.Take()
		case <-ctx.Done():
			return l, fmt.Errorf("location %s stays %s with fault %+v: %w", name, l.State, l.Fault, ctx.Err())
		}
	}
}

// AwaitRun returns once a run satisfies ok, with what it is then.
func (p *Process) AwaitRun(ctx context.Context, id string, ok func(host.Run) bool) (host.Run, error) {
	changes := p.Feed.SubscribeRun(host.RunID(id))
	defer changes.Close()
	for {
		run, err := p.Store.Run(ctx, host.RunID(id))
		if err != nil || ok(run) {
			return run, err
		}
		select {
		case <-changes.Ready():
			changes.Take()
		case <-ctx.Done():
			return run, fmt.Errorf("run %s stays %s attempt %d (%s): %w", id, run.Status, run.Attempt, run.StatusReason, ctx.Err())
		}
	}
}

// Log is what a host logged.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// read is what a page answers.
func read(ctx context.Context, c *http.Client, url string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}
