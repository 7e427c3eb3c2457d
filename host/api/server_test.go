package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

func TestListenPortInUse(t *testing.T) {
	l := must(api.Listen(t.Context(), "127.0.0.1:0"))(t)
	defer l.Close()
	_, err := api.Listen(t.Context(), l.Addr().String())
	var e *host.Error
	if !errors.As(err, &e) || e.Reason != "PORT_IN_USE" || !strings.Contains(e.Remedy, "--listen") {
		t.Errorf("the same port again: %v", err)
	}
	for _, address := range []string{"nonsense", "127.0.0.1:http-or-so", "192.0.2.1:0"} {
		if _, err := api.Listen(t.Context(), address); host.ReasonOf(err) != "LISTEN" {
			t.Errorf("listen on %q: %v", address, err)
		}
	}
}

func TestHealthWatchEndsWithTheHost(t *testing.T) {
	f := newFixture(t, settings{})
	cc, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(f.url, "http://"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	client := grpc_health_v1.NewHealthClient(cc)
	for service, want := range map[string]grpc_health_v1.HealthCheckResponse_ServingStatus{
		"":                                 grpc_health_v1.HealthCheckResponse_SERVING,
		"penstock.worker.v1.WorkerService": grpc_health_v1.HealthCheckResponse_SERVING,
		"unknown":                          grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN,
	} {
		stream, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: service})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := stream.Recv(); err != nil || m.GetStatus() != want {
			t.Errorf("watch of %q: %v, %v; want %s", service, m, err, want)
		}
	}
	stream, err := client.Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	f.stop()
	if m, err := stream.Recv(); err != nil || m.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("at the stop: %v, %v", m, err)
	}
	if _, err := stream.Recv(); err == nil {
		t.Error("the watch goes on after the stop")
	}
}

