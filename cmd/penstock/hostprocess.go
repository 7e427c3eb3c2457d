package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/backfill"
	"github.com/penstock-run/penstock/host/bulk"
	"github.com/penstock-run/penstock/host/collect"
	"github.com/penstock-run/penstock/host/diagnose"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/retention"
	"github.com/penstock-run/penstock/host/retry"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/web"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// stopCeiling is the longest that a host takes to stop.
const stopCeiling = 10 * time.Second

// hostOptions are what a host is started with.
type hostOptions struct {
	// Listen is the address, host:port; port 0 picks one.
	Listen string
	// Data is the directory of the store.
	Data string
	// Advertise is the address that workers are told; empty means the bound one.
	Advertise string
	// TLS makes the host speak TLS alone.
	TLS *tls.Config
	// Token is what clients must show; empty means none.
	Token string
	// Insecure allows an address off this machine without TLS and token.
	Insecure   bool
	AllowHosts []string
	// Locations are all code locations at the start.
	Locations []host.LocationConfig
	// Config is followed: what it reads replaces Locations, MaxInProgress, Limits, Pools, Retention and Alerts. It was read once; nil when there is no file.
	// Reload gets a value when it is to be read at once.
	Config *configReader
	Reload <-chan os.Signal
	// MaxInProgress is the queue's limit; -1 means none, 0 that nothing starts.
	MaxInProgress int
	// Limits are those of the queue beside it.
	Limits []host.Limit
	// Pools are those of which ops take slots.
	Pools []host.Pool
	// Retention says which runs are kept, and for how long.
	Retention retention.Policy
	// Alerts are the rules by which people are told of runs.
	Alerts     []alert.Rule
	Reflection bool
	Logger     *slog.Logger
}

// hostProcess is a whole host: it starts everything in order, and whatever fails first ends it.
type hostProcess struct {
	log       *slog.Logger
	api       *api.Server
	queue     *queue.Queue
	sessions  *attempt.Sessions
	workspace *workspace.Workspace
	keeper    *retention.Keeper
	alerts    *alert.Alerter
	store     host.Store
	launcher  host.Launcher
	address   string
	failed    chan error

	// steps are what Stop does, in the order of the starts.
	steps   []func() error
	once    sync.Once
	stopErr error
}

// startHost starts a host and returns when it serves. Its errors are ready to exit with. ctx is for the start alone: the
// host runs until Stop.
func startHost(ctx context.Context, o hostOptions) (*hostProcess, error) {
	p := &hostProcess{log: o.Logger, failed: make(chan error, 1)}
	if err := p.start(ctx, o); err != nil {
		if stopErr := p.Stop(); stopErr != nil {
			o.Logger.Error("stop what was started", "error", stopErr)
		}
		return nil, hostFailure(err)
	}
	return p, nil
}

