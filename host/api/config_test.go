package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestConfigFile(t *testing.T) {
	var file atomic.Pointer[api.ConfigFile]
	f := newFixture(t, settings{options: func(o *api.Options) {
		o.Config = func() (api.ConfigFile, bool) {
			if c := file.Load(); c != nil {
				return *c, true
			}
			return api.ConfigFile{}, false
		}
	}})
	read := func() (*hostv1.ConfigFile, string) {
		got, err := f.host.GetHost(t.Context(), &hostv1.GetHostRequest{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Get(f.url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		_, metric, _ := strings.Cut(string(page), "\npenstock_config_error ")
		return got.GetHost().GetConfig(), strings.SplitN(metric, "\n", 2)[0]
	}
	if c, metric := read(); c != nil || metric != "0" {
		t.Errorf("without a file: %v, metric %q", c, metric)
	}
	loaded := time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
	file.Store(&api.ConfigFile{Path: "p.yaml", LoadedAt: loaded})
	if c, metric := read(); c.GetPath() != "p.yaml" || !c.GetLoadedAt().AsTime().Equal(loaded) || c.GetError() != "" || c.GetErrorSince() != nil || metric != "0" {
		t.Errorf("in use: %v, metric %q", c, metric)
	}
	file.Store(&api.ConfigFile{Path: "p.yaml", LoadedAt: loaded, Error: "p.yaml:1:1: \xff", ErrorSince: loaded.Add(time.Hour)})
	if c, metric := read(); c.GetError() != "p.yaml:1:1: �" || !c.GetErrorSince().AsTime().Equal(loaded.Add(time.Hour)) || metric != "1" {
		t.Errorf("with an error: %v, metric %q", c, metric)
	}
}

// A watch begins at once, also where there is no location yet, and then tells of the first one.
func TestWatchLocationsBeginsWithoutAny(t *testing.T) {
	f := newFixture(t, settings{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := f.locations.WatchLocations(ctx, &hostv1.WatchLocationsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Receive()
	if err != nil || first.GetLocation() != nil || first.GetRemoved() {
		t.Fatalf("the first message is %v, %v; want an empty one", first, err)
	}
	if err := f.workspace.Configure([]host.LocationConfig{{Name: "etl", Address: "127.0.0.1:1"}}); err != nil {
		t.Fatal(err)
	}
	if next, err := stream.Receive(); err != nil || next.GetLocation().GetName() != "etl" || next.GetRemoved() {
		t.Errorf("the second message is %v, %v; want location etl", next, err)
	}
}

// Watchers are told of a location that comes and goes.
func TestWatchLocationsOfAConfiguration(t *testing.T) {
	etl := host.LocationConfig{Name: "etl", Address: "127.0.0.1:1"}
	f := newFixture(t, settings{locations: []host.LocationConfig{etl}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream, err := f.locations.WatchLocations(ctx, &hostv1.WatchLocationsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	configure := func(configs ...host.LocationConfig) {
		t.Helper()
		if err := f.workspace.Configure(configs); err != nil {
			t.Fatal(err)
		}
	}
	await := func(removed bool) {
		t.Helper()
		for {
			change, err := stream.Receive()
			if err != nil {
				t.Fatalf("removed %t was never told: %v", removed, err)
			}
			if change.GetLocation().GetName() == "etl" && change.GetRemoved() == removed {
				return
			}
		}
	}
	await(false) // the stream begins with it
	configure()
	await(true)
	configure(etl)
	await(false)
}
