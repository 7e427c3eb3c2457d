package workspace

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/versioncheck"
)

func configure(t testing.TB, w *Workspace, configs ...host.LocationConfig) {
	t.Helper()
	if err := w.Configure(configs); err != nil {
		t.Fatal(err)
	}
}

func namesOf(w *Workspace) (names []string) {
	for _, l := range w.Locations() {
		names = append(names, l.Name)
	}
	return names
}

func TestConfigureAddsAndRemoves(t *testing.T) {
	etl, ml := hosttest.Start(t, hosttest.Current()), hosttest.Start(t, hosttest.Current())
	metrics, registry := NewMetrics(), prometheus.NewRegistry()
	if err := metrics.Register(registry); err != nil {
		t.Fatal(err)
	}
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", etl)}, Metrics: metrics})
	awaitState(t, w, "etl", host.LocationReady)
	if err := etl.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return r.InfoCalls > r.Connections }); err != nil {
		t.Fatal(err) // it has settled for a connection
	}
	held, err := w.Conn("etl")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()

	configure(t, w, at("etl", etl), at("ml", ml))
	if got := namesOf(w); !slices.Equal(got, []string{"etl", "ml"}) {
		t.Errorf("got the locations %q", got)
	}
	awaitState(t, w, "ml", host.LocationReady)
	if n := len(w.Jobs()); n != 8 {
		t.Errorf("got %d jobs, want those of both", n)
	}
	again, err := w.Conn("etl")
	if err != nil || again.connection != held.connection {
		t.Errorf("a location that did not change has another connection: %v", err)
	} else {
		again.Release()
	}

	changes := w.Watch()
	defer changes.Close()
	configure(t, w, at("ml", ml))
	if taken := changes.Take(); !slices.Contains(taken, "etl") {
		t.Errorf("subscriptions are told of %q, want etl", taken)
	}
	if _, err := w.Location("etl"); host.CodeOf(err) != host.NotFound {
		t.Errorf("the removed location: %v", err)
	}
	if _, err := w.FindJob("etl/tutorial/nested"); host.CodeOf(err) != host.NotFound {
		t.Errorf("a job of the removed location: %v", err)
	}
	if _, err := w.Conn("etl"); host.CodeOf(err) != host.NotFound {
		t.Errorf("a connection to the removed location: %v", err)
	}
	if _, err := w.Reload(deadlineContext(t), "etl"); host.CodeOf(err) != host.NotFound {
		t.Errorf("a reload of the removed location: %v", err)
	}
	for series := range gather(t, registry) {
		if strings.Contains(series, " etl") {
			t.Errorf("the removed location has the series %s", series)
		}
	}
	asked := etl.Recorded().InfoCalls
	if _, err := w.Reload(deadlineContext(t), "ml"); err != nil {
		t.Fatal(err)
	}
	if now := etl.Recorded().InfoCalls; now != asked {
		t.Errorf("the removed location was asked %d times", now-asked)
	}

	configure(t, w, at("ml", ml), at("etl", etl))
	awaitState(t, w, "etl", host.LocationReady)
	find(t, w, "etl/tutorial/nested")
}

func TestConfigureChanges(t *testing.T) {
	dev := hosttest.Current()
	dev.Protocol = "dev"
	p := hosttest.Start(t, dev)
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", p)}, ProbeInterval: time.Hour})
	awaitState(t, w, "etl", host.LocationReady)
	if s := find(t, w, "nested").MetadataState(); s != versioncheck.StateRefused {
		t.Fatalf("got %s", s)
	}
	c := at("etl", p)
	c.AllowDevVersions = true
	configure(t, w, c)
	await(t, w, "etl", func(Location) bool { return find(t, w, "nested").MetadataState() == versioncheck.StateShown })
	j := find(t, w, "nested")
	if v := j.Metadata(); len(v.Entries) != len(hosttest.EveryKind()) || !strings.Contains(v.Notice, "development version") {
		t.Errorf("got %d entries, notice %q", len(v.Entries), v.Notice)
	}
	if !j.Snapshot().AllowDevVersions || j.Snapshot().Metadata.IsZero() {
		t.Error("the snapshot does not know the policy")
	}

	c.WaitForCode, c.RefuseStaleLaunches = time.Hour, true
	configure(t, w, c)
	conn, err := w.Conn("etl")
	if err != nil {
		t.Fatal("a policy that is about runs alone took the connection away: ", err)
	}
	conn.Release()
	l, err := w.Location("etl")
	if err != nil || l.WaitForCode != time.Hour || !l.RefuseStaleLaunches {
		t.Errorf("got %+v, %v", l, err)
	}
}

