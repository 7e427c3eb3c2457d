package workspace

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
)

// Store keeps over restarts what was known of locations; a [host.Store] does.
type Store interface {
	PutKnownLocation(ctx context.Context, l host.KnownLocation, bodies map[host.Digest][]byte) error
	KnownLocations(ctx context.Context) ([]host.KnownLocation, error)
	TouchKnownLocations(ctx context.Context, answeredAt map[string]time.Time) error
	Body(ctx context.Context, d host.Digest) ([]byte, error)
}

// Keep makes the workspace keep the last good definitions of its locations in
// a store, and begin with those that are there. Only before Start.
func (w *Workspace) Keep(s Store) {
	w.keeper.store, w.keeper.touched = s, map[string]time.Time{}
}

// keeper keeps what is known of locations; nothing when it has no store.
type keeper struct {
	store Store
	// touched is when each location had answered, as stored last. It belongs to touching.
	touched map[string]time.Time
	ending  sync.Once
}

// keeping is what a location's goroutine knows of what is kept of it.
type keeping struct {
	// good are the last definitions that its server answered with, saved those that are stored.
	good, saved *definitions
	// left is how many times more it may be saved at once, since when that was not raised.
	left  int
	since time.Time
	// retryAt is when to try again after a failure; failing tells that it was logged.
	retryAt time.Time
	failing bool
}

// save stores the last good definitions if they are others than those stored.
// They are in use already, and a store that fails keeps nobody from them. Only
// the location's goroutine saves, or nobody else while it does not run.
func (l *location) save(ctx context.Context, last bool) {
	k := &l.keeping
	if l.state == host.LocationReady {
		k.good = l.definitions
	}
	if l.keeper.store == nil || k.good == nil || k.good == k.saved {
		return
	}
	now := l.clock.Now()
	if !last && (now.Before(k.retryAt) || !k.allow(now)) {
		return
	}
	known, bodies := k.good.known(k.saved, l.answered())
	err := l.keeper.store.PutKnownLocation(ctx, known, bodies)
	switch {
	case err == nil:
		if k.failing {
			l.logger.Info("definitions are kept for a restart again", "location", l.name)
		}
		k.charge(bodies)
		k.saved, k.failing, k.retryAt = k.good, false, time.Time{}
	case ctx.Err() != nil: // it is tried again when the location runs again, or at the end
	default:
		if !k.failing {
			l.logger.Warn("definitions could not be stored; after a restart of the host they would not be known until the location answers",
				"location", l.name, "error", err)
		}
		k.failing, k.retryAt = true, now.Add(saveRetry)
	}
}

// allow takes one of the times that a location may be saved. Deploys are saved
// at once; a server whose definitions never stay the same must not fill the disk.
func (k *keeping) allow(now time.Time) bool {
	if k.since.IsZero() {
		k.left, k.since = saveBurst, now
	}
	if n := int(now.Sub(k.since) / saveInterval); n > 0 {
		k.left, k.since = min(k.left+n, saveBurst), now
	}
	if k.left <= 0 {
		return false
	}
	k.left--
	return true
}

// charge counts a save with many bytes, but for the first, as several: bodies are never removed.
func (k *keeping) charge(bodies map[host.Digest][]byte) {
	if k.saved == nil {
		return
	}
	size := 0
	for _, body := range bodies {
		size += len(body)
	}
	k.left -= size / saveBytes
}

// answered is when the location answered last.
func (l *location) answered() time.Time {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.answeredAt
}

// known is d as it is stored, with the bodies that saved, which may be nil, does not have.
func (d *definitions) known(saved *definitions, answeredAt time.Time) (host.KnownLocation, map[host.Digest][]byte) {
	l := host.KnownLocation{
		Name: d.location.name, ServerInfo: d.report.encoded, AllowDevVersions: d.policy.AllowDevVersions,
		CodeVersion: codeVersion(d.report.info), Root: d.root, LoadedAt: d.loadedAt, AnsweredAt: answeredAt,
		Repositories: make([]host.KnownRepository, 0, len(d.repositories)),
	}
	bodies := d.bodies()
	for _, r := range d.repositories {
		known := host.KnownRepository{Name: r.name, Digest: r.digest, Body: r.body, Jobs: make([]host.KnownJob, 0, len(r.jobs))}
		if !r.body.IsZero() {
			bodies[r.body] = r.content
		}
		for _, j := range r.jobs {
			known.Jobs = append(known.Jobs, host.KnownJob{
				Name: j.name, Definition: j.definition.digest, Metadata: j.metadata.digest,
				MetadataEntries: j.metadata.announced, MetadataHeld: j.metadata.body != nil,
			})
		}
		l.Repositories = append(l.Repositories, known)
	}
	if saved != nil {
		for digest := range saved.bodies() {
			delete(bodies, digest)
		}
		for _, r := range saved.repositories {
			delete(bodies, r.body)
		}
	}
	return l, bodies
}

// touching stores once a minute when locations answered last, until ctx ends.
func (w *Workspace) touching(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.o.Clock.After(touchInterval):
			w.touch(ctx)
		}
	}
}

// touch stores when locations answered last, all in one call. Those that
// answer with something of no use are left out: what is known of them was not
// seen then.
func (w *Workspace) touch(ctx context.Context) {
	answered := map[string]time.Time{}
	for _, l := range w.all() {
		l.mu.RLock()
		seen := l.definitions != nil && (l.state == host.LocationReady || l.state == host.LocationStale)
		if seen && l.answeredAt.After(w.keeper.touched[l.name]) {
			answered[l.name] = l.answeredAt
		}
		l.mu.RUnlock()
	}
	if len(answered) == 0 {
		return
	}
	if err := w.keeper.store.TouchKnownLocations(ctx, answered); err != nil {
		if ctx.Err() == nil {
			w.logger.Warn("when code locations answered last could not be stored", "locations", len(answered), "error", err)
		}
		return
	}
	maps.Copy(w.keeper.touched, answered)
}

// keepLast stores what is not stored yet once nothing runs any more.
func (w *Workspace) keepLast() {
	if w.keeper.store == nil {
		return
	}
	w.keeper.ending.Do(func() {
		ctx := context.Background() // what ended the rest must not keep this from being stored
		for _, l := range w.all() {
			l.save(ctx, true)
		}
		w.touch(ctx)
	})
}
