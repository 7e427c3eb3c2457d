package server

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// journal is a log that tests read.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// draining is a server that drains for at most wait while a worker of the run "held" works.
func draining(t *testing.T, opts Options) (s *serving, h *host, log *journal, pid int) {
	t.Helper()
	log = &journal{}
	opts.Logger = log.logger()
	s, h = serve(t, repositories(), opts), startHost(t)
	pid = pidOf(t, s.start(t, h.startRequest("held", "polite")))
	<-h.attach
	eventually(t, "user code runs", func() bool { return h.marked() != "" })
	if info := s.serverInfo(t); info.GetLiveWorkers() != 1 || info.GetDraining() || info.GetDrainDeadline() != nil {
		t.Errorf("before it drains the server says %v", info)
	}
	s.begin()
	eventually(t, "the server says that it drains", func() bool { return s.serverInfo(t).GetDraining() })
	return s, h, log, pid
}

func (s *serving) serverInfo(t *testing.T) *usercodev1.ServerInfo {
	t.Helper()
	response, err := s.client.GetServerInfo(t.Context(), &usercodev1.GetServerInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return response.GetServer()
}

func (s *serving) running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

func wantLog(t *testing.T, log *journal, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(log.String(), w) {
			t.Errorf("the log lacks %q:\n%s", w, log)
		}
	}
}