// A location is configured anew at once, whatever its old server does not do.
func TestConfigureBreaksOff(t *testing.T) {
	hangs := hosttest.Start(t, hosttest.Behavior{Info: hosttest.Hang})
	stuck := hosttest.Current()
	stuck.Definitions = hosttest.HangAfterManifest
	halfway := hosttest.Start(t, stuck)
	good := hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Locations: []host.LocationConfig{at("a", hangs), at("b", halfway), at("c", hangs)}, ProbeInterval: time.Hour})
	for p, ok := range map[*hosttest.Peer]func(hosttest.Recorded) bool{
		hangs:   func(r hosttest.Recorded) bool { return r.InfoCalls == 2 },
		halfway: func(r hosttest.Recorded) bool { return len(r.Opens) == 1 },
	} {
		if err := p.Await(deadlineContext(t), ok); err != nil {
			t.Fatal(err)
		}
	}
	reloaded, gone := make(chan error, 1), make(chan error, 1)
	go func() {
		l, err := w.Reload(deadlineContext(t), "a")
		if err == nil && (l.State != host.LocationReady || l.Address != good.Address()) {
			err = fmt.Errorf("the reload answered %s at %s", l.State, l.Address)
		}
		reloaded <- err
	}()
	go func() {
		_, err := w.Reload(deadlineContext(t), "c")
		gone <- err
	}()
	configure(t, w, at("a", good), at("b", good))
	awaitState(t, w, "a", host.LocationReady)
	awaitState(t, w, "b", host.LocationReady)
	if err := <-reloaded; err != nil {
		t.Error(err)
	}
	if err := <-gone; host.CodeOf(err) != host.NotFound {
		t.Errorf("a reload of a location that is removed meanwhile: %v", err)
	}
}

func TestConfigureErrors(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", p)}})
	awaitState(t, w, "etl", host.LocationReady)
	err := w.Configure([]host.LocationConfig{at("ml", p), {Name: "x y", Address: "nowhere"}, {Name: "ml", Address: "127.0.0.1:1", WaitForCode: -1}})
	var e *host.Error
	if !errors.As(err, &e) || e.Code != host.Invalid || e.Reason != "LOCATION_CONFIG" {
		t.Fatalf("got %v", err)
	}
	var fields []string
	for _, p := range e.Problems {
		fields = append(fields, p.Field)
	}
	if diff := cmp.Diff([]string{"locations[1].name", "locations[1].address", "locations[2].name", "locations[2].wait_for_code"}, fields); diff != "" {
		t.Errorf("%s\n%v", diff, err)
	}
	if got := namesOf(w); !slices.Equal(got, []string{"etl"}) {
		t.Errorf("got the locations %q, though the configuration was refused", got)
	}

	many := make([]host.LocationConfig, maxLocations+1)
	for i := range many {
		many[i] = host.LocationConfig{Name: fmt.Sprint("l", i), Address: "127.0.0.1:1"}
	}
	if err := w.Configure(many); host.CodeOf(err) != host.Invalid || !strings.Contains(err.Error(), "at most 1000") {
		t.Errorf("too many: %v", err)
	}
	if err := CheckConfigs(many[1:]); err != nil {
		t.Errorf("as many as may be: %v", err)
	}
}

func TestConfigureBeforeStartAndAfterStop(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w, err := New(Options{Clock: systemClock{}, ProbeInterval: testInterval, Locations: []host.LocationConfig{at("etl", p)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	configure(t, w, at("ml", p))
	if err := w.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	awaitState(t, w, "ml", host.LocationReady)
	if got := namesOf(w); !slices.Equal(got, []string{"ml"}) {
		t.Errorf("got the locations %q", got)
	}
	w.Stop()
	if err := w.Configure(nil); host.CodeOf(err) != host.Unavailable {
		t.Errorf("after the stop: %v", err)
	}
}

// Readers, reloads and two who configure, all at once.
func TestConfigureConcurrently(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	always := at("always", p)
	w := open(t, Options{Locations: []host.LocationConfig{always}})
	awaitState(t, w, "always", host.LocationReady)
	ctx, stop := context.WithCancel(deadlineContext(t))
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			s := w.Watch()
			defer s.Close()
			for ctx.Err() == nil {
				if _, err := w.FindJob("always/tutorial/nested"); err != nil {
					t.Errorf("a job that is always there: %v", err)
				}
				for _, l := range w.Locations() {
					_, _ = w.Location(l.Name)
					_, _ = w.Reload(ctx, l.Name)
				}
				w.Jobs()
				if c, err := w.Conn("always"); err != nil {
					t.Errorf("a location that is always there: %v", err)
				} else {
					c.Release()
				}
				s.Take()
			}
		})
	}
	for n := range 2 {
		writers.Go(func() {
			for i := range 25 {
				configs := []host.LocationConfig{always}
				for k := range (i + n) % 4 {
					c := at(fmt.Sprint("l", k), p)
					c.AllowDevVersions = i%2 == 0
					configs = append(configs, c)
				}
				if err := w.Configure(configs); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	stop()
	readers.Wait()
	configure(t, w, always)
	if got := namesOf(w); !slices.Equal(got, []string{"always"}) {
		t.Errorf("got the locations %q", got)
	}
}
