package workspace

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

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
	// Resolver looks up the names in addresses. Default: net.DefaultResolver.
	Resolver Resolver
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
	o      Options
	logger *slog.Logger
	feed   feed
	crowd  crowd
	places *places
	slots  slots
	late   *overdue
	set    atomic.Pointer[locationSet]
	keeper keeper

	configuring sync.Mutex // held by whoever starts, changes or ends locations; before mu

	mu      sync.Mutex
	cancel  context.CancelFunc // nil before Start
	begin   func(*location)    // runs a location, see launch; nil before Start
	group   sync.WaitGroup
	stopped chan struct{}
}

// New makes a workspace; nothing is dialled before Start. Configurations that
// cannot work are an Invalid error that lists all that is wrong.
func New(o Options) (*Workspace, error) {
	if err := CheckConfigs(o.Locations); err != nil {
		return nil, err
	}
	o = withDefaults(o)
	w := &Workspace{
		o: o, logger: o.Logger, stopped: make(chan struct{}),
		places: newPlaces(o.Clock), late: newOverdue(o.Clock), slots: slots{epoch: o.Clock.Now(), interval: o.ProbeInterval},
	}
	w.crowd.publish = w.feed.publish
	var all []*location
	for _, c := range o.Locations {
		all = append(all, w.newLocation(c))
	}
	w.set.Store(newLocationSet(all))
	return w, nil
}

// newLocation makes a location that launch starts, at the start of the
// workspace or later.
func (w *Workspace) newLocation(c host.LocationConfig) *location {
	l := &location{
		name:      c.Name,
		clock:     w.o.Clock,
		logger:    w.o.Logger,
		slot:      int(w.o.Jitter() * slotsPerInterval),
		slots:     w.slots,
		head:      time.Duration(w.o.Jitter() * float64(connectionAge)),
		places:    w.places,
		late:      w.late,
		resolver:  w.o.Resolver,
		crowd:     &w.crowd,
		interval:  w.o.ProbeInterval,
		metrics:   w.o.Metrics,
		keeper:    &w.keeper,
		feed:      &w.feed,
		host:      versioncheck.Host{Protocol: w.o.Host.Protocol},
		hostInfo:  hostInfo(w.o.Host),
		userAgent: strings.TrimSpace("penstock/" + w.o.Host.Version),
		requests:  make(chan request),
		met:       make(chan answer, 8),
		gone:      make(chan struct{}),
		decided:   map[string]versioncheck.Code{},
		config:    c,
		state:     host.LocationLoading,
		settled:   host.LocationLoading,
	}
	// What was made here can be encoded; what could not would be an empty question, which servers answer, too.
	l.question, _ = proto.Marshal(&usercodev1.GetServerInfoRequest{Host: l.hostInfo})
	l.metrics.setState(l.name, l.state, 0)
	return l
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
	if o.Resolver == nil {
		o.Resolver = net.DefaultResolver
	}
	if o.Host.Protocol == "" {
		o.Host.Protocol = versioncheck.Protocol
	}
	return o
}

// Start begins to keep every location current, side by side, until ctx ends or
// Stop is called. It does not wait for any of them. A workspace starts once.
func (w *Workspace) Start(ctx context.Context) error {
	w.configuring.Lock() // so that each location is started once
	defer w.configuring.Unlock()
	w.mu.Lock()
	if w.cancel != nil {
		w.mu.Unlock()
		return &host.Error{Code: host.Internal, Reason: "WORKSPACE_STARTED", Message: "the workspace was started or stopped before"}
	}
	ctx, w.cancel = context.WithCancel(ctx)
	w.group.Go(func() { w.late.run(ctx) })
	w.begin = func(l *location) {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		l.halt = func() {
			cancel()
			<-done
		}
		w.group.Go(func() {
			defer close(done)
			l.run(ctx)
		})
	}
	w.mu.Unlock()
	w.restoreAll(ctx, w.all())
	for _, l := range w.all() {
		w.launch(l)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keeper.store != nil && !w.isStopped() {
		w.group.Go(func() { w.touching(ctx) })
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
	if !w.isStopped() {
		close(w.stopped)
	}
	w.mu.Unlock()
	w.group.Wait()
	w.configuring.Lock() // what is being configured finds that it came too late
	defer w.configuring.Unlock()
	w.keepLast()
	for _, l := range w.all() {
		l.drop()
	}
}

// Host is what this host says of itself.
func (w *Workspace) Host() HostInfo { return w.o.Host }

// Locations are all locations, sorted by name.
func (w *Workspace) Locations() []Location {
	locations := w.all()
	all := make([]Location, 0, len(locations))
	for _, l := range locations {
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
	l, err := w.location(name)
	if err != nil {
		return Location{}, err
	}
	for {
		done, err := w.reload(ctx, l)
		if err != nil {
			return Location{}, err
		}
		if done {
			return l.snapshot(), nil
		}
	}
}

// reload answers whether the location did what was asked; it did not when it
// was configured anew meanwhile.
func (w *Workspace) reload(ctx context.Context, l *location) (bool, error) {
	r := request{done: make(chan bool, 1)}
	requests, answer := l.requests, (chan bool)(nil)
	for {
		select {
		case requests <- r:
			requests, answer = nil, r.done
		case done := <-answer:
			return done, nil
		case <-l.gone:
			return false, w.set.Load().notFound(l.name)
		case <-ctx.Done():
			return false, reloadEnded(l.name, context.Cause(ctx))
		case <-w.stopped:
			return false, reloadEnded(l.name, nil)
		}
	}
}

func reloadEnded(name string, cause error) error {
	return &host.Error{
		Code: host.Unavailable, Reason: "RELOAD_UNFINISHED", Err: cause,
		Message: fmt.Sprintf("the reload of code location %s was not waited for", name),
		Remedy:  "Look at the location's state; the reload goes on by itself.",
	}
}

func (w *Workspace) location(name string) (*location, error) {
	set := w.set.Load()
	if l := set.byName[name]; l != nil {
		return l, nil
	}
	return nil, set.notFound(name)
}
