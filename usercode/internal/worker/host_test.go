package worker

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const token = "a-secret"

// fakeHost is a host on the real contract, as far as one attempt needs it: it grants, stores, acknowledges. Its hooks
// make it fail in all the ways that a host and a network can.
type fakeHost struct {
	workerv1.UnimplementedWorkerServiceServer

	t       *testing.T
	job     string
	tags    map[string]string
	welcome *workerv1.Welcome
	// change, when set, changes what is granted.
	change func(*workerv1.RunSpec)

	// attach, when set, comes before the usual answer to the n-th hello (from 1). True means that it has done it all.
	attach func(n int, s *hostStream) (done bool, err error)
	// batch, when set, is asked before a batch is stored.
	batch func(n int, s *hostStream, b *workerv1.EventBatch) action
	// slots, when set, is told what a worker says of its slots.
	slots func(n int, s *hostStream, said *workerv1.Slots) error
	// answered, when set, is called after the answer to a hello.
	answered func(s *hostStream) error
	// silent lets acknowledgements out.
	silent bool

	mu       sync.Mutex
	streams  int
	workerID string
	events   [][]byte
	batches  []*workerv1.EventBatch
	finished bool
	beats    int
	current  *hostStream
	changed  chan struct{}

	address string
	server  *grpc.Server
	serving sync.WaitGroup
}

type action int

const (
	storeAndAck action = iota
	storeAndBreak
	breakOnly
	storeOnly
	ignore
)

type hostStream struct {
	grpc.BidiStreamingServer[workerv1.AttachRequest, workerv1.AttachResponse]

	hello  *workerv1.Hello
	sendMu sync.Mutex
}

func (s *hostStream) send(m *workerv1.AttachResponse) error {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return s.Send(m)
}

func (s *hostStream) ack(seq uint64) error {
	return s.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Ack{Ack: &workerv1.Ack{Seq: seq}}})
}

func (s *hostStream) deny(reason workerv1.DenialReason) error {
	return s.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Denied{Denied: &workerv1.Denied{Reason: reason, Message: "says the test"}}})
}

// testRun is the run that hosts of these tests grant.
const testRun = "0192a3b4-0000-7000-8000-000000000001"

var errBroken = errors.New("broken by the test")

// newHost starts a host for one run of a job.
func newHost(t *testing.T, job string) *fakeHost {
	t.Helper()
	dir := t.TempDir()
	h := &fakeHost{
		t: t, job: job, address: "127.0.0.1:0", changed: make(chan struct{}),
		tags:    map[string]string{"marker": filepath.Join(dir, "marker"), "gate": filepath.Join(dir, "gate")},
		welcome: &workerv1.Welcome{HeartbeatInterval: durationpb.New(time.Second)},
	}
	return h
}

func (h *fakeHost) listen() *fakeHost {
	h.t.Helper()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", h.address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.address = listener.Addr().String()
	h.server = grpc.NewServer(grpc.WaitForHandlers(true)) // who stops it may change what they read
	workerv1.RegisterWorkerServiceServer(h.server, h)
	h.serving.Go(func() { _ = h.server.Serve(listener) })
	h.t.Cleanup(h.stop)
	return h
}

func (h *fakeHost) stop() {
	h.server.Stop()
	h.serving.Wait()
}

// assignment is what a server would tell the worker of this host's run.
func (h *fakeHost) assignment() Assignment {
	return Assignment{
		RunID: testRun, Attempt: 1, Repository: "tests", Job: h.job, DefinitionDigest: digestOf(h.t, h.job),
		HostAddress: "http://" + h.address, Token: token, ServerID: "server", StartLease: 15 * time.Second,
	}
}

func (h *fakeHost) Attach(stream grpc.BidiStreamingServer[workerv1.AttachRequest, workerv1.AttachResponse]) error {
	if md, _ := metadata.FromIncomingContext(stream.Context()); strings.Join(md.Get("authorization"), "") != "Bearer "+token {
		h.t.Errorf("authorization: got %q", md.Get("authorization"))
	}
	m, err := stream.Recv()
	if err != nil {
		return err
	}
	s := &hostStream{BidiStreamingServer: stream, hello: m.GetHello()}
	h.mu.Lock()
	h.streams++
	n := h.streams
	h.current = s
	h.signal()
	h.mu.Unlock()
	if h.attach != nil {
		if done, err := h.attach(n, s); done || err != nil {
			return err
		}
	}
	if err := h.answer(s); err != nil {
		return err
	}
	if h.answered != nil {
		if err := h.answered(s); err != nil {
			return err
		}
	}
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = h.take(n, s, m)
		}
		if err != nil {
			return err
		}
	}
}

