package hosttest

import (
	"context"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// grantingHost is a host that grants what is asked and keeps every event.
type grantingHost struct {
	workerv1.UnimplementedWorkerServiceServer
	deny     bool
	opPaths  []string
	cancelAt string // kind of the event after which to cancel

	hello  *workerv1.Hello
	token  []string
	events []*workerv1.Event
	done   chan struct{} // closed when a worker has finished
}

func (h *grantingHost) Attach(s grpc.BidiStreamingServer[workerv1.AttachRequest, workerv1.AttachResponse]) error {
	md, _ := grpcmetadata.FromIncomingContext(s.Context())
	h.token = md.Get("authorization")
	for {
		m, err := s.Recv()
		if err != nil {
			return err // a worker that is done, or was stopped
		}
		var reply *workerv1.AttachResponse
		switch {
		case m.GetHello() != nil:
			h.hello = m.GetHello()
			reply = &workerv1.AttachResponse{Message: &workerv1.AttachResponse_Grant{Grant: &workerv1.Grant{Run: &workerv1.RunSpec{RunId: h.hello.GetRunId(), OpPaths: h.opPaths}}}}
			if h.deny {
				reply = &workerv1.AttachResponse{Message: &workerv1.AttachResponse_Denied{Denied: &workerv1.Denied{Reason: workerv1.DenialReason_DENIAL_REASON_FENCED, Message: "no"}}}
			}
		case m.GetEvents() != nil:
			for _, b := range m.GetEvents().GetEvents() {
				var e workerv1.Event
				if err := proto.Unmarshal(b, &e); err != nil {
					return err
				}
				h.events = append(h.events, &e)
				if e.GetKind() == h.cancelAt {
					if err := s.Send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Cancel{Cancel: &workerv1.Cancel{}}}); err != nil {
						return err
					}
				}
			}
			if uint64(len(h.events)) != m.GetEvents().GetFirstSeq() {
				return context.Canceled // a gap
			}
			continue
		case m.GetFinished() != nil:
			close(h.done)
			reply = &workerv1.AttachResponse{Message: &workerv1.AttachResponse_Ack{Ack: &workerv1.Ack{Seq: m.GetFinished().GetLastSeq()}}}
		default:
			continue // of a newer worker
		}
		if err := s.Send(reply); err != nil {
			return err
		}
	}
}

func (h *grantingHost) kinds() (kinds []string) {
	for _, e := range h.events {
		kinds = append(kinds, strings.TrimSpace(e.GetKind()+" "+e.GetOpPath()))
	}
	return kinds
}

// serve starts the host and answers its address.
func (h *grantingHost) serve(t *testing.T) string {
	t.Helper()
	h.done = make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	workerv1.RegisterWorkerServiceServer(s, h)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-ended })
	return "http://" + l.Addr().String()
}

func client(t *testing.T, p *Peer) usercodev1.UserCodeServiceClient {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+p.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return usercodev1.NewUserCodeServiceClient(cc)
}

func start(t *testing.T, p *Peer, hostAddress, job string) (*usercodev1.StartRunRequest, *usercodev1.StartRunResponse) {
	t.Helper()
	r := &usercodev1.StartRunRequest{
		RunId: "run", Attempt: 1, HostAddress: hostAddress, Token: "secret", Repository: "tutorial", Job: job,
		DefinitionDigest: p.process.encoded.digests["tutorial/"+job], ExpectedServerId: p.ServerID(),
	}
	reply, err := client(t, p).StartRun(patience(t), r)
	if err != nil {
		t.Fatal(err)
	}
	return r, reply
}

