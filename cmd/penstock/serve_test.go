package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// startTestHost starts a host on a free port, and stops it with the test.
func startTestHost(t *testing.T, o hostOptions) *hostProcess {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Data == "" {
		o.Data = filepath.Join(t.TempDir(), "data")
	}
	o.Logger = slog.New(slog.DiscardHandler)
	p, err := startHost(t.Context(), o)
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

func testClients(p *hostProcess) (hostv1connect.RunServiceClient, hostv1connect.LocationServiceClient) {
	c := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, "http://"+p.Addr().String()))
	return hostv1connect.NewRunServiceClient(c), hostv1connect.NewLocationServiceClient(c)
}

// TestHostRunsAndRemembers goes through a host's whole life twice over one data directory.
func TestHostRunsAndRemembers(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	o := hostOptions{
		Data: filepath.Join(t.TempDir(), "data"), MaxInProgress: -1,
		Locations: []host.LocationConfig{{Name: "code", Address: peer.Address()}},
	}
	p := startTestHost(t, o)
	runs, locations := testClients(p)
	if _, err := locations.ReloadLocation(t.Context(), &hostv1.ReloadLocationRequest{Name: "code"}); err != nil {
		t.Fatal(err)
	}
	launched, err := runs.LaunchRun(t.Context(), &hostv1.LaunchRunRequest{RequestId: uuid.NewString(), Job: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	id := launched.GetRun().GetId()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stream, err := runs.WatchRunEvents(ctx, &hostv1.WatchRunEventsRequest{RunId: id})
	for err == nil {
		_, err = stream.Receive()
	}
	if !errors.Is(err, io.EOF) {
		t.Fatalf("follow the run: %v", err)
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.DialTimeout("tcp", p.Addr().String(), time.Second); err == nil {
		t.Error("the port is open after the stop")
	}
	runs, _ = testClients(startTestHost(t, o))
	got, err := runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: id})
	if err != nil || got.GetRun().GetStatus() != hostv1.RunStatus_RUN_STATUS_SUCCESS || got.GetRun().GetLastEventSeq() == 0 {
		t.Errorf("after a new start the run is %v, %v", got, err)
	}
}

func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &firstLine{got: make(chan string, 1)}
	root := newRoot()
	root.SetErr(out)
	root.SetArgs([]string{"serve", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0"})
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	select {
	case line := <-out.got:
		if !strings.Contains(line, "the host serves") || !strings.Contains(line, "127.0.0.1:") {
			t.Errorf("the host says %q", line)
		}
	case err := <-ended:
		t.Fatalf("serve ended with %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("serve ended with %v, want exit 0", err)
	}
}

// firstLine passes on the first line about serving.
type firstLine struct{ got chan string }

func (f *firstLine) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("the host serves")) {
		select {
		case f.got <- string(p):
		default:
		}
	}
	return len(p), nil
}

func TestServeErrors(t *testing.T) {
	t.Setenv("PENSTOCK_TOKEN", "")
	dir := t.TempDir()
	busy := startTestHost(t, hostOptions{Data: filepath.Join(dir, "busy")})
	data := func(name string) string { return filepath.Join(dir, name) }
	empty := write(t, dir, "empty", "\n")
	damaged := filepath.Join(dir, "damaged")
	if err := startTestHost(t, hostOptions{Data: damaged}).Stop(); err != nil {
		t.Fatal(err)
	}
	write(t, damaged, "meta.db", strings.Repeat("rubbish", 10_000))
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"ErrNoData", nil, exitUsage, "--data is missing"},
		{"ErrArgument", []string{"--data", data("a"), "x"}, exitUsage, "serve --help"},
		{"ErrFlag", []string{"--dtaa", "x"}, exitUsage, "serve --help"},
		{"ErrPortInUse", []string{"--data", data("a"), "--listen", busy.Addr().String()}, exitFailure, "another process has this port"},
		{"ErrListen", []string{"--data", data("a"), "--listen", "nonsense"}, exitUsage, "--listen takes host:port"},
		{"ErrLocked", []string{"--data", data("busy")}, exitLocked, "in use by another process"},
		{"ErrDamaged", []string{"--data", damaged}, exitDamaged, "damaged"},
		{"ErrExposed", []string{"--data", data("a"), "--listen", "0.0.0.0:0"}, exitUsage, "--insecure"},
		{"ErrNoAdvertise", []string{"--data", data("a"), "--listen", "0.0.0.0:0", "--insecure", "--location", "far=192.0.2.1:4266"}, exitUsage, "--advertise"},
		{"ErrAdvertise", []string{"--data", data("a"), "--advertise", "nonsense"}, exitUsage, "--advertise"},
		{"ErrLocationFlag", []string{"--data", data("a"), "--location", "nonsense"}, exitUsage, "NAME=ADDRESS"},
		{"ErrLocationName", []string{"--data", data("a"), "--location", "a b=127.0.0.1:1"}, exitUsage, "locations"},
		{"ErrLocationTwice", []string{"--data", data("a"), "--location", "a=127.0.0.1:1", "--location", "a=127.0.0.1:2"}, exitUsage, "twice"},
		{"ErrConfig", []string{"--data", data("a"), "--config", data("gone.yaml")}, exitUsage, "gone.yaml"},
		{"ErrTokenFile", []string{"--data", data("a"), "--token-file", empty}, exitUsage, "does not hold one token"},
		{"ErrHalfTLS", []string{"--data", data("a"), "--tls-cert", empty}, exitUsage, "belong together"},
		{"ErrTLS", []string{"--data", data("a"), "--tls-cert", empty, "--tls-key", empty}, exitUsage, "--tls-cert"},
		{"ErrLimit", []string{"--data", data("a"), "--max-in-progress", "-2"}, exitUsage, "-1 means no limit"},
		{"ErrLogLevel", []string{"--data", data("a"), "--log-level", "loud"}, exitUsage, "--log-level"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"serve"}, c.args...)
			if !strings.Contains(strings.Join(args, " "), "--listen") {
				args = append(args, "--listen", "127.0.0.1:0")
			}
			var stderr bytes.Buffer
			root := newRoot()
			root.SetArgs(args)
			root.SetOut(io.Discard)
			root.SetErr(io.Discard)
			code := exitCode(&stderr, root.ExecuteContext(t.Context()))
			if code != c.code || !strings.Contains(stderr.String(), c.want) {
				t.Errorf("%v: exit %d, want %d, with %q in:\n%s", args, code, c.code, c.want, stderr.String())
			}
		})
	}
	if runs, _ := testClients(busy); runs != nil {
		if _, err := runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{}); err != nil {
			t.Errorf("the host whose port and directory others wanted: %v", err)
		}
	}
}

