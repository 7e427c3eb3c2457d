package workspace

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// locationSet is the locations of a workspace at one moment. It does not change.
type locationSet struct {
	sorted []*location // by name
	byName map[string]*location
}

func newLocationSet(all []*location) *locationSet {
	s := &locationSet{sorted: all, byName: make(map[string]*location, len(all))}
	slices.SortFunc(s.sorted, func(a, b *location) int { return strings.Compare(a.name, b.name) })
	for _, l := range all {
		s.byName[l.name] = l
	}
	return s
}

// all are the locations of this moment, sorted by name.
func (w *Workspace) all() []*location { return w.set.Load().sorted }

// Configure replaces the configuration of the whole workspace. New locations
// are started, those whose configuration changed get in touch anew, and those
// that are gone are stopped before it returns; it does not wait for answers.
// Readers see either set, whole. What a location had loaded stays in use while
// it is configured, and is gone with it.
//
// Configurations that cannot work are an Invalid error that lists all that is
// wrong, and change nothing; Unavailable when the workspace was stopped.
func (w *Workspace) Configure(configs []host.LocationConfig) error {
	if err := CheckConfigs(configs); err != nil {
		return err
	}
	w.configuring.Lock()
	defer w.configuring.Unlock()
	if w.isStopped() {
		return errStopped()
	}
	before := w.set.Load()
	var added, kept, removed []*location
	changed := map[*location]host.LocationConfig{}
	for _, c := range configs {
		l := before.byName[c.Name]
		if l == nil {
			added = append(added, w.newLocation(c))
			continue
		}
		kept = append(kept, l)
		if !reflect.DeepEqual(l.configured(), c) {
			changed[l] = c
		}
	}
	after := newLocationSet(slices.Concat(kept, added))
	for _, l := range before.sorted {
		if after.byName[l.name] != l {
			removed = append(removed, l)
		}
	}
	w.set.Store(after)
	for _, l := range removed {
		w.remove(l)
	}
	for _, l := range after.sorted { // in this order, so that what is logged and told is
		if c, ok := changed[l]; ok {
			w.change(l, c)
		}
	}
	w.restoreAll(context.Background(), added)
	for _, l := range added {
		w.launch(l)
		w.logger.Info("code location added", "location", l.name, "address", l.config.Address)
		w.feed.publish(l.name)
	}
	return nil
}

// remove ends a location that is not in the set any more.
func (w *Workspace) remove(l *location) {
	close(l.gone)
	w.halt(l)
	l.drop()
	l.metrics.forget(l.name)
	w.logger.Info("code location removed", "location", l.name)
	w.feed.publish(l.name)
}

// change gives a location another configuration. What it was doing with the
// old one is broken off, so that it never waits for an address that is history.
func (w *Workspace) change(l *location, c host.LocationConfig) {
	w.halt(l)
	before := l.config
	l.mu.Lock()
	l.config = c
	l.mu.Unlock()
	if !sameReach(before, c) {
		l.drop()
		l.failures, l.rejected = 0, nil
	}
	if before.Address != c.Address {
		l.reports, l.builds = reports{}, reports{} // of other servers
	}
	l.rejudge()
	w.launch(l)
	w.logger.Info("code location configured anew", "location", l.name, "address", c.Address)
	w.feed.publish(l.name)
}

// sameReach says that both configurations lead to the same servers in the same
// way and judge them alike, so that a connection may stay in use.
func sameReach(a, b host.LocationConfig) bool {
	for _, c := range []*host.LocationConfig{&a, &b} {
		c.RefuseStaleLaunches, c.WaitForCode = false, 0
	}
	return reflect.DeepEqual(a, b)
}

// launch begins to keep a location current, if the workspace runs.
func (w *Workspace) launch(l *location) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begin != nil && !w.isStopped() {
		w.begin(l)
	}
}

// halt ends what launch began and waits for it.
func (w *Workspace) halt(l *location) {
	w.mu.Lock()
	halt := l.halt
	l.halt = nil
	w.mu.Unlock()
	if halt != nil {
		halt()
	}
}

func (w *Workspace) isStopped() bool {
	select {
	case <-w.stopped:
		return true
	default:
		return false
	}
}

func errStopped() error {
	return &host.Error{Code: host.Unavailable, Reason: "WORKSPACE_STOPPED", Message: "the host is stopping; its code locations do not change any more"}
}

// notFound says that there is no location of that name.
func (s *locationSet) notFound(name string) error {
	e := &host.Error{Code: host.NotFound, Reason: "LOCATION_NOT_FOUND", Message: fmt.Sprintf("there is no code location %.64q", name)}
	var known []string
	for _, l := range s.sorted[:min(len(s.sorted), 20)] {
		known = append(known, l.name)
	}
	if len(known) > 0 {
		e.Remedy = "Use one of: " + strings.Join(known, ", ") + "."
	} else {
		e.Remedy = "Configure one with --location NAME=ADDRESS or in the configuration file."
	}
	return e
}