func (p *hostProcess) start(ctx context.Context, o hostOptions) error {
	listener, err := api.Listen(ctx, o.Listen)
	if err != nil {
		return err
	}
	p.onStop(func() error {
		if err := listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if err := checkExposure(listener.Addr(), o); err != nil {
		return err
	}
	p.address, err = launch.AdvertisedAddress(listener.Addr(), o.Advertise, o.TLS != nil, o.Locations)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	located := workspace.NewMetrics()
	if err := located.Register(registry); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	p.workspace, err = workspace.New(workspace.Options{
		Locations: o.Locations,
		Host:      workspace.HostInfo{Version: version, Protocol: versioncheck.Protocol},
		Clock:     systemClock{}, Logger: o.Logger, Metrics: located, Jitter: rand.Float64,
	})
	if err != nil {
		return err
	}
	// The configuration is checked before anything is written.
	feed := &host.Feed{}
	store, open, err := p.openStore(ctx, o, feed, registry)
	if err != nil {
		return err
	}
	p.store = store
	p.noteLimits(ctx, o.limitSource(), o.MaxInProgress, o.Limits, o.Pools)
	p.workspace.Keep(store)
	lasting := context.WithoutCancel(ctx)
	p.onStop(func() error { p.workspace.Stop(); return nil }) //nolint:contextcheck // what it keeps is kept, whoever waits
	if err := p.workspace.Start(lasting); err != nil {
		return err
	}
	launcher := launch.NewLocal(p.workspace, p.address)
	launcher.Recall(open)
	p.launcher = launcher
	partitions := partition.NewSource(store, systemClock{}, o.Logger)
	planner := launch.NewPlanner(p.workspace, p.store, partitions)
	sessions := attempt.New(attempt.Options{Store: store, Launcher: launcher, Clock: systemClock{}, Logger: o.Logger, Feed: feed})
	sessions.SetPools(o.Pools)
	p.sessions = sessions
	changes := p.workspace.Watch()
	p.onStop(func() error { changes.Close(); return nil })
	p.queue = queue.New(queue.Options{
		Store: store, Feed: feed, Planner: planner, Launcher: launcher, Sessions: sessions,
		CodeChanged: changes.Ready(), Clock: systemClock{}, Logger: o.Logger, MaxInProgress: o.MaxInProgress, Limits: o.Limits,
	})
	p.keeper = retention.New(retention.Options{Store: store, Clock: systemClock{}, Logger: o.Logger, Policy: o.Retention})
	if err := p.makeAlerts(store, feed, o, registry); err != nil {
		return err
	}
	backfills := backfill.New(backfill.Options{
		Store: store, Feed: feed, Find: backfill.Through(planner), PartitionRuns: p.workspace.PartitionRuns, Preview: planner.Preview,
		Submit: p.queue.Submit, Cancel: p.queue.CancelRuns, Clock: systemClock{}, Logger: o.Logger,
	})
	many := bulk.New(bulk.Options{Store: store, Cancel: p.queue.CancelRuns, Submit: p.queue.Submit, Clock: systemClock{}, Logger: o.Logger})
	automatic, err := p.newAutomation(feed, partitions, registry, o.Logger)
	if err != nil {
		return err
	}
	config := p.follow(o, listener.Addr()) //nolint:contextcheck // what a later change does is not part of the start
	p.api, err = api.New(api.Options{      //nolint:contextcheck // metrics are read whenever they are asked for
		Listener: listener, TLS: o.TLS, Token: o.Token, AllowedHosts: o.AllowHosts, Reflection: o.Reflection, UI: web.Handler(),
		Store: store, Feed: feed, Workspace: p.workspace, Planner: planner, Queue: p.queue, Sessions: sessions, Bulk: many, Backfills: backfills, Partitions: partitions, Launcher: launcher,
		Schedules: automatic.schedules, Sensors: automatic.sensors, AutomationFeed: automatic.changes,
		Keeper: p.keeper, Alerts: p.alerts, Clock: systemClock{}, Logger: o.Logger, Metrics: registry, Config: config.Status,
		StoreFacts: func() (diagnose.StoreFacts, error) { f, err := store.Facts(); return diagnose.StoreFacts(f), err },
		Space:      spaceOf,
		Identity: api.Identity{
			Version: version, Commit: commit, Protocol: versioncheck.Protocol, Advertised: p.address, DataDirectory: o.Data,
		},
	})
	if err != nil {
		return err
	}
	// The port closes last of the three: calls and streams may go on until their ends are told.
	p.onStop(func() error { p.api.Stop(); return nil }) //nolint:contextcheck // a stop is not part of the start's call
	if err := sessions.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { sessions.Stop(); return nil })
	if err := p.queue.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { p.queue.Stop(); return nil })
	if err := automatic.start(lasting, p); err != nil {
		return err
	}
	if err := many.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { many.Stop(); return nil })
	if err := backfills.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { backfills.Stop(); return nil })
	retrier := retry.New(retry.Options{
		Store: store, Feed: feed, Submit: p.queue.Submit, WaitForCode: planner.WaitForCode, Clock: systemClock{}, Logger: o.Logger,
	})
	if err := retrier.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { retrier.Stop(); return nil })
	collector := collect.New(collect.Options{Store: store, Reach: collect.Through(p.workspace), Clock: systemClock{}, Logger: o.Logger})
	if err := collector.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { collector.Stop(); return nil })
	if err := p.keeper.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { p.keeper.Stop(); return nil })
	if err := p.alerts.Start(lasting); err != nil {
		return err
	}
	p.onStop(func() error { p.alerts.Stop(); return nil })
	p.onStop(config.start(lasting, o.Reload))
	return p.api.Start(lasting)
}