func TestDrainWaitsForItsWorkers(t *testing.T) {
	before := time.Now()
	s, h, log, _ := draining(t, Options{Drain: time.Hour})
	info := s.serverInfo(t)
	if deadline := info.GetDrainDeadline().AsTime(); info.GetLiveWorkers() != 1 || deadline.Before(before.Add(time.Hour)) || deadline.After(time.Now().Add(time.Hour)) {
		t.Errorf("the server says %v", info)
	}
	wantRefusal(t, s, h.startRequest("late", "quick"), usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING, "stopping")

	stream, err := s.client.GetDefinitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	open := &usercodev1.GetDefinitionsRequest_Open{HaveDefinitionsDigest: s.definitions.Digest.Bytes()}
	if err := stream.Send(&usercodev1.GetDefinitionsRequest{Message: &usercodev1.GetDefinitionsRequest_Open_{Open: open}}); err != nil {
		t.Fatal(err)
	}
	if frame, err := stream.Recv(); err != nil || !frame.GetOpening().GetServer().GetDraining() || frame.GetOpening().GetServer().GetDrainDeadline() == nil {
		t.Errorf("definitions open with %v, %v", frame, err)
	}
	if frame, err := stream.Recv(); err != nil || frame.GetClosing() == nil {
		t.Errorf("definitions go on with %v, %v", frame, err)
	}
	if answer, err := healthpb.NewHealthClient(s.conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_NOT_SERVING {
		t.Errorf("health is %v, %v", answer, err)
	}
	if state, err := s.client.GetRunAttempt(t.Context(), &usercodev1.GetRunAttemptRequest{RunId: "held", Attempt: 1}); err != nil || state.GetAttempt().GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING {
		t.Errorf("the attempt is %v, %v", state, err)
	}
	if !s.running() {
		t.Fatal("the server did not wait")
	}
	if _, err := s.client.CancelRun(t.Context(), &usercodev1.CancelRunRequest{RunId: "held", Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	wantLog(t, log, "draining: no new runs are started", "workers=1", "wait=1h0m0s", `msg="worker ended" run=held attempt=1 exit=0 workers=0`)
	if strings.Contains(log.String(), "the server ends") {
		t.Errorf("nothing was left behind, but the log says:\n%s", log)
	}
}

func TestDrainEndsAtItsDeadline(t *testing.T) {
	s, _, log, pid := draining(t, Options{Drain: 300 * time.Millisecond})
	<-s.ended
	if !alive(pid) {
		t.Error("the worker ended with its server")
	}
	wantLog(t, log, "the server ends without its workers: they go on", `because="the time to wait for them is over"`, "workers=1 runs=[held]")
}

func TestDrainIsHalted(t *testing.T) {
	halt := make(chan struct{})
	s, _, log, pid := draining(t, Options{Drain: time.Hour, Halt: halt})
	// Somebody who holds on to the server would let it wait for its ceiling.
	watch, err := healthpb.NewHealthClient(s.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err != nil {
		t.Fatal(err)
	}
	if !s.running() {
		t.Fatal("the server did not wait")
	}
	began := time.Now()
	close(halt)
	<-s.ended
	if took := time.Since(began); took > stopCeiling/2 {
		t.Errorf("it took %s", took)
	}
	if !alive(pid) {
		t.Error("the worker ended with its server")
	}
	wantLog(t, log, `because="it was told to stop at once"`, "runs=[held]")
}

func TestWithoutWorkersThereIsNothingToDrain(t *testing.T) {
	log := &journal{}
	s := serve(t, repositories(), Options{Drain: time.Hour, Logger: log.logger()})
	s.stop()
	wantLog(t, log, "stopping: no new runs are started", "workers=0")
}

func TestWithoutDrainWorkersAreLeft(t *testing.T) {
	log := &journal{}
	s, h := serve(t, repositories(), Options{Logger: log.logger()}), startHost(t)
	pid := pidOf(t, s.start(t, h.startRequest("held", "polite")))
	<-h.attach
	s.stop()
	if !alive(pid) {
		t.Error("the worker ended with its server")
	}
	wantLog(t, log, "they go on with their runs", `because="it does not wait for them"`, "runs=[held]")
}

// The worker of a server that says that it is the last of its container is as any other; what is said of it is not.
func TestLastServerSaysThatRunsAreLost(t *testing.T) {
	s, _, log, _ := draining(t, Options{Drain: 100 * time.Millisecond, Last: true})
	<-s.ended
	wantLog(t, log, "level=WARN", "their runs are lost", "runs=[held]")
}

// A start that was under way when the drain began is waited for, too.
func TestDrainWaitsForAStartUnderWay(t *testing.T) {
	s, h := serve(t, repositories(), Options{Drain: time.Hour}), startHost(t)
	a, mine, _ := s.attempts.begin(key{"run", 1})
	if !mine {
		t.Fatal("the attempt is somebody else's")
	}
	s.begin()
	eventually(t, "the server says that it drains", func() bool { return s.serverInfo(t).GetDraining() })
	if !s.running() || s.serverInfo(t).GetLiveWorkers() != 0 {
		t.Error("the server did not wait, or counts a worker that is not there")
	}
	if err := s.decide(t.Context(), a, h.startRequest("run", "quick"), false); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if a.refusal.GetReason() != usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING {
		t.Errorf("the start was answered with %v", a.refusal)
	}
}

// A start whose host takes its time to answer is refused when the drain begins meanwhile.
func TestDrainBeginsDuringAStart(t *testing.T) {
	s, h := serve(t, repositories(), Options{Drain: time.Hour}), startHost(t)
	slow := listen(t)
	var relaying sync.WaitGroup
	defer relaying.Wait()
	defer func() { _ = slow.Close() }()
	relaying.Go(func() {
		in, err := slow.Accept()
		if err != nil {
			return
		}
		s.begin()
		eventually(t, "the server says that it drains", func() bool { return s.serverInfo(t).GetDraining() })
		out, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(h.address, "http://"))
		if err != nil {
			t.Error(err)
			return
		}
		relaying.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
		_, _ = io.Copy(in, out)
		_ = in.Close()
	})
	request := h.startRequest("run", "quick")
	request.HostAddress = "http://" + slow.Addr().String()
	response, err := s.client.StartRun(t.Context(), request)
	if no := response.GetRefused(); err != nil || no.GetReason() != usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING {
		t.Errorf("got %v, %v", response, err)
	}
	<-s.ended
	if h.marked() != "" {
		t.Errorf("user code did %q", h.marked())
	}
}

func TestOldHostsAreNotedOnce(t *testing.T) {
	log := &journal{}
	s := serve(t, repositories(), Options{MinHostProtocol: "0.16.0", Logger: log.logger()})
	ask := func(protocol string) {
		t.Helper()
		response, err := s.client.GetServerInfo(t.Context(), &usercodev1.GetServerInfoRequest{Host: &usercodev1.HostInfo{ProtocolVersion: protocol}})
		if err != nil || response.GetServer().GetMinHostProtocolVersion() != "0.16.0" {
			t.Fatalf("got %v, %v", response, err)
		}
	}
	for range 3 {
		ask("0.15.0")
		ask("0.15.1")
		ask("")
		ask("0.16.0")
		ask("\x1b[31m")
	}
	const message = "a host is too old for this user code"
	if n := strings.Count(log.String(), message); n != 4 {
		t.Errorf("%d warnings, want 4:\n%s", n, log)
	}
	wantLog(t, log, "HOST_TOO_OLD", "VERSION_NOT_REPORTED", "VERSION_UNPARSEABLE", "0.15.1")
	for i := range 2 * maxHostsNoted {
		ask(fmt.Sprintf("0.14.%d", i))
	}
	if n := strings.Count(log.String(), message); n != maxHostsNoted {
		t.Errorf("%d warnings, want %d at most", n, maxHostsNoted)
	}
}
