package launch

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// nobody is an address of this machine where nothing listens.
const nobody = "http://127.0.0.1:1"

const secret = "0123456789abcdef"

func start(t *testing.T, w *workspace.Workspace) host.StartRequest {
	t.Helper()
	job, err := w.FindJob("plain")
	if err != nil {
		t.Fatal(err)
	}
	return host.StartRequest{
		Run: "0192a3b4-0000-7000-8000-000000000000", Attempt: 2, Job: job.Name, Definition: job.DefinitionDigest,
		Token: secret, Lease: 3 * time.Minute,
	}
}

func TestLocal(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	w := openReady(t, peer)
	l := NewLocal(w, nobody)
	r := start(t, w)
	out, err := l.Start(deadline(t), r)
	if err != nil || out.Refusal != nil || out.ServerID != peer.ServerID() || out.Worker.Phase == host.WorkerUnknown || out.Worker.Handle == "" {
		t.Fatalf("start: got %+v, %v", out, err)
	}
	sent := peer.Recorded().Starts[0]
	if sent.GetRunId() != string(r.Run) || sent.GetAttempt() != 2 || sent.GetHostAddress() != nobody || sent.GetToken() != secret || sent.GetRepository() != "tutorial" ||
		sent.GetJob() != "plain" || host.DigestFrom(sent.GetDefinitionDigest()) != r.Definition || sent.GetExpectedServerId() != "" || sent.GetStartLease().AsDuration() != r.Lease {
		t.Errorf("sent %v", sent)
	}
	state, err := l.Cancel(deadline(t), "etl", r.Run, 2, 5*time.Second, true)
	if err != nil || state.Phase != host.WorkerEnded || state.ExitStatus == 0 || len(state.StderrTail) == 0 {
		t.Errorf("cancel: got %+v, %v", state, err)
	}
	if c := peer.Recorded().Cancels[0]; !c.GetForce() || c.GetGrace().AsDuration() != 5*time.Second || c.GetAttempt() != 2 {
		t.Errorf("cancel sent %v", c)
	}
	if state, err = l.Attempt(deadline(t), "etl", r.Run, 2); err != nil || state.Phase != host.WorkerEnded || state.ServerID != peer.ServerID() {
		t.Errorf("attempt: got %+v, %v", state, err)
	}
	if state, err = l.Attempt(deadline(t), "etl", r.Run, 3); err != nil || state.Phase != host.WorkerUnknown {
		t.Errorf("attempt that never was: got %+v, %v", state, err)
	}
}

func TestLocalRefusals(t *testing.T) {
	b := hosttest.Current()
	var reason atomic.Int32
	b.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
		return &usercodev1.StartRefusal{
			Reason: usercodev1.StartRefusalReason(reason.Load()), Message: secret + strings.Repeat("é", maxRefusalBytes), DefinitionDigest: make([]byte, 32),
		}
	}
	w := openReady(t, hosttest.Start(t, b))
	l := NewLocal(w, nobody)
	known := map[int32]string{0: "REFUSED", 99: "REFUSED"}
	for number, name := range usercodev1.StartRefusalReason_name {
		if number != 0 {
			known[number] = strings.TrimPrefix(name, "START_REFUSAL_REASON_")
		}
	}
	for number, want := range known {
		reason.Store(number)
		out, err := l.Start(deadline(t), start(t, w))
		if err != nil || out.Refusal == nil || out.Refusal.Reason != want {
			t.Errorf("reason %d: got %+v, %v, want %s", number, out.Refusal, err, want)
			continue
		}
		if m := out.Refusal.Message; strings.Contains(m, secret) || len(m) > maxRefusalBytes+len("…") || !strings.HasSuffix(m, "é…") {
			t.Errorf("message of %d bytes: %.40q…%q", len(m), m, m[len(m)-8:])
		}
	}
}

