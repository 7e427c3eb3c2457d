package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/launch"
)

// configInterval is how often a host looks whether its configuration file, or a file that it names, changed.
const configInterval = time.Second

// configRest is how long these files must not change before what they say is used: an editor that writes in place empties
// a file first.
const configRest = 250 * time.Millisecond

// configWatch keeps a host on its configuration file. A file that cannot be used changes nothing.
type configWatch struct {
	reader *configReader
	// apply puts a configuration into use, whole, or changes nothing.
	apply func(*configuration) error
	clock host.Clock
	log   *slog.Logger

	mu     sync.Mutex
	status api.ConfigFile
}

// follow is the watch of the host's configuration file; nil when there is none. It does not run yet.
func (p *hostProcess) follow(o hostOptions, bound net.Addr) *configWatch {
	if o.Config == nil {
		return nil
	}
	return newConfigWatch(o.Config, func(c *configuration) error {
		// What workers are told cannot change any more, so it has to do for the new locations.
		if _, err := launch.AdvertisedAddress(bound, o.Advertise, o.TLS != nil, c.Locations); err != nil {
			return err
		}
		if err := p.workspace.Configure(c.Locations); err != nil {
			return err
		}
		p.queue.SetMaxInProgress(c.MaxInProgress)
		p.queue.SetLimits(c.Limits)
		p.sessions.SetPools(c.Pools)
		p.noteLimits(context.Background(), "the configuration file "+o.Config.path, c.MaxInProgress, c.Limits, c.Pools)
		p.keeper.SetPolicy(c.Retention)
		p.alerts.SetRules(c.Alerts)
		return nil
	}, systemClock{}, o.Logger)
}

// newConfigWatch makes one for a file that was read just now.
func newConfigWatch(r *configReader, apply func(*configuration) error, clock host.Clock, log *slog.Logger) *configWatch {
	return &configWatch{
		reader: r, apply: apply, clock: clock, log: log,
		status: api.ConfigFile{Path: r.path, LoadedAt: clock.Now()},
	}
}

// Status is how the file stands; false when there is none.
func (w *configWatch) Status() (api.ConfigFile, bool) {
	if w == nil {
		return api.ConfigFile{}, false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status, true
}

// start begins to follow the file, if there is one, and returns what ends it.
func (w *configWatch) start(ctx context.Context, asked <-chan os.Signal) (stop func() error) {
	if w == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { w.run(ctx, asked) })
	return func() error {
		cancel()
		running.Wait()
		return nil
	}
}

// run follows the files until ctx ends. A value of asked makes it read them all at once.
func (w *configWatch) run(ctx context.Context, asked <-chan os.Signal) {
	changed, pause := false, configInterval
	for {
		select {
		case <-ctx.Done():
			return
		case <-asked:
			w.reader.forget()
			w.load()
			changed, pause = false, configInterval
		case <-w.clock.After(pause):
			switch {
			case w.reader.changed():
				changed, pause = true, configRest
			case changed:
				w.load()
				changed, pause = false, configInterval
			}
		}
	}
}

// load reads the files and puts them into use, or notes why not.
func (w *configWatch) load() {
	c, err := w.reader.read()
	if err == nil {
		err = w.apply(c)
	}
	if host.CodeOf(err) == host.Unavailable {
		return // the host stops
	}
	text := problemText(err)
	w.mu.Lock()
	before := w.status
	now := w.clock.Now()
	switch {
	case err == nil:
		w.status.LoadedAt, w.status.Error, w.status.ErrorSince = now, "", time.Time{}
	case before.Error == "":
		w.status.ErrorSince = now
		fallthrough
	default:
		w.status.Error = text
	}
	w.mu.Unlock()
	switch {
	case err == nil:
		w.log.Info("the configuration was loaded anew", "file", w.reader.path, "locations", len(c.Locations), "max_in_progress", c.MaxInProgress, "limits", len(c.Limits), "pools", len(c.Pools))
	case text != before.Error:
		w.log.Error("the configuration cannot be used; the one from before stays in use", "file", w.reader.path, "error", text)
	}
}

// problemText is what is wrong, a problem on each line.
func problemText(err error) string {
	var c *configError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &c):
		return strings.Join(c.lines, "\n")
	default:
		return err.Error()
	}
}
