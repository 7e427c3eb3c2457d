package workspace

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Options configure a workspace.
type Options struct {
	// Locations are the code locations; there may be none.
	Locations []host.LocationConfig
	// Host is what this host says of itself.
	Host HostInfo
	// Clock is required.
	Clock host.Clock
	// Logger gets changes of state and decisions. Default: nobody does.
	Logger *slog.Logger
	// Metrics count what happens. Default: nobody collects them.
	Metrics *Metrics
	// Jitter answers random numbers in [0, 1) that spread the probes. Default: none.
	Jitter func() float64
	// ProbeInterval is the time between two probes of a location. Default: 1 s.
	ProbeInterval time.Duration
}

// HostInfo is what a host says of itself.
type HostInfo struct {
	// Version of the host program, for people.
	Version string
	// Protocol version. Default: that of this source tree.
	Protocol string
}

// Workspace is all code locations of a host. All methods may be called concurrently.
type Workspace struct {
	host      HostInfo
	locations []*location // sorted by name
	feed      feed

	mu      sync.Mutex
	cancel  context.CancelFunc // nil before Start
	running sync.WaitGroup
	stopped chan struct{}
}

// New makes a workspace; nothing is dialled before Start. Configurations that
// cannot work are an Invalid error that lists all that is wrong.
func New(o Options) (*Workspace, error) {
	if err := checkConfigs(o.Locations); err != nil {
		return nil, err
	}
	o = withDefaults(o)
	w := &Workspace{host: o.Host, stopped: make(chan struct{})}
	for _, c := range o.Locations {
		l := &location{
			name:      c.Name,
			clock:     o.Clock,
			logger:    o.Logger,
			jitter:    o.Jitter,
			interval:  o.ProbeInterval,
			metrics:   o.Metrics,
			feed:      &w.feed,
			host:      versioncheck.Host{Protocol: o.Host.Protocol},
			hostInfo:  hostInfo(o.Host),
			userAgent: strings.TrimSpace("penstock/" + o.Host.Version),
			requests:  make(chan request),
			decided:   map[string]versioncheck.Code{},
			config:    c,
			state:     host.LocationLoading,
		}
		l.metrics.setState(l.name, l.state, 0)
		w.locations = append(w.locations, l)
	}
	slices.SortFunc(w.locations, func(a, b *location) int { return strings.Compare(a.name, b.name) })
	return w, nil
}

func withDefaults(o Options) Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	if o.Jitter == nil {
		o.Jitter = func() float64 { return 0 }
	}
	if o.ProbeInterval <= 0 {
		o.ProbeInterval = defaultProbeInterval
	}
	if o.Host.Protocol == "" {
		o.Host.Protocol = versioncheck.Protocol
	}
	return o
}

// Start begins to keep every location current, side by side, until ctx ends or
// Stop is called. It does not wait for any of them. A workspace starts once.
func (w *Workspace) Start(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		return &host.Error{Code: host.Internal, Reason: "WORKSPACE_STARTED", Message: "the workspace was started or stopped before"}
	}
	ctx, w.cancel = context.WithCancel(ctx)
	for _, l := range w.locations {
		w.running.Go(func() { l.run(ctx) })
	}
	return nil
}

// Stop ends everything that Start began and waits for it. It may be called
// twice, and before Start.
func (w *Workspace) Stop() {
	w.mu.Lock()
	if w.cancel == nil {
		w.cancel = func() {}
	}
	w.cancel()
	select {
	case <-w.stopped:
	default:
		close(w.stopped)
	}
	w.mu.Unlock()
	w.running.Wait()
}

// Host is what this host says of itself.
func (w *Workspace) Host() HostInfo { return w.host }

// Locations are all locations, sorted by name.
func (w *Workspace) Locations() []Location {
	all := make([]Location, 0, len(w.locations))
	for _, l := range w.locations {
		all = append(all, l.snapshot())
	}
	return all
}

// Location is one location. NotFound when there is none of that name.
func (w *Workspace) Location(name string) (Location, error) {
	l, err := w.location(name)
	if err != nil {
		return Location{}, err
	}
	return l.snapshot(), nil
}

// Watch tells which locations change from now on. Close it.
func (w *Workspace) Watch() *Subscription { return w.feed.subscribe() }

// Reload negotiates with a location again over a new connection and answers
// when that is done, with the location as it is then: it may have a fault.
// NotFound, or Unavailable when ctx or the workspace ends before; a workspace
// that was not started yet is waited for.
func (w *Workspace) Reload(ctx context.Context, name string) (Location, error) {
	return w.ask(ctx, name, nil)
}

// Reconfigure replaces the configuration of the location of that name and
// answers as Reload does. A configuration that cannot work is Invalid and
// changes nothing.
func (w *Workspace) Reconfigure(ctx context.Context, c host.LocationConfig) (Location, error) {
	if err := invalidConfig(checkConfig(c)); err != nil {
		return Location{}, err
	}
	return w.ask(ctx, c.Name, &c)
}

func (w *Workspace) ask(ctx context.Context, name string, c *host.LocationConfig) (Location, error) {
	l, err := w.location(name)
	if err != nil {
		return Location{}, err
	}
	r := request{config: c, done: make(chan struct{})}
	select {
	case l.requests <- r:
	case <-ctx.Done():
		return Location{}, reloadEnded(name, context.Cause(ctx))
	case <-w.stopped:
		return Location{}, reloadEnded(name, nil)
	}
	select {
	case <-r.done:
		return l.snapshot(), nil
	case <-ctx.Done():
		return Location{}, reloadEnded(name, context.Cause(ctx))
	case <-w.stopped:
		return Location{}, reloadEnded(name, nil)
	}
}

func reloadEnded(name string, cause error) error {
	return &host.Error{
		Code: host.Unavailable, Reason: "RELOAD_UNFINISHED", Err: cause,
		Message: fmt.Sprintf("the reload of code location %s was not waited for", name),
		Remedy:  "Look at the location's state; the reload goes on by itself.",
	}
}

// Conn is a connection to the server of a location, for starting and ending
// workers. Release it; it outlives a replacement until then.
type Conn struct {
	Client usercodev1.UserCodeServiceClient
	// ServerID is the server process that the host negotiated with; empty when it did not say.
	ServerID   string
	connection *connection
	once       sync.Once
}

// Release lets the connection go. It may be called twice.
func (c *Conn) Release() { c.once.Do(c.connection.release) }

// Conn is a connection to the server that answered the last probe. NotFound, or
// Unavailable with the location's fault when no server that this host can work
// with answers.
func (w *Workspace) Conn(name string) (*Conn, error) {
	l, err := w.location(name)
	if err != nil {
		return nil, err
	}
	return l.usable()
}

func (w *Workspace) location(name string) (*location, error) {
	for _, l := range w.locations {
		if l.name == name {
			return l, nil
		}
	}
	var known []string
	for _, l := range w.locations {
		known = append(known, l.name)
	}
	e := &host.Error{Code: host.NotFound, Reason: "LOCATION_NOT_FOUND", Message: fmt.Sprintf("there is no code location %.64q", name)}
	if len(known) > 0 {
		e.Remedy = "Use one of: " + strings.Join(known[:min(len(known), 20)], ", ") + "."
	} else {
		e.Remedy = "Configure one with --location NAME=ADDRESS or in the configuration file."
	}
	return nil, e
}
