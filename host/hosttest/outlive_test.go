package hosttest

import (
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// storingHost answers as a host does that has stored some events.
type storingHost struct {
	workerv1.UnimplementedWorkerServiceServer
	stored   uint64
	beat     time.Duration
	messages chan *workerv1.AttachRequest
}

func (h *storingHost) Attach(s grpc.BidiStreamingServer[workerv1.AttachRequest, workerv1.AttachResponse]) error {
	for {
		m, err := s.Recv()
		if err != nil {
			return err // the worker, or this host, has ended
		}
		select {
		case h.messages <- m:
		case <-s.Context().Done():
			return s.Context().Err()
		}
		if m.GetHello() == nil {
			continue
		}
		replies := []*workerv1.AttachResponse{{Message: &workerv1.AttachResponse_Welcome{Welcome: &workerv1.Welcome{AckedSeq: h.stored, HeartbeatInterval: durationpb.New(h.beat)}}}}
		if m.GetHello().GetWantGrant() {
			replies = append(replies, &workerv1.AttachResponse{Message: &workerv1.AttachResponse_Grant{Grant: &workerv1.Grant{Run: &workerv1.RunSpec{}}}})
		}
		for _, r := range replies {
			if err := s.Send(r); err != nil {
				return err
			}
		}
	}
}

// listen starts the host at an address.
func (h *storingHost) listen(t *testing.T, address string) (at string, stop func()) {
	t.Helper()
	h.messages = make(chan *workerv1.AttachRequest, 100)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	workerv1.RegisterWorkerServiceServer(s, h)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Serve(l) }()
	stop = func() { s.Stop(); <-ended }
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

func (h *storingHost) next(t *testing.T) *workerv1.AttachRequest {
	t.Helper()
	select {
	case m := <-h.messages:
		return m
	case <-patience(t).Done():
		t.Fatal("the worker says nothing")
		return nil
	}
}

// A worker that outlives its process goes on when that is replaced, comes back
// to a host that was away, and sends again what that host has not stored.
func TestOutlive(t *testing.T) {
	b := Current()
	b.HoldWorkers, b.Outlive = true, true
	p := Start(t, b)
	first := &storingHost{}
	address, stop := first.listen(t, "127.0.0.1:0")
	start(t, p, "http://"+address, "plain")
	for range 3 { // hello, run_started, op_started
		first.next(t)
	}
	if err := p.Become(Older("0.14.17")); err != nil {
		t.Fatal(err)
	}
	stop()

	second := &storingHost{stored: 1, beat: time.Millisecond}
	second.listen(t, address)
	h := second.next(t).GetHello()
	if h.GetWantGrant() || h.GetLastSeq() != 2 || h.GetWorkerId() != p.Recorded().Grants[0].WorkerID {
		t.Errorf("it comes back with %v", h)
	}
	if batch := second.next(t).GetEvents(); batch.GetFirstSeq() != 2 || len(batch.GetEvents()) != 1 {
		t.Errorf("it sends again %v", batch)
	}
	if m := second.next(t); m.GetHeartbeat() == nil {
		t.Errorf("it sends %v, want a heartbeat", m)
	}
	p.Close()
	if g := p.Recorded().Grants; len(g) != 1 || g[0].Protocol != b.Protocol || g[0].RunID != "run" || g[0].Attempt != 1 {
		t.Errorf("got grants %+v", g)
	}
}