// ended waits for the worker of the only attempt.
func ended(t *testing.T, p *Peer) *usercodev1.AttemptState {
	t.Helper()
	p.process.mu.Lock()
	a := p.process.attempts[attemptKey{"run", 1}]
	p.process.mu.Unlock()
	select {
	case <-a.ended:
	case <-patience(t).Done():
		t.Fatal("the worker does not end")
	}
	reply, err := client(t, p).GetRunAttempt(patience(t), &usercodev1.GetRunAttemptRequest{RunId: "run", Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	return reply.GetAttempt()
}

func TestWorker(t *testing.T) {
	nested := []string{
		"run_started", "op_started first", "op_finished first", "op_started inner.a", "op_finished inner.a",
		"op_started inner.b", "op_finished inner.b", "op_started last", "op_finished last", "run_finished",
	}
	for _, c := range []struct {
		name    string
		change  func(*Behavior)
		host    *grantingHost
		kinds   []string
		outcome workerv1.Outcome
	}{
		{"Success", nil, &grantingHost{}, nested, workerv1.Outcome_OUTCOME_SUCCESS},
		{"Subset", nil, &grantingHost{opPaths: []string{"first"}}, []string{"run_started", "op_started first", "op_finished first", "run_finished"}, workerv1.Outcome_OUTCOME_SUCCESS},
		{"Failure", func(b *Behavior) { b.FailOp = "inner.a" }, &grantingHost{}, []string{
			"run_started", "op_started first", "op_finished first", "op_started inner.a", "op_finished inner.a",
			"op_finished inner.b", "op_finished last", "run_finished",
		}, workerv1.Outcome_OUTCOME_FAILURE},
		{"Canceled", func(b *Behavior) { b.HoldWorkers = true }, &grantingHost{cancelAt: "op_started"}, []string{
			"run_started", "op_started first", "op_finished first", "op_finished inner.a", "op_finished inner.b", "op_finished last", "run_finished",
		}, workerv1.Outcome_OUTCOME_CANCELED},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := Current()
			if c.change != nil {
				c.change(&b)
			}
			p := Start(t, b)
			request, reply := start(t, p, c.host.serve(t), "nested")
			if reply.GetAccepted() == nil || reply.GetServerId() != p.ServerID() {
				t.Fatalf("got %v", reply)
			}
			if state := ended(t, p); state.GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_ENDED || state.GetExitStatus() != 0 {
				t.Fatalf("got %v", state)
			}
			<-c.host.done
			if diff := cmp.Diff(c.kinds, c.host.kinds()); diff != "" {
				t.Error(diff)
			}
			if got := c.host.events[len(c.host.events)-1].GetRunFinished().GetOutcome(); got != c.outcome {
				t.Errorf("got %s, want %s", got, c.outcome)
			}
			if !cmp.Equal(c.host.token, []string{"Bearer secret"}) || !c.host.hello.GetWantGrant() || c.host.hello.GetRunId() != "run" {
				t.Errorf("got token %v, hello %v", c.host.token, c.host.hello)
			}
			// The same request starts nothing again.
			again, err := client(t, p).StartRun(patience(t), request)
			if err != nil || again.GetAccepted() == nil || len(c.host.events) != len(c.kinds) {
				t.Errorf("got %v, %v", again, err)
			}
		})
	}
	t.Run("Denied", func(t *testing.T) {
		p, h := Start(t, Current()), &grantingHost{deny: true}
		start(t, p, h.serve(t), "plain")
		if state := ended(t, p); state.GetExitStatus() != 1 || !strings.Contains(string(state.GetStderrTail()), "FENCED") || len(h.events) > 0 {
			t.Errorf("got %v after %d events", state, len(h.events))
		}
	})
	t.Run("NoHost", func(t *testing.T) {
		p := Start(t, Current())
		start(t, p, "http://127.0.0.1:1", "plain")
		if state := ended(t, p); state.GetExitStatus() != 1 || len(state.GetStderrTail()) == 0 {
			t.Errorf("got %v", state)
		}
	})
	t.Run("CancelRun", func(t *testing.T) {
		b := Current()
		b.HoldWorkers = true
		p, h := Start(t, b), &grantingHost{}
		start(t, p, h.serve(t), "plain")
		reply, err := client(t, p).CancelRun(patience(t), &usercodev1.CancelRunRequest{RunId: "run", Attempt: 1, Force: true})
		if err != nil || reply.GetAttempt().GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_ENDED || len(p.Recorded().Cancels) != 1 {
			t.Errorf("got %v, %v", reply, err)
		}
	})
	t.Run("StopEndsWorkers", func(t *testing.T) {
		b := Current()
		b.HoldWorkers = true
		p, h := Start(t, b), &grantingHost{}
		start(t, p, h.serve(t), "plain")
		p.Stop() // goleak sees a worker that stays
	})
}

func TestRefusals(t *testing.T) {
	draining := Current()
	draining.Draining = true
	refusing := Current()
	refusing.Refuse = func(*usercodev1.StartRunRequest) *usercodev1.StartRefusal {
		return &usercodev1.StartRefusal{Reason: usercodev1.StartRefusalReason_START_REFUSAL_REASON_OVERLOADED}
	}
	for _, c := range []struct {
		name     string
		behavior Behavior
		change   func(*usercodev1.StartRunRequest)
		reason   usercodev1.StartRefusalReason
	}{
		{"Draining", draining, func(*usercodev1.StartRunRequest) {}, usercodev1.StartRefusalReason_START_REFUSAL_REASON_DRAINING},
		{"Told", refusing, func(*usercodev1.StartRunRequest) {}, usercodev1.StartRefusalReason_START_REFUSAL_REASON_OVERLOADED},
		{"WrongServer", Current(), func(r *usercodev1.StartRunRequest) { r.ExpectedServerId = "x" }, usercodev1.StartRefusalReason_START_REFUSAL_REASON_WRONG_SERVER},
		{"NotFound", Current(), func(r *usercodev1.StartRunRequest) { r.Job = "x" }, usercodev1.StartRefusalReason_START_REFUSAL_REASON_NOT_FOUND},
		{"Changed", Current(), func(r *usercodev1.StartRunRequest) { r.DefinitionDigest = make32('x') }, usercodev1.StartRefusalReason_START_REFUSAL_REASON_DEFINITION_CHANGED},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := Start(t, c.behavior)
			r := &usercodev1.StartRunRequest{RunId: "run", Attempt: 1, Repository: "tutorial", Job: "plain", DefinitionDigest: p.process.encoded.digests["tutorial/plain"]}
			c.change(r)
			reply, err := client(t, p).StartRun(patience(t), r)
			if err != nil || reply.GetRefused().GetReason() != c.reason {
				t.Errorf("got %v, %v", reply, err)
			}
			unknown, err := client(t, p).GetRunAttempt(patience(t), &usercodev1.GetRunAttemptRequest{RunId: "run", Attempt: 1})
			if err != nil || unknown.GetAttempt().GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_UNKNOWN {
				t.Errorf("a refused attempt is %v, %v", unknown, err)
			}
		})
	}
}
