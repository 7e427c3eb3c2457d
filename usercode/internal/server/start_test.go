package server

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// start starts a run and fails the test when it is refused.
func (s *serving) start(t *testing.T, r *usercodev1.StartRunRequest) *usercodev1.AttemptState {
	t.Helper()
	response, err := s.client.StartRun(t.Context(), r)
	if err != nil || response.GetAccepted() == nil || response.GetServerId() != s.ID() {
		t.Fatalf("start: got %v, %v", response, err)
	}
	pid := pidOf(t, response.GetAccepted())
	t.Cleanup(func() {
		if alive(pid) {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
		}
	})
	return response.GetAccepted()
}

// waitEnded waits until the server knows that the worker has ended, with a status.
func (s *serving) waitEnded(t *testing.T, run string, exit int32) *usercodev1.AttemptState {
	t.Helper()
	var state *usercodev1.AttemptState
	eventually(t, "the worker of "+run+" has ended", func() bool {
		response, err := s.client.GetRunAttempt(t.Context(), &usercodev1.GetRunAttemptRequest{RunId: run, Attempt: 1})
		if err != nil {
			t.Fatal(err)
		}
		state = response.GetAttempt()
		return state.GetPhase() == usercodev1.AttemptPhase_ATTEMPT_PHASE_ENDED
	})
	if state.GetExitStatus() != exit {
		t.Errorf("exit status: got %d, want %d; output:\n%s", state.GetExitStatus(), exit, state.GetStderrTail())
	}
	return state
}

func TestStartRunIsIdempotent(t *testing.T) {
	s, h := serve(t, repositories(), Options{}), startHost(t)
	request := h.startRequest("run", "polite")
	handles := make([]string, 8)
	var group sync.WaitGroup
	for i := range handles {
		group.Go(func() {
			if response, err := s.client.StartRun(t.Context(), request); err == nil {
				handles[i] = response.GetAccepted().GetHandle()
			}
		})
	}
	group.Wait()
	state := s.start(t, request)
	for _, handle := range handles {
		if handle != state.GetHandle() {
			t.Errorf("handles: got %q and %q", handle, state.GetHandle())
		}
	}
	<-h.attach
	if state.GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING {
		t.Errorf("phase: got %v", state.GetPhase())
	}
	second := proto.CloneOf(request)
	second.Attempt = 2
	if s.start(t, second).GetHandle() == state.GetHandle() {
		t.Error("another attempt got the same worker")
	}
	for _, attempt := range []uint32{1, 2} {
		if _, err := s.client.CancelRun(t.Context(), &usercodev1.CancelRunRequest{RunId: "run", Attempt: attempt, Force: true}); err != nil {
			t.Fatal(err)
		}
	}
	s.waitEnded(t, "run", -int32(syscall.SIGKILL))
	if response, err := s.client.StartRun(t.Context(), request); err != nil || response.GetAccepted().GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_ENDED {
		t.Errorf("a repeat after the end: got %v, %v", response, err)
	}
}

func TestWorkerRunsToItsEnd(t *testing.T) {
	s, h := serve(t, repositories(), Options{}), startHost(t)
	s.start(t, h.startRequest("run", "quick"))
	if state := s.waitEnded(t, "run", 0); len(state.GetStderrTail()) != 0 {
		t.Errorf("a good end has output: %s", state.GetStderrTail())
	}
	if h.marked() != "started\n" {
		t.Errorf("user code did %q", h.marked())
	}
}