// openStore opens the store, whose changes go to the metrics and to everybody who listens, and returns its open runs.
func (p *hostProcess) openStore(ctx context.Context, o hostOptions, feed *host.Feed, registry prometheus.Registerer) (*boltstore.Store, []host.Run, error) {
	runs, err := api.NewRunMetrics(registry)
	if err != nil {
		return nil, nil, err
	}
	store, err := boltstore.Open(o.Data, &boltstore.Options{ //nolint:contextcheck // what it begins is finished, whoever waits
		Logger: o.Logger, Clock: systemClock{},
		OnChange: func(c host.Change) {
			runs.Observe(c)
			feed.Publish(c)
		},
		OnFatal: p.fail, MetadataTexts: workspace.MetadataTexts,
		Free: freeOf,
	})
	if err != nil {
		return nil, nil, err
	}
	p.onStop(store.Close)
	open, err := store.OpenRuns(ctx)
	if _, err = host.DamageIn(err); err != nil { // the queue tells of runs that cannot be read
		return nil, nil, err
	}
	for i := range open {
		last, err := store.LastSeq(ctx, open[i].ID, open[i].Attempt)
		if err != nil && host.ReasonOf(err) != host.ReasonDamaged {
			return nil, nil, err
		}
		runs.Seed(&open[i], last)
	}
	return store, open, nil
}

// checkExposure refuses an address that others can reach without what protects it.
func checkExposure(bound net.Addr, o hostOptions) error {
	tcp, ok := bound.(*net.TCPAddr)
	if ok && tcp.IP.IsLoopback() || o.Insecure || o.TLS != nil && o.Token != "" {
		return nil
	}
	return &host.Error{
		Code: host.Invalid, Reason: "EXPOSED",
		Message: fmt.Sprintf("listen on %s: other machines can reach this address, and that needs TLS and a token", bound),
		Remedy: "Give --tls-cert, --tls-key and --token-file (or PENSTOCK_TOKEN), or listen on 127.0.0.1. " +
			"--insecure allows it without, for a network that you trust.",
	}
}

func (p *hostProcess) onStop(step func() error) { p.steps = append(p.steps, step) }

// fail ends the host for a reason; the first one counts.
func (p *hostProcess) fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// Addr is the bound address.
func (p *hostProcess) Addr() net.Addr { return p.api.Addr() }

// Address is the URL at which workers, and people on the same network, reach the host.
func (p *hostProcess) Address() string { return p.address }

// Queue is the host's queue, for who ends its runs.
func (p *hostProcess) Queue() *queue.Queue { return p.queue }

// Workspace is the host's code locations, for who changes them.
func (p *hostProcess) Workspace() *workspace.Workspace { return p.workspace }

// Wait returns nil when ctx ends, or what made the host fail, ready to exit with. Call Stop afterwards in any case.
func (p *hostProcess) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return hostFailure(err)
	case err := <-p.api.Failed():
		return hostFailure(err)
	}
}

// Stop stops everything in the reverse order of its start and waits for it, at most stopCeiling. Runs go on. It may be
// called twice.
func (p *hostProcess) Stop() error {
	p.once.Do(func() {
		ended := make(chan error, 1)
		go func() {
			var errs []error
			for _, step := range slices.Backward(p.steps) {
				errs = append(errs, step())
			}
			ended <- errors.Join(errs...)
		}()
		select {
		case p.stopErr = <-ended:
		case <-time.After(stopCeiling):
			p.stopErr = fmt.Errorf("stopping took longer than %s; the store is safe, as after a power failure", stopCeiling)
		}
	})
	return p.stopErr
}

// hostExits are the codes of a host that cannot start or go on, by reason.
var hostExits = map[string]int{
	"STORE_LOCKED":          exitLocked,
	"STORE_TOO_NEW":         exitTooNew,
	host.ReasonDamaged:      exitDamaged,
	"STORE_FILE_MISSING":    exitDamaged,
	"BACKUP_DAMAGED":        exitDamaged,
	"BACKUP_NOT_FOUND":      exitNotFound,
	"STORE_NOT_FOUND":       exitNotFound,
	"STORE_EXISTS":          exitRejected,
	"STORE_OLD":             exitRejected,
	"STORE_OUTCOME_UNKNOWN": exitUnknown,
	"LOCATION_CONFIG":       exitUsage,
	"ADVERTISE":             exitUsage,
	"LISTEN":                exitUsage,
	"EXPOSED":               exitUsage,
}

// hostFailure gives an error its exit code and, below it, what to do.
func hostFailure(err error) error {
	var exit *exitError
	var e *host.Error
	if errors.As(err, &exit) || !errors.As(err, &e) {
		return err
	}
	code, ok := hostExits[e.Reason]
	if !ok {
		code = exitFailure
	}
	if e.Remedy != "" {
		err = fmt.Errorf("%w\n%s", err, e.Advice())
	}
	return &exitError{code: code, err: err}
}
