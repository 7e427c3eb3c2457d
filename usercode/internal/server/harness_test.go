package server

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/durationpb"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/worker"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// TestMain lets the test binary be a team's binary: the server executes it as its workers.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == worker.Argument {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		status := worker.Run(ctx, named, worker.Options{Instructions: os.NewFile(worker.InstructionsFD, "instructions"), Output: os.Stderr})
		stop()
		os.Exit(status)
	}
	// The race detector sleeps for a second at the end of each process, unless told otherwise.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// named finds a job of the test binary.
func named(repository, name string) (*spec.Job, error) {
	for _, r := range repositories() {
		for _, j := range r.Jobs {
			if r.Name == repository && j.Name == name {
				return j, nil
			}
		}
	}
	return nil, fmt.Errorf("this binary has no job %s/%s", repository, name)
}

// repositories is what the test binary has. The tag marker names a file to which user code writes.
func repositories() []*spec.Repository {
	job := func(name string, run func(ctx context.Context, e *spec.Execution) error) *spec.Job {
		op := &spec.Op{Name: "op", Run: func(ctx context.Context, _ []any) (any, error) {
			e := spec.ExecutionFrom(ctx)
			mark(e, "started")
			return nil, run(ctx, e)
		}}
		return &spec.Job{Name: name, Graph: &spec.Graph{Name: name, Nodes: []*spec.Node{{Name: "op", Op: op}}}}
	}
	quick := job("quick", func(context.Context, *spec.Execution) error { return nil })
	quick.Metadata = metadata.List{{Key: "owner", Value: metadata.Text("data team")}, {Key: "n", Value: metadata.Int(1)}}
	return []*spec.Repository{
		{Name: "tests", Description: "for tests", Jobs: []*spec.Job{
			quick,
			job("polite", func(ctx context.Context, _ *spec.Execution) error { <-ctx.Done(); return ctx.Err() }),
			job("crash", func(context.Context, *spec.Execution) error {
				go func() { panic("a goroutine of user code") }()
				select {}
			}),
			job("deaf", func(_ context.Context, e *spec.Execution) error {
				child := exec.Command("sleep", "1000")
				if err := child.Start(); err != nil {
					return err
				}
				mark(e, fmt.Sprint("child ", child.Process.Pid))
				select {}
			}),
		}},
		{Name: "another", Jobs: []*spec.Job{job("quick", func(context.Context, *spec.Execution) error { return nil })}},
	}
}

func mark(e *spec.Execution, line string) {
	name, _ := e.Run.Tags.Get("marker")
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	fmt.Fprintln(f, line)
}

// serving is a server under test. It stops with the test, or before.
type serving struct {
	*Server

	client  usercodev1.UserCodeServiceClient
	conn    *grpc.ClientConn
	address string
	begin   func()          // begins to stop, as a signal does
	ended   <-chan struct{} // closed when Serve has returned
	stop    func()          // begins to stop and waits until Serve has returned
}

func serve(t *testing.T, repositories []*spec.Repository, opts Options, dial ...grpc.DialOption) *serving {
	t.Helper()
	s, err := New(repositories, opts)
	if err != nil {
		t.Fatal(err)
	}
	listener := listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	served, ended := make(chan error, 1), make(chan struct{})
	go func() {
		served <- s.Serve(ctx, listener)
		close(ended)
	}()
	if len(dial) == 0 {
		dial = []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	}
	conn, err := grpc.NewClient("dns:///"+listener.Addr().String(), append(dial, grpc.WithNoProxy())...)
	if err != nil {
		t.Fatal(err)
	}
	once := sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(func() { _ = conn.Close(); once() })
	return &serving{
		Server: s, client: usercodev1.NewUserCodeServiceClient(conn), conn: conn, address: listener.Addr().String(),
		begin: cancel, ended: ended, stop: once,
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// host is a host that grants every run and acknowledges every event.
type host struct {
	workerv1.UnimplementedWorkerServiceServer

	t       *testing.T
	address string
	marker  string
	attach  chan *workerv1.Hello

	mu     sync.Mutex
	stream grpc.BidiStreamingServer[workerv1.AttachRequest, workerv1.AttachResponse]
}

func startHost(t *testing.T, options ...grpc.ServerOption) *host {
	t.Helper()
	listener := listen(t)
	h := &host{t: t, address: "http://" + listener.Addr().String(), marker: filepath.Join(t.TempDir(), "marker"), attach: make(chan *workerv1.Hello, 100)}
	server := grpc.NewServer(options...)
	workerv1.RegisterWorkerServiceServer(server, h)
	healthpb.RegisterHealthServer(server, health.NewServer())
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); <-done })
	return h
}

func (h *host) Attach(stream grpc.BidiStreamingServer[workerv1.AttachRequest, workerv1.AttachResponse]) error {
	m, err := stream.Recv()
	if err != nil {
		return err
	}
	hello := m.GetHello()
	h.mu.Lock()
	h.stream = stream
	h.mu.Unlock()
	if err := stream.Send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Welcome{Welcome: &workerv1.Welcome{HeartbeatInterval: durationpb.New(time.Second)}}}); err != nil {
		return err
	}
	job := "quick"
	for _, r := range repositories() {
		for _, j := range r.Jobs {
			if string(digestOf(h.t, r.Name, j.Name)) == string(hello.GetDefinitionDigest()) && r.Name == "tests" {
				job = j.Name
			}
		}
	}
	err = stream.Send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Grant{Grant: &workerv1.Grant{Run: &workerv1.RunSpec{
		RunId: hello.GetRunId(), Attempt: hello.GetAttempt(), Repository: "tests", Job: job, DefinitionDigest: hello.GetDefinitionDigest(),
		Tags: []*tagv1.Tag{{Key: "marker", Value: h.marker}},
	}}}})
	if err != nil {
		return err
	}
	h.attach <- hello
	for {
		m, err := stream.Recv()
		if err != nil {
			return nil //nolint:nilerr // the worker has gone
		}
		last := m.GetFinished().GetLastSeq()
		if b := m.GetEvents(); b != nil {
			last = b.GetFirstSeq() + uint64(len(b.GetEvents())) - 1
		}
		if err := stream.Send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Ack{Ack: &workerv1.Ack{Seq: last}}}); err != nil {
			return err
		}
	}
}

func (h *host) marked() string {
	text, _ := os.ReadFile(h.marker)
	return string(text)
}

func digestOf(t *testing.T, repository, job string) []byte {
	t.Helper()
	s, err := New(repositories(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s.definitions.Job(repository, job).GetDefinitionDigest()
}

// startRequest asks for a run of a job of the repository tests.
func (h *host) startRequest(run, job string) *usercodev1.StartRunRequest {
	return &usercodev1.StartRunRequest{
		RunId: run, Attempt: 1, HostAddress: h.address, Token: "secret-of-" + run, Repository: "tests", Job: job,
		DefinitionDigest: digestOf(h.t, "tests", job), StartLease: durationpb.New(20 * time.Second),
	}
}

// eventually waits until something outside of this process holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// pidOf reads the process id from a handle.
func pidOf(t *testing.T, state *usercodev1.AttemptState) int {
	t.Helper()
	var pid int
	if _, err := fmt.Sscanf(state.GetHandle(), "pid %d on ", &pid); err != nil {
		t.Fatalf("handle %q: %v", state.GetHandle(), err)
	}
	return pid
}