func TestLocalWithoutAnswer(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	w := openReady(t, peer)
	l := NewLocal(w, nobody)
	r := start(t, w)
	peer.Stop()
	awaitState(t, w, host.LocationStale)
	if _, err := l.Start(deadline(t), r); host.CodeOf(err) != host.Unavailable || strings.Contains(err.Error(), secret) {
		t.Errorf("a location that is down: %v", err)
	}
	r.Job.Location = "elsewhere"
	if _, err := l.Start(deadline(t), r); host.CodeOf(err) != host.NotFound {
		t.Errorf("an unknown location: %v", err)
	}
	if _, err := l.Cancel(deadline(t), "elsewhere", r.Run, 1, 0, false); host.CodeOf(err) != host.NotFound {
		t.Errorf("cancel at an unknown location: %v", err)
	}
	if _, err := l.Attempt(deadline(t), "elsewhere", r.Run, 1); host.CodeOf(err) != host.NotFound {
		t.Errorf("attempt at an unknown location: %v", err)
	}
}

// TestLocalResends breaks the connection after the request arrived.
func TestLocalResends(t *testing.T) {
	t.Run("ToTheSameServer", func(t *testing.T) {
		var wire cutter
		b := hosttest.Current()
		var once sync.Once
		b.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
			once.Do(wire.cut)
			return nil
		}
		peer := hosttest.Start(t, b)
		w := open(t, wire.listen(t, peer.Address()))
		awaitState(t, w, host.LocationReady)
		out, err := NewLocal(w, nobody).Start(deadline(t), start(t, w))
		if err != nil || out.Refusal != nil || out.ServerID != peer.ServerID() {
			t.Fatalf("got %+v, %v, want it accepted", out, err)
		}
		starts := peer.Recorded().Starts
		if len(starts) != 2 || starts[0].GetExpectedServerId() != "" || starts[1].GetExpectedServerId() != peer.ServerID() {
			t.Errorf("sent %v, want it twice, the second time to the same server only", starts)
		}
	})
	t.Run("NotToAnother", func(t *testing.T) {
		var peer *hosttest.Peer
		var once sync.Once
		replaced := make(chan error, 1)
		b := hosttest.Current()
		b.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
			once.Do(func() { replaced <- peer.Become(hosttest.Current()) })
			return nil
		}
		peer = hosttest.Start(t, b)
		w := openReady(t, peer)
		out, err := NewLocal(w, nobody).Start(deadline(t), start(t, w))
		if err := <-replaced; err != nil {
			t.Error(err)
		}
		if err == nil {
			t.Fatalf("got %+v, want an unknown outcome", out)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the token: %v", err)
		}
	})
}

func TestStartOutcomeThatSaysNothing(t *testing.T) {
	if out, err := startOutcome(&usercodev1.StartRunResponse{ServerId: "x"}, secret); err == nil {
		t.Errorf("got %+v, want an unknown outcome", out)
	}
	state := workerState("x", &usercodev1.AttemptState{Phase: 99, StderrTail: []byte(strings.Repeat("a", maxStderrBytes) + "end")})
	if state.Phase != host.WorkerUnknown || len(state.StderrTail) != maxStderrBytes || !strings.HasSuffix(string(state.StderrTail), "end") {
		t.Errorf("a phase that is newer than this host: %+v", state)
	}
	if state := workerState("x", nil); state.Phase != host.WorkerUnknown {
		t.Errorf("no state: %+v", state)
	}
	if e := new(host.Error); !errors.As(callError("etl", "start", errors.New("boom "+secret), secret), &e) || strings.Contains(e.Error(), secret) {
		t.Errorf("got %v", e)
	}
}

// cutter passes TCP connections on and can cut all of them.
type cutter struct {
	mu    sync.Mutex
	conns []net.Conn
}

// listen passes on to an address for the length of the test.
func (c *cutter) listen(t *testing.T, to string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, in, out)
			c.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				running.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
					pair[1].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		listener.Close()
		c.cut()
		running.Wait()
	})
	return listener.Addr().String()
}

func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}