func TestTokenStaysOutOfSight(t *testing.T) {
	t.Setenv("PENSTOCK_TOKEN", "secret-of-the-server")
	s, h := serve(t, repositories(), Options{}), startHost(t)
	pid := pidOf(t, s.start(t, h.startRequest("run", "polite")))
	<-h.attach
	for _, file := range []string{"cmdline", "environ"} {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
		if err != nil || len(content) == 0 || bytes.Contains(content, []byte("secret-of")) {
			t.Errorf("%s holds a secret, or is empty: %q, %v", file, content, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	s, h := serve(t, repositories(), Options{MaxWorkers: 1}), startHost(t)
	silent := listen(t) // accepts, as far as the system does it, and never answers
	defer func() { _ = silent.Close() }()
	s.start(t, h.startRequest("busy", "polite"))
	for _, c := range []struct {
		reason usercodev1.StartRefusalReason
		change func(*usercodev1.StartRunRequest)
		want   string
	}{
		{usercodev1.StartRefusalReason_START_REFUSAL_REASON_WRONG_SERVER, func(r *usercodev1.StartRunRequest) { r.ExpectedServerId = "another" }, "another process"},
		{usercodev1.StartRefusalReason_START_REFUSAL_REASON_NOT_FOUND, func(r *usercodev1.StartRunRequest) { r.Job = "gone" }, `no job "gone"`},
		{usercodev1.StartRefusalReason_START_REFUSAL_REASON_NOT_FOUND, func(r *usercodev1.StartRunRequest) { r.Repository = "gone" }, `"gone"`},
		{usercodev1.StartRefusalReason_START_REFUSAL_REASON_DEFINITION_CHANGED, func(r *usercodev1.StartRunRequest) { r.DefinitionDigest = []byte("old") }, "tests/quick"},
		{usercodev1.StartRefusalReason_START_REFUSAL_REASON_OVERLOADED, func(*usercodev1.StartRunRequest) {}, "(1)"},
	} {
		request := h.startRequest("refused "+c.reason.String()+c.want, "quick")
		c.change(request)
		wantRefusal(t, s, request, c.reason, c.want)
	}

	s = serve(t, repositories(), Options{})
	for name, c := range map[string]struct{ address, want string }{
		"refuses":    {"http://127.0.0.1:1", "http://127.0.0.1:1"},
		"is silent":  {"http://" + silent.Addr().String(), "did not answer in time"},
		"is nothing": {"nonsense", "is not understood"},
	} {
		request := h.startRequest(name, "quick")
		request.HostAddress = c.address
		begin := time.Now()
		wantRefusal(t, s, request, usercodev1.StartRefusalReason_START_REFUSAL_REASON_HOST_UNREACHABLE, c.want)
		wantRefusal(t, s, request, usercodev1.StartRefusalReason_START_REFUSAL_REASON_HOST_UNREACHABLE, "--advertise")
		if took := time.Since(begin); took > hostCheck+time.Second {
			t.Errorf("%s: the answer took %s", name, took)
		}
	}

	s.drainUntil.Store(new(time.Now()))
	wantRefusal(t, s, h.startRequest("late", "quick"), usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING, "stopping")
	if h.marked() != "" && h.marked() != "started\n" {
		t.Errorf("user code did %q", h.marked())
	}
}

func wantRefusal(t *testing.T, s *serving, r *usercodev1.StartRunRequest, reason usercodev1.StartRefusalReason, want string) {
	t.Helper()
	response, err := s.client.StartRun(t.Context(), r)
	no := response.GetRefused()
	if err != nil || no.GetReason() != reason || !strings.Contains(no.GetMessage(), want) || len(no.GetMessage()) > maxRefusalBytes || response.GetServerId() != s.ID() {
		t.Errorf("got %v, %v; want %v and %q", response, err, reason, want)
	}
	if reason == usercodev1.StartRefusalReason_START_REFUSAL_REASON_DEFINITION_CHANGED != (len(no.GetDefinitionDigest()) == 32) {
		t.Errorf("%v carries the digest %x", reason, no.GetDefinitionDigest())
	}
	state, err := s.client.GetRunAttempt(t.Context(), &usercodev1.GetRunAttemptRequest{RunId: r.GetRunId(), Attempt: r.GetAttempt()})
	if err != nil || state.GetAttempt().GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_UNKNOWN {
		t.Errorf("a refused attempt is %v, %v", state, err)
	}
}

func TestRefusalIsKept(t *testing.T) {
	s, h := serve(t, repositories(), Options{}), startHost(t)
	request := h.startRequest("run", "quick")
	request.HostAddress = "http://127.0.0.1:1"
	wantRefusal(t, s, request, usercodev1.StartRefusalReason_START_REFUSAL_REASON_HOST_UNREACHABLE, "--advertise")
	request.HostAddress = h.address
	wantRefusal(t, s, request, usercodev1.StartRefusalReason_START_REFUSAL_REASON_HOST_UNREACHABLE, "--advertise")
	request.Attempt = 2
	s.start(t, request)
}

func TestCallerThatGoesAwayLeavesNothing(t *testing.T) {
	s, h := serve(t, repositories(), Options{}), startHost(t)
	silent := listen(t)
	request := h.startRequest("run", "quick")
	request.HostAddress = "http://" + silent.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	accepted := make(chan net.Conn, 1)
	go func() {
		defer close(accepted)
		if conn, err := silent.Accept(); err == nil { // the server is checking the host
			accepted <- conn
		}
		cancel()
	}()
	t.Cleanup(func() {
		_ = silent.Close()
		if conn, ok := <-accepted; ok {
			_ = conn.Close()
		}
	})
	if response, err := s.client.StartRun(ctx, request); err == nil {
		t.Fatalf("got %v", response)
	}
	request.HostAddress = h.address
	eventually(t, "the attempt can begin again", func() bool {
		response, err := s.client.StartRun(t.Context(), request)
		return err == nil && response.GetAccepted() != nil
	})
	s.waitEnded(t, "run", 0)
}

func TestCrashedWorkerLeavesItsLastWords(t *testing.T) {
	s, h := serve(t, repositories(), Options{}), startHost(t)
	s.start(t, h.startRequest("run", "crash"))
	state := s.waitEnded(t, "run", 2)
	if tail := string(state.GetStderrTail()); !strings.Contains(tail, "a goroutine of user code") || len(tail) > maxTailBytes {
		t.Errorf("output: %d bytes, %s", len(tail), tail)
	}
}

func TestCancelRun(t *testing.T) {
	for name, c := range map[string]struct {
		job    string
		cancel *usercodev1.CancelRunRequest
		exit   int32
	}{
		"Listens": {"polite", &usercodev1.CancelRunRequest{Grace: durationpb.New(20 * time.Second)}, 0},
		"Deaf":    {"deaf", &usercodev1.CancelRunRequest{Grace: durationpb.New(300 * time.Millisecond)}, -int32(syscall.SIGKILL)},
		"Force":   {"deaf", &usercodev1.CancelRunRequest{Force: true, Grace: durationpb.New(time.Hour)}, -int32(syscall.SIGKILL)},
	} {
		t.Run(name, func(t *testing.T) {
			s, h := serve(t, repositories(), Options{}), startHost(t)
			s.start(t, h.startRequest("run", c.job))
			var child int
			eventually(t, "user code", func() bool {
				if c.job != "deaf" {
					return h.marked() != ""
				}
				n, _ := fmt.Sscanf(h.marked(), "started\nchild %d\n", &child)
				return n == 1
			})
			c.cancel.RunId, c.cancel.Attempt = "run", 1
			response, err := s.client.CancelRun(t.Context(), c.cancel)
			if err != nil || response.GetAttempt().GetHandle() == "" {
				t.Fatalf("got %v, %v", response, err)
			}
			s.waitEnded(t, "run", c.exit)
			if child != 0 {
				eventually(t, "the child of user code is gone", func() bool { return !alive(child) })
			}
		})
	}
	s := serve(t, repositories(), Options{})
	if response, err := s.client.CancelRun(t.Context(), &usercodev1.CancelRunRequest{RunId: "never", Attempt: 1}); err != nil || response.GetAttempt().GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_UNKNOWN {
		t.Errorf("an attempt that never was: got %v, %v", response, err)
	}
}

func TestWorkerOutlivesItsServer(t *testing.T) {
	s, h := serve(t, repositories(), Options{}), startHost(t)
	pid := pidOf(t, s.start(t, h.startRequest("run", "polite")))
	<-h.attach
	s.stop()
	if !alive(pid) {
		t.Fatal("the worker ended with its server")
	}
	h.mu.Lock()
	stream := h.stream
	h.mu.Unlock()
	if err := stream.Send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Cancel{Cancel: &workerv1.Cancel{}}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the worker ends by itself", func() bool { return !alive(pid) })
}