// TestStopEndsStreams: clients of every kind of stream hear of the stop, and it does not wait for them.
func TestStopEndsStreams(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	runs, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	events, err := f.runs.WatchRunEvents(t.Context(), &hostv1.WatchRunEventsRequest{RunId: run.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	locations, err := f.locations.WatchLocations(t.Context(), &hostv1.WatchLocationsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 3)
	drain := func(receive func() error) {
		for {
			if err := receive(); err != nil {
				ended <- err
				return
			}
		}
	}
	first := make(chan struct{}, 100)
	go drain(func() error { _, err := runs.Receive(); first <- struct{}{}; return err })
	go drain(func() error { _, err := events.Receive(); first <- struct{}{}; return err })
	go drain(func() error { _, err := locations.Receive(); first <- struct{}{}; return err })
	for range 3 {
		<-first
	}
	began := time.Now()
	f.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("Stop took %s", took)
	}
	for range 3 {
		if err := <-ended; connect.CodeOf(err) != connect.CodeUnavailable {
			t.Errorf("a stream ended with %v, want unavailable", err)
		}
	}
	f.server.Stop() // again
}

func TestStopBeforeStart(t *testing.T) {
	f := newFixture(t, settings{})
	o := *f.server.Options()
	o.Listener = must(api.Listen(t.Context(), "127.0.0.1:0"))(t)
	o.Metrics = freshRegistry()
	s := must(api.New(o))(t)
	s.Stop()
	s.Stop()
	if l, err := api.Listen(t.Context(), o.Listener.Addr().String()); err != nil {
		t.Errorf("the port is not free after the stop: %v", err)
	} else {
		_ = l.Close()
	}
}

func TestFailedTellsThatServingEnded(t *testing.T) {
	f := newFixture(t, settings{})
	_ = f.server.Options().Listener.Close() // as if the system took it away
	select {
	case err := <-f.server.Failed():
		if err == nil || !strings.Contains(err.Error(), "serve 127.0.0.1") {
			t.Errorf("Failed got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody was told that serving ended")
	}
}

func TestInternalErrorsStayInTheLog(t *testing.T) {
	f := newFixture(t, settings{})
	id := f.starting() // its definition body was never stored
	_, err := f.runs.GetRunSnapshot(t.Context(), &hostv1.GetRunSnapshotRequest{Id: string(id)})
	match := regexp.MustCompile(`^internal: internal error, see the host's log \(id ([A-Z0-9]+)\)$`).FindStringSubmatch(err.Error())
	if connect.CodeOf(err) != connect.CodeInternal || match == nil {
		t.Fatalf("the client got %v", err)
	}
	if log := f.log.String(); !strings.Contains(log, match[1]) || !strings.Contains(log, string(id)) {
		t.Errorf("the log has no line with id %s and the run:\n%s", match[1], log)
	}
}

// TestPanicEndsOneCall: a handler that panics answers an internal error, and the host goes on.
func TestPanicEndsOneCall(t *testing.T) {
	f := newFixture(t, settings{options: func(o *api.Options) { o.Store = panicking{o.Store} }})
	if _, err := f.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: "0192a3b4-0000-7000-8000-000000000000"}); connect.CodeOf(err) != connect.CodeInternal || strings.Contains(err.Error(), "boom") {
		t.Errorf("the client got %v", err)
	}
	if log := f.log.String(); !strings.Contains(log, "boom") {
		t.Errorf("the log does not have the panic:\n%s", log)
	}
	if _, err := f.host.GetHost(t.Context(), &hostv1.GetHostRequest{}); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// panicking is a store with a bug.
type panicking struct{ host.Store }

func (panicking) Run(context.Context, host.RunID) (host.Run, error) { panic("boom") }

func TestMetrics(t *testing.T) {
	f, _ := withPeer(t, settings{}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	changes := f.feed.SubscribeRun(host.RunID(run.GetId()))
	t.Cleanup(changes.Close)
	events, _ := f.follow(run.GetId())
	stored := 0
	for _, e := range events {
		if e.GetSeq() > 0 {
			stored++
		}
	}
	wanted := []string{
		`penstock_run_transitions_total{status="SUCCESS"} 1`,
		`penstock_run_transitions_total{status="STARTED"} 1`,
		`penstock_runs{status="STARTED"} 0`,
		`penstock_queue_in_progress `, // its value follows the store a moment later
		`penstock_queue_max_in_progress -1`,
		`penstock_rpc_calls_total{code="ok",procedure="/penstock.host.v1.RunService/LaunchRun"} 1`,
		`penstock_rpc_duration_seconds_count{procedure="/penstock.host.v1.RunService/LaunchRun"} 1`,
		`penstock_build_info{commit="abc",protocol=`,
		"penstock_events_stored_total " + itoa(stored),
	}
	// Who follows a run reads its end in the store, which is a moment before it is counted.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	text := ""
	for lacks := wanted; len(lacks) > 0; {
		_, text, _ = f.call(http.MethodGet, "/metrics", "", nil)
		lacks = slices.DeleteFunc(slices.Clone(wanted), func(want string) bool { return strings.Contains(text, want) })
		if len(lacks) == 0 {
			break
		}
		select {
		case <-changes.Ready():
		case <-ctx.Done():
			t.Fatalf("/metrics lacks %q", lacks)
		}
	}
	if strings.Contains(text, "penstock_store_bytes -1") || !strings.Contains(text, "penstock_store_bytes ") {
		t.Error("/metrics does not have the size of the store")
	}
}

func TestReflectionIsOptional(t *testing.T) {
	names := func(f *fixture) (int, error) {
		protocols := new(http.Protocols)
		protocols.SetUnencryptedHTTP2(true)
		c := &http.Client{Transport: &http.Transport{Protocols: protocols}}
		defer c.CloseIdleConnections()
		stream := grpcreflect.NewClient(connect.NewClient(connecthttp.NewTransport(c, f.url, connecthttp.WithGRPC()))).NewStream(t.Context())
		defer stream.Close()
		list, err := stream.ListServices()
		return len(list), err
	}
	if n, err := names(newFixture(t, settings{})); err == nil {
		t.Errorf("without the option reflection lists %d services", n)
	}
	with := newFixture(t, settings{options: func(o *api.Options) { o.Reflection = true }})
	if n, err := names(with); err != nil || n < 6 {
		t.Errorf("with the option reflection lists %d services, %v", n, err)
	}
}

func TestUIGetsTheRest(t *testing.T) {
	f := newFixture(t, settings{})
	for _, path := range []string{"/", "/runs/x", "/penstock.unknown.v1.Service/Call"} {
		if status, answer, _ := f.call(http.MethodGet, path, "", nil); status != http.StatusOK || answer != "the UI" {
			t.Errorf("%s: %d %q", path, status, answer)
		}
	}
}

// A client of a newer host asks for what this one does not have, and has to hear that in the form of its protocol.
func TestUnknownCalls(t *testing.T) {
	f := newFixture(t, settings{})
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	c := &http.Client{Transport: &http.Transport{Protocols: protocols}}
	t.Cleanup(c.CloseIdleConnections)
	for _, path := range []string{"/penstock.host.v1.JobService/Unknown", "/penstock.host.v9.Unknown/Call"} {
		if status, answer, _ := f.call(http.MethodPost, path, "{}", nil); status != http.StatusNotImplemented || !strings.Contains(answer, "unimplemented") {
			t.Errorf("%s: %d %q", path, status, answer)
		}
		for name, options := range map[string][]connecthttp.Option{"connect": nil, "gRPC": {connecthttp.WithGRPC()}, "gRPC-Web": {connecthttp.WithGRPCWeb()}} {
			caller := connect.NewClient(connecthttp.NewTransport(c, f.url, options...))
			err := caller.CallUnary(t.Context(), connect.Spec{StreamType: connect.StreamTypeUnary, Procedure: path}, &hostv1.GetHostRequest{}, &hostv1.GetHostResponse{})
			if connect.CodeOf(err) != connect.CodeUnimplemented {
				t.Errorf("%s by %s: %v", path, name, err)
			}
			stream, err := caller.CallServerStream(t.Context(), connect.Spec{StreamType: connect.StreamTypeServer, Procedure: path}, &hostv1.GetHostRequest{})
			if err == nil {
				err = stream.Receive(&hostv1.GetHostResponse{})
			}
			if connect.CodeOf(err) != connect.CodeUnimplemented {
				t.Errorf("stream of %s by %s: %v", path, name, err)
			}
		}
	}
}