// TestServeOptions: flags beat the configuration, and locations of both are there.
func TestServeOptions(t *testing.T) {
	t.Setenv("PENSTOCK_TOKEN", "from the environment")
	dir := t.TempDir()
	config := write(t, dir, "p.yaml", "locations: [{name: a, address: '127.0.0.1:1'}]\nqueue: {max_in_progress: 3}\n")
	f := &serveFlags{data: dir, config: config, locations: []string{"b=127.0.0.1:2"}, maxInProgress: defaultMaxInProgress}
	o, err := f.options(slog.New(slog.DiscardHandler))
	if err != nil || len(o.Locations) != 2 || o.MaxInProgress != 3 || o.Token != "from the environment" {
		t.Errorf("options: %+v, %v", o, err)
	}
	f.limitGiven, f.maxInProgress, f.tokenFile = true, 7, write(t, dir, "token", "from-a-file\n")
	if o, err = f.options(slog.New(slog.DiscardHandler)); err != nil || o.MaxInProgress != 7 || o.Token != "from-a-file" {
		t.Errorf("options: %+v, %v", o, err)
	}
}

// TestFatalStoreEndsTheHost: Wait tells, with the exit code, what made the host fail.
func TestFatalStoreEndsTheHost(t *testing.T) {
	p := startTestHost(t, hostOptions{})
	p.fail(&host.Error{Code: host.Internal, Reason: "STORE_OUTCOME_UNKNOWN", Message: "writing failed", Remedy: "start again"})
	var stderr bytes.Buffer
	if code := exitCode(&stderr, p.Wait(t.Context())); code != exitUnknown || !strings.Contains(stderr.String(), "\nStart again.\n") {
		t.Errorf("exit %d with %q, want %d", code, stderr.String(), exitUnknown)
	}
}