// answer welcomes, and grants to the first process that asks.
func (h *fakeHost) answer(s *hostStream) error {
	h.mu.Lock()
	welcome := proto.CloneOf(h.welcome)
	welcome.AckedSeq = uint64(len(h.events))
	if h.workerID == "" && s.hello.GetWantGrant() {
		h.workerID = s.hello.GetWorkerId()
	}
	mine := h.workerID == s.hello.GetWorkerId()
	h.mu.Unlock()
	if !mine {
		return s.deny(workerv1.DenialReason_DENIAL_REASON_ALREADY_GRANTED)
	}
	if err := s.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Welcome{Welcome: welcome}}); err != nil || !s.hello.GetWantGrant() {
		return err
	}
	return s.send(h.grant())
}

func (h *fakeHost) grant() *workerv1.AttachResponse {
	spec := &workerv1.RunSpec{RunId: testRun, Attempt: 1, Repository: "tests", Job: h.job, DefinitionDigest: digestOf(h.t, h.job)}
	for key, value := range h.tags {
		spec.Tags = append(spec.Tags, &tagv1.Tag{Key: key, Value: value})
	}
	if h.change != nil {
		h.change(spec)
	}
	return &workerv1.AttachResponse{Message: &workerv1.AttachResponse_Grant{Grant: &workerv1.Grant{Run: spec}}}
}

func (h *fakeHost) take(n int, s *hostStream, m *workerv1.AttachRequest) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.signal()
	switch m := m.GetMessage().(type) {
	case *workerv1.AttachRequest_Heartbeat:
		h.beats++
	case *workerv1.AttachRequest_Slots:
		if h.slots != nil {
			return h.slots(n, s, m.Slots)
		}
	case *workerv1.AttachRequest_Finished:
		if m.Finished.GetLastSeq() != uint64(len(h.events)) {
			h.t.Errorf("finished at %d, %d events are stored", m.Finished.GetLastSeq(), len(h.events))
		}
		h.finished = true
		if !h.silent {
			return s.ack(m.Finished.GetLastSeq())
		}
	case *workerv1.AttachRequest_Events:
		what := storeAndAck
		if h.batch != nil {
			what = h.batch(n, s, m.Events)
		}
		h.batches = append(h.batches, m.Events)
		if what == ignore {
			return nil
		}
		if what == breakOnly {
			return errBroken
		}
		h.store(m.Events)
		if what == storeAndBreak {
			return errBroken
		}
		if what == storeAndAck && !h.silent {
			return s.ack(uint64(len(h.events)))
		}
	}
	return nil
}

// store keeps each event once. A gap fails the test.
func (h *fakeHost) store(b *workerv1.EventBatch) {
	if b.GetFirstSeq() == 0 || b.GetFirstSeq() > uint64(len(h.events))+1 {
		h.t.Errorf("a batch starts at %d, %d events are stored", b.GetFirstSeq(), len(h.events))
		return
	}
	for i, event := range b.GetEvents() {
		if seq := b.GetFirstSeq() + uint64(i); seq == uint64(len(h.events))+1 {
			h.events = append(h.events, event)
		} else if string(h.events[seq-1]) != string(event) {
			h.t.Errorf("event %d came again and differs", seq)
		}
	}
}

// signal wakes who waits for a change; with mu held.
func (h *fakeHost) signal() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// wait waits until something holds of what the host has.
func (h *fakeHost) wait(what string, holds func() bool) {
	h.t.Helper()
	deadline := time.After(15 * time.Second)
	for {
		h.mu.Lock()
		ok, changed := holds(), h.changed
		h.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			h.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// send sends on the newest stream.
func (h *fakeHost) send(m *workerv1.AttachResponse) {
	h.t.Helper()
	h.mu.Lock()
	s := h.current
	h.mu.Unlock()
	if err := s.send(m); err != nil {
		h.t.Fatal(err)
	}
}

func (h *fakeHost) cancel(grace time.Duration, force bool) {
	h.t.Helper()
	h.send(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Cancel{Cancel: &workerv1.Cancel{
		Grace: durationpb.New(grace), Force: force, Reason: "canceled by ada",
	}}})
}

// decoded is what is stored.
func (h *fakeHost) decoded() []*workerv1.Event {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	var events []*workerv1.Event
	for _, b := range h.events {
		ev := &workerv1.Event{}
		if err := proto.Unmarshal(b, ev); err != nil {
			h.t.Fatal(err)
		}
		events = append(events, ev)
	}
	return events
}

// wantEnd checks that the run's last event says how it ended, and that user code started once.
func (h *fakeHost) wantEnd(outcome workerv1.Outcome) *workerv1.RunFinished {
	h.t.Helper()
	events := h.decoded()
	if len(events) == 0 {
		h.t.Fatal("no events")
	}
	starts := 0
	for _, ev := range events {
		if ev.GetRunStarted() != nil {
			starts++
		}
	}
	end := events[len(events)-1].GetRunFinished()
	if end == nil || end.GetOutcome() != outcome || starts != 1 {
		h.t.Fatalf("the run started %d times and ended with %v, want once and %v", starts, end, outcome)
	}
	return end
}

func (h *fakeHost) marker() string { return readMarker(h.tags["marker"]) }
