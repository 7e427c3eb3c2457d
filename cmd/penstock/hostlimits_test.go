package main

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// TestChangesOfLimitsAreKept changes limits while a host runs, and while none does.
func TestChangesOfLimitsAreKept(t *testing.T) {
	dir, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	reload := make(chan os.Signal, 1)
	start := func(text string) (*hostProcess, hostv1connect.HostServiceClient) {
		t.Helper()
		o := hostOptions{Data: data, MaxInProgress: 10, Reload: reload}
		if err := o.configure(write(t, dir, "p.yaml", text), false); err != nil {
			t.Fatal(err)
		}
		p := startTestHost(t, o)
		return p, hostv1connect.NewHostServiceClient(connect.NewClient(connecthttp.NewTransport(
			&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+p.Addr().String())))
	}
	changes := func(c hostv1connect.HostServiceClient) []*hostv1.LimitChange {
		t.Helper()
		res, err := c.GetHost(t.Context(), &hostv1.GetHostRequest{})
		if err != nil {
			t.Fatal(err)
		}
		return res.GetHost().GetQueue().GetChanges()
	}
	p, c := start("queue: {max_in_progress: 4, limits: [{where: env=prod, at_most: 2}]}\n")
	if all := changes(c); len(all) != 1 || len(all[0].GetGone()) != 0 || len(all[0].GetCome()) != 2 {
		t.Errorf("of a new store it is told: %v", all)
	}
	next := write(t, dir, "next.yaml", "queue: {max_in_progress: 4, limits: [{where: env=prod, at_most: 3}], pools: [{name: db, slots: 1}]}\n")
	if err := os.Rename(next, filepath.Join(dir, "p.yaml")); err != nil {
		t.Fatal(err)
	}
	reload <- os.Interrupt
	all := changes(c)
	for len(all) < 2 { // the host is asked until it says so
		all = changes(c)
	}
	if g, n := all[0].GetGone(), all[0].GetCome(); !slices.Equal(g, []string{`limit "env=prod": at most 2 of env=prod`}) ||
		!slices.Equal(n, []string{`limit "env=prod": at most 3 of env=prod`, `pool "db": 1 slots`}) || !strings.HasSuffix(all[0].GetSource(), "p.yaml") {
		t.Errorf("the change is told as %v", all[0])
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	p, c = start("queue: {max_in_progress: 4, limits: [{where: env=prod, at_most: 3}], pools: [{name: db, slots: 1}]}\n")
	if all := changes(c); len(all) != 2 {
		t.Errorf("a start with the same limits is told as a change: %v", all)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	_, c = start("queue: {max_in_progress: 0}\n")
	if all := changes(c); len(all) != 3 || !slices.Equal(all[0].GetCome(), []string{"max_in_progress: 0"}) || len(all[0].GetGone()) != 3 {
		t.Errorf("a change while no host ran is told as %v", all)
	}
}
